#include "fleet/faults.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "client.hpp"

namespace fleet::testing {
namespace {

SyntheticSpec switch_of(std::size_t interfaces) {
  InterfaceSpec pattern;
  pattern.alias = "alias";
  pattern.traffic.in_bps = 8'000'000;
  SyntheticSpec spec;
  spec.interfaces = make_interfaces(interfaces, pattern);
  return spec;
}

Ask bulk(std::vector<std::string> names, std::int32_t max_repetitions) {
  Ask ask;
  ask.type = Tag::get_bulk_request;
  ask.names = std::move(names);
  ask.max_repetitions = max_repetitions;
  return ask;
}

bool has(Bench& bench, const std::string& name) {
  return bench.get(name).tag != Tag::no_such_instance && bench.get(name).tag != Tag::no_such_object;
}

TEST_CASE("silent: no answer, and again one when it is switched off") {
  Bench bench(switch_of(1));
  bench.set({{"silent", true}});
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
  bench.set({{"silent", false}});
  CHECK(bench.ask({.names = {sys_descr}}));
  CHECK(bench.device().stats.requests == 2);
}

TEST_CASE("silent_after: so many answers, then none") {
  Bench bench(switch_of(1));
  bench.set({{"silent_after", 2}});
  CHECK(bench.ask({.names = {sys_descr}}));
  CHECK(bench.ask({.names = {sys_descr}}));
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
  bench.set({{"silent_after", 1}});
  CHECK(bench.ask({.names = {sys_descr}}));
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
}

TEST_CASE("drop_rate: that share of requests gets no answer") {
  Bench bench(switch_of(1));
  const double rate = GENERATE(0.0, 0.25, 1.0);
  bench.set({{"drop_rate", rate}});
  int dropped = 0;
  for (int i = 0; i < 4000; ++i) dropped += bench.ask({.names = {sys_descr}}) ? 0 : 1;
  // Seeded, so the same each time; five standard deviations of a fair draw are 137.
  CHECK(dropped == Approx(4000 * rate).margin(140 * (rate > 0 && rate < 1)));
}

TEST_CASE("delay, duplicate and other senders are told to the socket") {
  Bench bench(switch_of(1));
  bench.set({{"delay", {{"fixed_ms", 20}, {"jitter_ms", 10}}},
             {"duplicate", 2},
             {"reply_from_other_port", true},
             {"reply_from_other_address", "127.0.0.9"}});
  std::set<std::int64_t> delays;
  for (int i = 0; i < 50; ++i) {
    REQUIRE(bench.ask({.names = {sys_descr}}));
    const Answer& answer = bench.last_answer();
    CHECK(answer.delay >= std::chrono::milliseconds(20));
    CHECK(answer.delay <= std::chrono::milliseconds(30));
    CHECK(answer.copies == 3);
    CHECK(answer.from_other_port);
    CHECK(answer.from_other_address == Address::parse("127.0.0.9"));
    delays.insert(answer.delay.count());
  }
  CHECK(delays.size() > 10);
}

TEST_CASE("garbage and truncated: no SNMP message comes back") {
  Bench bench(switch_of(1));
  bench.set({{"garbage", true}});
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
  CHECK_FALSE(bench.last_answer().octets.empty());
  bench.set({{"garbage", false}});
  REQUIRE(bench.ask({.names = {sys_descr}}));
  const std::size_t whole = bench.last_answer().octets.size();
  bench.set({{"truncated", true}});
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
  CHECK(bench.last_answer().octets.size() == whole / 2);
}

TEST_CASE("wrong_request_id and wrong_community_reply") {
  Bench bench(switch_of(1));
  bench.set({{"wrong_request_id", true}});
  CHECK(bench.ask({.names = {sys_descr}})->request_id == 1235);
  bench.set({{"wrong_request_id", false}, {"wrong_community_reply", "other"}});
  const auto response = bench.ask({.names = {sys_descr}});
  CHECK(response->request_id == 1234);
  CHECK(response->community == "other");
}

TEST_CASE("request_id_16_bit: the last 16 bits come back") {
  Bench bench(switch_of(1));
  bench.set({{"request_id_16_bit", true}});
  CHECK(bench.ask({.names = {sys_descr}, .request_id = 0x0123'4567})->request_id == 0x4567);
}

TEST_CASE("trim_zeros: names lose a zero at their end, and no other number") {
  Bench bench(switch_of(128));
  bench.set({{"trim_zeros", true}});
  CHECK(bench.get(sys_descr).name == "1.3.6.1.2.1.1.1");
  CHECK(bench.get(column(if_table, 2, 7)).name == column(if_table, 2, 7));
  CHECK(bench.get(column(if_table, 2, 128)).name == column(if_table, 2, 128));  // its last octet is 0, too
}

TEST_CASE("GETBULK with too many repetitions: silence, rows left out, or zeros, and GET tells the truth") {
  Bench bench(switch_of(9));
  const auto ask = bulk({if_table + ".2", if_table + ".3"}, 6);
  bench.set({{"silent_repetitions_over", 5}});
  CHECK_FALSE(bench.ask(ask));
  bench.set({{"silent_repetitions_over", 6}});
  CHECK(bench.ask(ask)->bindings.size() == 12);
  bench.set({{"silent_repetitions_over", false}, {"skip_rows_over", 5}});
  std::vector<std::string> rows;
  const auto skipped = bench.ask(ask)->names();
  for (std::size_t i = 0; i < skipped.size(); i += 2) rows.push_back(skipped[i]);
  CHECK(rows == std::vector<std::string>{column(if_table, 2, 1), column(if_table, 2, 2), column(if_table, 2, 4),
                                         column(if_table, 2, 5), column(if_table, 2, 7), column(if_table, 2, 8)});
  bench.set({{"skip_rows_over", 6}});
  CHECK(bench.ask(ask)->names()[4] == column(if_table, 2, 3));
  bench.set({{"skip_rows_over", false}, {"zero_values_over", 5}});
  const auto zeroed = bench.ask(ask)->bindings;
  CHECK(zeroed[4].text() == "eth3");
  CHECK(zeroed[3].number() == 6);
  CHECK(zeroed[5].number() == 0);
  CHECK(bench.get(column(if_table, 3, 3)).number() == 6);
}

TEST_CASE("repeats_row: GETBULK gives the row that it goes on behind, and then its successors") {
  Bench bench(switch_of(4));
  bench.set({{"repeats_row", true}});
  const auto of_rows = [](std::initializer_list<std::uint32_t> rows) {
    std::vector<std::string> names;
    for (const std::uint32_t row : rows) names.push_back(column(if_table, 2, row));
    return names;
  };
  CHECK(bench.ask(bulk({if_table + ".2"}, 2))->names() == of_rows({1, 2}));
  CHECK(bench.ask(bulk({column(if_table, 2, 2)}, 2))->names() == of_rows({2, 3}));
}

TEST_CASE("fewer_bindings: the first few are answered") {
  Bench bench(switch_of(3));
  bench.set({{"fewer_bindings", 2}});
  CHECK(bench.ask({.names = {sys_descr, sys_uptime, sys_descr}})->bindings.size() == 2);
  CHECK(bench.ask({.type = Tag::get_next_request, .names = {"1.3", "1.3", "1.3"}})->bindings.size() == 2);
  CHECK(bench.ask({.names = {sys_descr}})->bindings.size() == 1);
  CHECK(bench.ask(bulk({if_table + ".2"}, 3))->names() ==
        std::vector<std::string>{column(if_table, 2, 1), column(if_table, 2, 2)});
}

TEST_CASE("leaves_out_absent: only what is there is answered") {
  Bench bench(switch_of(3));
  bench.set({{"leaves_out_absent", true}});
  CHECK(bench.ask({.names = {sys_descr, "1.3.6.1.2.1.1.99.0", sys_uptime}})->names() ==
        std::vector<std::string>{sys_descr, sys_uptime});
}

TEST_CASE("silent_bindings_over: requests for more are not answered") {
  Bench bench(switch_of(3));
  bench.set({{"silent_bindings_over", 2}});
  CHECK_FALSE(bench.ask({.names = {sys_descr, sys_uptime, sys_descr}}));
  CHECK_FALSE(bench.ask({.type = Tag::get_next_request, .names = {"1.3", "1.3", "1.3"}}));
  CHECK(bench.ask({.names = {sys_descr, sys_uptime}})->bindings.size() == 2);
  CHECK(bench.ask(bulk({if_table + ".2"}, 3))->bindings.size() == 3);
}

TEST_CASE("early_end: a walk leaves the column before the row, GET finds what is behind it") {
  Bench bench(switch_of(4));
  bench.set({{"early_end", {{"column", "ifInOctets"}, {"if_index", 2}}}});
  CHECK(bench.walk(if_table + ".10", 2) == std::vector<std::string>{column(if_table, 10, 1), column(if_table, 11, 1)});
  CHECK(bench.ask(bulk({if_table + ".10"}, 2))->names()[1] == column(if_table, 11, 1));
  CHECK_FALSE(has(bench, column(if_table, 10, 2)));
  CHECK(has(bench, column(if_table, 10, 3)));
  CHECK(bench.walk(column(if_table, 10, 3), 1) == std::vector<std::string>{column(if_table, 10, 4)});
}

TEST_CASE("silent_instance and refuse_instance: a GET that names one object, and no other") {
  Bench bench(switch_of(4));
  const std::string odd = column(if_table, 10, 2);
  const std::string fine = column(if_table, 10, 3);
  bench.set({{"silent_instance", {{"column", "ifInOctets"}, {"if_index", 2}}}});
  CHECK_FALSE(bench.ask({.names = {fine, odd}}));
  CHECK(bench.ask({.names = {fine}}));
  CHECK(bench.walk(if_table + ".10", 2)[1] == odd);
  bench.set({{"silent_instance", false}, {"refuse_instance", {{"column", "ifInOctets"}, {"if_index", 2}}}});
  const auto refused = bench.ask({.names = {fine, odd}});
  REQUIRE(refused);
  CHECK(refused->error_status == 5);
  CHECK(refused->error_index == 2);
  CHECK(bench.ask({.names = {fine}})->error_status == 0);
}

TEST_CASE("ifx_offset and zero_if_index: rows of another number") {
  Bench bench(switch_of(2));
  bench.set({{"ifx_offset", 1'000'000}});
  CHECK(has(bench, column(if_x_table, 1, 1'000'002)));
  CHECK_FALSE(has(bench, column(if_x_table, 1, 2)));
  CHECK(has(bench, column(if_table, 2, 2)));
  bench.set({{"ifx_offset", false}, {"zero_if_index", true}});
  CHECK(has(bench, column(if_table, 2, 0)));
  CHECK(has(bench, column(if_x_table, 1, 0)));
  CHECK_FALSE(has(bench, column(if_table, 2, 1)));
}

TEST_CASE("stuck_hc, odd_numbers and trailing_nul: what values look like") {
  InterfaceSpec pattern;
  pattern.start[Count::in_octets] = 0x1'8000'0001;
  pattern.start[Count::out_octets] = 5;
  SyntheticSpec spec;
  spec.interfaces = make_interfaces(1, pattern);
  Bench bench(spec);
  bench.set({{"odd_numbers", true}, {"trailing_nul", true}});
  using Bytes = std::vector<std::uint8_t>;
  CHECK(bench.get(column(if_table, 10, 1)).content == Bytes{0x80, 0, 0, 1});
  CHECK(bench.get(column(if_table, 16, 1)).content == Bytes{0, 0, 0, 0, 5});
  CHECK(bench.get(column(if_x_table, 6, 1)).content == Bytes{0, 0, 0, 0, 1, 0x80, 0, 0, 1});
  CHECK(bench.get(column(if_table, 2, 1)).text() == std::string("eth1\0", 5));
  bench.set({{"odd_numbers", false}, {"stuck_hc", true}});
  CHECK(bench.get(column(if_x_table, 6, 1)).number() == 0xffff'ffff'ffff'ffff);
  CHECK(bench.get(column(if_table, 16, 1)).number() == 5);
}

TEST_CASE("dead_hc: 64-bit counters are 0, the others count") {
  InterfaceSpec pattern;
  pattern.start[Count::in_octets] = 5;
  SyntheticSpec spec;
  spec.interfaces = make_interfaces(1, pattern);
  Bench bench(spec);
  bench.set({{"dead_hc", true}});
  CHECK(bench.get(column(if_x_table, 6, 1)).number() == 0);
  CHECK(bench.get(column(if_table, 10, 1)).number() == 5);
}

TEST_CASE("bad_cell: one value that nobody can decode") {
  Bench bench(switch_of(2));
  const auto bad = [&](const std::string& how) {
    bench.set({{"bad_cell", {{"column", "ifInErrors"}, {"if_index", 2}, {"how", how}}}});
    CHECK(bench.get(column(if_table, 14, 1)).number() == 0);
    return bench.get(column(if_table, 14, 2));
  };
  CHECK(bad("long_counter64").tag == Tag::counter64);
  CHECK(bad("long_integer").content.size() == 9);
  CHECK(bad("empty_integer").tag == Tag::integer);
  CHECK(bad("empty_counter32").content.empty());
  CHECK(static_cast<int>(bad("unknown_tag").tag) == 0x4f);
  bench.set({{"bad_cell", false}});
  CHECK(bench.get(column(if_table, 14, 2)).number() == 0);
}

TEST_CASE("no_getbulk: genErr, silence or no variables, while GETNEXT works") {
  Bench bench(switch_of(1));
  bench.set({{"no_getbulk", "genErr"}});
  CHECK(bench.ask(bulk({if_table}, 5))->error_status == 5);
  bench.set({{"no_getbulk", "silent"}});
  CHECK_FALSE(bench.ask(bulk({if_table}, 5)));
  CHECK(bench.walk(if_table + ".1", 1).front() == column(if_table, 1, 1));
  bench.set({{"no_getbulk", "empty"}});
  CHECK(bench.ask(bulk({if_table}, 5))->bindings.empty());
}

TEST_CASE("too_big_over: GETBULK is cut, GET is refused") {
  Bench bench(switch_of(20));
  bench.set({{"too_big_over", 300}});
  const auto cut = bench.ask(bulk({if_table}, 100));
  CHECK(cut->error_status == 0);
  CHECK(cut->bindings.size() > 5);
  CHECK(cut->bindings.size() < 30);
  CHECK(cut->size <= 300);
  std::vector<std::string> many;
  for (std::uint32_t row = 1; row <= 20; ++row) many.push_back(column(if_table, 10, row));
  CHECK(bench.ask({.names = many})->error_status == 1);
}

TEST_CASE("silent_over: larger answers never come") {
  Bench bench(switch_of(20));
  bench.set({{"silent_over", 300}});
  CHECK_FALSE(bench.ask(bulk({if_table}, 100)));
  CHECK(bench.ask(bulk({if_table}, 5)));
}

TEST_CASE("max_repetitions_cap") {
  Bench bench(switch_of(20));
  bench.set({{"max_repetitions_cap", 3}});
  CHECK(bench.ask(bulk({if_table + ".1", if_table + ".2"}, 100))->bindings.size() == 6);
  CHECK(bench.ask(bulk({if_table + ".1", if_table + ".2"}, 2))->bindings.size() == 4);
}

TEST_CASE("loop: an instance is its own successor, in GETBULK too") {
  Bench bench(switch_of(3));
  bench.set({{"loop", "ifDescr"}});
  const auto walked = bench.walk(if_table + ".1", 8);
  CHECK(walked[2] == column(if_table, 1, 3));
  CHECK(walked[3] == column(if_table, 2, 1));
  CHECK(walked[7] == column(if_table, 2, 1));
  for (const auto& name : bench.ask(bulk({if_table + ".2"}, 5))->names()) CHECK(name == column(if_table, 2, 1));
}

TEST_CASE("non_increasing: each row once, two of them out of order, and the walk ends") {
  Bench bench(switch_of(4));
  const auto straight = bench.walk("1.3");
  bench.set({{"non_increasing", if_table}});
  const auto crooked = bench.walk("1.3");
  CHECK(crooked.size() == straight.size());
  CHECK(std::is_permutation(crooked.begin(), crooked.end(), straight.begin(), straight.end()));
  CHECK(bench.walk(if_table + ".2", 4) == std::vector<std::string>{column(if_table, 2, 1), column(if_table, 2, 3),
                                                                   column(if_table, 2, 2), column(if_table, 2, 4)});
  // Beyond the prefix all is in order.
  CHECK(bench.walk(if_x_table + ".1", 3).back() == column(if_x_table, 1, 3));
  CHECK(bench.ask(bulk({if_table + ".2"}, 4))->names()[1] == column(if_table, 2, 3));
}

TEST_CASE("v1_only: version 2c gets no answer") {
  Bench bench(switch_of(1));
  bench.set({{"v1_only", true}});
  CHECK_FALSE(bench.ask({.names = {sys_descr}}));
  CHECK(bench.ask({.names = {sys_descr}, .version = Version::v1})->error_status == 0);
}

TEST_CASE("hole: a column lacks rows, or is not there") {
  Bench bench(switch_of(3));
  bench.set(Json::parse(R"({"hole": [{"column": "ifInOctets", "rows": [2]}, {"column": "ifHCInOctets"}]})"));
  CHECK(bench.get(column(if_table, 10, 2)).tag == Tag::no_such_instance);
  CHECK(has(bench, column(if_table, 10, 1)));
  CHECK(has(bench, column(if_table, 16, 2)));
  CHECK(bench.get(column(if_x_table, 6, 1)).tag == Tag::no_such_object);
  CHECK(bench.walk(column(if_table, 10, 1), 1).front() == column(if_table, 10, 3));
  bench.set({{"hole", false}});
  CHECK(has(bench, column(if_table, 10, 2)));
}

TEST_CASE("refuse_in_walks: who comes to one object by GETNEXT or GETBULK gets the error, and GET does not") {
  Bench bench(switch_of(4));
  bench.set({{"refuse_in_walks", {{"column", "ifInOctets"}, {"if_index", 3}}}});
  CHECK(bench.ask(bulk({column(if_table, 10, 1)}, 1))->error_status == 0);
  const auto refused = bench.ask(bulk({sys_descr, column(if_table, 10, 1)}, 2));
  REQUIRE(refused);
  CHECK(refused->error_status == 5);
  CHECK(refused->error_index == 2);
  CHECK(bench.walk(column(if_table, 10, 1), 1) == std::vector<std::string>{column(if_table, 10, 2)});
  CHECK(bench.walk(column(if_table, 10, 3), 1) == std::vector<std::string>{column(if_table, 10, 4)});
  CHECK(has(bench, column(if_table, 10, 3)));
}

TEST_CASE("error_below: who asks there gets the error, whatever the operation") {
  Bench bench(switch_of(3));
  bench.set({{"error_below", {{"oid", "ifInOctets"}}}});
  const auto refused = bench.ask({.names = {sys_descr, column(if_table, 10, 2)}});
  CHECK(refused->error_status == 5);
  CHECK(refused->error_index == 2);
  CHECK(bench.ask(bulk({column(if_table, 10, 1)}, 2))->error_status == 5);
  CHECK(has(bench, column(if_table, 11, 2)));
  bench.set({{"error_below", {{"oid", "ifInOctets"}, {"status", "tooBig"}}}});
  CHECK(bench.ask({.names = {column(if_table, 10, 2)}})->error_status == 1);
  bench.set({{"error_below", false}});
  CHECK(has(bench, column(if_table, 10, 2)));
}

TEST_CASE("restless_tables: ifTableLastChange is sysUpTime") {
  Bench bench(switch_of(1));
  bench.set({{"restless_tables", true}});
  bench.now += std::chrono::seconds(7);
  CHECK(bench.get("1.3.6.1.2.1.31.1.5.0").number() == 700);
}

TEST_CASE("vanish_row: gone after so many requests, from both tables") {
  Bench bench(switch_of(3));
  bench.set({{"vanish_row", {{"if_index", 2}, {"after_requests", 2}}}});
  CHECK(bench.get(column(if_table, 1, 2)).number() == 2);
  CHECK(bench.get(column(if_x_table, 6, 2)).tag == Tag::counter64);
  CHECK(bench.get(column(if_table, 1, 2)).tag == Tag::no_such_instance);
  CHECK(bench.get(column(if_x_table, 6, 2)).tag == Tag::no_such_instance);
  CHECK(has(bench, column(if_table, 1, 3)));
}

TEST_CASE("no_ifx and no_sys_uptime: they are not there") {
  Bench bench(switch_of(2));
  bench.set({{"no_ifx", true}, {"no_sys_uptime", true}});
  CHECK_FALSE(has(bench, column(if_x_table, 1, 1)));
  CHECK_FALSE(has(bench, sys_uptime));
  CHECK(has(bench, column(if_table, 1, 1)));
  for (const auto& name : bench.walk("1.3")) CHECK_FALSE(name.starts_with(if_x_table));
}

TEST_CASE("big_if_index: rows beyond 2^31, and an ifIndex that Integer32 makes negative") {
  Bench bench(switch_of(2));
  bench.set({{"big_if_index", true}});
  CHECK_FALSE(has(bench, column(if_table, 1, 1)));
  CHECK(bench.get(column(if_table, 1, 2147483649)).signed_number() == -2147483647);
  CHECK(bench.get(column(if_x_table, 1, 2147483650)).text() == "eth2");
}

TEST_CASE("wrong_types: the number is right, the type is not") {
  Bench bench(switch_of(1));
  bench.set({{"wrong_types", true}});
  const auto mixed = bench.get({column(if_table, 10, 1), column(if_x_table, 6, 1), sys_uptime});
  CHECK(mixed[0].tag == Tag::gauge32);
  CHECK(mixed[1].tag == Tag::integer);
  CHECK(mixed[2].tag == Tag::time_ticks);
  bench.set({{"wrong_types", {{"counter64", "counter32"}}}});
  CHECK(bench.get(column(if_x_table, 6, 1)).tag == Tag::counter32);
  CHECK(bench.get(column(if_table, 10, 1)).tag == Tag::counter32);
  bench.now += std::chrono::seconds(1);
  bench.set({{"wrong_types", {{"counter64", "octet_string"}}}});
  CHECK(bench.get(column(if_x_table, 6, 1)).text() == "1000000");
}

TEST_CASE("wrong_types: a recording's counters too") {
  Bench bench("1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n1.3.6.1.2.1.2.2.1.10.1|65|7\n");
  bench.set({{"wrong_types", true}});
  CHECK(bench.get(column(if_x_table, 6, 1)).number() == 0x7fffffff);
  CHECK(bench.get(column(if_table, 10, 1)).tag == Tag::gauge32);
}

TEST_CASE("duplicate_names: every second interface is called as the one before") {
  Bench bench(switch_of(4));
  bench.set({{"duplicate_names", true}});
  std::vector<std::string> names;
  for (std::uint32_t row = 1; row <= 4; ++row) names.push_back(bench.get(column(if_x_table, 1, row)).text());
  CHECK(names == std::vector<std::string>{"eth1", "eth1", "eth3", "eth3"});
  CHECK(bench.get(column(if_table, 2, 4)).text() == "eth3");
}

TEST_CASE("bad_utf8: texts that are none, numbers as they were") {
  Bench bench(switch_of(1));
  bench.set({{"bad_utf8", true}});
  CHECK(bench.get(column(if_x_table, 18, 1)).text() == "alias\xc3(\x80\x01");
  CHECK(bench.get("1.3.6.1.2.1.1.5.0").text() == "bench\xc3(\x80\x01");
  CHECK(bench.get(column(if_table, 1, 1)).number() == 1);
}

TEST_CASE("frozen_uptime: the clock stands still, the counters run") {
  Bench bench(switch_of(1));
  bench.now += std::chrono::seconds(10);
  bench.set({{"frozen_uptime", true}});
  bench.now += std::chrono::seconds(5);
  const auto values = bench.get({sys_uptime, column(if_table, 10, 1)});
  CHECK(values[0].number() == 1000);
  CHECK(values[1].number() == 15'000'000);
  bench.set({{"frozen_uptime", false}});
  CHECK(bench.get(sys_uptime).number() == 1500);
}

TEST_CASE("a fault that is misspelt or mistaken is refused, and nothing changes") {
  const auto [json, message] = GENERATE(table<std::string, std::string>({
      {R"({"silnt": true})", "no fault \"silnt\"; there are silent, silent_after"},
      {R"({"silent": 1})", "silent: true or false is expected"},
      {R"({"drop_rate": 1.5})", "drop_rate: a number from 0 to 1 is expected"},
      {R"({"delay": {"ms": 1}})", "delay: unknown key \"ms\"; known are fixed_ms, jitter_ms"},
      {R"({"delay": {"fixed_ms": -1}})", "delay.fixed_ms: a whole number from 0 to 4294967295"},
      {R"({"loop": "ifNothing"})", "loop: an OID or a name"},
      {R"({"no_getbulk": "maybe"})", "no_getbulk: \"genErr\", \"silent\", \"empty\" or false"},
      {R"({"early_end": {"if_index": 1}})", "early_end: which column?"},
      {R"({"error_below": {"status": "genErr"}})", "error_below: below which OID?"},
      {R"({"error_below": {"oid": "ifName", "status": "bad"}})", "error_below.status: \"tooBig\", \"noSuchName\""},
      {R"({"hole": [{"rows": [1]}]})", "hole: which column?"},
      {R"({"bad_cell": {"column": "ifMtu", "how": "odd"}})", "bad_cell.how: long_counter64, empty_integer"},
      {R"({"wrong_types": {"counter32": "float"}})", "wrong_types: integer, octet_string"},
      {R"({"reply_from_other_address": "nowhere"})", "reply_from_other_address: an address"},
      {R"([])", "faults: an object is expected"},
  }));
  INFO(json);
  Bench bench(switch_of(1));
  bench.set({{"max_repetitions_cap", 3}});
  Json changes = Json::parse(json);
  if (changes.is_object()) changes["max_repetitions_cap"] = 9;
  CHECK_THROWS_WITH(bench.set(changes), Catch::StartsWith(message));
  CHECK(bench.device().faults().max_repetitions_cap == 3U);
}

TEST_CASE("every fault is off with false, and has a help text") {
  for (const auto& fault : fault_help()) {
    INFO(fault.name);
    CHECK_FALSE(fault.does.empty());
    Faults faults;
    CHECK_NOTHROW(apply(faults, {{std::string(fault.name), false}}));
  }
}

}  // namespace
}  // namespace fleet::testing
