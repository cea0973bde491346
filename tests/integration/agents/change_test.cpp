// Agents whose faults come while they are polled, and pass.

#include <fmt/format.h>

#include "bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// The row of that name; it must be there.
const InterfaceRecord& row_of(const DeviceCycle& cycle, std::string_view name) {
  const auto found = std::find_if(cycle.interfaces.begin(), cycle.interfaces.end(),
                                  [&](const InterfaceRecord& row) { return row.sample.interface.name() == name; });
  REQUIRE(found != cycle.interfaces.end());
  return *found;
}

/// Its counters stand at 0, and nothing flows.
void make_idle(Pair& pair, std::size_t rows) {
  for (std::size_t i = 1; i <= rows; ++i) {
    const fleet::InterfaceChange idle{.traffic = fleet::Traffic{},
                                      .counters = {{fleet::Count::in_octets, 0}, {fleet::Count::out_octets, 0}}};
    pair.agents().change_interface("odd", fmt::format("eth{}", i), idle);
  }
}

void let_flow(Pair& pair, const std::string& interface) {
  fleet::Traffic traffic;
  traffic.in_bps = static_cast<std::uint64_t>(odd_bps);
  pair.agents().change_interface("odd", interface, {.traffic = traffic});
}

}  // namespace

TEST_CASE("a port that goes down does not lend its name to another of the same name", "[agents]") {
  Pair pair({{"duplicate_names", true}}, 2);
  // Ahead of the first one by more than the link carries in the time of this test.
  pair.agents().change_interface("odd", "eth2", {.counters = {{fleet::Count::in_octets, 1'000 * odd_start}}});
  const DeviceCycle first = pair.cycle();
  REQUIRE(first.interfaces.size() == 2);
  CHECK(row_of(first, "eth1").sample.interface.if_index().value == 1);
  pair.bench().run_for(250ms);
  // The tables are read again since a row is new.
  fleet::InterfaceSpec added;
  added.if_index = 9;
  added.name = added.descr = "eth9";
  pair.agents().change_interface("odd", "eth1", {.oper_status = 2});
  pair.agents().add_interface("odd", added);
  const DeviceCycle second = pair.cycle();
  for (const InterfaceRecord& row : second.interfaces) {
    CAPTURE(row.sample.interface.name(), row.sample.interface.if_index().value, to_string(row.quality()));
    if (const auto rate = row.in_rate()) CHECK(rate->value < 1'000'000'000);
  }
  CHECK(row_of(second, "eth1").sample.interface.if_index().value == 1);
}

TEST_CASE("one value that cannot be decoded costs itself alone, and comes back", "[agents]") {
  const auto version = GENERATE(SnmpVersion::v1, SnmpVersion::v2c, SnmpVersion::v3);
  const std::string how = GENERATE("long_counter64", "empty_integer", "empty_counter32", "long_integer", "unknown_tag");
  CAPTURE(static_cast<int>(version), how);
  const bool narrow = version == SnmpVersion::v1;
  if (narrow && how == "long_counter64") return;  // there is none in version 1
  Pair pair({}, odd_rows);
  pair.set_version(version);
  const Expected whole{odd_rows, static_cast<std::uint8_t>(narrow ? 32 : 64)};
  const fleet::Json cell{{"column", narrow ? "ifInOctets" : "ifHCInOctets"}, {"if_index", 5}, {"how", how}};
  const auto check_without = [&](const DeviceCycle& cycle, bool wide_alone) {
    CAPTURE(cycle.poll_number, cycle.error ? cycle.error->text() : "", cycle.cost.requests);
    CHECK(cycle.outcome == CycleOutcome::complete);
    REQUIRE(cycle.interfaces.size() == odd_rows);
    for (const InterfaceRecord& row : cycle.interfaces) {
      const bool bad = row.sample.interface.if_index().value == 5;
      const auto& in = row.sample.counters[Counter::in_octets];
      // Where the tables were read with the bad value, the other column speaks for it.
      CHECK(in.present() == (!bad || wide_alone));
      CHECK(row.sample.counters[Counter::out_octets].present());
    }
    CHECK(cycle.cost.timeouts == 0);
  };
  SECTION("from the start") {
    pair.agents().set("odd", {{"bad_cell", cell}});
    for (int i = 0; i < 2; ++i) check_without(pair.cycle(), !narrow);
  }
  SECTION("while it is polled") {
    check_rows(pair.cycle(), whole);
    pair.agents().set("odd", {{"bad_cell", cell}});
    for (int i = 0; i < 2; ++i) check_without(pair.cycle(), false);
    pair.agents().set("odd", {{"bad_cell", false}});
    const DeviceCycle after = pair.cycle();
    REQUIRE(after.interfaces.size() == odd_rows);
    CHECK(row_of(after, "eth5").sample.counters[Counter::in_octets].present());
  }
}

TEST_CASE("64-bit counters that never count are found out before they make a rate of 0", "[agents]") {
  constexpr std::size_t rows = 3;  // all in one PDU
  Pair pair({{"dead_hc", true}}, rows);
  make_idle(pair, rows);
  const DeviceCycle first = pair.cycle();
  // Nobody can tell yet.
  CHECK(row_of(first, "eth2").sample.counters[Counter::in_octets].bits == 64);
  pair.bench().run_for(250ms);
  static_cast<void>(pair.cycle());
  let_flow(pair, "eth2");
  pair.bench().run_for(250ms);
  const DeviceCycle moved = pair.cycle();
  for (const InterfaceRecord& row : moved.interfaces) {
    CAPTURE(row.sample.interface.name(), to_string(row.quality()));
    CHECK(row.sample.counters[Counter::in_octets].bits == 32);
    CHECK(row.quality() == Quality::first);
  }
  pair.bench().run_for(250ms);
  const DeviceCycle last = pair.cycle();
  CHECK(last.cost.requests - last.cost.looks == 2);  // scalars and counters: the doubt costs nothing any more
  const auto rate = row_of(last, "eth2").in_rate();
  if (rate) CHECK(std::abs(rate->value - odd_bps) <= odd_bps * (row_of(last, "eth2").time_error + 0.2));
}

TEST_CASE("idle rows of an agent whose 64-bit counters count are looked at ever more rarely", "[agents]") {
  constexpr std::size_t rows = 3;  // all in one PDU
  Pair pair({}, rows);
  make_idle(pair, rows);
  let_flow(pair, "eth2");
  pair.bench().run_for(50ms);
  static_cast<void>(pair.cycle());
  std::vector<std::uint32_t> cost;
  for (int i = 1; i <= 9; ++i) {
    const PollCost spent = pair.cycle().cost;
    cost.push_back(spent.requests - spent.looks);
  }
  CHECK(cost == std::vector<std::uint32_t>{3, 3, 2, 3, 2, 2, 2, 3, 2});
}

TEST_CASE("an agent slower than the timeout comes back after a cycle without an answer", "[agents]") {
  Pair pair({}, 3);
  pair.settings().timeout = 300ms;
  pair.settings().retries = 2;
  pair.settings().ping = false;
  check_rows(pair.cycle(), {3});
  pair.agents().set("odd", {{"silent", true}});
  CHECK(pair.cycle().outcome == CycleOutcome::failed);
  const DeviceCycle probed = pair.cycle();
  CHECK(probed.outcome == CycleOutcome::failed);
  CHECK(probed.cost.requests == 1);
  REQUIRE(probed.error);
  CHECK_THAT(probed.error->message, Catch::Contains("no answer to 1 request within"));
  pair.agents().set("odd", {{"silent", false}, {"delay", {{"fixed_ms", 500}}}});
  CHECK(pair.cycle().outcome == CycleOutcome::complete);
}

TEST_CASE("a late answer shows that a device is there", "[agents]") {
  Pair pair({}, 3);
  pair.settings().timeout = 2s;
  pair.settings().retries = 1;
  check_rows(pair.cycle(), {3});
  pair.agents().set("odd", {{"delay", {{"fixed_ms", 300}}}});
  const DeviceCycle cut = pair.cycle({0, false, 50ms});
  CHECK(cut.outcome == CycleOutcome::failed);
  pair.bench().run_for(800ms);  // the answer comes meanwhile
  pair.agents().set("odd", {{"delay", false}, {"silent", true}});
  pair.settings().timeout = 2s;
  CHECK(pair.cycle().cost.requests == 2);  // a device that is there has its retry
}
