#pragma once
// The parser's input, which ends where the parser reads too far ahead.

#include <cstddef>
#include <cstdint>
#include <streambuf>
#include <string_view>

namespace octopoll::config {

/// Feeds yaml-cpp piece by piece. Its scanner keeps all tokens of an outermost `[` or `{` that stands where a key
/// could, at some 200 octets each: a few million brackets take a gigabyte before the first event. So whoever gets the
/// events calls progress(), and the input ends early when too much was read without one.
class BoundedInput final : public std::streambuf {
 public:
  explicit BoundedInput(std::string_view text) : text_(text) {}

  void progress() noexcept {
    since_progress_ = 0;
    open_brackets_ = 0;
  }
  /// Why the input ended before its end, if it did.
  enum class Stopped : std::uint8_t { no, too_deep, too_long };
  [[nodiscard]] Stopped stopped() const noexcept { return stopped_; }
  /// Octets handed out.
  [[nodiscard]] std::size_t position() const noexcept { return next_; }

  static constexpr std::size_t furthest = std::size_t{8} * 1024 * 1024;

 private:
  // Far above any nesting that is accepted, for quoted text and comments may hold brackets too.
  static constexpr std::size_t most_open_brackets = 4096;

  int_type underflow() override;

  std::string_view text_;
  std::size_t next_ = 0;
  std::size_t since_progress_ = 0;
  std::size_t open_brackets_ = 0;
  Stopped stopped_ = Stopped::no;
  char chunk_[2048] = {};
};

}  // namespace octopoll::config
