#pragma once
// What is logged while somebody listens.

#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <sstream>
#include <string>
#include <vector>

#include "octopoll/core/fd.hpp"

namespace octopoll::test {

/// Catches stderr as long as it lives. Shape: one at a time in a process.
class Heard {
 public:
  Heard() : file_(::memfd_create("log", MFD_CLOEXEC)), stderr_(::dup(STDERR_FILENO)) {
    ::dup2(file_.get(), STDERR_FILENO);
  }
  ~Heard() { ::dup2(stderr_.get(), STDERR_FILENO); }
  Heard(const Heard&) = delete;
  Heard& operator=(const Heard&) = delete;

  /// Lines with that text.
  [[nodiscard]] std::vector<std::string> lines(const std::string& wanted) const {
    std::array<char, 65'536> all{};
    const auto size = ::pread(file_.get(), all.data(), all.size(), 0);
    std::istringstream said(std::string(all.data(), size > 0 ? static_cast<std::size_t>(size) : 0));
    std::vector<std::string> found;
    for (std::string line; std::getline(said, line);) {
      if (line.find(wanted) != std::string::npos) found.push_back(line);
    }
    return found;
  }
  [[nodiscard]] int count(const std::string& wanted) const { return static_cast<int>(lines(wanted).size()); }

 private:
  Fd file_, stderr_;
};

}  // namespace octopoll::test
