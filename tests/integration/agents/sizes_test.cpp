// Polls of agents that take few objects at once: how many they take is learned, kept over cycles, and costs no row.

#include <fmt/format.h>
#include "bench.hpp"
#include "support/heard.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t many_rows = 60;
/// Of a row: its name, two states, two times, 13 counters.
constexpr std::size_t objects_of_row = 18;

/// Of what was logged: what tells of sizes.
const char* const of_sizes = "it is asked for less";

std::uint32_t requests_of(const DeviceCycle& cycle) { return cycle.cost.requests - cycle.cost.looks; }

/// PDUs of a cycle if each takes so many objects, of which sysUpTime and ifCounterDiscontinuityTime are not new.
std::uint32_t fewest(std::size_t most) {
  const std::size_t of_its_own = most > 2 ? most - 2 : 1;
  return static_cast<std::uint32_t>(many_rows * (objects_of_row - 1) / of_its_own);
}

}  // namespace

TEST_CASE("an agent that leaves out what is more than a few objects is asked for so few, and polled whole",
          "[agents][sizes]") {
  const auto version = GENERATE(SnmpVersion::v2c, SnmpVersion::v1, SnmpVersion::v3);
  const auto most = GENERATE(1U, 5U, 10U, 20U);
  CAPTURE(static_cast<int>(version), most);
  const Heard heard;
  Pair pair({{"fewer_bindings", most}}, many_rows);
  if (version != SnmpVersion::v2c) pair.set_version(version);
  pair.settings().timeout = 1s;
  for (int i = 0; i < 4; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, requests_of(cycle));
    check_rows(cycle, {many_rows, version == SnmpVersion::v1 ? std::uint8_t{32} : std::uint8_t{64}});
    CHECK(cycle.cost.timeouts == 0);
    if (i >= 2) CHECK(requests_of(cycle) <= fewest(most) * 5 / 4 + 6);
    pair.bench().run_for(250ms);
  }
  REQUIRE(heard.lines(of_sizes).size() == 1);
  CHECK_THAT(heard.lines(of_sizes)[0], Catch::Contains(fmt::format("the agent answers {} of", most)));
}

TEST_CASE("an agent that is silent to more than a few objects is found out within some cycles, and then polled whole",
          "[agents][sizes]") {
  const auto version = GENERATE(SnmpVersion::v2c, SnmpVersion::v1, SnmpVersion::v3);
  const auto most = GENERATE(1U, 5U, 10U, 20U);
  CAPTURE(static_cast<int>(version), most);
  const Heard heard;
  Pair pair({{"silent_bindings_over", most}}, many_rows);
  if (version != SnmpVersion::v2c) pair.set_version(version);
  pair.settings().timeout = 100ms;
  pair.settings().retries = 2;
  // Less than the tries of a single request take together.
  const poll::CycleRequest short_of_time{0, false, 600ms};
  int cycles = 0;
  while (pair.cycle(short_of_time).outcome != CycleOutcome::complete && cycles < 30) ++cycles;
  CAPTURE(cycles);
  CHECK(cycles < 30);
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, requests_of(cycle));
    check_rows(cycle, {many_rows, version == SnmpVersion::v1 ? std::uint8_t{32} : std::uint8_t{64}});
    CHECK(cycle.cost.timeouts == 0);
    // By halves of the octets, which need not meet the number.
    CHECK(requests_of(cycle) <= fewest((most + 1) / 2) * 5 / 4 + 6);
    pair.bench().run_for(250ms);
  }
  // Two sizes met silence, or it may have been packets that were lost.
  CHECK(heard.lines(of_sizes).size() == (most < 20 ? 1 : 0));
}

TEST_CASE("a text that is larger than a message does not make the counters come one by one", "[agents][sizes]") {
  Pair pair({{"too_big_over", 1472}}, many_rows);
  check_rows(pair.cycle(), {many_rows});
  const std::uint32_t before = requests_of(pair.cycle());
  fleet::InterfaceSpec added;
  added.if_index = many_rows + 1;
  added.name = added.descr = "added";
  added.alias = std::string(1600, 'a');
  for (; added.if_index <= many_rows + 8; ++added.if_index) {
    pair.agents().add_interface("odd", added);
    added.name = added.descr = "added" + std::to_string(added.if_index);
    added.alias = "short";
  }
  CHECK(pair.cycle().interfaces.size() == many_rows + 8);  // the tables are read
  const DeviceCycle after = pair.cycle();
  CHECK(after.interfaces.size() == many_rows + 8);
  CHECK(requests_of(after) <= before * 5 / 4 + 2);  // with eight rows more
}

TEST_CASE("an agent that leaves out objects it does not have is asked a bounded number of times", "[agents][sizes]") {
  const auto hole = [](const char* column) { return fleet::Json{{"column", column}, {"rows", {3, 7}}}; };
  Pair pair({{"leaves_out_absent", true},
             {"hole", fleet::Json::array({{{"column", "1.3.6.1.2.1.31.1.1.1.19"}}})}},  // the time of discontinuity
            many_rows);
  CHECK(pair.cycle().outcome == CycleOutcome::complete);
  const std::uint32_t before = requests_of(pair.cycle());
  // Since the tables were read: one object, or some.
  auto holes = fleet::Json::array({{{"column", "1.3.6.1.2.1.31.1.1.1.19"}}, hole("1.3.6.1.2.1.2.2.1.14")});
  if (GENERATE(false, true)) {
    holes.push_back(hole("1.3.6.1.2.1.2.2.1.20"));
    holes.push_back(hole("1.3.6.1.2.1.31.1.1.1.13"));
  }
  pair.agents().set("odd", {{"hole", holes}});
  for (int i = 0; i < 3; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, requests_of(cycle), before);
    CHECK(cycle.outcome == CycleOutcome::complete);
    CHECK(cycle.interfaces.size() == many_rows);
    CHECK(requests_of(cycle) <= 4 * before + 60);
  }
}

TEST_CASE("a device that was away, or whose packets were lost, is asked for as much as before", "[agents][sizes]") {
  const Heard heard;
  Pair pair(nullptr, many_rows);
  pair.settings().timeout = 50ms;
  check_rows(pair.cycle(), {many_rows});
  const std::uint32_t before = requests_of(pair.cycle());
  // It dies while its counters are read.
  pair.agents().set("odd", {{"silent_after", 1}});
  for (int i = 0; i < 3; ++i) CHECK(pair.cycle().outcome != CycleOutcome::complete);
  pair.agents().set("odd", {{"silent_after", false}});
  const DeviceCycle back = pair.cycle();
  CHECK(back.outcome == CycleOutcome::complete);
  const DeviceCycle next = pair.cycle();
  CHECK(next.outcome == CycleOutcome::complete);
  CHECK(requests_of(next) <= before);
  CHECK(heard.lines(of_sizes).empty());
}

TEST_CASE("the inventory may say how many objects an agent answers at once", "[agents][sizes]") {
  Pair pair({{"silent_bindings_over", 10}}, many_rows);
  pair.settings().max_variables = 10;
  pair.settings().timeout = 5s;
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    check_rows(cycle, {many_rows});
    CHECK(cycle.cost.timeouts == 0);
    CHECK(cycle.cost.retries == 0);
    pair.bench().run_for(250ms);
  }
}
