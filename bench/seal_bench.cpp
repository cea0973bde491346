// What sealing costs, and what an interface takes of the disk at the default retention: the real Sealer and Reader on a
// real file.
//
//   octopoll-seal-bench FILE [--interfaces N] [--days N] [--sum-days N]
//
// FILE is made anew. Interfaces of five kinds, mixed as an access network has them, walk at random around a daily
// curve, minute by minute: samples of --days days (of one device for every 48), sums of 5 minutes and of hours of
// --sum-days days, made as octopoll makes them. All of it is then sealed and read, by a device and by an interface,
// before and after. Octets a row are those of the pages, with what is unused in them.
//
// At the default retention and 60 s an interface has most days just before a block of hours goes, at a midnight: half a
// day of plain samples and 7.5 sealed ones, 2 days of plain sums of 5 minutes and 96 sealed ones, and 2 days of plain
// sums of hours and 792 sealed ones: retention takes whole blocks, of 1, 8 and 64 days. The size at that moment is what
// the table at the end says.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "made_network.hpp"
#include "made_walk.hpp"
#include "octopoll/store/reader.hpp"
#include "store/cycle_rows.hpp"
#include "store/open.hpp"
#include "store/sealer.hpp"
#include "store/traffic_rows.hpp"

namespace octopoll {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using namespace std::chrono_literals;
using bench::interfaces_of_a_device;
using bench::kinds;
using bench::must;
using bench::Walk;

constexpr std::int64_t minute_ms = 60'000;
constexpr std::int64_t begin_ms = bench::begin_s * 1000;

struct Load {
  std::string file;
  std::int64_t interfaces = 960;
  std::int64_t days = 1;
  std::int64_t sum_days = 64;
  std::int64_t sum_interfaces = 100;
};

double cpu_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void make_inventory(store::Database& database, const Load& load) {
  const std::int64_t devices = (load.interfaces + interfaces_of_a_device - 1) / interfaces_of_a_device;
  must(database.execute("BEGIN"));
  for (std::int64_t device = 1; device <= devices; ++device)
    must(database.execute(fmt::format("INSERT INTO devices (id, name) VALUES ({0}, 'switch-{0}')", device).c_str()));
  for (std::int64_t id = 1; id <= load.interfaces; ++id) {
    must(database.execute(fmt::format("INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
                                      " VALUES ({}, {}, 'port{}', 1, 'none', 0)",
                                      id, (id - 1) / interfaces_of_a_device + 1, id)
                              .c_str()));
  }
  must(database.execute("COMMIT"));
}

void make_samples(store::Database& database, const Load& load) {
  auto rows = must(store::CycleRows::attach(database));
  {
    auto insert = must(database.prepare("INSERT INTO sample_rows SELECT * FROM cycle_rows"));
    auto poll = must(database.prepare(
        "INSERT INTO polls (id, device_id, poll_number, slot, started_at, duration_ms, interval_ms, outcome, rebooted,"
        " cache_period_ms, requests, responses, retries, octets_sent, octets_received)"
        " VALUES (?1, ?2, ?1, 0, ?3, 1, 60000, 'complete', 0, 0, 9, 9, 0, 4000, 9000)"));
    std::vector<Walk> walks;
    for (std::int64_t id = 1; id <= load.interfaces; ++id) walks.emplace_back(id, load.interfaces, 1);
    std::int64_t poll_id = 0;
    for (std::int64_t minute = 0; minute < load.days * 1440; ++minute) {
      must(database.execute("BEGIN"));
      for (std::int64_t first = 1, device = 1; first <= load.interfaces; first += interfaces_of_a_device, ++device) {
        const std::int64_t last = std::min(first + interfaces_of_a_device - 1, load.interfaces);
        DeviceCycle cycle;
        std::vector<std::int64_t> ids;
        const std::int64_t at = begin_ms + minute * minute_ms + device * 7;
        cycle.started = BootTime(std::chrono::milliseconds(at));
        for (std::int64_t id = first; id <= last; ++id) {
          ids.push_back(id);
          cycle.interfaces.push_back(walks[static_cast<std::size_t>(id - 1)].minute(at));
          cycle.interfaces.back().sample.time.received = cycle.started + 5ms;
        }
        must(poll.run(++poll_id, device, at));
        rows->show(cycle, poll_id, ids);
        must(insert.run());
      }
      must(database.execute("COMMIT"));
    }
  }
}

void make_sums(store::Database& database, const Load& load) {
  must(database.execute("BEGIN"));
  std::array<store::Statement, 2> inserts{
      must(database.prepare(store::traffic_insert_sql(store::traffic_levels[0], "INSERT"))),
      must(database.prepare(store::traffic_insert_sql(store::traffic_levels[1], "INSERT")))};
  auto time = must(database.prepare("INSERT INTO traffic_times (step_s, begins_at) VALUES (?, ?)"));
  std::vector<Walk> walks;
  for (std::int64_t id = 1; id <= load.sum_interfaces; ++id) walks.emplace_back(id, load.sum_interfaces, 1000);
  std::vector<store::TrafficBin> fives(walks.size()), hours(walks.size());
  const auto put = [&](std::size_t level, std::vector<store::TrafficBin>& bins, std::int64_t end) {
    const std::int64_t length = store::traffic_levels[level].length.count() * 1000;
    if (end % length != 0) return;
    must(time.run(length / 1000, end - length));
    for (std::size_t place = 0; place < bins.size(); ++place) {
      const std::int64_t id = store::sample_id((end - length) / length, static_cast<std::int64_t>(place) + 1);
      const store::TrafficBin row = bins[place].as_row();
      must(store::write_traffic(inserts[level], store::traffic_levels[level], id, row));
      if (level == 0) hours[place].add(row);
      bins[place] = {};
    }
  };
  for (std::int64_t minute = 0; minute < load.sum_days * 1440; ++minute) {
    const std::int64_t end = begin_ms + (minute + 1) * minute_ms;
    for (std::size_t place = 0; place < walks.size(); ++place) {
      // A few ms longer or shorter than a minute: what of it falls before its bin is left out here.
      const store::TrafficSample sample = store::traffic_of(walks[place].minute(end), end);
      fives[place].add(store::share_of(sample, sample.last_bin()));
    }
    put(0, fives, end);
    put(1, hours, end);
  }
  must(database.execute("COMMIT"));
}

/// What the pages of a table take, for each of its rows.
double octets_a_row(store::Database& database, const std::string& table, const std::string& rows) {
  const auto octets =
      must(database.integer("SELECT sum(pgsize) FROM dbstat WHERE aggregate = 1 AND name = '" + table + "'"));
  return static_cast<double>(octets) / static_cast<double>(must(database.integer(rows)));
}

void read_all(const Load& load, const char* when) {
  const std::int64_t first_of_last = (load.interfaces - 1) / interfaces_of_a_device * interfaces_of_a_device + 1;
  const auto timed = [&](const char* what, std::int64_t device, std::int64_t first, std::int64_t last, bool sums) {
    const double before = cpu_seconds();
    auto reader = must(store::Reader::open(load.file));
    std::int64_t rows = 0;
    const store::SampleQuery query{device, first, last, WallTime(std::chrono::milliseconds(begin_ms)),
                                   WallTime(std::chrono::milliseconds(begin_ms) + 24h * load.sum_days)};
    if (sums) {
      must(reader->for_each_traffic(query, [&](const store::StoredTraffic&) { ++rows; }));
    } else {
      must(reader->for_each_sample(query, [&](const store::StoredSample&) { ++rows; }));
    }
    const double spent = cpu_seconds() - before;
    fmt::print("read {:<6} {:<34} {:>9} rows, {:>7.1f} ms, {:>9.0f} rows a CPU-s\n", when, what, rows, spent * 1e3,
               static_cast<double>(rows) / spent);
  };
  timed("samples of a device", 1, 1, std::min(interfaces_of_a_device, load.interfaces), false);
  timed("samples of an interface", (load.interfaces - 1) / interfaces_of_a_device + 1, first_of_last, first_of_last,
        false);
  timed("sums of 5 minutes of a device", 1, 1, std::min(interfaces_of_a_device, load.sum_interfaces), true);
  timed("sums of 5 minutes of an interface", 1, 7, 7, true);
}

void print_sizes(store::Database& database, const Load& load, const std::array<double, 3>& plain) {
  const double overhead = octets_a_row(database, "sealed_rows", "SELECT sum(length(packed)) FROM sealed_rows");
  constexpr std::array<double, 3> rows_a_day{1440, 288, 24};
  constexpr std::array<double, 3> plain_days{0.5, 2, 2};
  constexpr std::array<double, 3> sealed_days{7.5, 96, 792};
  constexpr std::array<std::int64_t, 3> levels{0, 300, 3600};
  fmt::print("{:<8} {:>6} {:>24} {:>24} {:>12}\n", "kind", "share", "sealed octets a row:", "", "octets");
  fmt::print("{:<8} {:>6} {:>11} {:>11} {:>11} {:>12} {:>14}\n", "", "", "samples", "5 minutes", "hours",
             "an interface", "all plain");
  double mixed = 0.0, mixed_plain = 0.0;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind) {
    std::array<double, 3> sealed{};
    double octets = 0.0, all_plain = 0.0;
    for (std::size_t level = 0; level < levels.size(); ++level) {
      const std::int64_t of = level == 0 ? load.interfaces : load.sum_interfaces;
      std::int64_t packed = 0, rows = 0;
      auto read =
          must(database.prepare("SELECT interface_id, sum(length(packed)), sum(row_count) FROM sealed_rows"
                                " WHERE level = ? GROUP BY interface_id"));
      for (auto row = read.first(levels[level]); must(row); row = read.next()) {
        if (Walk(read.integer(0), of, 1).kind() != kind) continue;
        packed += read.integer(1);
        rows += read.integer(2);
      }
      if (rows != 0) sealed[level] = static_cast<double>(packed) * overhead / static_cast<double>(rows);
      octets += rows_a_day[level] * (plain_days[level] * plain[level] + sealed_days[level] * sealed[level]);
      all_plain += rows_a_day[level] * plain[level] * (level == 0 ? 7 : level == 1 ? 90 : 730);
    }
    fmt::print("{:<8} {:>5.0f}% {:>11.1f} {:>11.1f} {:>11.1f} {:>12.0f} {:>14.0f}\n", kinds[kind].name,
               kinds[kind].share * 100, sealed[0], sealed[1], sealed[2], octets, all_plain);
    mixed += kinds[kind].share * octets;
    mixed_plain += kinds[kind].share * all_plain;
  }
  fmt::print("{:<8} {:>5.0f}% {:>11} {:>11} {:>11} {:>12.0f} {:>14.0f}\n", "mixed", 100.0, "", "", "", mixed,
             mixed_plain);
}

