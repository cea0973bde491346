#pragma once
// How far long work has come, on a terminal.

#include <unistd.h>

#include <iostream>
#include <string>

#include "octopoll/core/clock.hpp"

namespace octopoll::cli {

/// One line on stderr that is overwritten and gone at the end; nothing in a pipe.
class ProgressLine {
 public:
  ProgressLine() : wanted_(::isatty(STDERR_FILENO) == 1) {}
  ~ProgressLine() {
    if (shown_at_ != BootTime()) std::cerr << "\r\033[K" << std::flush;
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  /// Draws at most ten times a second; `text` is called only then.
  template <class MakeText>
  void show(MakeText text) {
    if (!wanted_) return;
    const BootTime now = BootClock::now();
    if (shown_at_ != BootTime() && now - shown_at_ < std::chrono::milliseconds(100)) return;
    shown_at_ = now;
    std::cerr << "\r\033[K" << std::string(text()) << std::flush;
  }

 private:
  bool wanted_;
  BootTime shown_at_{};
};

}  // namespace octopoll::cli
