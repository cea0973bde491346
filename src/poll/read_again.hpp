#pragma once
// When tables that could not be read, or cannot be all there is, are read again.

#include <algorithm>

namespace octopoll::poll {

/// With the next cycle, then after 2, 4, 8... of them: a fault that passes is over soon, and one that stays costs
/// little.
///
/// Shape: value type. Unit: cycles of one device.
class ReadAgain {
 public:
  /// A read settled nothing. `unit`: cycles that the first pause lasts, 1 or more; `most`: that any may last.
  void put_off(unsigned unit, unsigned most) noexcept {
    const unsigned doublings = std::min(reads_, 10U);
    wait_ = std::min(unit << doublings, std::max(most, 1U)) - 1;
    ++reads_;
  }
  /// A cycle begins: true while it is not yet the one to read in.
  [[nodiscard]] bool must_wait() noexcept {
    if (wait_ == 0) return false;
    --wait_;
    return true;
  }
  /// Something has changed: what was put off is to be tried now.
  void now() noexcept { wait_ = 0; }
  void settled() noexcept { reads_ = wait_ = 0; }

  [[nodiscard]] bool waiting() const noexcept { return wait_ > 0; }
  /// Reads in a row that settled nothing.
  [[nodiscard]] unsigned reads() const noexcept { return reads_; }

 private:
  unsigned reads_ = 0;
  unsigned wait_ = 0;  ///< cycles that pass without a read
};

}  // namespace octopoll::poll
