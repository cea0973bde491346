// Faults that pass while a device is polled: what was known before is there again after them, and no cycle between is
// called complete.

#include <fmt/format.h>

#include "bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

fleet::Json error_below(std::string_view oid, std::string_view status) {
  return {{"error_below", {{"oid", oid}, {"status", status}}}};
}

/// Both tables without these rows, or without any; ifNumber stays.
fleet::Json rows_gone(const std::vector<std::uint32_t>& rows = {}) {
  fleet::Json holes = fleet::Json::array();
  for (const std::string_view table : {"1.3.6.1.2.1.2.2", "1.3.6.1.2.1.31.1.1"}) {
    fleet::Json hole{{"column", table}};
    if (!rows.empty()) hole["rows"] = rows;
    holes.push_back(hole);
  }
  return {{"hole", holes}};
}

std::size_t read_rows(const DeviceCycle& cycle) {
  return static_cast<std::size_t>(
      std::count_if(cycle.interfaces.begin(), cycle.interfaces.end(),
                    [](const InterfaceRecord& row) { return row.quality() != Quality::gap; }));
}

/// Names and widths as they were: no other identity, no 32-bit counter.
void check_identities(const DeviceCycle& cycle) {
  for (const InterfaceRecord& row : cycle.interfaces) {
    CAPTURE(row.sample.interface.name());
    CHECK(row.sample.interface.if_name());
    const auto& in = row.sample.counters[Counter::in_octets];
    if (in.present()) CHECK(in.bits == 64);
  }
}

/// Cycles until one is whole; none before it may say so.
int cycles_until_whole(Pair& pair, int most) {
  for (int i = 1; i <= most; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, to_string(cycle.outcome), cycle.error ? cycle.error->text() : "", read_rows(cycle));
    check_identities(cycle);
    if (cycle.outcome == CycleOutcome::complete) {
      CHECK(read_rows(cycle) == odd_rows);
      return i;
    }
    CHECK(cycle.error);
  }
  FAIL("not whole again");
  return 0;
}

}  // namespace

TEST_CASE("tables that fail for a moment at the first read are read again with the next poll", "[agents]") {
  const auto faults = GENERATE(values<fleet::Json>({
      error_below("1.3.6.1.2.1.2.2", "genErr"),
      error_below("1.3.6.1.2.1.2.2", "tooBig"),
      error_below("1.3.6.1.2.1.31.1.1", "genErr"),
      error_below("1.3.6.1.2.1", "tooBig"),
      error_below("1.3.6.1.2.1", "genErr"),
      rows_gone(),
  }));
  CAPTURE(faults.dump());
  Pair pair(faults, odd_rows);
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(cycle.outcome == CycleOutcome::failed);
    CHECK(cycle.error);
    CHECK(cycle.interfaces.empty());
  }
  pair.agents().set("odd", {{"error_below", false}, {"hole", false}});
  CHECK(cycles_until_whole(pair, 4) <= 3);
}

TEST_CASE("tables that fail for a moment cost no interface and no identity that was known", "[agents]") {
  const auto faults = GENERATE(values<fleet::Json>({
      error_below("1.3.6.1.2.1.2.2", "genErr"),
      error_below("1.3.6.1.2.1.31.1.1", "genErr"),
      error_below("ifHCInOctets", "genErr"),
      error_below("ifName", "tooBig"),
      rows_gone(),
      rows_gone({4, 5}),
  }));
  CAPTURE(faults.dump());
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  // A change that the agent tells of makes octopoll look at the tables, as its hourly look does.
  pair.agents().set("odd", {{"restless_tables", true}});
  pair.agents().set("odd", faults);
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(cycle.outcome != CycleOutcome::complete);
    CHECK(cycle.error);
    check_identities(cycle);
  }
  pair.agents().set("odd", {{"error_below", false}, {"hole", false}});
  CHECK(cycles_until_whole(pair, 8) <= 5);
}

TEST_CASE("what ifTable has is polled while ifXTable is gone, under the names of before", "[agents]") {
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  pair.agents().set("odd", {{"no_ifx", true}});
  for (int i = 0; i < 4; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(cycle.outcome == CycleOutcome::partial);
    CHECK(cycle.error);
    CHECK(read_rows(cycle) == odd_rows);
    for (const InterfaceRecord& row : cycle.interfaces) {
      CHECK(row.sample.interface.name() == row.sample.interface.if_name());
      CHECK(row.sample.counters[Counter::in_octets].bits == 32);
      CHECK((row.deltas[Counter::in_octets].quality == Quality::discontinuity) == (i == 0));
    }
  }
  pair.agents().set("odd", {{"no_ifx", false}});
  int cycles = 1;
  while (pair.cycle().outcome != CycleOutcome::complete && cycles < 16) ++cycles;
  CHECK(cycles < 16);
  for (const InterfaceRecord& row : pair.cycle().interfaces) CHECK(row.sample.counters[Counter::in_octets].bits == 64);
}

