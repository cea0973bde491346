// Polls of agents that each have one named fault, beside a neighbour that has none.

#include <fmt/format.h>

#include "bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

/// A fault and what is right in spite of it.
struct Case {
  std::string_view name;
  fleet::Json faults;
  Expected expected{};
};

fleet::Json hole(std::string_view column, const std::vector<std::uint32_t>& rows = {}) {
  fleet::Json one{{"column", column}};
  if (!rows.empty()) one["rows"] = rows;
  return {{"hole", fleet::Json::array({one})}};
}

void check_three_cycles(const Case& a_case) {
  INFO(a_case.name);
  Pair pair(a_case.faults, odd_rows);
  for (int i = 0; i < 3; ++i) {
    check_rows(pair.cycle(), a_case.expected);
    pair.bench().run_for(250ms);
  }
  CHECK(pair.neighbours_cycles() >= 3);
}

}  // namespace

TEST_CASE("an agent that answers GETBULK badly is polled whole", "[agents]") {
  const auto a_case = GENERATE(values<Case>({
      {"refused", {{"no_getbulk", "genErr"}}},
      {"no variables", {{"no_getbulk", "empty"}}},
      {"rows left out", {{"skip_rows_over", 1}}},
      {"zeros", {{"zero_values_over", 1}}},
      {"few repetitions", {{"max_repetitions_cap", 1}}},
      {"small messages", {{"too_big_over", 484}}},
      {"smaller than the RFC allows", {{"too_big_over", 300}}},
      {"fewer variables than asked", {{"fewer_bindings", 5}, {"no_getbulk", "genErr"}}},
  }));
  check_three_cycles(a_case);
}

TEST_CASE("an agent whose columns are odd is polled whole", "[agents]") {
  const auto a_case = GENERATE(values<Case>({
      {"out of order", {{"non_increasing", true}}},
      {"one column loops", {{"loop", "ifDescr"}}},
      {"ifIndex is empty", hole("ifIndex")},
      {"no sysUpTime", {{"no_sys_uptime", true}}},
      {"no system group", hole("1.3.6.1.2.1.1")},
      {"no scalars of interfaces", hole("ifNumber")},
      {"a column ends early", {{"early_end", {{"column", "ifHCInOctets"}, {"if_index", 5}}}}, {20, 64, {5}}},
      {"a column ends at once", {{"early_end", {{"column", "ifHCInOctets"}, {"if_index", 1}}}}, {20, 64, {1}}},
      {"a state column ends early", {{"early_end", {{"column", "ifInErrors"}, {"if_index", 2}}}}},
      {"rows without 64-bit counters", hole("ifHCInOctets", {3, 4, 20}), {20, 64, {3, 4, 20}}},
      {"no names", hole("ifName")},
  }));
  check_three_cycles(a_case);
}

TEST_CASE("an agent whose interfaces have odd numbers or names is polled whole", "[agents]") {
  const auto a_case = GENERATE(values<Case>({
      {"ifIndex beyond 2^31", {{"big_if_index", true}}},
      {"ifIndex 0", {{"zero_if_index", true}}},
      {"ifXTable is numbered by an offset", {{"ifx_offset", 1'000'000}}},
      {"ifXTable is numbered by one more", {{"ifx_offset", 1}}},
      {"two interfaces of one name", {{"duplicate_names", true}}},
      {"names that are no UTF-8", {{"bad_utf8", true}}},
      {"names that end in NUL", {{"trailing_nul", true}}},
  }));
  check_three_cycles(a_case);
}

TEST_CASE("an agent whose values are odd is polled whole", "[agents]") {
  const auto a_case = GENERATE(values<Case>({
      {"no ifXTable", {{"no_ifx", true}}, {20, 32}},
      {"64-bit counters stuck at 2^64-1", {{"stuck_hc", true}}, {20, 32}},
      {"64-bit counters as texts", {{"wrong_types", {{"counter64", "octet_string"}}}}, {20, 32}},
      {"counters as gauges", {{"wrong_types", {{"counter32", "gauge32"}}}}},
      {"odd encodings", {{"odd_numbers", true}}},
      {"names without their zeros", {{"trim_zeros", true}}},
  }));
  check_three_cycles(a_case);
}

TEST_CASE("an agent that knows version 1 alone is polled by it, and says nothing to version 2", "[agents]") {
  Pair pair({{"v1_only", true}}, odd_rows);
  SECTION("version 1") {
    pair.settings().auth.own().version = SnmpVersion::v1;
    for (int i = 0; i < 2; ++i) {
      check_rows(pair.cycle(), {20, 32});
      pair.bench().run_for(250ms);
    }
  }
  SECTION("version 2") {
    pair.settings().timeout = 100ms;
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.outcome == CycleOutcome::failed);
    REQUIRE(cycle.error);
    CHECK(cycle.error->kind == ErrorKind::timeout);
  }
}

