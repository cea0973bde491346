#pragma once
// What is wrong in a file, gathered while it is read.

#include <compare>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// A place in the file: 1-based line, and 1-based column in octets (Problems turns it into characters).
struct Place {
  int line = 1;
  int column = 1;
  friend auto operator<=>(const Place&, const Place&) = default;
};

/// A value and where it was written.
template <class T>
struct Placed {
  T value{};
  Place place;
};

/// Collects problems in any order and hands them out by line.
///
/// Messages are made printable on the way out: they quote the file, and an escape such as "\x1b" in it must not reach a
/// terminal.
class Problems {
 public:
  void add(Place place, std::string message, std::string remedy = {});
  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] std::size_t count() const noexcept { return items_.size(); }
  /// Ordered by place. What is said twice of one place is said once: an aliased value is read wherever it is used.
  [[nodiscard]] std::vector<Problem> take(const std::string& file, std::string_view text);

 private:
  struct Item {
    Place place;
    std::string message;
    std::string remedy;
  };
  std::vector<Item> items_;
};

/// "`text`" for a message, shortened where it is long.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace octopoll::config
