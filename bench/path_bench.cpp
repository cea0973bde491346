// What a row costs from the answer that was read to the file: its assembling, its judging, its storing; and what an
// interface keeps resident.
//
//   path_bench FILE [DEVICES [ROWS [CYCLES [BATCH]]]]     the file is made anew
//
// Devices are polled one after the other, cycle by cycle, each with ROWS interfaces of eleven 64-bit counters. The
// writer commits after BATCH rows: 10,000 devices of 48 rows a minute are 4,000 rows in its half second. CPU time is
// that of the thread that did the work, user and system.

#include <fmt/format.h>
#include <malloc.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "made_interface.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/store/writer.hpp"

namespace octopoll {
namespace {

using namespace std::chrono_literals;

struct Load {
  std::string file;
  std::size_t devices = 1000;
  std::size_t rows = 48;
  std::size_t cycles = 20;
  std::size_t batch = 4000;
};

struct Device {
  std::string name;
  SharedValue<DeviceFacts> facts;
  std::vector<Interface> interfaces;  ///< as discovery found them
  rates::DeviceHistory history;
};

std::chrono::nanoseconds clock_of(clockid_t id) {
  timespec now{};
  clock_gettime(id, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Octets, of memory that malloc holds and that is not merely kept for later.
double resident() {
  malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  double total = 0, pages = 0;
  statm >> total >> pages;
  return pages * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::vector<Device> devices_of(const Load& load) {
  std::vector<Device> devices(load.devices);
  for (std::size_t each = 0; each < load.devices; ++each) {
    devices[each].name = fmt::format("switch-{}", each);
    devices[each].facts = bench::made_facts(devices[each].name);
    devices[each].interfaces.reserve(load.rows);
    for (std::size_t row = 1; row <= load.rows; ++row) {
      devices[each].interfaces.push_back(bench::made_interface(static_cast<std::uint32_t>(row)));
    }
  }
  return devices;
}

DeviceSnapshot read(const Device& device, std::size_t cycle) {
  const BootTime now = BootTime(1h) + 60s * static_cast<int>(cycle);
  DeviceSnapshot snapshot;
  snapshot.sys_uptime = TimeTicks(static_cast<std::uint32_t>(now.time_since_epoch() / 10ms));
  snapshot.read_at = now;
  for (const Interface& interface : device.interfaces) {
    InterfaceSample sample;
    sample.interface = interface;
    sample.admin_status = status_up;
    sample.oper_status = status_up;
    sample.last_change = TimeTicks(4711);
    sample.discontinuity_time = TimeTicks(0);
    for (const Counter counter : all_counters()) {
      if (counter == Counter::out_discards) continue;
      const bool rare = counter == Counter::in_errors || counter == Counter::out_errors;
      const std::uint64_t pace = rare ? 0 : counts_octets(counter) ? 123'456'789 : 234'567;
      sample.counters.set(counter, {(1'000'000 + pace * cycle) * interface.if_index().value, 64});
    }
    sample.time = {now + 3ms, 1ms, snapshot.sys_uptime, 0ns};
    snapshot.interfaces.push_back(std::move(sample));
  }
  return snapshot;
}

DeviceCycle cycle_of(const Device& device, std::size_t number, rates::Judgement&& judgement) {
  DeviceCycle cycle;
  cycle.device = device.name;
  cycle.address = "192.0.2.1:161";
  cycle.poll_number = number + 1;
  cycle.slot = static_cast<std::int64_t>(number);
  cycle.interval = 60s;
  cycle.started_at =
      WallTime(std::chrono::milliseconds(1'800'000'000'000 + 60'000 * static_cast<std::int64_t>(number)));
  cycle.started = BootTime(1h) + 60s * static_cast<int>(number);
  cycle.duration = 12ms;
  cycle.outcome = CycleOutcome::complete;
  cycle.facts = device.facts;
  cycle.sys_uptime = TimeTicks(360'000);
  cycle.cost = {9, 9, 0, 4000, 9000};
  cycle.interfaces = std::move(judgement.interfaces);
  return cycle;
}

/// The loop's thread runs ahead of the disk here; in a poller the schedule holds it back.
void wait_for(const store::Writer& writer, std::size_t most) {
  while (writer.statistics().backlog > most) std::this_thread::sleep_for(1ms);
}

double per_million(std::chrono::nanoseconds time, std::size_t rows) {
  return std::chrono::duration<double>(time).count() * 1e6 / static_cast<double>(rows);
}

void remove_store(const std::string& file) {
  for (const char* part : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(file + part);
}

int run(const Load& load) {
  remove_store(load.file);
  const double empty = resident();
  std::vector<Device> devices = devices_of(load);
  const double with_facts = resident();
  rates::JudgeSettings settings;
  settings.speeds = [](const InterfaceSample& sample) -> rates::Speeds {
    return {sample.interface.speed_bps(), sample.interface.speed_bps()};
  };
  // Two cycles that are not counted: discovery and the first deltas.
  for (std::size_t number = 0; number < 2; ++number) {
    for (Device& device : devices) static_cast<void>(device.history.judge(read(device, number), settings));
  }
  const double with_bases = resident();

  store::WriterOptions options;
  options.batch = load.batch;
  auto writer = store::Writer::open(load.file, options);
  if (!writer) {
    fmt::print(stderr, "{}\n", writer.error().text());
    return 1;
  }
  std::chrono::nanoseconds assembling{}, judging{}, storing{};
  double with_ids = 0;
  for (std::size_t number = 2; number < load.cycles + 2; ++number) {
    const auto process_before = clock_of(CLOCK_PROCESS_CPUTIME_ID);
    const auto own_before = clock_of(CLOCK_THREAD_CPUTIME_ID);
    for (Device& device : devices) {
      const auto began = clock_of(CLOCK_THREAD_CPUTIME_ID);
      DeviceSnapshot snapshot = read(device, number);
      const auto was_read = clock_of(CLOCK_THREAD_CPUTIME_ID);
      rates::Judgement judgement = device.history.judge(std::move(snapshot), settings);
      const auto record = std::make_shared<const Record>(cycle_of(device, number, std::move(judgement)));
      const auto was_judged = clock_of(CLOCK_THREAD_CPUTIME_ID);
      if (number > 2) assembling += was_read - began;
      if (number > 2) judging += was_judged - was_read;
      (*writer)->take(record);
      wait_for(**writer, 2 * load.batch / load.rows);
    }
    wait_for(**writer, 0);
    const auto own = clock_of(CLOCK_THREAD_CPUTIME_ID) - own_before;
    if (number > 2) storing += clock_of(CLOCK_PROCESS_CPUTIME_ID) - process_before - own;
    if (number == 2) with_ids = resident();
  }
  const store::WriterStatistics statistics = (*writer)->close();
  const std::size_t interfaces = load.devices * load.rows;
  const std::size_t counted = interfaces * (load.cycles - 1);
  const auto each = static_cast<double>(interfaces);
  fmt::print("{} devices x {} interfaces x {} cycles, {} rows in {} commits\n", load.devices, load.rows, load.cycles,
             statistics.rows, statistics.commits);
  fmt::print("CPU-seconds per million rows: assemble {:.3f}, rates {:.3f}, store {:.3f}, sum {:.3f}\n",
             per_million(assembling, counted), per_million(judging, counted), per_million(storing, counted),
             per_million(assembling + judging + storing, counted));
  fmt::print("resident octets an interface: facts {:.0f}, bases {:.0f}, store {:.0f}, sum {:.0f}\n",
             (with_facts - empty) / each, (with_bases - with_facts) / each, (with_ids - with_bases) / each,
             (with_ids - empty) / each);
  fmt::print("in the file, octets a row: {:.1f}\n",
             static_cast<double>(std::filesystem::file_size(load.file)) / static_cast<double>(statistics.rows));
  return 0;
}

}  // namespace
}  // namespace octopoll

int main(int count, char** arguments) {
  octopoll::Load load;
  if (count < 2) {
    fmt::print(stderr, "path_bench FILE [DEVICES [ROWS [CYCLES [BATCH]]]]\n");
    return 2;
  }
  load.file = arguments[1];
  std::size_t* const numbers[] = {&load.devices, &load.rows, &load.cycles, &load.batch};
  for (int at = 2; at < count && at < 6; ++at) *numbers[at - 2] = std::strtoull(arguments[at], nullptr, 10);
  return octopoll::run(load);
}
