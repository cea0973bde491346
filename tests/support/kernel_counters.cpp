#include "support/kernel_counters.hpp"

#include <array>
#include <sstream>
#include <stdexcept>

#include "support/temp_dir.hpp"

namespace octopoll::test {
namespace {

std::map<std::string, KernelCounters> parse(const std::string& table);

}  // namespace

// The calling thread's own table: /proc/net and /proc/self/net are those of the process's first thread.
std::map<std::string, KernelCounters> kernel_counters() { return parse(read_file("/proc/thread-self/net/dev")); }

std::map<std::string, KernelCounters> kernel_counters(const Netns& space) {
  std::map<std::string, KernelCounters> counters;
  space.call([&] { counters = kernel_counters(); });
  return counters;
}

namespace {

std::map<std::string, KernelCounters> parse(const std::string& table) {
  std::map<std::string, KernelCounters> result;
  std::istringstream lines(table);
  std::string line;
  for (int number = 1; std::getline(lines, line); ++number) {
    if (number <= 2) continue;  // the headings
    const auto colon = line.find(':');
    if (colon == std::string::npos) throw std::runtime_error("/proc/net/dev: no colon in: " + line);
    const std::string name = line.substr(line.find_first_not_of(' '), colon - line.find_first_not_of(' '));
    std::istringstream fields(line.substr(colon + 1));
    std::array<std::uint64_t, 16> v{};
    for (auto& field : v) {
      if (!(fields >> field)) throw std::runtime_error("/proc/net/dev: sixteen numbers expected in: " + line);
    }
    result[name] = {v[0], v[1], v[2], v[3], v[7], v[8], v[9], v[10], v[11]};
  }
  return result;
}

}  // namespace
}  // namespace octopoll::test