TEST_CASE("an agent whose answers cannot be taken fails its own poll, with an error, in bounded time", "[agents]") {
  const auto a_case = GENERATE(values<Case>({
      {"garbage", {{"garbage", true}}},
      {"wrong request id", {{"wrong_request_id", true}}},
      {"another community", {{"wrong_community_reply", true}}},
      {"from another port", {{"reply_from_other_port", true}}},
      {"endless delay", {{"delay", {{"fixed_ms", 3'600'000}}}}},
      {"silence", {{"silent", true}}},
  }));
  INFO(a_case.name);
  Pair pair(a_case.faults, odd_rows);
  pair.settings().timeout = 100ms;
  const DeviceCycle first = pair.cycle();
  CHECK(first.outcome == CycleOutcome::failed);
  REQUIRE(first.error);
  CHECK(first.error->kind == ErrorKind::timeout);
  CHECK_THAT(first.error->message, Catch::Contains("odd"));
  CHECK(first.interfaces.empty());
  CHECK(first.cost.requests == 4);  // one try, one retry; and the same for one object alone
  const DeviceCycle second = pair.cycle();
  CHECK(second.outcome == CycleOutcome::failed);
  CHECK(second.cost.requests == 1);
  CHECK(pair.neighbours_cycles() >= 2);
}

TEST_CASE("answers that are all cut in half end the poll soon, and the error says that some came", "[agents]") {
  Pair pair({{"truncated", true}}, odd_rows);
  pair.settings().timeout = 30s;
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.outcome == CycleOutcome::failed);
    REQUIRE(cycle.error);
    CHECK(cycle.error->kind == ErrorKind::agent);
    CHECK_THAT(cycle.error->message, Catch::Contains("its answers cannot be read"));
    CHECK(cycle.cost.requests == 2);  // one try, one retry
  }
}

TEST_CASE("answers that are cut in half now and then cost retries, and no cycle", "[agents]") {
  Pair pair({{"truncated_each", 4}}, odd_rows);
  pair.settings().retries = 5;  // others of its answers may come between
  std::uint64_t retries = 0;
  for (int i = 0; i < 3; ++i) {
    const DeviceCycle cycle = pair.cycle();
    check_rows(cycle, {});
    retries += cycle.cost.retries;
  }
  CHECK(retries > 0);
}

TEST_CASE("answers from another address are not taken, and the error says where they came from", "[agents]") {
  Pair pair({{"reply_from_other_address", "127.1.0.2"}}, odd_rows);
  pair.settings().timeout = 100ms;
  const DeviceCycle cycle = pair.cycle();
  CHECK(cycle.outcome == CycleOutcome::failed);
  REQUIRE(cycle.error);
  CHECK_THAT(cycle.error->remedy, Catch::Contains("an answer came from 127.1.0.2"));
  CHECK(pair.neighbours_cycles() >= 1);
}

TEST_CASE("answers from another address that the device lists are taken", "[agents]") {
  Pair pair({{"reply_from_other_address", "127.1.0.3"}}, odd_rows);
  pair.settings().timeout = 5s;
  pair.settings().answers_from = {*Endpoint::literal("127.1.0.3", pair.agents().port())};
  for (int i = 0; i < 2; ++i) check_rows(pair.cycle(), {});
}

TEST_CASE("a device with short request ids may cut them to 16 bits", "[agents]") {
  Pair pair({{"request_id_16_bit", true}}, odd_rows);
  pair.settings().timeout = 5s;
  pair.settings().short_request_ids = true;
  for (int i = 0; i < 2; ++i) check_rows(pair.cycle(), {});
}

TEST_CASE("a reload that bounds the requests of a device takes effect with the next cycle", "[agents]") {
  Pair pair(nullptr, odd_rows);
  pair.settings().timeout = 5s;
  CHECK(pair.cycle().outcome == CycleOutcome::complete);
  config::Device bounded = pair.settings();
  bounded.max_requests_per_second = 10;
  pair.poller().reconfigure(bounded);
  const DeviceCycle cycle = pair.cycle();
  CHECK(cycle.outcome == CycleOutcome::complete);
  REQUIRE(cycle.cost.requests >= 3);
  CHECK(cycle.duration >= 100ms * (cycle.cost.requests - 1));
}