TEST_CASE("counters that were refused for a while are read again soon after", "[agents]") {
  const auto refused = GENERATE(as<std::string>(), "ifHCInOctets", "ifInErrors");
  CAPTURE(refused);
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  pair.agents().set("odd", error_below(refused, "genErr"));
  for (int i = 0; i < 6; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(read_rows(cycle) == odd_rows);
    check_identities(cycle);
  }
  pair.agents().set("odd", {{"error_below", false}});
  const auto all_there = [](const DeviceCycle& cycle) {
    return std::all_of(cycle.interfaces.begin(), cycle.interfaces.end(), [](const InterfaceRecord& row) {
      return row.sample.counters[Counter::in_octets].bits == 64 && row.sample.counters[Counter::in_errors].present();
    });
  };
  int cycles = 1;
  while (!all_there(pair.cycle()) && cycles < 40) ++cycles;
  CHECK(cycles <= 10);
  const DeviceCycle whole = pair.cycle();
  CHECK(whole.outcome == CycleOutcome::complete);
  CHECK(all_there(whole));
}

TEST_CASE("rows that were not there at the first read come within a few cycles", "[agents]") {
  Pair pair(rows_gone({4, 5}), odd_rows);
  CHECK(pair.cycle().interfaces.size() == odd_rows - 2);
  pair.agents().set("odd", {{"hole", false}});
  for (int i = 0; i < 3 && pair.cycle().interfaces.size() < odd_rows; ++i) continue;
  check_rows(pair.cycle(), {});
}

TEST_CASE("what an agent goes on to say of its rows is believed in the end, and costs few requests", "[agents]") {
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  pair.agents().set("odd", rows_gone({4, 5}));
  int partial = 0;
  const auto before = pair.agents().stats("odd").get_bulks;
  DeviceCycle cycle = pair.cycle();
  for (; cycle.outcome != CycleOutcome::complete && partial < 40; ++partial) {
    CHECK(cycle.outcome == CycleOutcome::partial);
    REQUIRE(cycle.error);
    CHECK_THAT(cycle.error->message, Catch::Contains("odd: 2 of 20 interfaces are gone from its tables"));
    CHECK(read_rows(cycle) == odd_rows - 2);
    cycle = pair.cycle();
  }
  CHECK(partial < 20);
  CHECK(cycle.interfaces.size() == odd_rows - 2);
  const auto walks = pair.agents().stats("odd").get_bulks - before;
  CHECK(walks <= 8 * before);  // of one read each; not one in each cycle
}

TEST_CASE("an agent that refuses its tables for ever costs few requests in the long run", "[agents]") {
  const auto faults = GENERATE(values<fleet::Json>({error_below("1.3.6.1.2.1", "tooBig"), rows_gone()}));
  CAPTURE(faults.dump());
  Pair pair(faults, odd_rows);
  std::uint64_t walks = 0;
  int reads = 0;
  for (int i = 0; i < 30; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.outcome == CycleOutcome::failed);
    CHECK(cycle.error);
    if (pair.agents().stats("odd").get_bulks > walks) ++reads;
    walks = pair.agents().stats("odd").get_bulks;
  }
  CHECK(reads <= 6);  // in cycles 1, 2, 4, 8, 16
}

TEST_CASE("a walk that goes wrong costs no row its name or its octets", "[agents]") {
  Pair pair({{"repeats_row", true}}, odd_rows);
  check_rows(pair.cycle(), {});
  pair.agents().set("odd", {{"repeats_row", false}});
  check_rows(pair.cycle(), {});
}

TEST_CASE("64-bit octets that go while they are polled are replaced by those of 32 bits at once", "[agents]") {
  Pair pair({}, odd_rows);
  check_rows(pair.cycle(), {});
  fleet::Json holes = fleet::Json::array();
  for (const std::string_view column : {"ifHCInOctets", "ifHCOutOctets"}) holes.push_back({{"column", column}});
  pair.agents().set("odd", {{"hole", holes}});
  const auto before = pair.agents().stats("odd").get_bulks;
  for (int i = 0; i < 4; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(cycle.outcome == CycleOutcome::partial);
    REQUIRE(cycle.error);
    CHECK_THAT(cycle.error->message, Catch::Contains("odd: the 64-bit counters of 20 interfaces are gone"));
    CHECK(read_rows(cycle) == odd_rows);
    for (const InterfaceRecord& row : cycle.interfaces) {
      CHECK(row.sample.interface.name() == row.sample.interface.if_name());
      CHECK(row.sample.counters[Counter::in_octets].bits == 32);
    }
  }
  CHECK(pair.agents().stats("odd").get_bulks <= 8 * before);
  pair.agents().set("odd", {{"hole", false}});
  int cycles = 1;
  while (pair.cycle().outcome != CycleOutcome::complete && cycles < 16) ++cycles;
  CHECK(cycles < 16);
  for (const InterfaceRecord& row : pair.cycle().interfaces) CHECK(row.sample.counters[Counter::in_octets].bits == 64);
}

TEST_CASE("a port that is named late has its name with the next poll", "[agents]") {
  Pair pair({}, 3);
  pair.agents().change_interface("odd", "eth2", {.name = " ", .descr = " "});
  for (int i = 0; i < 6; ++i) {
    const DeviceCycle cycle = pair.cycle();
    REQUIRE(cycle.interfaces.size() == 3);
    CHECK(cycle.interfaces[1].sample.interface.name() == "#2");
  }
  pair.agents().change_interface("odd", " ", {.name = "port2", .descr = "port2"});
  const DeviceCycle named = pair.cycle();
  CHECK(named.outcome == CycleOutcome::complete);
  REQUIRE(named.interfaces.size() == 3);
  CHECK(named.interfaces[1].sample.interface.name() == "port2");
}
