#include "snmp/usm_shortcut.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ber.hpp"
#include "library_usm.hpp"
#include "snmp/wire.hpp"

using namespace octopoll;
using namespace octopoll::snmp;
using octopoll::snmp::test::LibraryUsm;

namespace {

using Pair = std::pair<AuthProtocol, std::optional<PrivProtocol>>;

std::vector<Pair> all_pairs() {
  using enum AuthProtocol;
  using enum PrivProtocol;
  std::vector<Pair> pairs;
  for (const AuthProtocol auth : {md5, sha, sha224, sha256, sha384, sha512}) {
    pairs.emplace_back(auth, std::nullopt);
    for (const PrivProtocol priv : {aes, aes192, aes256, aes192c, aes256c}) pairs.emplace_back(auth, priv);
  }
  return pairs;
}

std::string name_of(const Pair& pair) {
  return std::string(to_string(pair.first)) + (pair.second ? "-" + std::string(to_string(*pair.second)) : "");
}

EngineClock clock_at(std::uint32_t boots, std::uint32_t time, BootTime now) { return {boots, time, now, true, true}; }

/// A PDU with so many octets of value; what kind, its tag says.
std::string pdu_of(unsigned char tag, std::size_t value_octets) {
  using namespace octopoll::snmp::test;
  const std::string name = element(0x06, std::string("\x2b\x06\x01\x02\x01\x01\x05\x00", 8));
  return element(tag, integer(std::string("\x12\x34\x56\x78", 4)) + small(0) + small(0) +
                          sequence(sequence(name + octets(std::string(value_octets, 'v')))));
}

constexpr unsigned char get_tag = 0xa0;
constexpr unsigned char response_tag = 0xa2;
constexpr long message_id = 0x12345678;

/// The PDU within the scoped PDU of RFC 3412 section 6.8.
std::string pdu_within(std::string_view scoped) {
  const auto inside = ber::Reader(scoped).element(ber::sequence_tag);
  REQUIRE(inside);
  ber::Reader reader(*inside);
  REQUIRE(reader.element(ber::octet_string_tag));
  REQUIRE(reader.element(ber::octet_string_tag));
  return std::string(reader.rest());
}

/// msgPrivacyParameters.
std::string salt_of(std::string_view message) {
  ber::Reader fields(*ber::Reader(message).element(ber::sequence_tag));
  REQUIRE(fields.integer());
  REQUIRE(fields.element(ber::sequence_tag));
  ber::Reader usm(*ber::Reader(*fields.element(ber::octet_string_tag)).element(ber::sequence_tag));
  for (int i = 0; i < 5; ++i) REQUIRE(usm.any());
  return std::string(*usm.element(ber::octet_string_tag));
}

}  // namespace

