#include "icmp/pacer.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstddef>

using namespace octopoll;
using namespace octopoll::icmp;
using namespace std::chrono_literals;

namespace {

constexpr BootTime start{1h};

/// How many requests of an endless backlog leave in `time`.
std::size_t sent_in(Pacer& pacer, std::chrono::nanoseconds time) {
  std::size_t sent = 0;
  for (BootTime now = start; now < start + time; now = pacer.next(now)) {
    const std::size_t allowed = pacer.allowance(now);
    pacer.spend(allowed);
    sent += allowed;
  }
  return sent;
}

}  // namespace

TEST_CASE("a few requests leave at once, and a thousand a second at least", "[icmp]") {
  Pacer pacer;
  CHECK(pacer.allowance(start) == 8);
  CHECK(pacer.rate() == 1000);
  const std::size_t sent = sent_in(pacer, 1s);
  CHECK(sent >= 999);
  CHECK(sent <= 1008);
}

TEST_CASE("a backlog of all rounds is gone in half a spacing", "[icmp]") {
  const auto [rounds, spacing] = GENERATE(table<std::size_t, std::chrono::nanoseconds>({
      {20'000, 6s},
      {20'000, 1s},
      {5'000, 200ms},
  }));
  Pacer pacer;
  for (std::size_t i = 0; i < rounds; ++i) pacer.add(spacing);
  const std::size_t sent = sent_in(pacer, spacing / 2);
  CHECK(sent >= rounds * 99 / 100);
  CHECK(sent <= rounds + rounds / 100);
}

TEST_CASE("a loop that was away does not make up for it", "[icmp]") {
  Pacer pacer;
  for (int i = 0; i < 10'000; ++i) pacer.add(1s);
  pacer.spend(pacer.allowance(start));
  CHECK(pacer.allowance(start + 1h) == 40);  // 2 ms at 20,000 a second
}

TEST_CASE("rounds that ended leave nothing behind in the rate", "[icmp]") {
  const std::array<std::chrono::nanoseconds, 5> spacings = {7ns, 3ms, 999ms, 6s, 1h};
  Pacer pacer;
  for (const auto spacing : spacings) pacer.add(spacing);
  CHECK(pacer.rate() > 1000);
  for (const auto spacing : spacings) pacer.remove(spacing);
  CHECK(pacer.rate() == 1000);
}

TEST_CASE("what is not allowed now is allowed later", "[icmp]") {
  Pacer pacer;
  pacer.spend(pacer.allowance(start));
  CHECK(pacer.allowance(start) == 0);
  CHECK(pacer.next(start) > start);
  CHECK(pacer.allowance(pacer.next(start)) >= 1);
}
