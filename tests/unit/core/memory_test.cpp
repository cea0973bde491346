#include "octopoll/core/memory.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "octopoll/core/fd.hpp"

namespace octopoll::test {
namespace {

std::size_t resident_octets() {
  std::size_t size = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> size >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Pages of files that this process has mapped and may use without a fault (proc(5), RssFile).
std::size_t resident_of_files_kb() {
  std::ifstream status("/proc/self/status");
  std::string word;
  std::size_t kb = 0;
  while (status >> word && word != "RssFile:") {
  }
  status >> kb;
  return kb;
}

TEST_CASE("code that was used is given back, and is there when it is used again") {
  static const std::string* const relocated = new std::string("as it was");
  const std::size_t before = resident_of_files_kb();
  give_back_memory();
  const std::size_t after = resident_of_files_kb();
  CAPTURE(before, after);
  CHECK(after < before / 4 * 3);
  CHECK(*relocated == "as it was");
}

/// Beside the code in the file, on a page of its own.
alignas(4096) constexpr std::array<unsigned char, 4096> constants{1, 2, 3};

TEST_CASE("a page of code or constants that was written to stays as it is") {
  // As a debugger does that sets a breakpoint: the page becomes this process's own.
  const volatile unsigned char& octet = constants[1];
  REQUIRE(octet == 2);
  const Fd memory(::open("/proc/self/mem", O_RDWR | O_CLOEXEC));
  const unsigned char changed = 7;
  REQUIRE(::pwrite(memory.get(), &changed, 1, static_cast<off_t>(reinterpret_cast<std::uintptr_t>(&octet))) == 1);
  REQUIRE(octet == changed);
  give_back_memory();
  CHECK(octet == changed);
  CHECK(constants[2] == 3);
}

TEST_CASE("what was freed below something that stays is given back") {
  constexpr std::size_t block = 1024, blocks = 64 * 1024;
  std::vector<std::unique_ptr<char[]>> held;
  for (std::size_t i = 0; i < blocks; ++i) {
    held.push_back(std::make_unique<char[]>(block));
    std::memset(held.back().get(), 1, block);
  }
  const auto last = std::move(held.back());
  held.clear();
  [[maybe_unused]] const std::size_t before = resident_octets();
  give_back_memory();
// A sanitizer's allocator has its own ways.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  CHECK(resident_octets() + block * blocks / 2 < before);
#endif
  CHECK(last[0] == 1);
}

}  // namespace
}  // namespace octopoll::test
