#pragma once
// What few of many have.

#include <memory>
#include <optional>
#include <utility>

namespace octopoll {

/// Of which a copy of its owner has a copy: a place for what is only there now and then, of the size of a pointer.
/// Shape: as std::unique_ptr. Thread: as T.
template <class T>
struct OwnCopy : std::unique_ptr<T> {
  OwnCopy() = default;
  OwnCopy(const OwnCopy& other) : std::unique_ptr<T>(other ? std::make_unique<T>(*other) : nullptr) {}
  OwnCopy(OwnCopy&&) noexcept = default;
  explicit OwnCopy(std::optional<T> value) : std::unique_ptr<T>(value ? new T(std::move(*value)) : nullptr) {}
  OwnCopy& operator=(OwnCopy other) noexcept {
    this->swap(other);
    return *this;
  }
  ~OwnCopy() = default;

  template <class... Arguments>
  T& emplace(Arguments&&... arguments) {
    this->reset(new T(std::forward<Arguments>(arguments)...));
    return **this;
  }
  /// Nothing is equal to nothing.
  friend bool operator==(const OwnCopy& a, const OwnCopy& b) { return a && b ? *a == *b : !a && !b; }
  [[nodiscard]] std::optional<T> value() const { return *this ? std::optional(**this) : std::nullopt; }
};

}  // namespace octopoll
