// The words that code, store and JSON share: changing one breaks what others have stored.

#include <array>
#include <catch2/catch.hpp>
#include <limits>
#include <set>
#include <string>

#include "octopoll/core/counters.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/quality.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll {
namespace {

TEST_CASE("interface states have the words of the MIB, or their number") {
  const auto [code, word] = GENERATE(table<std::int64_t, std::string>({
      {1, "up"},
      {2, "down"},
      {3, "testing"},
      {4, "unknown"},
      {5, "dormant"},
      {6, "notPresent"},
      {7, "lowerLayerDown"},
      {0, "0"},
      {8, "8"},
      {-1, "-1"},
      {4'294'967'295, "4294967295"},
      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {std::numeric_limits<std::int64_t>::max(), "9223372036854775807"},
  }));
  CHECK(to_string(IfStatus{code}) == word);
}

TEST_CASE("qualities read back, and two of them make a rate") {
  const std::array<std::pair<Quality, std::string_view>, 11> words{{{Quality::ok, "ok"},
                                                                    {Quality::wrapped, "wrapped"},
                                                                    {Quality::first, "first"},
                                                                    {Quality::reboot, "reboot"},
                                                                    {Quality::discontinuity, "discontinuity"},
                                                                    {Quality::reset, "reset"},
                                                                    {Quality::implausible, "implausible"},
                                                                    {Quality::ambiguous, "ambiguous"},
                                                                    {Quality::stale, "stale"},
                                                                    {Quality::absent, "absent"},
                                                                    {Quality::gap, "gap"}}};
  for (const auto& [quality, word] : words) {
    CAPTURE(word);
    CHECK(to_string(quality) == word);
    CHECK(quality_from(word) == quality);
    CHECK(makes_rate(quality) == (word == "ok" || word == "wrapped"));
  }
  CHECK_FALSE(quality_from("OK"));
  CHECK_FALSE(quality_from(""));
  CHECK_FALSE(quality_from("ok "));
}

TEST_CASE("each counter has a word of its own") {
  std::set<std::string_view> words;
  for (const Counter counter : all_counters()) words.insert(to_string(counter));
  CHECK(words.size() == counter_count);
  CHECK(to_string(Counter::in_octets) == "in_octets");
  CHECK(to_string(Counter::out_octets) == "out_octets");
  CHECK(to_string(Counter::in_ucast_pkts) == "in_ucast_pkts");
  CHECK(to_string(Counter::out_broadcast_pkts) == "out_broadcast_pkts");
  CHECK(to_string(Counter::out_discards) == "out_discards");
  for (const Counter counter : all_counters())
    CHECK(counts_octets(counter) == (to_string(counter).find("octets") != std::string_view::npos));
}

TEST_CASE("a reading without a width is no reading") {
  CHECK_FALSE(CounterReading{}.present());
  CHECK(CounterReading{0, 32}.present());
}

TEST_CASE("speed sources and outcomes have words") {
  CHECK(to_string(SpeedSource::none) == "none");
  CHECK(to_string(SpeedSource::if_speed) == "ifSpeed");
  CHECK(to_string(SpeedSource::if_high_speed) == "ifHighSpeed");
  CHECK(to_string(SpeedSource::override_rule) == "override");
  CHECK(to_string(CycleOutcome::complete) == "complete");
  CHECK(to_string(CycleOutcome::partial) == "partial");
  CHECK(to_string(CycleOutcome::failed) == "failed");
}

TEST_CASE("kinds of errors have words of their own") {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind)
    words.insert(to_string(static_cast<ErrorKind>(kind)));
  CHECK(words == std::set<std::string_view>{"usage", "config", "io", "permission", "resolve", "timeout", "unreachable",
                                            "auth", "unknown_user", "privacy", "engine", "agent", "partial", "store",
                                            "internal"});
}

TEST_CASE("an error is one line with its remedy, where there is one") {
  CHECK(Error{ErrorKind::timeout, "core-1: no answer", "check the address"}.text() ==
        "core-1: no answer; check the address");
  CHECK(Error{ErrorKind::timeout, "core-1: no answer", ""}.text() == "core-1: no answer");
  const Result<> failed = fail(ErrorKind::store, "disk full");
  REQUIRE_FALSE(failed);
  CHECK(failed.error().kind == ErrorKind::store);
  CHECK(failed.error().remedy.empty());
}

}  // namespace
}  // namespace octopoll
