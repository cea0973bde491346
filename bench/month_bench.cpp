// What reports cost on a month of many interfaces: the real Reader and the real report on a real file.
//
//   octopoll-month-bench FILE [--interfaces N] [--days N] [--make | --ask] [--only TEXT]
//
// FILE is made anew and kept; --ask asks one that is there, --only what has TEXT in its name. Of N interfaces, 48 a
// device and of the kinds that octopoll-seal-bench has, the 5 minutes of --days days are written as octopoll leaves
// them: all but the last day and a half are blocks of 8 days, the rest plain rows, with the histograms of rates of each
// day and of the last hours. The file has no samples, hours and days, for no question here reads them.
//
// Each report is timed as a whole, from the opening of the store to the rows: first with nothing of the file in memory
// (as far as the kernel heeds POSIX_FADV_DONTNEED), then again, and last beside a writer that stores 1,000 rows a
// second into the same file. CPU is that of the process, so it has the writer's in the last.

#include <fcntl.h>
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <boost/program_options.hpp>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "made_interface.hpp"
#include "made_network.hpp"
#include "octopoll/report/utilization.hpp"
#include "octopoll/store/rate_histogram.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "store/cycle_rows.hpp"
#include "store/open.hpp"
#include "store/rate_counts.hpp"
#include "store/sealed_levels.hpp"
#include "store/traffic_rows.hpp"

namespace octopoll {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using namespace std::chrono_literals;
using bench::begin_s;
using bench::interfaces_of_a_device;
using bench::must;

constexpr std::int64_t bin_s = 300;
constexpr std::int64_t day_s = 86'400;
constexpr std::int64_t bins_of_a_day = day_s / bin_s;
constexpr std::int64_t plain_bins = bins_of_a_day * 3 / 2;
constexpr std::int64_t hours_told = 48;  // the last ones that have a histogram of their own

struct Load {
  std::string file;
  std::int64_t interfaces = 50'000;
  std::int64_t days = 30;
  bool make = true, ask = true;
  std::string only;

