#pragma once
// The numbers of one lane of a block: how they are counted, and what is foreseen of them. Pure. Thread: any. Source:
// sealed_block.hpp says how both stand in a block.

#include <bit>
#include <cstdint>
#include <span>

namespace octopoll::store {

enum class Prediction : std::uint8_t { base = 0, last = 1, trend = 2, other = 3, same = 4 };

/// It needs the number beside it in another column.
[[nodiscard]] constexpr bool goes_by_other(Prediction prediction) noexcept {
  return prediction == Prediction::other || prediction == Prediction::same;
}

[[nodiscard]] constexpr std::uint64_t zig_zag(std::uint64_t difference) noexcept {
  return difference << 1U ^ (0 - (difference >> 63U));
}
[[nodiscard]] constexpr std::uint64_t un_zig_zag(std::uint64_t number) noexcept {
  return number >> 1U ^ (0 - (number & 1U));
}

/// How large a number is, by its two highest bits, and how many bits are below those.
[[nodiscard]] constexpr std::uint8_t size_of(std::uint64_t number) noexcept {
  if (number < 4) return static_cast<std::uint8_t>(number);
  const auto highest = static_cast<unsigned>(std::bit_width(number)) - 1;
  return static_cast<std::uint8_t>(2 * highest + (number >> (highest - 1) & 1U));
}
[[nodiscard]] constexpr unsigned bits_below(std::uint8_t size) noexcept { return size < 4 ? 0 : size / 2U - 1; }
inline constexpr std::uint8_t largest_size = 127;

/// How a lane counts: one by one, in steps, or by so many significant bits. A number that the lane can have and its
/// count are one to one; of any other number the count is one nearby. Both are defined for all 64-bit numbers, as
/// forged blocks bring them.
class LaneScale {
 public:
  constexpr LaneScale() noexcept = default;
  /// Multiples of `step`, which is 2 or more, of both signs.
  [[nodiscard]] static constexpr LaneScale of_steps(std::uint64_t step) noexcept { return {step, 0}; }
  /// Numbers with at most so many bits between their highest and their lowest that is set, 1 to 63.
  [[nodiscard]] static constexpr LaneScale of_significant(std::uint8_t bits) noexcept { return {1, bits}; }
  /// The one that makes the least of them.
  [[nodiscard]] static LaneScale of(std::span<const std::uint64_t> numbers) noexcept;

  [[nodiscard]] constexpr std::uint64_t step() const noexcept { return step_; }        ///< 1: none
  [[nodiscard]] constexpr std::uint8_t significant() const noexcept { return bits_; }  ///< 0: all

  [[nodiscard]] constexpr std::uint64_t count_of(std::uint64_t number) const noexcept {
    if (bits_ != 0) {
      if (number >> bits_ == 0) return number;
      const unsigned below = static_cast<unsigned>(std::bit_width(number)) - bits_;
      return (std::uint64_t{below} << (bits_ - 1U)) + (number >> below);
    }
    if (step_ == 1) return number;
    const std::uint64_t size = is_negative(number) ? 0 - number : number;
    return is_negative(number) ? 0 - size / step_ : size / step_;
  }
  [[nodiscard]] constexpr std::uint64_t number_of(std::uint64_t count) const noexcept {
    if (bits_ == 0) return count * step_;
    if (count >> bits_ == 0) return count;
    const std::uint64_t below = (count >> (bits_ - 1U)) - 1;
    return below < 64 ? (count - (below << (bits_ - 1U))) << below : 0;
  }

 private:
  constexpr LaneScale(std::uint64_t step, std::uint8_t bits) noexcept : step_(step), bits_(bits) {}
  [[nodiscard]] static constexpr bool is_negative(std::uint64_t number) noexcept { return number >> 63U != 0; }

  std::uint64_t step_ = 1;
  std::uint8_t bits_ = 0;
};

/// What is foreseen of a lane's counts, one after another.
class Predictor {
 public:
  Predictor(Prediction prediction, const LaneScale& scale, std::uint64_t base) noexcept
      : prediction_(prediction), scale_(scale), base_(base), last_(base) {}

  /// `other`: the number beside it in the column that it goes with.
  [[nodiscard]] std::uint64_t next(std::uint64_t other) const noexcept {
    switch (prediction_) {
      case Prediction::base:
        return base_;
      case Prediction::last:
        return last_;
      case Prediction::trend:
        return last_ + step_;
      case Prediction::other:
        return scale_.count_of(times_ratio(other));
      case Prediction::same:
        return scale_.count_of(other);
    }
    return 0;
  }
  /// How far off it may be goes with this.
  [[nodiscard]] std::uint8_t scale(std::uint64_t predicted) const noexcept {
    return size_of(goes_by_other(prediction_) ? predicted : last_);
  }
  void learn(std::uint64_t count, std::uint64_t other) noexcept {
    step_ = count - last_;
    last_ = count;
    if (prediction_ != Prediction::other || other == 0) return;
    const double now = static_cast<double>(scale_.number_of(count)) / static_cast<double>(other);
    ratio_ = known_ ? ratio_ + (now - ratio_) * 0.25 : now;
    known_ = true;
  }
  [[nodiscard]] std::uint64_t difference(std::uint64_t count, std::uint64_t predicted) const noexcept {
    return prediction_ == Prediction::base ? count - predicted : zig_zag(count - predicted);
  }
  [[nodiscard]] std::uint64_t count(std::uint64_t difference, std::uint64_t predicted) const noexcept {
    return predicted + (prediction_ == Prediction::base ? difference : un_zig_zag(difference));
  }

 private:
  // Each step is rounded the same way by any IEEE arithmetic, also where a compiler joins a product and a sum: a
  // quarter of a number is exact.
  [[nodiscard]] std::uint64_t times_ratio(std::uint64_t other) const noexcept {
    constexpr double end = 9223372036854775808.0;
    const double product = static_cast<double>(other) * ratio_;
    return product < end ? static_cast<std::uint64_t>(product) : 0;
  }

  Prediction prediction_;
  LaneScale scale_;
  std::uint64_t base_, last_, step_ = 0;
  double ratio_ = 0.0;
  bool known_ = false;
};

}  // namespace octopoll::store
