#include "octopoll/core/clock.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace octopoll {

BootClock::time_point BootClock::now() noexcept {
  timespec ts{};
  clock_gettime(CLOCK_BOOTTIME, &ts);
  return time_point(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
}

std::string boot_name() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string name;
  if (!std::getline(file, name) || name.empty()) return {};
  std::error_code missing;  // kernels before 5.6 have one clock for all
  const auto space = std::filesystem::read_symlink("/proc/self/ns/time", missing);
  return missing ? name : name + " " + space.string();
}

WallTime wall_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

}  // namespace octopoll