TEST_CASE("what the shortcut writes the library takes, under every pair of protocols", "[snmp][usm]") {
  const Pair pair = GENERATE(from_range(all_pairs()));
  CAPTURE(name_of(pair));
  LibraryUsm library(pair.first, pair.second);
  library.context_name = GENERATE(as<std::string>{}, "", "vrf-blue");
  UsmShortcut shortcut;
  // Lengths of one octet, two and three; boots and times of one octet to four.
  for (const std::size_t octets : {0U, 1U, 60U, 100U, 127U, 128U, 200U, 300U, 1400U, 60'000U}) {
    for (const std::uint32_t number : {1U, 127U, 128U, 40'000U, 0x7ffffff0U}) {
      CAPTURE(octets, number);
      const BootTime now = BootClock::now();
      const EngineClock clock = clock_at(number, number, now);
      const std::string pdu = pdu_of(get_tag, octets);
      std::string message;
      REQUIRE(shortcut.write(library.party(), clock, now, message_id, 1500, pdu, message));
      const auto scoped = library.read(clock, message);
      REQUIRE(scoped);
      CHECK(pdu_within(*scoped) == pdu);
    }
  }
}

TEST_CASE("what the shortcut writes is what the library writes", "[snmp][usm]") {
  const Pair pair = GENERATE(from_range(all_pairs()));
  CAPTURE(name_of(pair));
  LibraryUsm library(pair.first, pair.second);
  UsmShortcut shortcut;
  for (const std::size_t octets : {0U, 100U, 1000U}) {
    const std::string pdu = pdu_of(get_tag, octets);
    const std::string theirs = library.write(clock_at(3, 70'000, BootClock::now()), SNMP_MSG_GET, message_id, pdu);
    const auto head = read_head(theirs);
    REQUIRE(head);
    // At the second in which the library wrote.
    const BootTime now = BootClock::now();
    const EngineClock clock = clock_at(3, static_cast<std::uint32_t>(head->engine_time->time), now);
    std::string ours;
    REQUIRE(shortcut.write(library.party(), clock, now, message_id, LibraryUsm::most, pdu, ours));
    if (!pair.second) {
      CHECK(ours == theirs);
      continue;
    }
    // The salts differ, and with them all that is encrypted and the digest: the rest, its lengths included, is equal.
    CHECK(ours.size() == theirs.size());
    const std::size_t salt_at = ours.find(salt_of(ours));
    const std::size_t mac_at = salt_at - 2 - mac_octets(pair.first);
    CHECK(theirs.find(salt_of(theirs)) == salt_at);
    CHECK(ours.substr(0, mac_at) == theirs.substr(0, mac_at));
    CHECK(ours.substr(salt_at + 8, 2) == theirs.substr(salt_at + 8, 2));
    CHECK(library.read(clock, ours) == library.read(clock, theirs));
  }
}

TEST_CASE("what the library writes the shortcut reads, under every pair of protocols", "[snmp][usm]") {
  const Pair pair = GENERATE(from_range(all_pairs()));
  CAPTURE(name_of(pair));
  LibraryUsm library(pair.first, pair.second);
  library.context_name = "vrf-blue";
  UsmShortcut shortcut;
  for (const std::size_t octets : {0U, 60U, 127U, 128U, 1400U, 60'000U, 3U}) {
    const BootTime now = BootClock::now();
    const EngineClock clock = clock_at(7, 100'000, now);
    const std::string pdu = pdu_of(response_tag, octets);
    const std::string message = library.write(clock, SNMP_MSG_RESPONSE, message_id, pdu);
    const auto read = shortcut.read(library.party(), clock, now, message);
    REQUIRE(read);
    CHECK(read->pdu == pdu);
    CHECK(read->id == message_id);
    CHECK(read->time.boots == 7);
    CHECK(read->time.time >= 100'000);
  }
}

TEST_CASE("a message with any bit changed, cut or lengthened is not taken", "[snmp][usm]") {
  const Pair pair = GENERATE(Pair{AuthProtocol::sha256, PrivProtocol::aes}, Pair{AuthProtocol::md5, std::nullopt});
  CAPTURE(name_of(pair));
  LibraryUsm library(pair.first, pair.second);
  UsmShortcut shortcut;
  const BootTime now = BootClock::now();
  const EngineClock clock = clock_at(7, 100'000, now);
  const std::string message = library.write(clock, SNMP_MSG_RESPONSE, message_id, pdu_of(response_tag, 40));
  REQUIRE(shortcut.read(library.party(), clock, now, message));
  for (std::size_t bit = 0; bit < 8 * message.size(); ++bit) {
    std::string changed = message;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    CAPTURE(bit);
    CHECK_FALSE(shortcut.read(library.party(), clock, now, changed));
  }
  for (std::size_t length = 0; length < message.size(); ++length) {
    CHECK_FALSE(shortcut.read(library.party(), clock, now, std::string_view(message).substr(0, length)));
  }
  CHECK_FALSE(shortcut.read(library.party(), clock, now, message + '\0'));
  CHECK(shortcut.read(library.party(), clock, now, message));
}

TEST_CASE("a digest of no octets, or of fewer than it should have, is none", "[snmp][usm]") {
  LibraryUsm library(AuthProtocol::sha256);
  UsmShortcut shortcut;
  const BootTime now = BootClock::now();
  const EngineClock clock = clock_at(7, 100, now);
  const std::string pdu = pdu_of(response_tag, 0);
  const std::string good = library.write(clock, SNMP_MSG_RESPONSE, message_id, pdu);
  REQUIRE(shortcut.read(library.party(), clock, now, good));
  // The same message put together with another digest: first with its own, to see that nothing else is wrong.
  const auto shown = static_cast<int>(read_head(good)->engine_time->time);
  using namespace octopoll::snmp::test;
  const auto with_digest = [&](std::string_view digest) {
    const std::string engine(
        "\x80\x00\x1f\x88\x04"
        "engine",
        11);
    return sequence(
        small(3) + sequence(integer("\x12\x34\x56\x78") + integer("\x05\xdc") + octets("\x01") + small(3)) +
        octets(sequence(octets(engine) + small(7) + small(shown) + octets("alice") + octets(digest) + octets(""))) +
        sequence(octets(engine) + octets("") + pdu));
  };
  const std::size_t digest_at = good.find("alice") + 5 + 2;
  const std::string digest = good.substr(digest_at, 24);
  REQUIRE(with_digest(digest) == good);
  for (std::size_t octets = 0; octets < digest.size(); ++octets) {
    CHECK_FALSE(shortcut.read(library.party(), clock, now, with_digest(digest.substr(0, octets))));
  }
}

TEST_CASE("only a message of the session's own level, user, engine and context is taken", "[snmp][usm]") {
  const BootTime now = BootClock::now();
  const EngineClock clock = clock_at(7, 100'000, now);
  const std::string pdu = pdu_of(response_tag, 10);
  UsmShortcut shortcut;
  LibraryUsm sealed(AuthProtocol::sha256, PrivProtocol::aes);
  LibraryUsm authentic(AuthProtocol::sha256);
  LibraryUsm bob(AuthProtocol::sha256, PrivProtocol::aes, "bob");
  LibraryUsm other_key(AuthProtocol::sha256, PrivProtocol::aes, "alice", "another passphrase");
  LibraryUsm elsewhere(AuthProtocol::sha256, PrivProtocol::aes);
  elsewhere.context_name = "elsewhere";
  const auto taken = [&](LibraryUsm& writer, const LibraryUsm& reader, int command = SNMP_MSG_RESPONSE) {
    return shortcut.read(reader.party(), clock, now, writer.write(clock, command, message_id, pdu)).has_value();
  };
  CHECK(taken(sealed, sealed));
  CHECK(taken(authentic, authentic));
  CHECK_FALSE(taken(authentic, sealed));  // as authentic, and below the level that was asked for
  CHECK_FALSE(taken(sealed, authentic));
  CHECK_FALSE(taken(bob, sealed));
  CHECK_FALSE(taken(other_key, sealed));
  CHECK_FALSE(taken(elsewhere, sealed));
  CHECK(taken(elsewhere, elsewhere));
  // A request has the flag "reportable", an answer has not (RFC 3412 section 6.4).
  CHECK_FALSE(taken(sealed, sealed, SNMP_MSG_GET));
}

TEST_CASE("outside of the time window, or of a clock that is not certain, the library decides", "[snmp][usm]") {
  LibraryUsm library(AuthProtocol::sha256, PrivProtocol::aes);
  UsmShortcut shortcut;
  const BootTime now = BootClock::now();
  constexpr std::uint32_t boots = 7;
  constexpr std::uint32_t time = 100'000;
  const std::string pdu = pdu_of(response_tag, 10);
  const std::string message =
      library.write(clock_at(boots, time, BootClock::now()), SNMP_MSG_RESPONSE, message_id, pdu);
  const auto shown = static_cast<std::uint32_t>(read_head(message)->engine_time->time);
  const auto taken = [&](const EngineClock& clock, BootTime when) {
    return shortcut.read(library.party(), clock, when, message).has_value();
  };
  CHECK(taken(clock_at(boots, shown, now), now));
  // RFC 3414 section 3.2 step 7b: 150 s behind is within.
  CHECK(taken(clock_at(boots, shown + 150, now), now));
  CHECK_FALSE(taken(clock_at(boots, shown + 151, now), now));
  CHECK(taken(clock_at(boots, shown, now), now + std::chrono::seconds(150)));
  CHECK_FALSE(taken(clock_at(boots, shown, now), now + std::chrono::seconds(151)));
  // Far ahead is for the library to learn.
  CHECK(taken(clock_at(boots, shown - 150, now), now));
  CHECK_FALSE(taken(clock_at(boots, shown - 151, now), now));
  CHECK_FALSE(taken(clock_at(boots - 1, shown, now), now));
  CHECK_FALSE(taken(clock_at(boots + 1, shown, now), now));
  EngineClock clock = clock_at(boots, shown, now);
  clock.authenticated = false;
  CHECK_FALSE(taken(clock, now));
  clock = clock_at(boots, shown, now);
  clock.known = false;
  CHECK_FALSE(taken(clock, now));

  // An engine whose boots have reached their end is no longer to be trusted (RFC 3414 section 2.2.2).
  const EngineClock last = clock_at(0x7fffffff, time, now);
  const std::string from_last = library.write(last, SNMP_MSG_RESPONSE, message_id, pdu);
  CHECK_FALSE(shortcut.read(library.party(), last, now, from_last));

  std::string request;
  CHECK_FALSE(shortcut.write(library.party(), clock, now, message_id, 1500, pdu, request));
  CHECK_FALSE(shortcut.write(library.party(), last, now, message_id, 1500, pdu, request));
  CHECK_FALSE(shortcut.write(library.party(), clock_at(boots, 0x7fffffff, now), now + std::chrono::seconds(1),
                             message_id, 1500, pdu, request));
  CHECK(shortcut.write(library.party(), clock_at(boots, time, now), now, message_id, 1500, pdu, request));
}

TEST_CASE("DES is the library's to do", "[snmp][usm]") {
  LibraryUsm library(AuthProtocol::md5, PrivProtocol::des);
  UsmShortcut shortcut;
  const BootTime now = BootClock::now();
  const EngineClock clock = clock_at(1, 1, now);
  std::string message;
  CHECK_FALSE(shortcut.write(library.party(), clock, now, message_id, 1500, pdu_of(get_tag, 1), message));
  message = library.write(clock, SNMP_MSG_RESPONSE, message_id, pdu_of(response_tag, 1));
  CHECK(library.read(clock, message));
  CHECK_FALSE(shortcut.read(library.party(), clock, now, message));
}

TEST_CASE("no two messages have the same salt", "[snmp][usm]") {
  LibraryUsm library(AuthProtocol::sha256, PrivProtocol::aes);
  const BootTime now = BootClock::now();
  const EngineClock clock = clock_at(1, 1, now);
  std::set<std::string> salts;
  std::size_t written = 0;
  for (int process = 0; process < 4; ++process) {
    UsmShortcut shortcut;
    std::string message;
    for (int i = 0; i < 500; ++i, ++written) {
      REQUIRE(shortcut.write(library.party(), clock, now, message_id, 1500, pdu_of(get_tag, 1), message));
      salts.insert(salt_of(message));
    }
  }
  CHECK(salts.size() == written);
}
