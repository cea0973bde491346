#pragma once
// The names of SNMP: sequences of numbers.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/result.hpp"

namespace octopoll::snmp {

/// An object identifier, or a part of one (the index of a row is an Oid too).
///
/// Shape:  value type; at most max_length numbers of 32 bits. Order is lexicographic, which is the order of a walk
///         (RFC 3416 section 4.2.2): a prefix comes before all that it names.
/// Errors: parse() returns them; the other makers throw std::length_error above max_length, for what comes off the
///         wire is measured when it is decoded.
/// Thread: any.
/// Source: RFC 2578 section 3.5 (128 numbers, each at most 2^32-1).
class Oid {
 public:
  static constexpr std::size_t max_length = 128;

  Oid() = default;
  Oid(std::initializer_list<std::uint32_t> numbers) : Oid(std::span(numbers.begin(), numbers.size())) {}
  explicit Oid(std::span<const std::uint32_t> numbers);

  /// "1.3.6.1" or ".1.3.6.1": decimal numbers alone, for names see Names::resolve.
  /// Errors: usage, with the number that is wrong: not decimal, missing between dots, above 2^32-1, or one too many.
  [[nodiscard]] static Result<Oid> parse(std::string_view text);
  /// "1.3.6.1", without a leading dot; parse() reads it back. Empty for the empty Oid.
  [[nodiscard]] std::string to_string() const;

  [[nodiscard]] bool empty() const noexcept { return numbers_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return numbers_.size(); }
  [[nodiscard]] std::uint32_t operator[](std::size_t at) const noexcept { return numbers_[at]; }
  [[nodiscard]] std::uint32_t back() const noexcept { return numbers_.back(); }
  [[nodiscard]] auto begin() const noexcept { return numbers_.begin(); }
  [[nodiscard]] auto end() const noexcept { return numbers_.end(); }
  [[nodiscard]] const std::uint32_t* data() const noexcept { return numbers_.data(); }
  [[nodiscard]] std::span<const std::uint32_t> numbers() const noexcept { return numbers_; }

  /// True if this is `prefix` or lies below it; all begin with the empty Oid.
  [[nodiscard]] bool starts_with(const Oid& prefix) const noexcept;
  /// What follows the first `length` numbers, for example a row's index after its column; empty where nothing does.
  [[nodiscard]] Oid after(std::size_t length) const;
  /// This with more behind it: a column's instance, a table's column.
  [[nodiscard]] Oid child(std::uint32_t number) const;
  [[nodiscard]] Oid operator+(const Oid& tail) const;

  friend bool operator==(const Oid&, const Oid&) = default;
  friend std::strong_ordering operator<=>(const Oid& a, const Oid& b) noexcept;

 private:
  void append(std::span<const std::uint32_t> numbers);

  std::vector<std::uint32_t> numbers_;
};

/// sysUpTime.0 (RFC 3418 section 2).
[[nodiscard]] const Oid& sys_up_time();

}  // namespace octopoll::snmp

template <>
struct std::hash<octopoll::snmp::Oid> {
  [[nodiscard]] std::size_t operator()(const octopoll::snmp::Oid& oid) const noexcept;
};
