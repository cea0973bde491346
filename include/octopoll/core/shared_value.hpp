#pragma once
// What many have alike.

#include <memory>
#include <utility>

namespace octopoll {

/// A value that copies share, for as long as none of them changes it.
/// Shape:  as std::shared_ptr, never null: a default one is a default T and takes no memory. Whoever is last frees it.
/// Thread: handles as T; what they share is never written to.
template <class T>
class SharedValue {
 public:
  SharedValue() noexcept = default;
  // NOLINTNEXTLINE(google-explicit-constructor): a value is one that nobody shares yet
  SharedValue(T value) : value_(std::make_shared<T>(std::move(value))) {}

  [[nodiscard]] const T& operator*() const noexcept { return value_ ? *value_ : nothing(); }
  [[nodiscard]] const T* operator->() const noexcept { return &**this; }
  /// Gives this one a value of its own, with what it had: to be written to before the handle is copied again.
  [[nodiscard]] T& own() {
    value_ = std::make_shared<T>(**this);
    return *value_;
  }

  [[nodiscard]] bool same_block(const SharedValue& other) const noexcept { return value_ == other.value_; }
  /// A glance where both share it.
  friend bool operator==(const SharedValue& a, const SharedValue& b) { return a.same_block(b) || *a == *b; }

 private:
  [[nodiscard]] static const T& nothing() noexcept {
    static const T value{};
    return value;
  }

  std::shared_ptr<T> value_;
};

}  // namespace octopoll
