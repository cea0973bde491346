#include "octopoll/ifmib/row.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <optional>
#include <string>

#include "make_row.hpp"

namespace octopoll::ifmib {
namespace {

using namespace std::string_literals;
using snmp::Value;
using test::make_row;
using test::number;
using test::text;

using Reading = std::optional<Value>;
constexpr std::uint64_t all_ones = std::numeric_limits<std::uint64_t>::max();
constexpr auto wide = Column::if_hc_in_octets;
constexpr auto narrow = Column::if_in_octets;

TEST_CASE("a cell is set once and replaced after") {
  Row row;
  CHECK(row.cells().empty());
  CHECK(row.find(Column::if_mtu) == nullptr);
  row.set(Column::if_mtu, number(1500));
  row.set(Column::if_mtu, number(9000));
  CHECK(row.cells().size() == 1);
  CHECK(row.number(Column::if_mtu) == 9000U);
}

TEST_CASE("rows of one reading share memory, which lasts as long as the last of them, and a copy has its own") {
  Row last;
  Row copy;
  {
    const CellMemory memory = CellMemory::of_one_reading();
    Row row(memory, 1);
    row.set(Column::if_descr, text("eth0, whose description is longer than a short text"));
    row.set(Column::if_mtu, number(1500));  // more than were expected
    row.set(Column::if_in_octets, Value::counter32(7));
    copy = row;
    last = std::move(row);
    CHECK(last.cells().get_allocator().memory() == memory);
  }
  CHECK(copy.cells().get_allocator().memory() == CellMemory());
  for (const Row* row : {&last, &copy}) {
    REQUIRE(row->cells().size() == 3);
    CHECK(row->number(Column::if_mtu) == 1500U);
    CHECK(*row->octets(Column::if_descr) == "eth0, whose description is longer than a short text");
  }
  last.set(Column::if_out_octets, Value::counter32(8));
  CHECK(last.number(Column::if_out_octets) == 8U);
}

TEST_CASE("a cell is a number or octets, not both") {
  const Row row = make_row({{Column::if_mtu, number(-1)},
                            {Column::if_in_octets, Value::counter32(7)},
                            {Column::if_descr, text("12")},
                            {Column::if_out_octets, Value::no_such_instance()}});
  CHECK(row.number(Column::if_in_octets) == 7U);
  CHECK_FALSE(row.number(Column::if_mtu));
  CHECK_FALSE(row.number(Column::if_descr));
  CHECK_FALSE(row.number(Column::if_out_octets));
  CHECK_FALSE(row.number(Column::if_in_errors));
  REQUIRE(row.octets(Column::if_descr) != nullptr);
  CHECK(*row.octets(Column::if_descr) == "12");
  CHECK(row.octets(Column::if_in_octets) == nullptr);
  CHECK(row.octets(Column::if_alias) == nullptr);
}

TEST_CASE("a row is in the tables of its cells") {
  CHECK_FALSE(Row{}.in(Table::if_table));
  const Row both = make_row({{Column::if_descr, text("eth0")}, {Column::if_alias, text("")}});
  CHECK(both.in(Table::if_table));
  CHECK(both.in(Table::if_x_table));
  CHECK_FALSE(make_row({{Column::if_alias, text("")}}).in(Table::if_table));
}

TEST_CASE("facts are text and numbers ready to show, and absent where the agent has none") {
  const InterfaceFacts facts = facts_of(7, make_row({{Column::if_name, text("Gi0/1\0"s)},
                                                     {Column::if_descr, text("caf\xe9")},
                                                     {Column::if_alias, text("")},
                                                     {Column::if_type, number(6)},
                                                     {Column::if_mtu, number(-1)},
                                                     {Column::if_speed, Value::gauge32(4'294'967'295U)},
                                                     {Column::if_high_speed, Value::gauge32(10'000)},
                                                     {Column::if_phys_address, text("\x00\x1b\x21\xab\xcd\xef"s)}}));
  CHECK(facts.if_index == IfIndex{7});
  CHECK(facts.if_name == "Gi0/1");
  CHECK(facts.descr == R"(caf\xe9)");
  CHECK(facts.alias == "");
  CHECK(facts.type == 6);
  CHECK(facts.mtu == -1);
  CHECK(facts.speed_bps == 10'000'000'000U);
  CHECK(facts.speed_source == SpeedSource::if_high_speed);
  CHECK(facts.phys_address == "00:1b:21:ab:cd:ef");

  InterfaceFacts nothing;
  nothing.if_index = IfIndex{4'294'967'295U};
  CHECK(facts_of(4'294'967'295U, Row{}) == nothing);
}

TEST_CASE("an address is empty or has as many octets as came") {
  const auto address = [](const std::string& octets) {
    return facts_of(1, make_row({{Column::if_phys_address, text(octets)}})).phys_address;
  };
  CHECK(address("") == "");
  CHECK(address("\0\0\0\0\0\0"s) == "00:00:00:00:00:00");
  CHECK(address("\xff") == "ff");
  CHECK(address("12345678") == "31:32:33:34:35:36:37:38");
}

TEST_CASE("the 64-bit column speaks for a counter, unless it cannot be true") {
  const auto [why, high, low, speaks] = GENERATE(table<std::string, Reading, Reading, std::optional<Column>>({
      {"both count", Value::counter64(5'000'000'000), Value::counter32(705'032'704), wide},
      {"both at 0", Value::counter64(0), Value::counter32(0), wide},
      {"64 bits alone", Value::counter64(7), std::nullopt, wide},
      {"64 bits alone, at 0", Value::counter64(0), std::nullopt, wide},
      {"32 bits alone", std::nullopt, Value::counter32(7), narrow},
      {"neither", std::nullopt, std::nullopt, std::nullopt},
      {"32 bits just wrapped to 0", Value::counter64(4'294'967'296), Value::counter32(0), wide},
      // D-Link DES-3038: 64 bits stay 0 while 32 bits count.
      {"64 bits stuck at 0", Value::counter64(0), Value::counter32(1), narrow},
      // Huawei MA5683T: 64 bits stand at 2^64-1.
      {"64 bits stuck at the end", Value::counter64(all_ones), Value::counter32(7), narrow},
      {"64 bits stuck at the end, 32 bits at 0", Value::counter64(all_ones), Value::counter32(0), narrow},
      {"64 bits stuck at the end, and nothing else", Value::counter64(all_ones), std::nullopt, std::nullopt},
      {"64 bits near the end", Value::counter64(all_ones - 1), Value::counter32(7), wide},
      // Metel: the 64-bit column as Counter32; it is a number all the same.
      {"64-bit column of 32 bits", Value::counter32(7), Value::counter32(7), wide},
      {"64-bit column of octets", Value::octet_string("7"), Value::counter32(7), narrow},
      {"64-bit column without an instance", Value::no_such_instance(), Value::counter32(7), narrow},
      {"neither is a number", Value::octet_string("7"), Value::octet_string("7"), std::nullopt},
      {"negative", Value::integer(-1), Value::integer(-1), std::nullopt},
  }));
  CAPTURE(why);
  Row row;
  if (high) row.set(wide, *high);
  if (low) row.set(narrow, *low);
  CHECK(column_for(row, Counter::in_octets) == speaks);
  CHECK(column_for(row, Counter::out_octets) == std::nullopt);
}

TEST_CASE("each counter chooses its column by itself") {
  const Row row = make_row({{Column::if_hc_in_octets, Value::counter64(0)},
                            {Column::if_in_octets, Value::counter32(9)},
                            {Column::if_hc_out_octets, Value::counter64(9)},
                            {Column::if_out_octets, Value::counter32(9)},
                            {Column::if_in_errors, Value::counter32(0)}});
  CHECK(column_for(row, Counter::in_octets) == Column::if_in_octets);
  CHECK(column_for(row, Counter::out_octets) == Column::if_hc_out_octets);
  CHECK(column_for(row, Counter::in_errors) == Column::if_in_errors);
  CHECK_FALSE(column_for(row, Counter::out_errors));
}

TEST_CASE("an agent's 64-bit zeros are believed unless a 32-bit counter contradicts them and none counts") {
  const auto row = [](std::optional<std::uint64_t> of_wide, std::optional<std::uint32_t> of_narrow) {
    Row made;
    if (of_wide) made.set(wide, Value::counter64(*of_wide));
    if (of_narrow) made.set(narrow, Value::counter32(*of_narrow));
    return made;
  };
  CHECK(wide_zero_of({}) == WideZero::believed);
  CHECK(wide_zero_of({{1, row(0, 0)}, {2, row(0, 0)}}) == WideZero::believed);
  CHECK(wide_zero_of({{1, row(0, 0)}, {2, row(0, 7)}}) == WideZero::dead);
  CHECK(wide_zero_of({{1, row(7, 7)}, {2, row(0, 7)}}) == WideZero::believed);
  CHECK(wide_zero_of({{1, row(all_ones, 7)}, {2, row(0, 7)}}) == WideZero::dead);
  CHECK(wide_zero_of({{1, row(std::nullopt, 7)}}) == WideZero::believed);

  CHECK(column_for(row(0, 0), Counter::in_octets) == wide);
  CHECK(column_for(row(0, 0), Counter::in_octets, WideZero::dead) == narrow);
  CHECK(column_for(row(0, std::nullopt), Counter::in_octets, WideZero::dead) == wide);
  CHECK(column_for(row(7, 7), Counter::in_octets, WideZero::dead) == wide);
}

}  // namespace
}  // namespace octopoll::ifmib