TEST_CASE("a cycle for which the bound leaves no time ends with its budget, and says why", "[agents]") {
  Pair pair(nullptr, 200);
  pair.settings().timeout = 5s;
  CHECK(pair.cycle().outcome == CycleOutcome::complete);
  config::Device bounded = pair.settings();
  bounded.max_requests_per_second = 1;
  pair.poller().reconfigure(bounded);
  poll::CycleRequest request;
  request.budget = 3s;
  const DeviceCycle cycle = pair.cycle(request);
  CHECK(cycle.outcome == CycleOutcome::partial);
  CHECK(cycle.cost.requests <= 4);
  REQUIRE(cycle.error);
  CHECK_THAT(cycle.error->message, Catch::Contains("not all rows were read within 3s"));
  CHECK_THAT(cycle.error->remedy, Catch::Contains("max_requests_per_second: 1 "));
}

TEST_CASE("answers with the last 16 bits of their request id are not taken for ours", "[agents]") {
  Pair pair({{"request_id_16_bit", true}}, odd_rows);
  pair.settings().timeout = 100ms;
  const DeviceCycle cycle = pair.cycle();
  CHECK(cycle.outcome == CycleOutcome::failed);
  REQUIRE(cycle.error);
  CHECK(cycle.error->kind == ErrorKind::timeout);
  CHECK_THAT(cycle.error->remedy, Catch::Contains("short_request_ids"));
}

TEST_CASE("sysUpTime is known by its name without the zero, too", "[agents]") {
  Pair pair({{"trim_zeros", true}}, odd_rows);
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.outcome == CycleOutcome::complete);
    CHECK(cycle.sys_uptime);
    CHECK(cycle.interfaces.size() == odd_rows);
  }
}

TEST_CASE("a walk that gives one row of many says that there are more", "[agents]") {
  Pair pair({{"loop", true}}, odd_rows);
  for (int i = 0; i < 2; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.outcome == CycleOutcome::partial);
    REQUIRE(cycle.error);
    CHECK(cycle.error->kind == ErrorKind::agent);
    CHECK_THAT(cycle.error->message, Catch::Contains("odd: 20 interfaces by ifNumber, 1 by its tables"));
    CHECK(cycle.interfaces.size() == 1);
  }
}

TEST_CASE("a row that vanishes while the tables are read costs no other, and is missed if it had been there",
          "[agents]") {
  for (std::uint64_t after = 2; after <= 20; after += 3) {
    CAPTURE(after);
    Pair pair({{"vanish_row", {{"if_index", 7}, {"after_requests", after}}}}, odd_rows);
    std::optional<DeviceCycle> last;
    for (int i = 0; i < 3; ++i) last = pair.cycle();
    const auto read = std::count_if(last->interfaces.begin(), last->interfaces.end(),
                                    [](const InterfaceRecord& row) { return row.quality() != Quality::gap; });
    CHECK(read == 19);
    if (last->outcome == CycleOutcome::complete) continue;
    REQUIRE(last->error);
    CHECK_THAT(last->error->message,
               Catch::Contains("odd: 1 of 20 interfaces are gone from its tables (20 by ifNumber)"));
  }
}

namespace {

fleet::Json instance(std::string_view column, std::uint32_t if_index) {
  return {{"column", column}, {"if_index", if_index}};
}

}  // namespace

TEST_CASE("a row that no request may name costs itself alone, and its timeouts once", "[agents]") {
  const std::uint32_t row = GENERATE(1U, 5U, 20U);
  CAPTURE(row);
  Pair pair({{"silent_instance", instance("ifHCInOctets", row)}}, odd_rows);
  for (int i = 0; i < 3; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i, cycle.error ? cycle.error->text() : "");
    CHECK(cycle.outcome == CycleOutcome::partial);
    REQUIRE(cycle.error);
    CHECK(cycle.error->message == "odd: the agent does not answer requests for 1 of 20 interfaces");
    std::set<std::uint32_t> read;
    for (const InterfaceRecord& each : cycle.interfaces) {
      if (each.sample.counters[Counter::in_octets].present()) read.insert(each.sample.interface.if_index().value);
    }
    CHECK(read.size() == odd_rows - 1);
    CHECK_FALSE(read.contains(row));
    CHECK((cycle.cost.timeouts == 0) == (i > 0));
    pair.bench().run_for(250ms);
  }
}

TEST_CASE("a device whose flow is stuck in a firewall is reached by another port", "[agents]") {
  const bool v3 = GENERATE(false, true);
  CAPTURE(v3);
  Pair pair({}, odd_rows);
  if (v3) pair.set_version(SnmpVersion::v3);
  pair.settings().timeout = 100ms;
  pair.settings().retries = 1;
  check_rows(pair.cycle(), {});
  for (int stuck = 0; stuck < 2; ++stuck) {  // the second one is that of the other port
    pair.agents().set("odd", {{"stuck_flow", false}});
    pair.agents().set("odd", {{"stuck_flow", true}});
    int silent = 0;
    DeviceCycle cycle = pair.cycle();
    for (; cycle.outcome == CycleOutcome::failed && silent < 10; ++silent) {
      REQUIRE(cycle.error);
      cycle = pair.cycle();
    }
    CHECK(silent >= 1);
    CHECK(silent <= 4);
    check_rows(cycle, {});
  }
}

