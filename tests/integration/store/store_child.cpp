// What the store's tests do in another process: be killed while writing, run out of disk, have no rights.
//
//   store_child [--nobody] write STORE    writes cycles of three devices as fast as it can; prints "DEVICE POLL_NUMBER"
//                                         of each after its commit
//   store_child seal STORE                the same, each cycle half an hour after the one before, so that old ones are
//                                         sealed
//   store_child seal-polls STORE          likewise, where samples are kept for two days, so that polls are sealed
//
//   store_child [--nobody] open STORE     opens for writing; prints "ok", or the error and exits 1
//
//   store_child [--nobody] read STORE     opens for reading; prints the number of devices, or the error and exits 1
//
//   store_child fill DIRECTORY            fills a small file system of its own mounted there; see fill()
//
// --nobody: first gives up root's rights, where it has them. Exit 77: the system does not let us do this.

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
#include "unit/store/make_record.hpp"

namespace {

using namespace octopoll;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int not_permitted = 77;
constexpr uid_t nobody = 65534;

enum class Seals : std::uint8_t { nothing, rows, polls };
int write_without_end(const fs::path& store, Seals seals);
int open_for_writing(const fs::path& store);
int open_for_reading(const fs::path& store);
int fill(const fs::path& directory);
bool become_nobody();
DeviceCycle cycle_of(const std::string& device, std::uint64_t number);

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "--nobody") {
    if (!become_nobody()) return not_permitted;
    words.erase(words.begin());
  }
  if (words.size() != 2) return 2;
  if (words[0] == "write") return write_without_end(words[1], Seals::nothing);
  if (words[0] == "seal") return write_without_end(words[1], Seals::rows);
  if (words[0] == "seal-polls") return write_without_end(words[1], Seals::polls);
  if (words[0] == "open") return open_for_writing(words[1]);
  if (words[0] == "read") return open_for_reading(words[1]);
  if (words[0] == "fill") return fill(words[1]);
  return 2;
}

namespace {

void say(const std::string& line) {
  const std::string text = line + '\n';
  // One write(2) a line: whoever kills us reads whole lines.
  if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::perror("store_child");
}

int failed(const Error& error) {
  say(error.text());
  return 1;
}

int write_without_end(const fs::path& store, Seals seals) {
  store::WriterOptions options;
  if (seals != Seals::nothing) options.retention = {std::nullopt, std::nullopt, std::nullopt, std::nullopt};
  if (seals == Seals::polls) options.retention.samples = 48h;
  options.backlog = 1000;
  options.batch = 35;
  options.commit_interval = 1ms;
  options.on_commit = [](std::span<const RecordPtr> stored) {
    std::string lines;
    for (const RecordPtr& record : stored) {
      const auto& cycle = std::get<DeviceCycle>(*record);
      lines += fmt::format("{} {}\n", cycle.device, cycle.poll_number);
    }
    lines.pop_back();
    say(lines);
  };
  auto writer = store::Writer::open(store, options);
  if (!writer) return failed(writer.error());

  std::map<std::string, std::uint64_t> numbers = (*writer)->last_poll_numbers();
  for (;;) {
    for (const char* device : {"sw1", "sw2", "sw3"}) {
      DeviceCycle cycle = cycle_of(device, ++numbers[device]);
      if (seals != Seals::nothing) cycle.started_at = test::noon + cycle.poll_number * 30min;
      (*writer)->take(test::share(std::move(cycle)));
    }
    while ((*writer)->statistics().backlog > 32) std::this_thread::sleep_for(1ms);
  }
}

int open_for_writing(const fs::path& store) {
  const auto writer = store::Writer::open(store);
  if (!writer) return failed(writer.error());
  say("ok");
  return 0;
}

int open_for_reading(const fs::path& store) {
  const auto reader = store::Reader::open(store);
  if (!reader) return failed(reader.error());
  const auto devices = (*reader)->devices();
  if (!devices) return failed(devices.error());
  say(fmt::format("{}", devices->size()));
  return 0;
}

bool mount_small_file_system(const fs::path& directory) {
  const uid_t user = ::geteuid();
  if (user != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
    std::ofstream("/proc/self/uid_map") << fmt::format("0 {} 1", user);
  } else if (::unshare(CLONE_NEWNS) != 0) {
    return false;
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  return ::mount("octopoll-test", directory.c_str(), "tmpfs", 0, "size=2m") == 0;
}

bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 6000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

// Writes until a disk of 2 MiB, mostly taken by another file, is full; frees it; writes the rest. Prints a line for
// each step that it saw, and at the end what is in the file: nobody outside can see this mount.
int fill(const fs::path& directory) {
  if (!mount_small_file_system(directory)) return not_permitted;
  const fs::path ballast = directory / "ballast";
  {
    std::ofstream file(ballast, std::ios::binary);
    file << std::string(1'500'000, 'x');
  }
  store::WriterOptions options;
  options.commit_interval = 1ms;
  options.retry_first = 20ms;
  options.retry_most = 100ms;
  auto writer = store::Writer::open(directory / "x.db", options);
  if (!writer) return failed(writer.error());

  std::uint64_t taken = 0;
  // Each from a device of its own, so that what is undone has ids that must not be used again.
  const auto take_one = [&] { (*writer)->take(test::share(cycle_of(fmt::format("sw{}", ++taken), 1))); };
  for (int i = 0; i < 3000 && !(*writer)->statistics().failing; ++i) {
    take_one();
    std::this_thread::sleep_for(1ms);
  }
  if (!wait_for([&] { return (*writer)->statistics().failures >= 3; })) return 1;
  say("failing");
  for (int i = 0; i < 20; ++i) take_one();
  fs::remove(ballast);
  if (!wait_for([&] { return !(*writer)->statistics().failing && (*writer)->statistics().backlog == 0; })) return 1;
  say("resumed");
  const store::WriterStatistics end = (*writer)->close();
  say(fmt::format("stored {} of {}, dropped {}", end.records, taken, end.dropped));
  writer->reset();
  auto database = store::Database::open(directory / "x.db", store::Database::Access::read_only);
  if (!database) return failed(database.error());
  say(fmt::format("integrity {}, cycles {}", database->text("PRAGMA integrity_check").value_or("unknown"),
                  database->integer("SELECT count(*) FROM polls").value_or(-1)));
  return 0;
}

bool become_nobody() {
  if (::geteuid() != 0) return true;
  return ::setgroups(0, nullptr) == 0 && ::setgid(nobody) == 0 && ::setuid(nobody) == 0;
}

DeviceCycle cycle_of(const std::string& device, std::uint64_t number) {
  std::vector<InterfaceRecord> rows;
  for (std::uint32_t index = 1; index <= 5; ++index) {
    rows.push_back(test::make_row({.name = fmt::format("eth{}", index), .if_index = index, .in_octets = number}));
  }
  return test::make_cycle(device, number, wall_now(), std::move(rows));
}

}  // namespace
