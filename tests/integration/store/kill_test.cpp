// Committed means on disk: a writer killed at any moment leaves every cycle it reported, whole and once.

#include <signal.h>

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <sstream>
#include <string>
#include <thread>

#include "octopoll/store/care.hpp"
#include "support/binaries.hpp"
#include "support/child.hpp"
#include "support/sqlite_query.hpp"
#include "support/temp_dir.hpp"
#include "support/wait_until.hpp"
#include "unit/store/sealed_store.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;

// Highest number of each device in whole lines; a line cut by the kill was not reported.
std::map<std::string, std::int64_t> reported_in(const std::string& out) {
  std::map<std::string, std::int64_t> reported;
  std::istringstream lines(out.substr(0, out.rfind('\n') + 1));
  std::string device;
  for (std::int64_t number = 0; lines >> device >> number;) reported[device] = number;
  return reported;
}

// The numbers of a device go up by one from 1 over all runs, so its highest number is how many there must be.
void check_cycles(const std::filesystem::path& store, const std::map<std::string, std::int64_t>& reported) {
  CHECK(test::sqlite_text(store, "PRAGMA integrity_check") == "ok");
  CHECK(test::sqlite_query(store, "PRAGMA foreign_key_check").empty());
  for (const auto& [device, highest] : reported) {
    const std::string polls = " FROM polls p JOIN devices d ON d.id = p.device_id WHERE d.name = '" + device + "'";
    CHECK(test::sqlite_int(store, "SELECT count(*)" + polls + " AND poll_number <= " + std::to_string(highest)) ==
          highest);
    CHECK(test::sqlite_int(store, "SELECT count(*) - max(poll_number)" + polls) == 0);
    CHECK(test::sqlite_int(store, "SELECT count(*) - count(DISTINCT poll_number)" + polls) == 0);
  }
  // Rows of a cycle are there together or not at all.
  CHECK(test::sqlite_int(store,
                         "SELECT count(*) FROM (SELECT count(s.poll_id) AS n FROM polls p"
                         " LEFT JOIN samples s ON s.poll_id = p.id GROUP BY p.id) WHERE n <> 5") == 0);
}

// CTest tells the short test from the long one by its name.
#define IN_WORDS(rounds) #rounds
#define TIMES(rounds) IN_WORDS(rounds) " times"

TEST_CASE("kill -9 at any moment loses no cycle that was reported as stored, " TIMES(KILL_ROUNDS)) {
  const test::TempDir dir;
  const auto store = dir / "x.db";
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> moment(0, 120);

  std::map<std::string, std::int64_t> reported;
  for (int round = 0; round < KILL_ROUNDS; ++round) {
    CAPTURE(round);
    auto child = test::Child::start({std::string(OCTOPOLL_BINARY_DIR) + "/store_child", "write", store.string()});
    REQUIRE(test::wait_until([&child] { return reported_in(child.out()).size() == 3; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    child.signal(SIGKILL);
    const auto ended = child.wait(test::patience);
    REQUIRE(ended);
    REQUIRE(ended->signal == SIGKILL);
    for (const auto& [device, number] : reported_in(child.out())) {
      REQUIRE(number > reported[device]);  // numbers go on where the killed run left off
      reported[device] = number;
    }
    check_cycles(store, reported);
  }
}

TEST_CASE("kill -9 while rows are sealed loses none and doubles none, " TIMES(KILL_ROUNDS)) {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> moment(0, 200);
  std::int64_t sealed = 0;
  for (int round = 0; round < KILL_ROUNDS; ++round) {
    CAPTURE(round);
    auto child = test::Child::start({std::string(OCTOPOLL_BINARY_DIR) + "/store_child", "seal", path.string()});
    REQUIRE(test::wait_until([&child] { return reported_in(child.out()).size() == 3; }));
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    child.signal(SIGKILL);
    REQUIRE(child.wait(test::patience));
    const auto wrong = check_store(path, false, {});
    REQUIRE(wrong);
    CHECK(*wrong == std::vector<std::string>());
    auto database = test::united(path);
    CHECK(test::dump(database,
                     "SELECT count(*) - 5 * (SELECT count(*) FROM polls), count(*) - count(DISTINCT id)"
                     " FROM sample_rows") == "0|0|\n");
    CHECK(test::dump(database,
                     "SELECT count(*) FROM (SELECT 1 FROM polls p LEFT JOIN samples s ON s.poll_id = p.id"
                     " GROUP BY p.id HAVING count(s.poll_id) <> 5)") == "0|\n");
    sealed = test::sqlite_int(path, "SELECT ifnull(sum(row_count), 0) FROM sealed_rows");
  }
  CHECK(sealed > 0);
}

TEST_CASE("kill -9 while polls are sealed loses none and doubles none, " TIMES(KILL_ROUNDS)) {
  const test::TempDir dir;
  const auto path = dir / "x.db";
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  std::uniform_int_distribution<int> moment(0, 200);
  const auto sealed = [&path] { return test::sqlite_int(path, "SELECT ifnull(sum(row_count), 0) FROM sealed_polls"); };
  // By then some are sealed, and more are all the time.
  constexpr std::int64_t enough = 2 * 48 * 9;
  std::map<std::string, std::int64_t> reported;
  for (int round = 0; round < KILL_ROUNDS; ++round) {
    CAPTURE(round);
    auto child = test::Child::start({std::string(OCTOPOLL_BINARY_DIR) + "/store_child", "seal-polls", path.string()});
    REQUIRE(test::wait_until([&] {
      reported = reported_in(child.out());
      return reported.size() == 3 && reported.begin()->second > enough;
    }));
    std::this_thread::sleep_for(std::chrono::milliseconds(moment(random)));
    child.signal(SIGKILL);
    REQUIRE(child.wait(test::patience));
    CHECK(check_store(path, false, {}).value() == std::vector<std::string>());
    auto database = test::united(path);
    CHECK(
        test::dump(database,
                   "SELECT count(*) FROM (SELECT max(poll_number) - count(*) AS lacking, count(*) -"
                   " count(DISTINCT poll_number) AS doubled FROM polls GROUP BY device_id) WHERE lacking OR doubled") ==
        "0|\n");
    CHECK(test::dump(database, "SELECT count(*) - count(DISTINCT id) FROM polls") == "0|\n");
  }
  CHECK(sealed() > 0);
}

}  // namespace
}  // namespace octopoll::store