TEST_CASE("an object that the agent refuses is asked for twice and then no more", "[agents]") {
  Pair pair({{"refuse_instance", instance("ifInErrors", 7)}}, odd_rows);
  std::vector<std::uint32_t> requests;
  for (int i = 0; i < 4; ++i) {
    const DeviceCycle cycle = pair.cycle();
    check_rows(cycle, {});
    const auto refused = std::find_if(cycle.interfaces.begin(), cycle.interfaces.end(),
                                      [](const auto& each) { return each.sample.interface.if_index() == IfIndex{7}; });
    REQUIRE(refused != cycle.interfaces.end());
    CHECK_FALSE(refused->sample.counters[Counter::in_errors].present());
    requests.push_back(cycle.cost.requests - cycle.cost.looks);
    pair.bench().run_for(250ms);
  }
  CHECK(requests[2] < requests[1]);
  CHECK(requests[3] == requests[2]);
}

TEST_CASE("an object that the agent refuses in whatever way costs its own cell, from the first cycle on", "[agents]") {
  const auto column = GENERATE(as<std::string>(), "ifInErrors", "ifHCInUcastPkts", "ifOutDiscards", "ifName");
  const auto row = GENERATE(7U, static_cast<std::uint32_t>(odd_rows));
  CAPTURE(column, row);
  Pair pair({{"refuse_instance", instance(column.c_str(), row)}, {"refuse_in_walks", instance(column.c_str(), row)}},
            odd_rows);
  for (int i = 0; i < 5; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CAPTURE(i);
    check_rows(cycle, {});
    if (i >= 2) CHECK(cycle.cost.requests - cycle.cost.looks <= 8);
    pair.bench().run_for(250ms);
  }
}

TEST_CASE("an SNMPv1 agent without sysUpTime is asked for it twice and then no more", "[agents]") {
  Pair pair({{"no_sys_uptime", true}}, odd_rows);
  pair.settings().auth.own().version = SnmpVersion::v1;
  std::vector<std::uint32_t> requests;
  for (int i = 0; i < 4; ++i) {
    const DeviceCycle cycle = pair.cycle();
    check_rows(cycle, {odd_rows, 32});
    requests.push_back(cycle.cost.requests - cycle.cost.looks);
    pair.bench().run_for(250ms);
  }
  CHECK(requests[2] < requests[1]);
  CHECK(requests[3] == requests[2]);
}

TEST_CASE("a 64-bit counter that comes to show 2^64-1 has no reading, not a rate of zero", "[agents]") {
  Pair pair(nullptr, odd_rows);
  for (int i = 0; i < 2; ++i) {
    check_rows(pair.cycle(), {});
    pair.bench().run_for(250ms);
  }
  pair.agents().set("odd", {{"stuck_hc", true}});
  for (int i = 0; i < 3; ++i) {
    const DeviceCycle cycle = pair.cycle();
    CHECK(cycle.interfaces.size() == odd_rows);
    for (const InterfaceRecord& row : cycle.interfaces) {
      CHECK(row.quality() == Quality::absent);
      CHECK_FALSE(row.in_rate());
      CHECK(row.sample.oper_status == status_up);
    }
    pair.bench().run_for(250ms);
  }
  pair.agents().set("odd", {{"stuck_hc", false}});
  for (const InterfaceRecord& row : pair.cycle().interfaces) CHECK(row.quality() == Quality::first);
}

TEST_CASE("counters that the inventory does not want are not asked for", "[agents]") {
  Pair whole(nullptr, odd_rows);
  Pair lean(nullptr, odd_rows);
  lean.settings().counters = CounterSet::octets();
  lean.settings().counters.add(Counter::in_errors);
  std::uint32_t requests = 0;
  for (Pair* pair : {&whole, &lean}) {
    for (int i = 0; i < 2; ++i) {
      const DeviceCycle cycle = pair->cycle();
      check_rows(cycle, {});
      for (const InterfaceRecord& row : cycle.interfaces) {
        CHECK(row.sample.counters[Counter::in_errors].present());
        CHECK(row.sample.counters[Counter::in_ucast_pkts].present() == (pair == &whole));
        CHECK(row.sample.counters[Counter::out_errors].present() == (pair == &whole));
      }
      if (i == 1 && pair == &whole) requests = cycle.cost.requests;
      if (i == 1 && pair == &lean) CHECK(cycle.cost.requests * 3 < requests * 2);
      pair->bench().run_for(250ms);
    }
  }
}
