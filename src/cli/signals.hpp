#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll::cli {

/// Turns signals into calls on the loop's thread (signalfd). They are blocked for the process, so this is made before
/// any other thread, which inherits the mask. Destroying it leaves them blocked: at the end of main nobody wants them
/// back.
class Signals {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Signals>> watch(EventLoop& loop, std::initializer_list<int> numbers,
                                                              std::function<void(int number)> on_signal);
  ~Signals();
  /// Keeps them for a watch() that comes later; before the first thread.
  static void block(std::initializer_list<int> numbers);
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

 private:
  Signals(EventLoop& loop, Fd fd) : loop_(loop), fd_(std::move(fd)) {}
  EventLoop& loop_;
  Fd fd_;
};

}  // namespace octopoll::cli
