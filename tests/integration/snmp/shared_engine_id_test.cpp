// Two devices that claim one engine id, as clones and clusters do.

#include <memory>

#include "v3_agent.hpp"

using namespace octopoll;
using namespace octopoll::test;

TEST_CASE("agents of one engine id keep their own keys and clocks", "[snmp][snmpd]") {
  const SnmpdUser first_user = sealed_user("alice", "first first first", "second second");
  const SnmpdUser second_user = sealed_user("alice", "third third third", "fourth fourth");
  const auto agent_of = [](const SnmpdUser& user, const std::string& name) {
    SnmpdOptions options;
    options.users = {user};
    options.engine_id_hex = "80001f8804636c6f6e65";
    options.config_lines = {"sysName " + name};
    return Snmpd(std::move(options));
  };
  Snmpd first = agent_of(first_user, "first");
  Snmpd second = agent_of(second_user, "second");
  first.start();
  // Another count of boots: each is outside the other's window (RFC 3414 section 3.2 step 7).
  second.start();
  second.restart();
  second.restart();

  const Bench bench;
  const auto to_first = bench.open(v3(at("127.0.0.1", first.port()), first_user));
  const auto to_second = bench.open(v3(at("127.0.0.1", second.port()), second_user));
  for (int round = 0; round < 20; ++round) {
    const snmp::Reply a = bench.ask(*to_first, get(sys_name));
    REQUIRE(a.good());
    CHECK(*a.variables.at(0).value.octets() == "first");
    const snmp::Reply b = bench.ask(*to_second, get(sys_name));
    REQUIRE(b.good());
    CHECK(*b.variables.at(0).value.octets() == "second");
  }
  CHECK(to_first->engine_id() == to_second->engine_id());

  // Both at once.
  std::size_t answered = 0;
  for (int i = 0; i < 20; ++i) {
    for (auto* session : {to_first.get(), to_second.get()}) {
      session->send(get(sys_name), [&](snmp::Reply&& reply) {
        CHECK(reply.good());
        ++answered;
      });
    }
  }
  bench.run_until([&] { return answered == 40; });
  // Neither was ever out of the other's window: 40 requests each and the discovery, no second try.
  for (const auto* session : {to_first.get(), to_second.get()}) {
    CHECK(session->traffic().retries == 0);
    CHECK(session->traffic().requests <= 42);
  }
}