  [[nodiscard]] std::int64_t devices() const {
    return (interfaces + interfaces_of_a_device - 1) / interfaces_of_a_device;
  }
  /// Half a day after the last whole one.
  [[nodiscard]] std::int64_t bins() const { return days * bins_of_a_day + bins_of_a_day / 2; }
  [[nodiscard]] WallTime end() const { return WallTime(std::chrono::seconds(begin_s + bins() * bin_s)); }
};

double clock_of(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

/// One interface on its walk of 5 minutes.
class Walk {
 public:
  explicit Walk(std::int64_t id) : random_(static_cast<std::uint64_t>(id)) {
    kind_ = &bench::kinds[bench::kind_at(std::uniform_real_distribution<double>(0.0, 1.0)(random_))];
    peak_ = std::uniform_real_distribution<double>(0.3, 1.7)(random_);
  }
  store::TrafficBin next(std::int64_t bin) {
    const double daily = bench::daily(static_cast<double>(bin) / 12.0);
    slow_ = 0.9 * slow_ + 0.4 * normal_(random_) * kind_->noise;
    size_ = std::clamp(size_ + normal_(random_) * 20.0, 120.0, 1300.0);
    store::TrafficBin made;
    made.speed = store::TrafficBin::Speed::steady;
    made.speed_mbps = static_cast<std::uint32_t>(kind_->speed_bps / 1e6);
    for (std::size_t way = 0; way < 2; ++way) {
      const double most = kind_->speed_bps;
      const double bps = std::min(0.98, kind_->load * (way == 0 ? peak_ : peak_ * 0.4) * daily *
                                            std::exp(slow_ + 0.2 * kind_->noise * normal_(random_))) *
                         most;
      auto& direction = made.directions[way];
      direction.octets = static_cast<std::uint64_t>(bps / 8 * bin_s);
      direction.covered_us = store::bin_us;
      direction.bps_max = std::min(most, bps * (1.0 + std::abs(normal_(random_)) * kind_->noise));
      direction.bps_min = bps / (1.0 + std::abs(normal_(random_)) * kind_->noise);
      direction.packets = static_cast<std::uint64_t>(static_cast<double>(direction.octets) / size_);
      direction.errors = direction.discards = 0;
    }
    return made;
  }

 private:
  std::mt19937_64 random_;
  std::normal_distribution<double> normal_;
  const bench::Kind* kind_ = nullptr;
  double peak_ = 1.0, slow_ = 0.0, size_ = 600.0;
};

void append(store::SealedTable& table, std::int64_t number, const store::TrafficBin& bin) {
  if (table.columns.empty()) table.columns.resize(store::sealed_columns::traffic.size());
  const auto& [in, out] = bin.directions;
  const auto whole = [](double value) { return std::llround(value); };
  const std::array<std::int64_t, 16> values{number,
                                            std::bit_cast<std::int64_t>(in.octets),
                                            std::bit_cast<std::int64_t>(out.octets),
                                            0,
                                            0,
                                            whole(in.bps_max),
                                            whole(out.bps_max),
                                            whole(in.bps_min),
                                            whole(out.bps_min),
                                            std::bit_cast<std::int64_t>(*in.packets),
                                            std::bit_cast<std::int64_t>(*out.packets),
                                            0,
                                            0,
                                            0,
                                            0,
                                            bin.speed_mbps};
  for (std::size_t column = 0; column < values.size(); ++column) table.columns[column].append(values[column]);
  for (std::size_t column = values.size(); column < table.columns.size(); ++column)
    table.columns[column].append_absent();
  ++table.rows;
}

/// What is to be written of one device.
struct Made {
  struct Block {
    std::int64_t interface_id, begins_at, rows;
    std::vector<std::uint8_t> packed;
  };
  struct Histogram {
    std::int64_t step_s, begins_s;
    store::RatePacker rounded, packer;
  };
  std::vector<Block> blocks;
  std::vector<std::pair<std::int64_t, store::TrafficBin>> plain;  ///< by key
  std::vector<Histogram> histograms;
};

Made made_of(const Load& load, std::int64_t device) {
  const std::int64_t first = device * interfaces_of_a_device + 1;
  const std::int64_t last = std::min(first + interfaces_of_a_device - 1, load.interfaces);
  const store::SealedLevel& level = store::sealed_level(bin_s);
  const std::int64_t first_bin = begin_s / bin_s;
  const std::int64_t sealed_until = first_bin + load.bins() - plain_bins;
  const std::int64_t first_hour = (load.bins() / 12) - hours_told;
  Made made;
  for (std::int64_t day = 0; day < load.days; ++day) made.histograms.push_back({day_s, begin_s + day * day_s, {}, {}});
  const std::size_t hours_from = made.histograms.size();
  for (std::int64_t hour = first_hour; hour < load.bins() / 12; ++hour)
    made.histograms.push_back({3600, begin_s + hour * 3600, {}, {}});
  store::SealedCodec codec;
  std::vector<store::RateTally> tallies(made.histograms.size());
  for (std::int64_t id = first; id <= last; ++id) {
    Walk walk(id);
    store::SealedBlock block;
    const auto seal = [&] {
      if (block.rows.rows == 0) return;
      made.blocks.push_back({id, block.begins_at, static_cast<std::int64_t>(block.rows.rows),
                             codec.pack(block, level.columns, level.exception_columns)});
    };
    for (std::int64_t bin = 0; bin < load.bins(); ++bin) {
      const std::int64_t number = first_bin + bin;
      const store::TrafficBin row = walk.next(bin);
      if (bin / bins_of_a_day < load.days)
        store::count_rates(row, tallies[static_cast<std::size_t>(bin / bins_of_a_day)]);
      if (bin / 12 >= first_hour)
        store::count_rates(row, tallies[hours_from + static_cast<std::size_t>(bin / 12 - first_hour)]);
      if (number >= sealed_until) {
        made.plain.emplace_back(store::sample_id(number, id), row);
        continue;
      }
      const std::int64_t begins_at = store::begin_of(number * bin_s * 1000, level.span_ms);
      if (block.begins_at != begins_at) {
        seal();
        block = {level.level, id, begins_at, {}, {}};
      }
      append(block.rows, number, row);
    }
    seal();
    for (std::size_t each = 0; each < tallies.size(); ++each) {
      store::RateTally up = tallies[each].rounded_up();
      made.histograms[each].rounded.add(id, up);
      made.histograms[each].packer.add(id, tallies[each]);
      tallies[each].clear();
    }
  }
  std::sort(made.plain.begin(), made.plain.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return made;
}

void make_inventory(store::Database& database, const Load& load) {
  auto device = must(database.prepare("INSERT INTO devices (id, name, first_polled) VALUES (?, ?, ?)"));
  auto interface =
      must(database.prepare("INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
                            " VALUES (?, ?, ?, 1, 'none', ?)"));
  auto poll = must(database.prepare(
      "INSERT INTO polls (device_id, poll_number, slot, started_at, duration_ms, interval_ms, outcome, rebooted,"
      " cache_period_ms, requests, responses, retries, octets_sent, octets_received)"
      " VALUES (?, 1, 0, ?, 0, 60000, 'complete', 0, 0, 9, 9, 0, 4000, 9000)"));
  auto latest =
      must(database.prepare("INSERT INTO device_latest (device_id, poll_id, started_at, readings, last_seen)"
                            " VALUES (?1, ?2, ?3, '[]', ?3)"));
  auto time = must(database.prepare("INSERT INTO traffic_times (step_s, begins_at) VALUES (300, ?)"));
  const std::int64_t end_ms = load.end().time_since_epoch().count();
  for (std::int64_t id = 1; id <= load.devices(); ++id) {
    must(device.run(id, fmt::format("switch-{}", id), begin_s * 1000));
    must(poll.run(id, end_ms));
    must(latest.run(id, poll.last_insert_id(), end_ms));
  }
  for (std::int64_t id = 1; id <= load.interfaces; ++id) {
    must(interface.run(id, (id - 1) / interfaces_of_a_device + 1,
                       fmt::format("port{}", (id - 1) % interfaces_of_a_device + 1), begin_s * 1000));
  }
  // They are there until now: last seen is that of the newest reading's row.
  must(
      database.execute("INSERT INTO sample_rows (id, read_after_ms, elapsed_us, time_error_ppb, states)"
                       " SELECT l.poll_id << 24 | i.id, 0, 60000000, 0, 0 FROM interfaces i JOIN device_latest l"
                       " ON l.device_id = i.device_id ORDER BY 1"));
  for (std::int64_t bin = 0; bin < load.bins(); ++bin) must(time.run((begin_s + bin * bin_s) * 1000));
}

void make(const Load& load) {
  for (const char* part : {"", "-wal", "-shm", ".lock"}) fs::remove(load.file + part);
  const auto began = std::chrono::steady_clock::now();
  auto database = must(store::open_for_writing(load.file));
  for (const char* sql : {"PRAGMA synchronous = OFF", "PRAGMA cache_size = -400000", "BEGIN"})
    must(database.execute(sql));
  make_inventory(database, load);
  auto block = must(
      database.prepare("INSERT INTO sealed_rows (level, begins_at, interface_id, row_count, exception_count, packed)"
                       " VALUES (300, ?, ?, ?, 0, ?)"));
  auto row = must(database.prepare(store::traffic_insert_sql(store::traffic_levels[0], "INSERT")));
  auto histogram = must(database.prepare(
      "INSERT INTO rate_histograms (step_s, begins_at, device_id, rounded, packed) VALUES (?, ?, ?, ?, ?)"));
  std::int64_t octets = 0, rows = 0;
  constexpr std::int64_t at_once = 2;
  for (std::int64_t device = 0; device < load.devices(); device += at_once) {
    std::array<Made, at_once> made;
    {
      std::vector<std::jthread> makers;
      for (std::int64_t each = device; each < std::min(device + at_once, load.devices()); ++each)
        makers.emplace_back(
            [&load, &made, each, device] { made[static_cast<std::size_t>(each - device)] = made_of(load, each); });
    }
    for (std::int64_t each = device; each < std::min(device + at_once, load.devices()); ++each) {
      const Made& of = made[static_cast<std::size_t>(each - device)];
      for (const Made::Block& one : of.blocks) {
        must(block.run(one.begins_at, one.interface_id, one.rows, std::span<const std::uint8_t>(one.packed)));
        octets += static_cast<std::int64_t>(one.packed.size());
        rows += one.rows;
      }
      for (const auto& [id, bin] : of.plain) must(store::write_traffic(row, store::traffic_levels[0], id, bin));
      for (const Made::Histogram& one : of.histograms) {
        must(histogram.run(one.step_s, one.begins_s * 1000, each + 1, one.rounded.packed(), one.packer.packed()));
      }
    }
    if (device % 64 != 0) continue;
    must(database.execute("COMMIT"));
    must(database.execute("BEGIN"));
  }
  must(database.execute("COMMIT"));
  must(database.execute("PRAGMA wal_checkpoint(TRUNCATE)"));
  const auto sum = [&](const char* sql) { return static_cast<double>(must(database.integer(sql))); };
  const auto interfaces = static_cast<double>(load.interfaces);
  fmt::print(
      "{} interfaces x {:.1f} days of 5 minutes, made in {:.0f} s: {} sealed rows of {:.1f} octets; the file has"
      " {:.2f} GB\n",
      load.interfaces, static_cast<double>(load.bins()) / bins_of_a_day,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(), rows,
      static_cast<double>(octets) / static_cast<double>(rows), static_cast<double>(fs::file_size(load.file)) / 1e9);
  fmt::print("histograms: {:.0f} octets an interface and day, {:.0f} an interface and hour\n",
             sum("SELECT sum(length(rounded) + length(packed)) FROM rate_histograms WHERE step_s = 86400") /
                 interfaces / static_cast<double>(load.days),
             sum("SELECT sum(length(rounded) + length(packed)) FROM rate_histograms WHERE step_s = 3600") / interfaces /
                 hours_told);
}

void drop_from_memory(const std::string& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  static_cast<void>(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED));
  ::close(fd);
}

struct Question {
  std::string name;
  report::UtilizationQuery query;
};

void ask(const Load& load, const Question& question, const char* when) {
  const double cpu = clock_of(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = clock_of(CLOCK_MONOTONIC);
  auto reader = must(store::Reader::open(load.file));
  const auto report = must(report::make_utilization(*reader, question.query));
  fmt::print("{:<44} {:<8} {:>7.3f} s {:>8.3f} CPU-s {:>6} of {:>6} read\n", question.name, when,
             clock_of(CLOCK_MONOTONIC) - wall, clock_of(CLOCK_PROCESS_CPUTIME_ID) - cpu, report.read, report.found);
}

/// Stores a cycle of 50 rows twenty times a second, until it goes.
class Beside {
 public:
  explicit Beside(const Load& load) : writer_(must(store::Writer::open(load.file))) {
    thread_ = std::jthread([this, &load](const std::stop_token& stop) {
      for (std::uint64_t number = 1; !stop.stop_requested(); ++number) {
        const auto next = std::chrono::steady_clock::now() + 50ms;
        writer_->take(cycle(load, number));
        most_ = std::max(most_, writer_->statistics().backlog);
        std::this_thread::sleep_until(next);
      }
    });
    began_ = std::chrono::steady_clock::now();
  }
  ~Beside() {
    thread_.request_stop();
    thread_.join();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began_).count();
    const auto done = writer_->close();
    fmt::print("written meanwhile: {:.0f} rows/s in {:.1f} s, {} commits, {} failures, at most {} cycles waiting\n",
               static_cast<double>(done.rows) / seconds, seconds, done.commits, done.failures, most_);
  }
  Beside(const Beside&) = delete;
  Beside& operator=(const Beside&) = delete;

 private:
  static RecordPtr cycle(const Load& load, std::uint64_t number) {
    DeviceCycle cycle;
    cycle.device = fmt::format("writer-{}", number % 20);
    cycle.address = "192.0.2.1:161";
    cycle.poll_number = number / 20 + 1;
    cycle.slot = static_cast<std::int64_t>(number);
    cycle.interval = 1s;
    cycle.started_at = load.end() + std::chrono::milliseconds(number * 50);
    cycle.started = BootTime(1h) + std::chrono::milliseconds(number * 50);
    cycle.outcome = CycleOutcome::complete;
    for (std::uint32_t index = 1; index <= 50; ++index) {
      InterfaceRecord row;
      row.sample.interface = bench::made_interface(index);
      row.sample.time = {cycle.started, 1ms, TimeTicks(static_cast<std::uint32_t>(number)), 0ns};
      row.elapsed = 1s;
      row.in_speed_bps = row.out_speed_bps = bench::made_speed_bps;
      for (const Counter counter : all_counters()) {
        row.sample.counters.set(counter, {number * 1000 * index, 64});
        row.deltas.set(counter, {20'000 * index, Quality::ok, {}});
      }
      cycle.interfaces.push_back(std::move(row));
    }
    return std::make_shared<const Record>(std::move(cycle));
  }

  std::unique_ptr<store::Writer> writer_;
  std::jthread thread_;
  std::chrono::steady_clock::time_point began_;
  std::size_t most_ = 0;
};

void ask_all(const Load& load) {
  const WallTime midnight = WallTime(std::chrono::seconds(begin_s + load.days * day_s));
  const auto days = std::chrono::hours(24) * load.days;
  const auto question = [&](std::string name, report::UtilizationOrder order, WallTime until, auto length) {
    Question made{std::move(name), {}};
    made.query.order = order;
    made.query.top = 20;
    made.query.window = {until - length, until};
    return made;
  };
  using Order = report::UtilizationOrder;
  std::vector<Question> questions{
      question(fmt::format("top 20 by p95, {} whole days", load.days), Order::p95, midnight, days),
      question(fmt::format("top 20 by p95, {} days until 12:00", load.days), Order::p95, load.end(), days - 12h),
      question(fmt::format("top 20 by utilization, {} days until 12:00", load.days), Order::utilization, load.end(),
               days - 12h),
      question("one interface, 24 h", Order::name, load.end(), 24h),
      question(fmt::format("one interface, {} days", load.days), Order::name, midnight, days),
  };
  for (std::size_t each = 3; each < questions.size(); ++each) {
    questions[each].query.device_pattern = "^switch-7$";
    questions[each].query.interface_pattern = "^port7$";
    questions[each].query.top.reset();
  }
  // The report of 24 hours reads samples; there are none here.
  questions[3].query.window.since -= 5min;
  Question everything =
      question(fmt::format("all of a tenth of the devices, {} days", load.days), Order::p95, midnight, days);
  everything.query.device_pattern = "^switch-.*0$";
  everything.query.top.reset();
  const auto asked = [&](const Question& one) { return one.name.find(load.only) != std::string::npos; };
  std::erase_if(questions, [&](const Question& one) { return !asked(one); });
  for (const Question& one : questions) {
    drop_from_memory(load.file);
    ask(load, one, "cold");
    ask(load, one, "again");
  }
  if (asked(everything)) ask(load, everything, "once");
  const Beside writer(load);
  for (const Question& one : questions) ask(load, one, "writing");
}

Load load_of(int count, const char* const* arguments) {
  Load load;
  bool make = false, ask = false;
  po::options_description options("octopoll-month-bench FILE");
  options.add_options()("file", po::value(&load.file)->required())("interfaces", po::value(&load.interfaces))(
      "days", po::value(&load.days))("make", po::bool_switch(&make))("ask", po::bool_switch(&ask))(
      "only", po::value(&load.only));
  po::positional_options_description words;
  words.add("file", 1);
  po::variables_map given;
  po::store(po::command_line_parser(count, arguments).options(options).positional(words).run(), given);
  po::notify(given);
  load.interfaces = std::max<std::int64_t>(load.interfaces, 8 * interfaces_of_a_device);
  load.days = std::max<std::int64_t>(load.days, 3);
  load.make = make || !ask;
  load.ask = ask || !make;
  return load;
}

}  // namespace
}  // namespace octopoll

int main(int count, char** arguments) {
  try {
    const octopoll::Load load = octopoll::load_of(count, arguments);
    if (load.make) octopoll::make(load);
    if (load.ask) octopoll::ask_all(load);
    return 0;
  } catch (const std::exception& problem) {
    std::cerr << "octopoll-month-bench: " << problem.what() << '\n';
    return 2;
  }
}
