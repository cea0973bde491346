// What a row costs on its way into the store: the real Writer, a real file, one commit a batch with synchronous=FULL.
//
//   octopoll-store-bench FILE [--devices N] [--rows N] [--cycles N] [--spread SECONDS] [--paced]
//   octopoll-store-bench FILE --devices 20 --rows 50 --cycles 1440     # a day of 1,000 interfaces, with its sums
//   octopoll-store-bench FILE --network --devices 42 --days 31 --spread 1 --every 1    # a month of 2,016, day by day
//
// FILE is made anew. N devices with --rows interfaces each, all thirteen counters present, their rates walking at
// random, are polled --cycles times, evenly spread over --spread seconds. The writer's batches are those that its half
// second makes of that: its bound in rows is set to them and the queue is kept full. --paced lets the clock make them
// instead, --batch ROWS sets them. CPU is that of the process less that of the thread that makes the records, user and
// system: the writer's thread with its commits and checkpoints. Freeing a record is the writer's as well, as in
// octopoll. The records are a minute apart by their own clock, so all that the writer does with time it does here:
// sums, sealing and retention, which is the default one.
//
// --network makes the interfaces of five kinds, as octopoll-seal-bench does; --days is --cycles in days; --every DAYS
// says after each so many days what the writer did in them and what the file has. --packed keeps no days plain, as in
// an installation that is too large for it.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "made_interface.hpp"
#include "made_walk.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/store/care.hpp"
#include "octopoll/store/writer.hpp"
#include "store/open.hpp"

namespace octopoll {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using namespace std::chrono_literals;

struct Load {
  std::string file;
  std::size_t devices = 1000;
  std::size_t rows = 48;
  std::size_t cycles = 20;
  std::size_t spread = 5;
  std::size_t days = 0;   ///< in place of cycles
  std::size_t every = 0;  ///< days between two looks at the file
  std::size_t batch_rows = 0;
  bool paced = false;
  bool network = false;
  bool packed = false;

