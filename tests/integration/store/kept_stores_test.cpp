// Stores that earlier versions of octopoll wrote, from schema version 5 on, and what those versions read of them: all
// of it is there when this one has migrated them, and it goes on from there.
//
// tests/data/store/kept-vN.sql is the dump of a store that the writing code of the last octopoll of schema version N
// made, of two devices and three targets of pings over six days, with sealed rows where it had them. kept-answers.txt
// is what it read of that: the questions, each with the version that could first answer it, and the rows.

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "octopoll/store/care.hpp"
#include "octopoll/store/writer.hpp"
#include "store/schema.hpp"
#include "support/binaries.hpp"
#include "support/run_command.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"
#include "unit/store/sealed_store.hpp"

namespace octopoll::store {
namespace {

using namespace std::chrono_literals;
using test::noon;

using Lines = std::vector<std::string>;
using Answers = std::map<std::string, Lines>;  // by question

const std::string kept = OCTOPOLL_TEST_DATA "/store/kept-";

void make_old(const std::filesystem::path& path, int version) {
  auto database = Database::open(path, Database::Access::create);
  REQUIRE(database);
  REQUIRE(database->execute(test::read_file(kept + "v" + std::to_string(version) + ".sql").c_str()));
  REQUIRE(database->integer("PRAGMA user_version").value() == version);
}

Answers answers_then(int version) {
  Answers answers;
  std::ifstream file(kept + "answers.txt");
  Lines* rows = nullptr;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    if (!line.starts_with("-- ")) {
      if (rows != nullptr) rows->push_back(line);
      continue;
    }
    std::size_t end = 0;
    const int since = std::stoi(line.substr(3), &end);
    rows = since <= version ? &answers[line.substr(3 + end + 1)] : nullptr;
  }
  return answers;
}

Lines answer_now(const std::filesystem::path& path, const std::string& question) {
  Database database = test::united(path);
  REQUIRE(database.execute("PRAGMA trusted_schema = 1"));  // interface_latest is made of JSON
  auto statement = database.prepare(question);
  REQUIRE(statement);
  Lines lines;
  for (;;) {
    const auto row = statement->next();
    REQUIRE(row);
    if (!*row) return lines;
    std::string line;
    for (int column = 0; column < statement->columns(); ++column) {
      if (column != 0) line += '|';
      line += statement->is_null(column) ? "NULL" : std::string(statement->text(column));
    }
    lines.push_back(std::move(line));
  }
}

// Names of everything in the file and of their columns, in an order that does not depend on how they came to be.
std::string shape_of(const std::filesystem::path& path) {
  auto database = open_for_reading(path);
  REQUIRE(database);
  REQUIRE(database->execute("PRAGMA trusted_schema = 1"));
  return test::dump(*database,
                    "SELECT m.type, m.name, c.name, c.type FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c"
                    " ORDER BY m.type, m.name, c.name");
}

test::CommandResult octopoll(const std::filesystem::path& store, std::vector<std::string> words) {
  words.insert(words.begin(), test::octopoll_binary().string());
  words.insert(words.end(), {"--db", store.string()});
  return test::run_command(words, {});
}

TEST_CASE("a store of every earlier version is migrated, keeps what it said, and is written on") {
  const int version = GENERATE(5, 6, 7, 8, 9, 10, 11);
  CAPTURE(version);
  const test::TempDir dir;
  const auto path = dir / "old.db";
  make_old(path, version);
  const Answers then = answers_then(version);
  REQUIRE(then.size() >= 8);
  CHECK(check_store(path, false, {}).value().empty());
  REQUIRE(open_for_writing(path));

  {
    auto database = open_for_reading(path);
    REQUIRE(database);
    CHECK(database->integer("PRAGMA user_version").value() == newest_version());
    if (version >= 8) CHECK(database->integer("SELECT count(DISTINCT level) FROM sealed_rows").value() == 3);
  }
  CHECK(check_store(path, false, {}).value().empty());
  REQUIRE(open_for_writing(dir / "new.db"));
  CHECK(shape_of(path) == shape_of(dir / "new.db"));
  for (const auto& [question, lines] : then) {
    INFO(question);
    REQUIRE_FALSE(lines.empty());
    CHECK(answer_now(path, question) == lines);
  }
  const auto report =
      octopoll(path, {"report", "utilization", "--since", "2026-01-31Z", "--until", "2026-02-07Z", "--format", "csv"});
  INFO(report.describe());
  CHECK(report.exit_code() == 0);
  CHECK(std::count(report.out.begin(), report.out.end(), '\n') == 4);
  CHECK(report.out.find("\nsw1,eth1,") != std::string::npos);

  // New cycles join the old ones.
  WriterOptions options;
  options.commit_interval = 1ms;
  options.batch = 1;  // rows: a step of what is left to be summed up with each
  auto writer = Writer::open(path, options).value();
  CHECK(writer->last_poll_numbers() == std::map<std::string, std::uint64_t>{{"sw1", 48}, {"sw2", 36}});
  for (std::uint64_t number = 49; number < 54; ++number) {
    std::vector<InterfaceRecord> rows{test::make_row({.name = "eth1", .if_index = 11, .in_octets = number})};
    writer->take(test::share(test::make_cycle("sw1", number, noon + (number - 1) * 3h, std::move(rows))));
  }
  CHECK(writer->close().records == 5);
  CHECK(check_store(path, false, {}).value().empty());
  // Samples from before version 6 are in no sum until now.
  for (const auto& [question, lines] : answers_then(std::max(version, 6))) {
    INFO(question);
    if (question.find("FROM v_devices") != std::string::npos ||
        question.find("FROM v_interfaces") != std::string::npos ||
        question.find("FROM interface_latest") != std::string::npos)
      continue;                                                                           // of the newest cycle alone
    if (version == 5 && question.find("FROM ping_hours") != std::string::npos) continue;  // it summed up fewer of them
    const Lines now = answer_now(path, question);
    const std::multiset<std::string> all(now.begin(), now.end());
    std::size_t lost = 0;
    for (const std::string& line : lines) lost += all.contains(line) ? 0 : 1;
    CHECK(lost == 0);
    if (question.find("FROM v_interface_rates") != std::string::npos) CHECK(now.size() == lines.size() + 5);
  }
}

TEST_CASE("polls of a store of an earlier version are sealed, and say what they said") {
  const int version = GENERATE(5, 8, 11);
  CAPTURE(version);
  const test::TempDir dir;
  const auto path = dir / "old.db";
  make_old(path, version);
  REQUIRE(open_for_writing(path));
  constexpr const char* question = "SELECT * FROM v_polls ORDER BY device, poll_number";
  const Lines before = answer_now(path, question);
  REQUIRE(before.size() == 84);
  WriterOptions options;
  options.commit_interval = 1ms;
  options.batch = 1;
  options.retention.samples = 48h;
  for (std::uint64_t number = 49; number < 90; ++number) {
    auto writer = Writer::open(path, options).value();  // so that a clock which leaps is believed
    std::vector<InterfaceRecord> rows{test::make_row({.name = "eth1", .if_index = 11, .in_octets = number})};
    writer->take(test::share(test::make_cycle("sw1", number, noon + (number - 1) * 6h, std::move(rows))));
    CHECK(writer->close().records == 1);
  }
  auto database = open_for_reading(path);
  REQUIRE(database);
  CHECK(database->integer("SELECT sum(row_count) FROM sealed_polls WHERE device_id = 2").value() == 35);
  CHECK(database->integer("SELECT sum(row_count) FROM sealed_polls WHERE device_id = 1").value() > 48);
  CHECK(check_store(path, false, {}).value().empty());
  const Lines now = answer_now(path, question);
  CHECK(now.size() == before.size() + 41);
  const std::multiset<std::string> all(now.begin(), now.end());
  std::size_t lost = 0;
  for (const std::string& line : before) lost += all.contains(line) ? 0 : 1;
  CHECK(lost == 0);
}

}  // namespace
}  // namespace octopoll::store
