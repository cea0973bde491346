// How much is asked for at once: found out, kept, and taken back up.

#include "bench.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/walk.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;

namespace {

const snmp::Oid if_descr{1, 3, 6, 1, 2, 1, 2, 2, 1, 2};

/// One column of the odd one, walked from a profile.
class Walker {
 public:
  explicit Walker(const fleet::Json& faults, std::size_t rows) : pair_(faults, rows) {
    snmp::SessionOptions options;
    options.label = "odd";
    options.endpoint = *Endpoint::literal("127.1.0.1", pair_.agents().port());
    options.credentials.own().community = Secret("public");
    options.timeout = 400ms;
    options.retries = 1;
    auto session = pair_.bench().shared().engine.open(std::move(options));
    REQUIRE(session);
    session_ = std::move(*session);
    snmp::Request hello;
    hello.names = {snmp::Oid{1, 3, 6, 1, 2, 1, 1, 3, 0}};
    bool heard = false;
    session_->send(std::move(hello), [&heard](snmp::Reply&&) { heard = true; });
    pair_.bench().run_until([&heard] { return heard; });
  }
  [[nodiscard]] fleet::Fleet& agents() { return pair_.agents(); }
  [[nodiscard]] snmp::Session& session() { return *session_; }
  [[nodiscard]] std::size_t found() const { return found_; }

  snmp::WalkEnd walk(const snmp::BulkProfile& profile, const std::function<void()>& on_found = {}) {
    snmp::WalkPlan plan;
    plan.columns = {if_descr};
    plan.profile = profile;
    found_ = 0;
    std::optional<snmp::WalkEnd> ended;
    const auto walking = snmp::Walk::start(
        *session_, std::move(plan),
        [&](std::size_t, snmp::VarBind&&) {
          ++found_;
          if (on_found) on_found();
        },
        [&](snmp::WalkEnd&& end) { ended = std::move(end); });
    pair_.bench().run_until([&] { return ended.has_value(); });
    return std::move(*ended);
  }

 private:
  Pair pair_;
  std::unique_ptr<snmp::Session> session_;
  std::size_t found_ = 0;
};

}  // namespace

TEST_CASE("repetitions grow while answers come whole and quick, and stay grown", "[agents][bulk]") {
  Walker walker({}, 400);
  const auto end = walker.walk({});
  CHECK(walker.found() == 400);
  CHECK(end.profile.repetitions == 25);
  CHECK(end.profile.lowered.empty());
  const auto before = walker.agents().stats("odd").requests;
  CHECK_FALSE(walker.walk(end.profile).error);
  CHECK(walker.agents().stats("odd").requests - before == 17);  // 16 x 25, and the end
}

TEST_CASE("an agent that does not answer many repetitions is asked for fewer, and one more with each walk",
          "[agents][bulk]") {
  Walker walker({{"silent_repetitions_over", 12}}, 100);
  auto end = walker.walk({});
  CHECK_FALSE(end.error);
  CHECK(walker.found() == 100);
  CHECK(end.profile.bulk);
  CHECK(end.profile.repetitions == 10);
  CHECK(end.profile.lowered == "no answer to 15 repetitions -> 10");
  CHECK(walker.session().traffic().timeouts == 1);
  for (const unsigned expected : {11U, 12U, 13U}) {
    end = walker.walk(end.profile);
    CHECK(walker.found() == 100);
    CHECK(end.profile.repetitions == expected);
  }
  CHECK(walker.session().traffic().timeouts == 1);
}

TEST_CASE("an agent without GETBULK is found out once, and asked again a day of walks later", "[agents][bulk]") {
  Walker walker({{"no_getbulk", "silent"}}, 30);
  auto end = walker.walk({});
  CHECK_FALSE(end.error);
  CHECK(walker.found() == 30);
  CHECK_FALSE(end.profile.bulk);
  CHECK(walker.session().traffic().timeouts == 2);  // 10, 1
  const auto bulks = walker.agents().stats("odd").get_bulks;
  for (int i = 0; i < 24; ++i) {
    end = walker.walk(end.profile);
    CHECK(walker.found() == 30);
  }
  CHECK(walker.agents().stats("odd").get_bulks == bulks);
  walker.agents().set("odd", {{"no_getbulk", false}});
  end = walker.walk(end.profile);
  CHECK(walker.found() == 30);
  CHECK(end.profile.bulk);
}

TEST_CASE("answers that are cut lower the repetitions to what comes", "[agents][bulk]") {
  Walker walker({{"max_repetitions_cap", 4}}, 40);
  const auto end = walker.walk({});
  CHECK_FALSE(end.error);
  CHECK(walker.found() == 40);
  CHECK(end.profile.bulk);
  CHECK(end.profile.repetitions <= 9);
  CHECK(walker.session().traffic().timeouts == 0);
}