  [[nodiscard]] std::size_t batch() const {
    if (batch_rows != 0) return batch_rows;
    const auto commits_a_second = std::chrono::seconds(1) / store::WriterOptions{}.commit_interval;
    return std::max<std::size_t>(1, devices * rows / spread / static_cast<std::size_t>(commits_a_second));
  }
};

struct Port {
  Interface interface;
  std::optional<bench::Walk> walk;  ///< of --network
  PerCounter<std::uint64_t> counters;
  double load = 0.2;  ///< share of the link
};

struct Device {
  std::string name;
  SharedValue<DeviceFacts> facts;
  std::vector<Port> ports;
};

/// Binary ones, of a counter after some weeks.
unsigned digits_of(Counter counter) {
  switch (counter) {
    case Counter::in_octets:
    case Counter::out_octets:
      return 44;
    case Counter::in_ucast_pkts:
    case Counter::out_ucast_pkts:
      return 35;
    case Counter::in_errors:
    case Counter::in_discards:
      return 10;
    case Counter::out_errors:
    case Counter::out_discards:
      return 1;
    default:
      return 27;
  }
}

constexpr std::uint64_t speed_bps = bench::made_speed_bps;
constexpr std::chrono::nanoseconds interval = 60s;
constexpr std::size_t uncounted = 2;  // cycles
constexpr std::size_t cycles_a_day = 24h / interval;
constexpr WallTime begin{std::chrono::seconds(bench::begin_s)};

std::chrono::duration<double> clock_of(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// CPU time of all threads but this one.
std::chrono::duration<double> of_the_others() {
  return clock_of(CLOCK_PROCESS_CPUTIME_ID) - clock_of(CLOCK_THREAD_CPUTIME_ID);
}

/// Octets that this process gave to write(2) and its like: the log, its checkpoints, nothing else of size.
std::uint64_t octets_written() {
  std::ifstream io("/proc/self/io");
  for (std::string word; io >> word;) {
    std::uint64_t octets = 0;
    if (word == "wchar:" && io >> octets) return octets;
  }
  return 0;
}

std::vector<Device> devices_of(const Load& load, std::mt19937_64& random) {
  std::vector<Device> devices(load.devices);
  for (std::size_t each = 0; each < load.devices; ++each) {
    devices[each].name = fmt::format("switch-{}", each);
    devices[each].facts = bench::made_facts(devices[each].name);
    for (std::size_t row = 1; row <= load.rows; ++row) {
      Port port;
      port.interface = bench::made_interface(static_cast<std::uint32_t>(row));
      if (load.network) {
        port.walk.emplace(static_cast<std::int64_t>(each * load.rows + row),
                          static_cast<std::int64_t>(load.devices * load.rows), 1);
      }
      // Devices have been up for weeks: octets in the tens of terabytes, packets and what is rare accordingly.
      for (const Counter counter : all_counters()) port.counters[counter] = random() >> (64U - digits_of(counter));
      devices[each].ports.push_back(std::move(port));
    }
  }
  return devices;
}

/// What each counter gains in one interval: packets of some 700 octets, few errors.
PerCounter<std::uint64_t> gain(Port& port, std::mt19937_64& random) {
  std::uniform_real_distribution<double> step(0.8, 1.25);
  port.load = std::clamp(port.load * step(random), 0.0001, 0.95);
  PerCounter<std::uint64_t> gained;
  const double most = static_cast<double>(speed_bps) / 8 * std::chrono::duration<double>(interval).count();
  for (const bool in : {true, false}) {
    const double octets = most * std::min(0.99, port.load * step(random)) * (in ? 1.0 : 0.3);
    gained[in ? Counter::in_octets : Counter::out_octets] = static_cast<std::uint64_t>(octets);
    gained[in ? Counter::in_ucast_pkts : Counter::out_ucast_pkts] = static_cast<std::uint64_t>(octets / 700);
    gained[in ? Counter::in_multicast_pkts : Counter::out_multicast_pkts] = random() % 2000;
    gained[in ? Counter::in_broadcast_pkts : Counter::out_broadcast_pkts] = random() % 5000;
  }
  const bool errors = random() % 10 == 0;
  gained[Counter::in_errors] = errors ? random() % 50 : 0;
  gained[Counter::in_discards] = errors ? random() % 500 : 0;
  return gained;
}

/// A minute of a port whose rates walk at random, all of them busy.
InterfaceRecord busy_minute(Port& port, std::mt19937_64& random) {
  InterfaceRecord row;
  row.sample.admin_status = status_up;
  row.sample.oper_status = status_up;
  row.elapsed = interval + std::chrono::microseconds(random() % 20'000);
  row.time_error = static_cast<double>(random() % 1000) / 1e7;
  row.in_speed_bps = speed_bps;
  row.out_speed_bps = speed_bps;
  const PerCounter<std::uint64_t> gained = gain(port, random);
  for (const Counter counter : all_counters()) row.deltas.set(counter, {gained[counter], Quality::ok, {}});
  return row;
}

InterfaceRecord row_of(Port& port, BootTime read, WallTime at, std::mt19937_64& random) {
  InterfaceRecord row = port.walk ? port.walk->minute(at.time_since_epoch().count()) : busy_minute(port, random);
  row.sample.interface = port.interface;
  row.sample.last_change = TimeTicks(4711);
  row.sample.discontinuity_time = TimeTicks(0);
  row.sample.time = {read, 1ms, TimeTicks(static_cast<std::uint32_t>(read.time_since_epoch() / 10ms)), 0ns};
  for (const Counter counter : all_counters()) {
    port.counters[counter] += row.deltas[counter].value.value_or(0);
    row.sample.counters.set(counter, {port.counters[counter], 64});
  }
  row.in_utilization = row.in_rate()->value / static_cast<double>(*row.in_speed_bps);
  row.out_utilization = row.out_rate()->value / static_cast<double>(*row.out_speed_bps);
  return row;
}

/// What a cycle has that no other one of the device has: from 0 to `most`, the same each time.
std::uint64_t noise_of(std::size_t place, std::size_t number, std::uint64_t what, std::uint64_t most) {
  std::uint64_t mixed = (place * 1'000'003 + number) * 16 + what + 0x9E3779B97F4A7C15;
  mixed = (mixed ^ mixed >> 30U) * 0xBF58476D1CE4E5B9;
  mixed = (mixed ^ mixed >> 27U) * 0x94D049BB133111EB;
  return (mixed ^ mixed >> 31U) % (most + 1);
}

RecordPtr cycle_of(const Load& load, std::size_t place, Device& device, std::size_t number, std::mt19937_64& random) {
  const auto since_start =
      static_cast<std::int64_t>(number) * interval + place * std::chrono::nanoseconds(1s) * load.spread / load.devices;
  DeviceCycle cycle;
  cycle.device = device.name;
  cycle.address = "192.0.2.1:161";
  cycle.poll_number = number + 1;
  cycle.slot = 30'000'000 + static_cast<std::int64_t>(number);
  cycle.interval = interval;
  cycle.started_at = begin + std::chrono::floor<std::chrono::milliseconds>(since_start) +
                     std::chrono::milliseconds(noise_of(place, number, 0, 2));
  cycle.started = BootTime(1h) + since_start;
  cycle.duration = 5ms + std::chrono::microseconds(random() % 9000);
  cycle.outcome = CycleOutcome::complete;
  cycle.facts = device.facts;
  cycle.sys_uptime = TimeTicks(static_cast<std::uint32_t>(cycle.started.time_since_epoch() / 10ms));
  const bool tables = number % 60 == 0;  // are read, too
  cycle.cost = {tables ? 17U : 9U, tables ? 17U : 9U, 0, 4000 + noise_of(place, number, 1, 4) + (tables ? 3000 : 0),
                9000 + noise_of(place, number, 2, 60) + (tables ? 7000 : 0)};
  cycle.interfaces.reserve(device.ports.size());
  for (Port& port : device.ports) {
    cycle.interfaces.push_back(row_of(port, cycle.started + cycle.duration / 2, cycle.started_at, random));
  }
  return std::make_shared<const Record>(std::move(cycle));
}

/// The maker of the records runs ahead of the disk here; in a poller the schedule holds it back.
void wait_for(const store::Writer& writer, std::size_t most) {
  while (writer.statistics().backlog > most) std::this_thread::sleep_for(1ms);
}

struct Spent {
  std::chrono::duration<double> cpu{}, wall{};
  std::uint64_t written = 0;
};

Spent spent_so_far() { return {of_the_others(), clock_of(CLOCK_MONOTONIC), octets_written()}; }

/// One cycle of each device.
void poll_all(const Load& load, std::vector<Device>& devices, std::size_t number, store::Writer& writer,
              std::mt19937_64& random) {
  const auto began = std::chrono::steady_clock::now();
  for (std::size_t place = 0; place < devices.size(); ++place) {
    if (load.paced) {
      std::this_thread::sleep_until(began + place * std::chrono::nanoseconds(1s) * load.spread / load.devices);
    } else {
      wait_for(writer, 4 * load.batch() / load.rows);
    }
    writer.take(cycle_of(load, place, devices[place], number, random));
  }
  if (load.paced) std::this_thread::sleep_until(began + std::chrono::seconds(1) * load.spread);
}

std::int64_t octets_of_pages(const std::string& file) {
  auto database = bench::must(store::open_for_reading(file));
  return bench::must(database.integer("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"));
}

/// Rows of each kind, sums of traffic among them, and what a row takes with its share of half-full pages; of sealed
/// ones without it.
void print_kinds(const Load& load) {
  const auto info = store::store_info(load.file, true, {});
  if (!info) return;
  const auto interfaces = static_cast<double>(load.devices * load.rows);
  // By its pages: the newest ones may still be in the log.
  const auto octets_of_file = static_cast<double>(octets_of_pages(load.file));
  const auto used = octets_of_file - static_cast<double>(info->free_octets);
  double told = 0.0;
  fmt::print("  file {:.1f} MB, of which free {:.1f} MB; used by an interface {:.1f} kB\n", octets_of_file / 1e6,
             static_cast<double>(info->free_octets) / 1e6, used / interfaces / 1e3);
  for (const store::KeptSpan& kind : info->spans) {
    if (!kind.octets || kind.rows.value_or(0) == 0) continue;
    const auto octets = static_cast<double>(*kind.octets);
    told += octets;
    fmt::print("  {:<14} {:>11} rows, {:>5.1f} octets each, {:>7.2f} kB an interface\n", kind.what, *kind.rows,
               octets / static_cast<double>(*kind.rows), octets / interfaces / 1e3);
  }
  fmt::print("  {:<14} {:>11}       {:>5}              {:>7.2f} kB an interface\n", "other", "", "",
             (used - told) / interfaces / 1e3);
}

/// What the writer did since `before`.
void print_spent(const Spent& before, const store::WriterStatistics& first, const store::WriterStatistics& last) {
  const Spent after = spent_so_far();
  const auto rows = static_cast<double>(last.rows - first.rows);
  const double cpu = (after.cpu - before.cpu).count();
  fmt::print("writer: {:.3f} CPU-s per million rows, {:.0f} rows a CPU-s, {:.0f} rows/s, {:.1f} octets written a row\n",
             cpu * 1e6 / rows, rows / cpu, rows / (after.wall - before.wall).count(),
             static_cast<double>(after.written - before.written) / rows);
}

int run(const Load& load) {
  for (const char* part : {"", "-wal", "-shm", ".lock"}) fs::remove(load.file + part);
  std::mt19937_64 random(1);  // the same walk each time
  std::vector<Device> devices = devices_of(load, random);
  store::WriterOptions options;
  if (load.packed) options.most_plain = 0;
  if (!load.paced) {
    options.batch = load.batch();
    options.commit_interval = 1h;
  }
  auto writer = store::Writer::open(load.file, options);
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error().text());
    return 1;
  }
  // Discovery is not counted, nor is what follows it: the last batch of discovery ends in there.
  for (std::size_t number = 0; number < uncounted; ++number) poll_all(load, devices, number, **writer, random);
  wait_for(**writer, load.batch() / load.rows);
  const store::WriterStatistics first = (*writer)->statistics();
  const Spent before = spent_so_far();
  Spent part_before = before;
  store::WriterStatistics part_first = first;
  for (std::size_t number = 0; number < load.cycles; ++number) {
    poll_all(load, devices, uncounted + number, **writer, random);
    if (load.every == 0 || (number + 1) % (load.every * cycles_a_day) != 0) continue;
    wait_for(**writer, load.batch() / load.rows);
    fmt::print("day {}\n", (number + 1) / cycles_a_day);
    print_spent(part_before, part_first, (*writer)->statistics());
    print_kinds(load);
    std::fflush(stdout);
    part_before = spent_so_far();
    part_first = (*writer)->statistics();
  }
  const store::WriterStatistics last = (*writer)->close();

  const auto rows = static_cast<double>(last.rows - first.rows);
  fmt::print("{} devices x {} interfaces x {} cycles over {} s: {:.0f} rows in {} commits{}\n", load.devices, load.rows,
             load.cycles, load.spread, rows, last.commits - first.commits, load.paced ? ", paced" : "");
  print_spent(before, first, last);
  fmt::print("the file has {:.1f} octets for each row stored\n",
             static_cast<double>(octets_of_pages(load.file)) / static_cast<double>(last.rows));
  print_kinds(load);
  return last.records == load.devices * (load.cycles + uncounted) ? 0 : 1;
}

std::size_t at_least_one(std::size_t number) { return std::max<std::size_t>(1, number); }

Load load_of(int count, const char* const* arguments) {
  Load load;
  po::options_description options("octopoll-store-bench FILE");
  options.add_options()("file", po::value(&load.file)->required())("devices", po::value(&load.devices))(
      "rows", po::value(&load.rows))("cycles", po::value(&load.cycles))("spread", po::value(&load.spread))(
      "paced", po::bool_switch(&load.paced))("days", po::value(&load.days))("every", po::value(&load.every))(
      "batch", po::value(&load.batch_rows))("network", po::bool_switch(&load.network))("packed",
                                                                                       po::bool_switch(&load.packed));
  po::positional_options_description words;
  words.add("file", 1);
  po::variables_map given;
  po::store(po::command_line_parser(count, arguments).options(options).positional(words).run(), given);
  po::notify(given);
  for (std::size_t* number : {&load.devices, &load.rows, &load.cycles, &load.spread}) *number = at_least_one(*number);
  if (load.days != 0) load.cycles = load.days * cycles_a_day;
  return load;
}

}  // namespace
}  // namespace octopoll

int main(int count, char** arguments) {
  try {
    return octopoll::run(octopoll::load_of(count, arguments));
  } catch (const std::exception& problem) {
    std::cerr << "octopoll-store-bench: " << problem.what() << '\n';
    return 2;
  }
}
