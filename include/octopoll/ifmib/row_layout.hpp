#pragma once
// Which objects of a row are read every cycle.

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "octopoll/core/counters.hpp"
#include "octopoll/ifmib/columns.hpp"
#include "octopoll/snmp/variables.hpp"

namespace octopoll::ifmib {

/// What an object says about its row.
enum class Role : std::uint8_t { name, admin_status, oper_status, last_change, discontinuity_time, counter };

/// The objects of a row in the order in which they are asked for, with their encoding. Nearly all interfaces of a
/// network have one of a few layouts, so each is made once and shared: a row has but a pointer to its own.
class RowLayout {
 public:
  struct Object {
    Column column;
    Role role;
    Counter counter{};  ///< of role counter
  };

  /// The layout of these columns, each of which is a name, a state, a time or a counter. Thread: any.
  [[nodiscard]] static std::shared_ptr<const RowLayout> of(const std::vector<Column>& columns);

  [[nodiscard]] std::span<const Object> objects() const noexcept { return objects_; }
  /// The column that is read for a counter; nullopt: none is.
  [[nodiscard]] std::optional<Column> column_of(Counter counter) const noexcept;
  [[nodiscard]] const snmp::RowNames& names() const noexcept { return names_; }

 private:
  explicit RowLayout(const std::vector<Column>& columns);

  std::vector<Object> objects_;
  snmp::RowNames names_;
};

}  // namespace octopoll::ifmib
