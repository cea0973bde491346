// What SNMPv3's security costs a message: Net-SNMP's USM, and our shortcut beside it.

#include <benchmark/benchmark.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "unit/snmp/library_usm.hpp"

namespace {

using namespace octopoll;
using namespace octopoll::snmp;
using octopoll::snmp::test::LibraryUsm;

/// What the PDUs of six rows of eleven columns have; security does not look at what is in them.
const std::string request(1100, 'q');
const std::string answer(1250, 'a');
constexpr long message_id = 0x12345678;

EngineClock clock_now() { return {7, 100'000, BootClock::now(), true, true}; }

enum Pair : std::int64_t { sha256_aes, sha512_aes256, md5_alone };

LibraryUsm& usm_of(std::int64_t pair) {
  static LibraryUsm usual(AuthProtocol::sha256, PrivProtocol::aes);
  static LibraryUsm strong(AuthProtocol::sha512, PrivProtocol::aes256);
  static LibraryUsm open(AuthProtocol::md5, std::nullopt);
  return pair == sha256_aes ? usual : pair == sha512_aes256 ? strong : open;
}

void v3_write_library(benchmark::State& state) {
  LibraryUsm& library = usm_of(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(library.write(clock_now(), SNMP_MSG_GET, message_id, request));
}

void v3_write_shortcut(benchmark::State& state) {
  const UsmParty party = usm_of(state.range(0)).party();
  UsmShortcut shortcut;
  std::string message;
  for (auto _ : state) {
    if (!shortcut.write(party, clock_now(), BootClock::now(), message_id, LibraryUsm::most, request, message)) {
      throw std::runtime_error("the shortcut writes nothing");
    }
    benchmark::DoNotOptimize(message);
  }
}

void v3_read_library(benchmark::State& state) {
  LibraryUsm& library = usm_of(state.range(0));
  const std::string message = library.write(clock_now(), SNMP_MSG_RESPONSE, message_id, answer);
  for (auto _ : state) {
    if (!library.read(clock_now(), message)) throw std::runtime_error("the library refuses it");
  }
}

void v3_read_shortcut(benchmark::State& state) {
  LibraryUsm& library = usm_of(state.range(0));
  const UsmParty party = library.party();
  UsmShortcut shortcut;
  const std::string message = library.write(clock_now(), SNMP_MSG_RESPONSE, message_id, answer);
  for (auto _ : state) {
    if (!shortcut.read(party, clock_now(), BootClock::now(), message)) {
      throw std::runtime_error("the shortcut does not take it");
    }
  }
}

void all_pairs(benchmark::internal::Benchmark* step) {
  step->ArgName("pair");
  for (const Pair pair : {sha256_aes, sha512_aes256, md5_alone}) step->Arg(pair);
}
BENCHMARK(v3_write_library)->Apply(all_pairs);
BENCHMARK(v3_write_shortcut)->Apply(all_pairs);
BENCHMARK(v3_read_library)->Apply(all_pairs);
BENCHMARK(v3_read_shortcut)->Apply(all_pairs);

}  // namespace
