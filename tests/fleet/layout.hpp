#pragma once
// Which instances a device has, in order: what GETNEXT walks.

#include <cstdint>
#include <optional>
#include <vector>

#include "fleet/ber.hpp"
#include "fleet/mib.hpp"
#include "fleet/oid.hpp"

namespace fleet {

/// Where a model finds the value of an instance: which object, which of its rows (or which recorded value).
struct Slot {
  Object object = Object::other;
  std::uint32_t row = 0;
};

/// Sorted names with their encodings, made once. Immutable, so that thousands of like devices share one.
/// Cost: a look-up is O(log n); stepping to the next one is O(1).
class Layout {
 public:
  struct Instance {
    Oid name;
    Slot slot;
  };
  /// Sorts them. Errors: std::invalid_argument naming an OID that is there twice.
  explicit Layout(std::vector<Instance> instances);

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] OidView name(std::size_t i) const noexcept {
    return OidView(numbers_).subspan(entries_[i].name_at, entries_[i].name_size);
  }
  /// The name's whole element.
  [[nodiscard]] Octets encoded_name(std::size_t i) const noexcept {
    return Octets(octets_).subspan(entries_[i].encoded_at, entries_[i].encoded_size);
  }
  [[nodiscard]] Slot slot(std::size_t i) const noexcept { return entries_[i].slot; }

  [[nodiscard]] std::optional<std::size_t> find(OidView name) const noexcept;
  /// The first that comes after `name`; size() when there is none.
  [[nodiscard]] std::size_t successor(OidView name) const noexcept;
  /// Whether any instance belongs to the object type that `name` would belong to.
  [[nodiscard]] bool has_object_type_of(OidView name) const;

 private:
  struct Entry {
    std::uint32_t name_at;
    std::uint32_t encoded_at;
    std::uint16_t name_size;
    std::uint16_t encoded_size;
    Slot slot;
  };
  [[nodiscard]] std::size_t lower_bound(OidView name) const noexcept;

  std::vector<Entry> entries_;
  Oid numbers_;
  std::vector<std::uint8_t> octets_;
};

}  // namespace fleet
