#pragma once

#include <mutex>
#include <utility>

namespace octopoll {

/// Data that lives inside its lock: there is no way to it but `with`.
template <class T>
class Guarded {
 public:
  Guarded() = default;
  explicit Guarded(T value) : value_(std::move(value)) {}

  template <class F>
  auto with(F&& f) {
    const std::lock_guard lock(mutex_);
    return std::forward<F>(f)(value_);
  }

 private:
  std::mutex mutex_;
  T value_{};
};

}  // namespace octopoll
