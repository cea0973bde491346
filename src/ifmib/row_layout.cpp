#include "octopoll/ifmib/row_layout.hpp"

#include <algorithm>
#include <map>

#include "octopoll/core/guarded.hpp"

namespace octopoll::ifmib {
namespace {

RowLayout::Object object_of(Column column) {
  switch (column) {
    case Column::if_name:
    case Column::if_descr:
      return {column, Role::name};
    case Column::if_admin_status:
      return {column, Role::admin_status};
    case Column::if_oper_status:
      return {column, Role::oper_status};
    case Column::if_last_change:
      return {column, Role::last_change};
    case Column::if_counter_discontinuity_time:
      return {column, Role::discontinuity_time};
    default:
      break;
  }
  for (const Counter counter : all_counters()) {
    const CounterColumns columns = columns_of(counter);
    if (columns.wide == column || columns.narrow == column) return {column, Role::counter, counter};
  }
  std::abort();  // no reading is made of any other column
}

std::vector<snmp::RowNames::Column> encodings_of(const std::vector<Column>& columns) {
  std::vector<snmp::RowNames::Column> encodings;
  encodings.reserve(columns.size());
  for (const Column column : columns) encodings.push_back({oid_of(column), table_of(column) == Table::if_x_table});
  return encodings;
}

}  // namespace

/// All that have a handle, by their columns.
struct LayoutsInUse {
  using Known = std::map<std::vector<Column>, const RowLayout*>;
  /// Never destroyed: handles may go when the program ends.
  static Guarded<Known>& known() {
    static auto* const all = new Guarded<Known>;
    return *all;
  }
  static const RowLayout* find_or_make(Known& all, const std::vector<Column>& columns) {
    const auto [place, is_new] = all.try_emplace(columns);
    if (is_new) place->second = new RowLayout(place->first);
    return place->second;
  }
  /// The last handle may go while another thread asks for such a layout: that it is found and that it goes exclude each
  /// other.
  static void let_go(Known& all, const RowLayout* layout) noexcept {
    if (layout->handles_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    all.erase(all.find(layout->columns_));
    delete layout;
  }
};

RowLayout::RowLayout(const std::vector<Column>& columns) : columns_(columns), names_(encodings_of(columns)) {
  objects_.reserve(columns.size());
  for (const Column column : columns) objects_.push_back(object_of(column));
}

std::optional<Column> RowLayout::column_of(Counter counter) const noexcept {
  const auto of_counter = [counter](const Object& object) {
    return object.role == Role::counter && object.counter == counter;
  };
  const auto found = std::find_if(objects_.begin(), objects_.end(), of_counter);
  return found == objects_.end() ? std::nullopt : std::optional(found->column);
}

RowLayout::Handle RowLayout::of(const std::vector<Column>& columns) {
  return LayoutsInUse::known().with(
      [&columns](LayoutsInUse::Known& all) { return Handle(LayoutsInUse::find_or_make(all, columns)); });
}

std::size_t RowLayout::count() {
  return LayoutsInUse::known().with([](const LayoutsInUse::Known& all) { return all.size(); });
}

void intrusive_ptr_release(const RowLayout* layout) noexcept {
  std::uint32_t handles = layout->handles_.load(std::memory_order_relaxed);
  while (handles > 1) {
    if (layout->handles_.compare_exchange_weak(handles, handles - 1, std::memory_order_release)) return;
  }
  LayoutsInUse::known().with([layout](LayoutsInUse::Known& all) { LayoutsInUse::let_go(all, layout); });
}

}  // namespace octopoll::ifmib
