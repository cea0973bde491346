#pragma once
// Which objects of a row are read every cycle.

#include <atomic>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <cstdint>
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
/// network have one of a few layouts, so each is made once and shared: a row has but a pointer to its own. It goes with
/// its last handle: agents that change their columns take no memory for ever.
class RowLayout {
 public:
  struct Object {
    Column column;
    Role role;
    Counter counter{};  ///< of role counter
  };

  /// Shape: a pointer of 8 octets; the count stands in the layout. Thread: any.
  using Handle = boost::intrusive_ptr<const RowLayout>;

  /// The layout of these columns, each of which is a name, a state, a time or a counter. Thread: any.
  [[nodiscard]] static Handle of(const std::vector<Column>& columns);
  /// Layouts that there are. Thread: any.
  [[nodiscard]] static std::size_t count();
  RowLayout(const RowLayout&) = delete;
  RowLayout& operator=(const RowLayout&) = delete;

  [[nodiscard]] std::span<const Object> objects() const noexcept { return objects_; }
  /// The column that is read for a counter; nullopt: none is.
  [[nodiscard]] std::optional<Column> column_of(Counter counter) const noexcept;
  [[nodiscard]] const snmp::RowNames& names() const noexcept { return names_; }

 private:
  friend struct LayoutsInUse;
  explicit RowLayout(const std::vector<Column>& columns);
  friend void intrusive_ptr_add_ref(const RowLayout* layout) noexcept {
    layout->handles_.fetch_add(1, std::memory_order_relaxed);
  }
  friend void intrusive_ptr_release(const RowLayout* layout) noexcept;

  mutable std::atomic<std::uint32_t> handles_ = 0;
  const std::vector<Column>& columns_;  // where it is looked up by them
  std::vector<Object> objects_;
  snmp::RowNames names_;
};

}  // namespace octopoll::ifmib