void run(const Load& load) {
  for (const char* part : {"", "-wal", "-shm"}) fs::remove(load.file + part);
  std::array<double, 3> plain{};
  {
    auto database = must(store::open_for_writing(load.file));
    must(database.execute("PRAGMA synchronous = OFF"));
    make_inventory(database, load);
    make_samples(database, load);
    make_sums(database, load);
    plain = {octets_a_row(database, "sample_rows", "SELECT count(*) FROM sample_rows"),
             octets_a_row(database, "traffic_5m", "SELECT count(*) FROM traffic_5m"),
             octets_a_row(database, "traffic_1h", "SELECT count(*) FROM traffic_1h")};
  }
  read_all(load, "plain");
  {
    auto database = must(store::open_for_writing(load.file));
    auto sealer = must(store::Sealer::create(database, 0));
    const double before = cpu_seconds();
    std::int64_t rows = 0, steps = 0;
    const WallTime now = WallTime(std::chrono::milliseconds(begin_ms)) + 24h * (load.sum_days + 100);
    double longest = 0.0;
    for (;; ++steps) {
      const auto begun = std::chrono::steady_clock::now();
      must(database.execute("BEGIN IMMEDIATE"));
      const auto sealed = must(sealer.seal(now, 20'000));
      must(database.execute("COMMIT"));
      longest = std::max(longest, std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
      rows += sealed;
      if (sealed == 0 && must(database.integer("SELECT count(*) FROM traffic_1h")) == 0) break;
    }
    const double spent = cpu_seconds() - before;
    fmt::print(
        "sealed {} rows in {} steps: {:.3f} CPU-s per million rows, {:.0f} rows a CPU-s, longest step {:.0f} ms\n",
        rows, steps, spent * 1e6 / static_cast<double>(rows), static_cast<double>(rows) / spent, longest * 1e3);
    must(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
    print_sizes(database, load, plain);
  }
  read_all(load, "sealed");
}

Load load_of(int count, const char* const* arguments) {
  Load load;
  po::options_description options("octopoll-seal-bench FILE");
  options.add_options()("file", po::value(&load.file)->required())("interfaces", po::value(&load.interfaces))(
      "days", po::value(&load.days))("sum-days", po::value(&load.sum_days))("sum-interfaces",
                                                                            po::value(&load.sum_interfaces));
  po::positional_options_description words;
  words.add("file", 1);
  po::variables_map given;
  po::store(po::command_line_parser(count, arguments).options(options).positional(words).run(), given);
  po::notify(given);
  load.interfaces = std::max<std::int64_t>(load.interfaces, interfaces_of_a_device);
  load.sum_interfaces = std::clamp<std::int64_t>(load.sum_interfaces, interfaces_of_a_device, load.interfaces);
  return load;
}

}  // namespace
}  // namespace octopoll

int main(int count, char** arguments) {
  try {
    octopoll::run(octopoll::load_of(count, arguments));
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "octopoll-seal-bench: " << problem.what() << '\n';
    return 2;
  }
}
