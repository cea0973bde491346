#include "support/binaries.hpp"

#include <stdexcept>
#include <string>

namespace octopoll::test {
namespace {

std::filesystem::path built(const std::string& program, const std::string& target) {
  std::filesystem::path path = std::filesystem::path(OCTOPOLL_BINARY_DIR) / program;
  if (!std::filesystem::exists(path)) {
    throw std::runtime_error(path.string() + " is not built; build the target " + target);
  }
  return path;
}

}  // namespace

std::filesystem::path octopoll_binary() { return built("octopoll", "octopoll"); }
std::filesystem::path fleet_binary() { return built("octopoll-fleet", "octopoll_fleet"); }
std::filesystem::path test_data() { return OCTOPOLL_TEST_DATA; }

}  // namespace octopoll::test
