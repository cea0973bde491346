#pragma once
// The counters that octopoll reads of every interface, spelled once.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace octopoll {

/// One counter of an interface. Source: RFC 2863, ifTable (32 bits) and ifXTable (64 bits); the 64-bit column speaks
/// where the row has it, each counter by itself. `*_nucast_pkts` exist in ifTable alone (deprecated there, and the
/// only count of multicast and broadcast that agents without ifXTable have). `in_unknown_protos` has no outbound twin.
enum class Counter : std::uint8_t {
  in_octets,
  out_octets,
  in_ucast_pkts,
  out_ucast_pkts,
  in_multicast_pkts,
  out_multicast_pkts,
  in_broadcast_pkts,
  out_broadcast_pkts,
  in_errors,
  out_errors,
  in_discards,
  out_discards,
  in_unknown_protos,
};
inline constexpr std::size_t counter_count = 13;

/// An array with one place a counter: `per[Counter::in_octets]`.
template <class T>
struct PerCounter {
  std::array<T, counter_count> items{};
  constexpr T& operator[](Counter c) noexcept { return items[static_cast<std::size_t>(c)]; }
  constexpr const T& operator[](Counter c) const noexcept { return items[static_cast<std::size_t>(c)]; }
  friend bool operator==(const PerCounter&, const PerCounter&) = default;
};

[[nodiscard]] constexpr std::array<Counter, counter_count> all_counters() noexcept {
  std::array<Counter, counter_count> all{};
  for (std::size_t i = 0; i < counter_count; ++i) all[i] = static_cast<Counter>(i);
  return all;
}
/// Of sets that have a bit a counter.
[[nodiscard]] constexpr std::uint32_t bit_of(Counter counter) noexcept {
  return std::uint32_t{1} << static_cast<unsigned>(counter);
}
static_assert(counter_count <= 16);
[[nodiscard]] constexpr bool counts_octets(Counter c) noexcept {
  return c == Counter::in_octets || c == Counter::out_octets;
}
/// "in_octets" and so on, as in the store and in JSON.
[[nodiscard]] std::string_view to_string(Counter counter) noexcept;

/// Some of the counters; octets are always among them. Default: all.
class CounterSet {
 public:
  constexpr CounterSet() noexcept = default;
  [[nodiscard]] static constexpr CounterSet octets() noexcept {
    CounterSet set;
    set.bits_ = bit_of(Counter::in_octets) | bit_of(Counter::out_octets);
    return set;
  }
  constexpr void add(Counter counter) noexcept { bits_ |= bit_of(counter); }
  [[nodiscard]] constexpr bool contains(Counter counter) const noexcept { return (bits_ & bit_of(counter)) != 0; }
  friend constexpr bool operator==(const CounterSet&, const CounterSet&) = default;

 private:
  std::uint32_t bits_ = (std::uint32_t{1} << counter_count) - 1;
};

/// One raw reading. Unit: what the counter counts. `bits` is the width that came over the wire (32 or 64): a Counter32
/// in a 64-bit column wraps at 2^32 whatever the column is called.
struct CounterReading {
  std::uint64_t value = 0;
  std::uint8_t bits = 0;  ///< 0: the agent has no such counter for this row
  [[nodiscard]] constexpr bool present() const noexcept { return bits != 0; }
  friend bool operator==(const CounterReading&, const CounterReading&) = default;
};

/// Those of all counters of one row, in half of what as many CounterReading take.
class RowReadings {
 public:
  [[nodiscard]] constexpr CounterReading operator[](Counter counter) const noexcept {
    if ((present_ & bit_of(counter)) == 0) return {};
    return {values_[counter], static_cast<std::uint8_t>((wide_ & bit_of(counter)) != 0 ? 64 : 32)};
  }
  constexpr void set(Counter counter, const CounterReading& reading) noexcept {
    values_[counter] = reading.present() ? reading.value : 0;
    present_ = with(present_, counter, reading.present());
    wide_ = with(wide_, counter, reading.bits == 64);
  }
  friend bool operator==(const RowReadings&, const RowReadings&) = default;

  // All of them at once. Of those that are not there the value is 0.
  [[nodiscard]] constexpr const PerCounter<std::uint64_t>& values() const noexcept { return values_; }
  [[nodiscard]] constexpr std::uint16_t present() const noexcept { return present_; }  ///< a bit a counter
  [[nodiscard]] constexpr std::uint16_t wide() const noexcept { return wide_; }        ///< those of 64 bits

 private:
  static constexpr std::uint16_t with(std::uint16_t bits, Counter counter, bool set) noexcept {
    return static_cast<std::uint16_t>(set ? bits | bit_of(counter) : bits & ~bit_of(counter));
  }

  PerCounter<std::uint64_t> values_;
  std::uint16_t present_ = 0;
  std::uint16_t wide_ = 0;
};

}  // namespace octopoll