TEST_CASE("an agent that goes in the middle of a walk costs two silences, whatever is left to try", "[agents][bulk]") {
  Walker walker({}, 400);
  const auto end = walker.walk({}, [&] {
    if (walker.found() == 100) walker.agents().set("odd", {{"silent", true}});
  });
  REQUIRE(end.error);
  CHECK(end.error->kind == ErrorKind::timeout);
  CHECK(end.outcome == snmp::Outcome::timed_out);
  CHECK(walker.session().traffic().timeouts == 2);
  CHECK(walker.session().traffic().retries == 2);
  CHECK(end.profile.repetitions >= 10);  // it was not asked for too much
}

TEST_CASE("tables whose search for what an agent answers outlasts some cycles are read all the same",
          "[agents][bulk]") {
  const auto faults = GENERATE(values<fleet::Json>({{{"no_getbulk", "silent"}}, {{"silent_bindings_over", 10}}}));
  CAPTURE(faults.dump());
  Pair pair(faults, odd_rows);
  pair.settings().timeout = 100ms;
  pair.settings().retries = 2;
  pair.settings().max_outstanding = 1;
  const poll::CycleRequest short_of_time{0, false, 475ms};  // of 700 ms, which a request meets silence for
  int cycles = 1;
  for (; cycles < 30; ++cycles) {
    const DeviceCycle cycle = pair.cycle(short_of_time);
    CAPTURE(cycles, cycle.error ? cycle.error->text() : "");
    if (cycle.outcome == CycleOutcome::complete) break;
    REQUIRE(cycle.error);
    CHECK_THAT(cycle.error->message, !Catch::Contains("no answer"));
  }
  CHECK(cycles <= 10);
}

TEST_CASE("an agent that is known to be silent to GETBULK is never asked by it", "[agents][bulk]") {
  Pair pair({{"no_getbulk", "silent"}}, odd_rows);
  pair.settings().max_repetitions = 1;
  const DeviceCycle cycle = pair.cycle();
  check_rows(cycle, {});
  CHECK(cycle.cost.timeouts == 0);
  CHECK(cycle.cost.retries == 0);
  CHECK(pair.agents().stats("odd").get_bulks == 0);
}

TEST_CASE("a device that dies in its first search costs few requests, and is found out", "[agents][bulk]") {
  Pair pair({{"no_getbulk", "silent"}}, odd_rows);
  pair.settings().timeout = 100ms;
  pair.settings().retries = 2;
  pair.settings().max_outstanding = 1;
  const poll::CycleRequest short_of_time{0, false, 475ms};
  CHECK(pair.cycle(short_of_time).outcome == CycleOutcome::failed);
  pair.agents().set("odd", {{"silent", true}});
  bool told = false;
  for (int cycles = 0; cycles < 10 && !told; ++cycles) {
    const DeviceCycle cycle = pair.cycle(short_of_time);
    REQUIRE(cycle.error);
    CHECK(cycle.cost.requests <= 4);
    told = cycle.error->message.find("no answer") != std::string::npos;
  }
  CHECK(told);
  pair.agents().set("odd", {{"silent", false}, {"no_getbulk", false}});
  int cycles = 1;
  while (pair.cycle().outcome != CycleOutcome::complete && cycles < 5) ++cycles;
  CHECK(cycles < 5);
}

TEST_CASE("what was found out about an agent is kept over cycles", "[agents][bulk]") {
  Pair pair({{"no_getbulk", "silent"}}, odd_rows);
  check_rows(pair.cycle(), {});
  const auto bulks = pair.agents().stats("odd").get_bulks;
  CHECK(bulks > 0);
  pair.bench().run_for(250ms);
  // Another interface: the tables are read again.
  fleet::InterfaceSpec added;
  added.if_index = 30;
  added.name = added.descr = "added";
  pair.agents().add_interface("odd", added);
  const DeviceCycle second = pair.cycle();
  CHECK(second.outcome == CycleOutcome::complete);
  CHECK(second.interfaces.size() == odd_rows + 1);
  CHECK(pair.agents().stats("odd").get_bulks == bulks);
  SECTION("until it restarts, perhaps into other firmware") {
    pair.agents().reboot("odd");
    pair.agents().set("odd", {{"no_getbulk", false}});
    CHECK(pair.cycle().interfaces.size() == odd_rows + 1);
    CHECK(pair.agents().stats("odd").get_bulks > bulks);
  }
}

TEST_CASE("a device that goes while its tables are read costs few requests and its own cycle alone", "[agents][bulk]") {
  Pair pair({}, odd_rows);
  pair.settings().timeout = 100ms;
  check_rows(pair.cycle(), {});
  pair.agents().change_interface("odd", "eth3", {.if_index = 33});
  pair.agents().set("odd", {{"silent_after", 4}});  // the scalars, and the first of the tables
  const DeviceCycle cycle = pair.cycle();
  CHECK(cycle.outcome == CycleOutcome::failed);
  REQUIRE(cycle.error);
  CHECK(cycle.error->kind == ErrorKind::timeout);
  CHECK(cycle.cost.requests <= 4 + 2 * 4);  // of both tables: one try, one retry, and again for the smallest request
  CHECK(pair.cycle().cost.requests == 1);
  pair.agents().set("odd", {{"silent_after", false}});
  check_rows(pair.cycle(), {});
}
