// Walks in the engine: what an agent may do to them, and how each ends.

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "bench.hpp"
#include "fleet/fleet.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/walk.hpp"
#include "peer.hpp"
#include "snmp/wire.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

const snmp::Oid if_descr{1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
const snmp::Oid if_type{1, 3, 6, 1, 2, 1, 2, 2, 1, 3};
const snmp::Oid if_table{1, 3, 6, 1, 2, 1, 2, 2};

/// One device "d" with `count` interfaces.
struct Agent {
  fleet::Fleet fleet;
  explicit Agent(std::size_t count, const fleet::Json& faults = fleet::Json::object()) {
    fleet::DeviceSpec spec;
    spec.name = "d";
    spec.synthetic.interfaces = fleet::make_interfaces(count, {});
    spec.faults = faults;
    fleet.add(spec);
    fleet.start();
  }
  [[nodiscard]] snmp::SessionOptions options() const { return v2c(at("127.0.0.1", fleet.port()), "d"); }
};

struct Walked {
  std::vector<std::vector<snmp::Oid>> found;  ///< by column, in order
  snmp::WalkEnd end;
};

Walked walk(const Bench& bench, snmp::Session& session, snmp::WalkPlan plan,
            const std::function<void(std::size_t)>& on_variable = {}) {
  Walked walked;
  walked.found.resize(plan.columns.size());
  std::size_t count = 0;
  bool ended = false;
  const auto walking = snmp::Walk::start(
      session, std::move(plan),
      [&](std::size_t column, snmp::VarBind&& variable) {
        walked.found[column].push_back(variable.oid);
        if (on_variable) on_variable(++count);
      },
      [&](snmp::WalkEnd&& end) {
        REQUIRE_FALSE(ended);
        ended = true;
        walked.end = std::move(end);
      });
  bench.run_until([&] { return ended; });
  return walked;
}

/// A v1 answer to `request`: this object, with the number 1.
std::string answer(const Packet& request, const snmp::Oid& name) {
  const auto head = snmp::read_head(request.octets);
  REQUIRE(head);
  const fleet::Oid numbers(name.begin(), name.end());
  const std::size_t binding = fleet::element_size(fleet::oid_size(numbers)) + fleet::element_size(1);
  const std::size_t bindings = fleet::element_size(binding);
  const std::size_t pdu = fleet::element_size(4) + 2 * fleet::element_size(1) + fleet::element_size(bindings);
  const std::size_t message =
      fleet::element_size(1) + fleet::element_size(head->community.size()) + fleet::element_size(pdu);
  std::vector<std::uint8_t> octets(fleet::element_size(message));
  fleet::Writer writer(octets);
  writer.header(fleet::Tag::sequence, message);
  writer.integer(fleet::Tag::integer, 0);
  writer.element(fleet::Tag::octet_string,
                 {reinterpret_cast<const std::uint8_t*>(head->community.data()), head->community.size()});
  writer.header(fleet::Tag::response, pdu);
  writer.integer(fleet::Tag::integer, head->id);
  writer.integer(fleet::Tag::integer, 0);
  writer.integer(fleet::Tag::integer, 0);
  writer.header(fleet::Tag::sequence, bindings);
  writer.header(fleet::Tag::sequence, binding);
  writer.object_id(numbers);
  writer.integer(fleet::Tag::integer, 1);
  return {octets.begin(), octets.end()};
}

std::vector<snmp::Oid> rows_of(const snmp::Oid& column, std::uint32_t count) {
  std::vector<snmp::Oid> rows;
  for (std::uint32_t i = 1; i <= count; ++i) rows.push_back(column.child(i));
  return rows;
}

}  // namespace

TEST_CASE("a walk finds each row once, in order, whatever the repetitions", "[snmp][walk]") {
  const Agent agent(37);
  const Bench bench;
  auto options = agent.options();
  if (GENERATE(false, true)) options.credentials.own().version = SnmpVersion::v1;
  const auto session = bench.open(options);
  for (const unsigned repetitions : {1U, 2U, 7U, 25U, 1000U}) {
    snmp::WalkPlan plan;
    plan.columns = {if_descr, if_type};
    plan.max_repetitions = repetitions;
    const Walked walked = walk(bench, *session, plan);
    CAPTURE(repetitions);
    CHECK_FALSE(walked.end.error);
    CHECK(walked.end.notes.empty());
    CHECK(walked.found[0] == rows_of(if_descr, 37));
    CHECK(walked.found[1] == rows_of(if_type, 37));
  }
}

