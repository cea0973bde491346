// Net-SNMP's agent with its cache of ifTable off answers a GETBULK that runs off the end of a view with a misplaced
// variable: one of a later column where the end of this one belongs.

#include <set>
#include <vector>

#include "bench.hpp"
#include "octopoll/ifmib/columns.hpp"
#include "octopoll/local/private_snmpd.hpp"
#include "octopoll/snmp/walk.hpp"

using namespace octopoll;
using namespace octopoll::test;

namespace {

snmp::SessionOptions at_agent(const local::PrivateSnmpd& agent, const Secret& community) {
  auto options = v2c(at(agent.target().host, agent.target().port));
  options.credentials.own().community = community;
  return options;
}

std::vector<std::set<snmp::Oid>> walk(const Bench& bench, snmp::Session& session, const std::vector<snmp::Oid>& columns,
                                      unsigned repetitions) {
  snmp::WalkPlan plan;
  plan.columns = columns;
  plan.max_repetitions = repetitions;
  std::vector<std::set<snmp::Oid>> found(columns.size());
  std::optional<snmp::WalkEnd> end;
  const auto walking = snmp::Walk::start(
      session, plan,
      [&](std::size_t column, snmp::VarBind&& variable) {
        CHECK(variable.oid.starts_with(columns[column]));
        found[column].insert(variable.oid);
      },
      [&](snmp::WalkEnd&& how) { end = std::move(how); });
  bench.run_until([&] { return end.has_value(); });
  CHECK_FALSE(end->error);
  return found;
}

}  // namespace

TEST_CASE("a walk that runs off the end of a real agent's view loses no row", "[snmp][snmpd]") {
  const auto agent = local::PrivateSnmpd::start();
  REQUIRE(agent);
  const Bench bench;
  const auto writer = bench.open(at_agent(**agent, (*agent)->write_community()));
  snmp::Request no_cache;
  no_cache.operation = snmp::Operation::set;
  no_cache.values = {{*snmp::Oid::parse(local::if_table_cache_timeout_oid), snmp::Value::integer(0)}};
  REQUIRE(bench.ask(*writer, std::move(no_cache)).good());

  const auto session = bench.open(at_agent(**agent, (*agent)->community()));
  using ifmib::Column;
  const auto rows_alone = [&](Column column) { return walk(bench, *session, {ifmib::oid_of(column)}, 1)[0].size(); };
  const std::size_t rows = rows_alone(Column::if_index);
  REQUIRE(rows >= 1);
  for (const auto& columns :
       std::vector<std::vector<Column>>{{Column::if_out_discards, Column::if_out_errors},
                                        {Column::if_out_errors, Column::if_out_discards},
                                        {Column::if_descr, Column::if_out_discards, Column::if_out_errors},
                                        {Column::if_name, Column::if_alias, Column::if_counter_discontinuity_time}}) {
    std::vector<snmp::Oid> oids;
    for (const Column column : columns) oids.push_back(ifmib::oid_of(column));
    for (const unsigned repetitions : {2U, 5U, 20U}) {
      CAPTURE(oids.front().to_string(), repetitions);
      for (int round = 0; round < 5; ++round) {
        const auto found = walk(bench, *session, oids, repetitions);
        for (std::size_t i = 0; i < oids.size(); ++i) {
          CAPTURE(i);
          CHECK(found[i].size() == rows);
        }
      }
    }
  }
}
