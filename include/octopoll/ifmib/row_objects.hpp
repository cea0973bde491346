#pragma once
// Which objects of a row are asked for every cycle, and where they are found.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "octopoll/ifmib/row_layout.hpp"

namespace octopoll::ifmib {

/// A row's layout, and what few rows have beside it. Shape: 8 octets, and a block where there is something odd.
/// Thread: any, one at a time.
class RowObjects {
 public:
  struct Odd {
    std::uint32_t x_index = 0;  ///< of its row in ifXTable: some agents number it otherwise
    std::string name;           ///< the cell that names the row, where it is not what is shown of it; else empty
  };

  RowObjects() noexcept = default;
  explicit RowObjects(RowLayout::Handle layout, std::optional<Odd> odd = std::nullopt);
  RowObjects(const RowObjects& other);
  RowObjects(RowObjects&& other) noexcept : place_(std::exchange(other.place_, 0)) {}
  RowObjects& operator=(RowObjects other) noexcept {
    std::swap(place_, other.place_);
    return *this;
  }
  ~RowObjects();

  /// nullptr in a default one.
  [[nodiscard]] const RowLayout* layout() const noexcept {
    return is_odd() ? odd_row()->layout.get() : reinterpret_cast<const RowLayout*>(place_);
  }
  void set_layout(RowLayout::Handle layout);
  /// nullptr where nothing is.
  [[nodiscard]] const Odd* odd() const noexcept { return is_odd() ? &odd_row()->odd : nullptr; }

 private:
  struct OddRow {
    RowLayout::Handle layout;
    Odd odd;
  };
  [[nodiscard]] bool is_odd() const noexcept { return (place_ & odd_bit) != 0; }
  [[nodiscard]] OddRow* odd_row() const noexcept { return reinterpret_cast<OddRow*>(place_ & ~odd_bit); }

  static constexpr std::uintptr_t odd_bit = 1;  // blocks begin at even addresses
  std::uintptr_t place_ = 0;                    // of a layout, by one handle, or with that bit of an OddRow
};

}  // namespace octopoll::ifmib