TEST_CASE("answers keep within the size that was asked for", "[snmp][walk]") {
  Agent agent(200);
  const Bench bench;
  const auto session = bench.open(agent.options());
  const unsigned size = GENERATE(484U, 1472U, 8000U);
  snmp::WalkPlan plan;
  for (std::uint32_t i = 1; i <= 22; ++i) plan.columns.push_back(snmp::Oid{1, 3, 6, 1, 2, 1, 2, 2, 1}.child(i));
  plan.max_message_size = size;
  plan.max_repetitions = 1000;
  CHECK_FALSE(walk(bench, *session, plan).end.error);
  CAPTURE(size);
  CHECK(agent.fleet.stats("d").largest_answer <= size);
}

TEST_CASE("an agent that stops answering in the middle ends the walk with an error, and what came is kept",
          "[snmp][walk]") {
  Agent agent(200);
  const Bench bench;
  auto options = agent.options();
  options.timeout = 20ms;
  options.retries = 1;
  const auto session = bench.open(options);
  snmp::WalkPlan plan;
  plan.columns = {if_descr, if_type};
  const Walked walked = walk(bench, *session, plan, [&](std::size_t count) {
    if (count == 60) agent.fleet.set("d", {{"silent", true}});
  });
  REQUIRE(walked.end.error);
  CHECK(walked.end.error->kind == ErrorKind::timeout);
  CHECK(walked.found[0].size() >= 30);
  CHECK(walked.found[0].size() < 200);
}

TEST_CASE("an agent that has gone costs a walk few requests", "[snmp][walk]") {
  Agent agent(200);
  const Bench bench;
  auto options = agent.options();
  options.timeout = 20ms;
  options.retries = 0;
  const auto session = bench.open(options);
  REQUIRE(session);
  snmp::WalkPlan plan;
  for (std::uint32_t i = 1; i <= 22; ++i) plan.columns.push_back(snmp::Oid{1, 3, 6, 1, 2, 1, 2, 2, 1}.child(i));
  std::uint64_t before = 0;
  const Walked walked = walk(bench, *session, plan, [&](std::size_t count) {
    if (count != 60) return;
    agent.fleet.set("d", {{"silent", true}});
    before = session->traffic().requests;
  });
  REQUIRE(walked.end.error);
  CHECK(session->traffic().requests - before <= 8);
}

TEST_CASE("a walk that never ends is stopped at its bound", "[snmp][walk]") {
  const Agent agent(200);
  const Bench bench;
  const auto session = bench.open(agent.options());
  snmp::WalkPlan plan;
  plan.columns = {if_table};
  plan.max_variables = 500;
  const Walked walked = walk(bench, *session, plan);
  REQUIRE(walked.end.error);
  CHECK(walked.end.error->kind == ErrorKind::agent);
  CHECK_THAT(walked.end.error->message, Catch::Contains("did not end after"));
}

TEST_CASE("a loop ends its column and leaves the others", "[snmp][walk]") {
  const Agent agent(30, {{"loop", "ifDescr"}});
  const Bench bench;
  const auto session = bench.open(agent.options());
  snmp::WalkPlan plan;
  plan.columns = {if_descr, if_type};
  const Walked walked = walk(bench, *session, plan);
  CHECK_FALSE(walked.end.error);
  CHECK(walked.found[0] == rows_of(if_descr, 1));
  CHECK(walked.found[1] == rows_of(if_type, 30));
  REQUIRE(walked.end.notes.size() == 1);
  CHECK_THAT(walked.end.notes[0], Catch::Contains(if_descr.to_string()));
}

TEST_CASE("a walk that comes round again ends where it does", "[snmp][walk]") {
  const Bench bench;
  const Peer agent;
  auto options = v2c(agent.endpoint());
  options.credentials.own().version = SnmpVersion::v1;
  const auto session = bench.open(options);
  // 1 2 3 5 4 2 3 5 4 2 ...: out of order once, which is no loop, then round and round.
  const std::vector<std::uint32_t> rows{1, 2, 3, 5, 4};
  std::size_t asked = 0;
  std::vector<snmp::Oid> found;
  std::optional<snmp::WalkEnd> end;
  snmp::WalkPlan plan;
  plan.columns = {if_descr};
  const auto walking = snmp::Walk::start(
      *session, plan, [&](std::size_t, snmp::VarBind&& variable) { found.push_back(variable.oid); },
      [&](snmp::WalkEnd&& how) { end = std::move(how); });
  bench.run_until([&] {
    if (const auto request = agent.take()) {
      const std::size_t place = asked < rows.size() ? asked : 1 + (asked - 1) % (rows.size() - 1);
      ++asked;
      agent.send(answer(*request, if_descr.child(rows[place])), request->from);
    }
    return end.has_value();
  });
  CHECK_FALSE(end->error);
  CHECK(asked == rows.size() + 1);
  std::vector<snmp::Oid> expected;
  for (const std::uint32_t row : rows) expected.push_back(if_descr.child(row));
  CHECK(found == expected);
  REQUIRE(end->notes.size() == 2);
  CHECK_THAT(end->notes[1], Catch::Contains("comes a second time"));
}

