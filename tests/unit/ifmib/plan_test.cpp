// What is read of a row in every cycle, and the scalars' facts.

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "make_row.hpp"
#include "octopoll/ifmib/reader.hpp"

namespace octopoll::ifmib {
namespace {

using namespace std::string_literals;

std::vector<Column> columns_of(const RowPlan& plan) {
  std::vector<Column> columns;
  for (const RowLayout::Object& object : plan.layout()->objects()) columns.push_back(object.column);
  return columns;
}

using snmp::Value;
using test::make_row;
using test::number;
using test::text;

TEST_CASE("a plan has what the row has, and asks for no more") {
  const RowPlan plan = plan_row(7, "Gi0/1#7",
                                make_row({{Column::if_name, text("Gi0/1\0"s)},
                                          {Column::if_descr, text("GigabitEthernet0/1")},
                                          {Column::if_type, number(6)},
                                          {Column::if_admin_status, number(1)},
                                          {Column::if_oper_status, number(2)},
                                          {Column::if_last_change, Value::time_ticks(100)},
                                          {Column::if_counter_discontinuity_time, Value::time_ticks(0)},
                                          {Column::if_hc_in_octets, Value::counter64(5)},
                                          {Column::if_in_octets, Value::counter32(5)},
                                          {Column::if_out_octets, Value::counter32(6)},
                                          {Column::if_in_errors, Value::counter32(0)}}));
  CHECK(plan.index == 7);
  CHECK(plan.interface.name() == "Gi0/1#7");
  CHECK(plan.name_column() == Column::if_name);
  // As octets: the reading is compared with what the agent sends, not with what is shown.
  CHECK(plan.name_octets() == "Gi0/1\0"s);
  CHECK(plan.interface.if_index() == IfIndex{7});
  CHECK(plan.interface.if_name() == "Gi0/1");
  CHECK(plan.interface.type() == 6);
  CHECK(columns_of(plan) == std::vector{Column::if_name, Column::if_admin_status, Column::if_oper_status,
                                        Column::if_last_change, Column::if_counter_discontinuity_time,
                                        Column::if_hc_in_octets, Column::if_out_octets, Column::if_in_errors});
  const auto counted = plan.layout()->objects().subspan(5);
  CHECK(counted[0].counter == Counter::in_octets);
  CHECK(counted[1].counter == Counter::out_octets);
  CHECK(counted[2].counter == Counter::in_errors);
}

TEST_CASE("rows of the same columns share one layout") {
  const auto plan = [](std::uint32_t index, const char* name) {
    return plan_row(index, name,
                    make_row({{Column::if_name, text(name)}, {Column::if_in_octets, Value::counter32(5)}}));
  };
  const RowPlan one = plan(1, "a");
  CHECK(one.layout() == plan(2, "b").layout());
  CHECK(one.layout() != plan_row(3, "c", make_row({{Column::if_name, text("c")}})).layout());
  // The name is shown as it came, so it is kept but once.
  CHECK(one.objects.odd() == nullptr);
  CHECK(one.name_octets() == "a");
}

TEST_CASE("a plan keeps its odd name and index, whatever layout it has, and a copy has its own") {
  Row row = make_row({{Column::if_name, text("eth0\0"s)}, {Column::if_in_octets, Value::counter32(5)}});
  row.x_index = 1000007;
  RowPlan plan = plan_row(7, "eth0", row);
  const RowPlan copy = plan;
  const RowLayout* const before = plan.layout();
  leave_out(plan, Column::if_in_octets);
  CHECK(columns_of(plan) == std::vector{Column::if_name});
  CHECK(plan.name_octets() == "eth0\0"s);
  CHECK(plan.x_index() == 1000007);
  plan = RowPlan{};
  CHECK(plan.layout() == nullptr);
  CHECK(copy.layout() == before);
  CHECK(copy.name_octets() == "eth0\0"s);
  CHECK(copy.x_index() == 1000007);
}

TEST_CASE("a layout goes with the last plan that has it") {
  const std::size_t before = RowLayout::count();
  const std::vector<Column> columns{Column::if_in_unknown_protos};
  {
    const RowObjects one(RowLayout::of(columns));
    const RowObjects odd(RowLayout::of(columns), RowObjects::Odd{3, "x"});
    const RowObjects copy = odd;
    CHECK(RowLayout::count() == before + 1);
    CHECK(copy.layout() == one.layout());
  }
  CHECK(RowLayout::count() == before);
}

TEST_CASE("a layout that one thread lets go while another asks for it is there for that one") {
  const std::size_t before = RowLayout::count();
  const std::vector<Column> columns{Column::if_out_errors, Column::if_in_unknown_protos};
  const auto ask_and_let_go = [&columns] {
    std::size_t asked = 0;
    for (int i = 0; i < 20'000; ++i) asked += RowLayout::of(columns)->objects().size();
    return asked;
  };
  std::size_t elsewhere = 0;
  std::thread other([&] { elsewhere = ask_and_let_go(); });
  CHECK(ask_and_let_go() == 40'000);
  other.join();
  CHECK(elsewhere == 40'000);
  CHECK(RowLayout::count() == before);
}

TEST_CASE("a plan is small, and so is a cell of a table: there are dozens of each an interface") {
  CHECK(sizeof(RowPlan) <= 24);
  CHECK(sizeof(snmp::Value) <= 24);
}

TEST_CASE("a row that takes its name from ifDescr is watched by ifDescr") {
  const RowPlan plan =
      plan_row(2, "eth0", make_row({{Column::if_name, text(" ")}, {Column::if_descr, text("eth0\0"s)}}));
  CHECK(plan.name_column() == Column::if_descr);
  CHECK(plan.name_octets() == "eth0\0"s);
}

TEST_CASE("a blank name is watched, for the port may be named later") {
  const RowPlan plan = plan_row(2, "#2", make_row({{Column::if_name, text(" ")}, {Column::if_descr, text("")}}));
  CHECK(plan.interface.name() == "#2");
  CHECK(plan.name_column() == Column::if_name);
  CHECK(plan.name_octets() == " ");
}

TEST_CASE("a row of next to nothing has a plan of next to nothing") {
  const RowPlan plan = plan_row(0, "#0", Row{});
  CHECK(plan.interface.name() == "#0");
  CHECK_FALSE(plan.name_column());
  CHECK(plan.layout()->objects().empty());
}

TEST_CASE("a device's facts are readable text, and absent where the agent has none") {
  Scalars scalars;
  scalars.sys_name = "caf\xe9\0"s;
  scalars.sys_descr = "Linux\n6.1";
  scalars.sys_object_id = "1.3.6.1.4.1.8072.3.2.10";
  scalars.sys_contact = "";
  const DeviceFacts facts = facts_of(scalars);
  CHECK(facts.sys_name == R"(caf\xe9)");
  CHECK(facts.sys_descr == "Linux\n6.1");
  CHECK(facts.sys_object_id == "1.3.6.1.4.1.8072.3.2.10");
  CHECK(facts.sys_contact == "");
  CHECK_FALSE(facts.sys_location);
}

}  // namespace
}  // namespace octopoll::ifmib
