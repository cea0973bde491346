// What a session takes only where it is told to: answers from other addresses, and ids of 16 bits.

#include <fmt/format.h>

#include <memory>
#include <string>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "octopoll/snmp/variables.hpp"
#include "peer.hpp"
#include "v3_users.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using snmp::Outcome;

namespace {

constexpr const char* other_address = "127.0.0.9";

struct Agent {
  fleet::Fleet fleet;
  Agent(const fleet::Json& faults, const std::string& user) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    spec.faults = faults;
    spec.synthetic.interfaces = fleet::make_interfaces(5, {});
    if (!user.empty()) spec.users.push_back(fleet::parse_user(user));
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] snmp::SessionOptions options() const { return v2c(at("127.0.0.1", fleet.port()), "d"); }
  /// Of which no answer is expected.
  [[nodiscard]] snmp::SessionOptions brief() const {
    auto brief = options();
    brief.timeout = 50ms;
    brief.retries = 2;
    return brief;
  }
};

snmp::Request bulk() {
  snmp::Request request;
  request.operation = snmp::Operation::get_bulk;
  request.names = {{1, 3, 6, 1, 2, 1, 2, 2, 1, 2}};
  request.max_repetitions = 5;
  return request;
}

/// By all ways that a request is made.
void check_answers(const Bench& bench, snmp::Session& session) {
  CHECK(bench.ask(session, get(sys_name)).good());
  CHECK(bench.ask(session, bulk()).variables.size() == 5);
  std::string encoded;
  snmp::append_variable(encoded, sys_up_time);
  std::size_t octets = 0;
  session.send_encoded(encoded, std::nullopt, [&octets](snmp::Reply&& reply) {
    CHECK(reply.good());
    octets = reply.encoded.size();
  });
  bench.run_until([&octets] { return octets != 0; });
  CHECK(session.traffic().retries == 0);
  CHECK(session.traffic().foreign == 0);
}

}  // namespace

TEST_CASE("answers from an address that is listed are taken", "[snmp][quirks]") {
  const Agent agent({{"reply_from_other_address", other_address}}, {});
  const Bench bench;
  auto options = agent.options();
  options.answers_from = {at("192.0.2.7", 161), at(other_address, agent.fleet.port())};
  const auto session = bench.open(options);
  check_answers(bench, *session);
  CHECK_FALSE(session->foreign_source());
}

TEST_CASE("answers of SNMPv3 from an address that is listed are taken", "[snmp][quirks]") {
  const UsmPair pair{AuthProtocol::sha256, PrivProtocol::aes};
  const Agent agent({{"reply_from_other_address", other_address}},
                    fmt::format("{}:SHA256:{}:AES:{}", pair.name(), auth_passphrase, priv_passphrase));
  const Bench bench;
  auto options = session_of(at("127.0.0.1", agent.fleet.port()), pair);
  options.answers_from = {at(other_address, agent.fleet.port())};
  check_answers(bench, *bench.open(options));
}

TEST_CASE("a listed address is not taken with another port, nor with another community", "[snmp][quirks]") {
  const bool other_port = GENERATE(true, false);
  fleet::Json faults{{"reply_from_other_address", other_address}};
  if (!other_port) faults["wrong_community_reply"] = true;
  const Agent agent(faults, {});
  const Bench bench;
  auto options = agent.brief();
  const auto port = static_cast<std::uint16_t>(agent.fleet.port() ^ (other_port ? 1 : 0));
  options.answers_from = {at(other_address, port)};
  const auto session = bench.open(options);
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  bench.run_until([&] { return bench.engine->traffic().foreign + bench.engine->traffic().late == 3; });
  REQUIRE(session->foreign_source().has_value() == other_port);
  if (!other_port) return;
  CHECK(session->foreign_source()->text() == fmt::format("{}:{}", other_address, agent.fleet.port()));
  CHECK_THAT(session->explain(reply).remedy, Catch::Contains("answers_from"));
}

TEST_CASE("an agent that cuts ids to 16 bits is told, and understands short ones", "[snmp][quirks]") {
  const Agent agent({{"request_id_16_bit", true}}, {});
  const Bench bench;
  const auto deaf = bench.open(agent.brief());
  const snmp::Reply reply = bench.ask(*deaf, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  bench.run_until([&] { return bench.engine->traffic().late == 3; });
  CHECK(deaf->cuts_request_ids());
  CHECK_THAT(deaf->explain(reply).remedy, Catch::Contains("short_request_ids"));

  auto options = agent.options();
  options.short_request_ids = true;
  const auto session = bench.open(options);
  check_answers(bench, *session);
  CHECK_FALSE(session->cuts_request_ids());
}

TEST_CASE("silence alone does not say that ids are cut", "[snmp][quirks]") {
  const Agent agent({{"silent", true}}, {});
  const Bench bench;
  const auto session = bench.open(agent.brief());
  const snmp::Reply reply = bench.ask(*session, get(sys_name));
  CHECK(reply.outcome == Outcome::timed_out);
  CHECK_FALSE(session->cuts_request_ids());
  CHECK_THAT(session->explain(reply).remedy, Catch::Contains("is the community right"));
}

TEST_CASE("short ids are two octets on the wire, encoded or not", "[snmp][quirks]") {
  const Bench bench;
  const Peer peer;
  auto options = v2c(peer.endpoint());
  options.short_request_ids = true;
  const auto session = bench.open(options);
  std::string encoded;
  snmp::append_variable(encoded, sys_name);
  for (int i = 0; i < 20; ++i) {
    std::vector<Packet> asked;
    int answers = 0;
    const auto done = [&answers](snmp::Reply&& reply) { answers += reply.good() ? 1 : 0; };
    session->send(get(sys_name), done);
    session->send_encoded(encoded, std::nullopt, done);
    bench.run_until([&] {
      if (auto packet = peer.take()) asked.push_back(std::move(*packet));
      return asked.size() == 2;
    });
    // Both ask for the same, and but for the id the messages are the same.
    CHECK(asked[0].octets.size() == asked[1].octets.size());
    for (const Packet& packet : asked) {
      CHECK(packet.id() >= 0x100);
      CHECK(packet.id() <= 0x7fff);
      peer.send(echo_of(packet), packet.from);
    }
    bench.run_until([&] { return answers == 2; });
  }
}

TEST_CASE("many sessions with short ids at once lose no answer", "[snmp][quirks]") {
  constexpr std::size_t sessions = 400;
  constexpr std::size_t each = 8;
  fleet::Fleet agents;
  auto devices = fleet::make_devices(sessions, 1, *fleet::Address::parse("127.2.0.1"), "public");
  for (auto& device : devices) device.faults = {{"request_id_16_bit", true}, {"delay", {{"fixed_ms", 100}}}};
  agents.add(std::move(devices));
  agents.start();
  const Bench bench;
  std::vector<std::unique_ptr<snmp::Session>> all;
  std::size_t good = 0;
  for (std::size_t i = 0; i < sessions; ++i) {
    auto options = v2c(at(fmt::format("127.2.{}.{}", (i + 1) / 256, (i + 1) % 256), agents.port()));
    options.short_request_ids = true;
    options.max_outstanding = each;
    all.push_back(bench.open(options));
    for (std::size_t k = 0; k < each; ++k) {
      all.back()->send(get(sys_name), [&good](snmp::Reply&& reply) { good += reply.good() ? 1 : 0; });
    }
  }
  bench.run_until([&] { return good == sessions * each; });
  CHECK(bench.engine->traffic().foreign == 0);
}