TEST_CASE("rows out of order are each found once", "[snmp][walk]") {
  const Agent agent(30, {{"non_increasing", "ifDescr"}});
  const Bench bench;
  const auto session = bench.open(agent.options());
  for (const unsigned repetitions : {1U, 2U, 3U, 25U}) {
    CAPTURE(repetitions);
    snmp::WalkPlan plan;
    plan.columns = {if_descr, if_type};
    plan.max_repetitions = repetitions;
    const Walked walked = walk(bench, *session, plan);
    CHECK_FALSE(walked.end.error);
    auto expected = rows_of(if_descr, 30);
    std::swap(expected[1], expected[2]);
    CHECK(walked.found[0] == expected);
    CHECK(walked.found[1] == rows_of(if_type, 30));
    CHECK(walked.end.notes.size() == 1);
  }
}

TEST_CASE("a walk without columns ends, and never from inside its start", "[snmp][walk]") {
  const Agent agent(1);
  const Bench bench;
  const auto session = bench.open(agent.options());
  const Walked walked = walk(bench, *session, {});
  CHECK_FALSE(walked.end.error);
}

TEST_CASE("a destroyed walk calls nobody", "[snmp][walk]") {
  const Agent agent(50, {{"delay", {{"fixed_ms", 50}}}});
  const Bench bench;
  const auto session = bench.open(agent.options());
  snmp::WalkPlan plan;
  plan.columns = {if_descr};
  plan.max_repetitions = 5;
  std::unique_ptr<snmp::Walk> walking;
  SECTION("while its request is under way") {
    walking = snmp::Walk::start(
        *session, plan, [](std::size_t, snmp::VarBind&&) { FAIL("the walk is gone"); },
        [](snmp::WalkEnd&&) { FAIL("the walk is gone"); });
    bench.loop->run_once(0ms);  // sends, and does not wait for the answer
    REQUIRE(bench.engine->in_flight() == 1);
    walking.reset();
  }
  SECTION("by what it finds") {
    int found = 0;
    walking = snmp::Walk::start(
        *session, plan,
        [&](std::size_t, snmp::VarBind&&) {
          ++found;
          walking.reset();
        },
        [](snmp::WalkEnd&&) { FAIL("the walk is gone"); });
    bench.run_until([&] { return found > 0; });
    CHECK(found == 1);
  }
  CHECK(bench.ask(*session, get(sys_name)).good());
}

TEST_CASE("twenty thousand interfaces are read whole", "[snmp][walk]") {
  constexpr std::uint32_t count = 20'000;
  const Agent agent(count);
  const Bench bench;
  const auto session = bench.open(agent.options());
  ifmib::Rows rows;
  std::optional<ifmib::ReadEnd> end;
  const auto reading =
      ifmib::read_tables(*session, ifmib::polled_columns(), {}, [&](ifmib::Rows&& all, ifmib::ReadEnd&& how) {
        rows = std::move(all);
        end = std::move(how);
      });
  bench.run_until([&] { return end.has_value(); });
  CHECK_FALSE(end->error);
  CHECK(end->notes.empty());
  REQUIRE(rows.size() == count);
  CHECK(rows.begin()->first == 1);
  CHECK(rows.rbegin()->first == count);
  const std::size_t cells = rows.begin()->second.cells().size();
  CHECK(cells >= 20);
  std::size_t incomplete = 0;
  for (const auto& [index, row] : rows) {
    if (row.cells().size() != cells) ++incomplete;
  }
  CHECK(incomplete == 0);
}

TEST_CASE("a row that vanishes in the middle of a read leaves the others whole", "[snmp][walk]") {
  for (std::uint64_t after = 1; after <= 30; after += 3) {
    CAPTURE(after);
    Agent agent(100);
    agent.fleet.set("d", {{"vanish_row", {{"if_index", 77}, {"after_requests", after}}}});
    const Bench bench;
    const auto session = bench.open(agent.options());
    ifmib::Rows rows;
    std::optional<ifmib::ReadEnd> end;
    const auto reading =
        ifmib::read_tables(*session, ifmib::polled_columns(), {}, [&](ifmib::Rows&& all, ifmib::ReadEnd&& how) {
          rows = std::move(all);
          end = std::move(how);
        });
    bench.run_until([&] { return end.has_value(); });
    CHECK_FALSE(end->error);
    rows.erase(77);
    CHECK(rows.size() == 99);
    std::set<std::size_t> widths;
    for (const auto& [index, row] : rows) widths.insert(row.cells().size());
    CHECK(widths.size() == 1);
  }
}
