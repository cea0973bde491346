// One agent with several contexts: each session reads its own.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "octopoll/snmp/walk.hpp"
#include "v3_users.hpp"

using namespace octopoll;
using namespace octopoll::test;
using snmp::Outcome;

TEST_CASE("each context is read as what it is, and a wrong one is told", "[snmp][snmpd]") {
  const UsmPair pair =
      GENERATE(UsmPair{AuthProtocol::sha, std::nullopt}, UsmPair{AuthProtocol::sha512, PrivProtocol::aes256});
  CAPTURE(pair.name());
  SnmpdOptions inner_options;
  inner_options.config_lines = {"sysName inner"};
  Snmpd inner(std::move(inner_options));
  inner.start();
  const std::string mib_2 = "1.3.6.1.2.1";
  // RFC 3413 section 3: a proxy shows another agent under a context of its own.
  SnmpdOptions outer_options;
  outer_options.users = {agent_user(pair)};
  outer_options.views = {{"everything", ".1", true}};
  outer_options.config_lines = {
      "sysName outer", fmt::format("rouser {} {} -V everything inner", pair.name(), outer_options.users[0].level),
      fmt::format("proxy -Cn inner -v2c -c public {} {}", inner.target(), mib_2)};
  Snmpd outer(std::move(outer_options));
  outer.start();

  const Bench bench;
  const auto open = [&](const std::string& context) {
    auto options = session_of(at("127.0.0.1", outer.port()), pair);
    options.credentials.own().context_name = context;
    return bench.open(std::move(options));
  };
  const auto to_outer = open("");
  const auto to_inner = open("inner");
  for (int round = 0; round < 5; ++round) {
    const snmp::Reply a = bench.ask(*to_outer, get(sys_name));
    REQUIRE(a.good());
    CHECK(*a.variables.at(0).value.octets() == "outer");
    const snmp::Reply b = bench.ask(*to_inner, get(sys_name));
    INFO(to_inner->explain(b).text());
    REQUIRE(b.good());
    CHECK(*b.variables.at(0).value.octets() == "inner");
  }
  CHECK(to_inner->engine_id() == to_outer->engine_id());

  snmp::WalkPlan plan;
  plan.columns = {{1, 3, 6, 1, 2, 1, 2, 2, 1, 2}};
  std::size_t rows = 0;
  std::optional<snmp::WalkEnd> end;
  const auto walk = snmp::Walk::start(
      *to_inner, plan, [&rows](std::size_t, snmp::VarBind&&) { ++rows; },
      [&end](snmp::WalkEnd&& how) { end = std::move(how); });
  bench.run_until([&end] { return end.has_value(); });
  CHECK_FALSE(end->error.has_value());
  CHECK(rows >= 1);

  auto options = session_of(at("127.0.0.1", outer.port()), pair);
  options.credentials.own().context_name = "nowhere";
  shorten_patience(options);  // this agent is silent about contexts that it does not know
  const auto to_nowhere = bench.open(std::move(options));
  const snmp::Reply unknown = bench.ask(*to_nowhere, get(sys_name));
  CHECK(unknown.outcome == Outcome::unknown_context);
  CHECK_THAT(to_nowhere->explain(unknown).text(), Catch::Contains("does not know the context \"nowhere\""));
  CHECK(bench.ask(*to_inner, get(sys_name)).good());
}
