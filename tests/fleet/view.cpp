#include "fleet/view.hpp"

#include <algorithm>

namespace fleet {
namespace {

bool is_interface_row(OidView name) noexcept {
  return (starts_with(name, if_entry()) && name.size() == if_entry().size() + 2) ||
         (starts_with(name, if_x_entry()) && name.size() == if_x_entry().size() + 2);
}

bool in_hole(OidView name, const Hole& hole) {
  if (!starts_with(name, hole.column)) return false;
  return hole.rows.empty() || std::find(hole.rows.begin(), hole.rows.end(), name.back()) != hole.rows.end();
}

bool hidden(OidView name, Object object, const Faults& faults, bool row_vanished) {
  if (faults.no_sys_uptime && object == Object::sys_uptime) return true;
  if (faults.no_ifx && starts_with(name, if_x_entry())) return true;
  if (row_vanished && is_interface_row(name) && name.back() == faults.vanish_row->if_index) return true;
  if (faults.early_end && starts_with(name, faults.early_end->column) && name.back() == faults.early_end->if_index) {
    return true;
  }
  return std::any_of(faults.hole.begin(), faults.hole.end(), [&](const Hole& hole) { return in_hole(name, hole); });
}

}  // namespace

std::shared_ptr<const Layout> view_of(std::shared_ptr<const Layout> layout, const Faults& faults, bool row_vanished) {
  const bool as_it_is = !faults.no_sys_uptime && !faults.no_ifx && !faults.big_if_index && !faults.zero_if_index &&
                        !faults.ifx_offset && !row_vanished && faults.hole.empty() && !faults.early_end;
  if (as_it_is) return layout;
  std::vector<Layout::Instance> shown;
  for (std::size_t i = 0; i < layout->size(); ++i) {
    const OidView name = layout->name(i);
    const Slot slot = layout->slot(i);
    if (hidden(name, slot.object, faults, row_vanished)) continue;
    Oid shown_name(name.begin(), name.end());
    if (faults.big_if_index && is_interface_row(name)) shown_name.back() |= 0x8000'0000;
    if (faults.zero_if_index && is_interface_row(name) && slot.row == 0) shown_name.back() = 0;
    if (faults.ifx_offset && is_interface_row(name) && starts_with(name, if_x_entry())) {
      shown_name.back() += *faults.ifx_offset;
    }
    shown.push_back({std::move(shown_name), slot});
  }
  return std::make_shared<const Layout>(std::move(shown));
}

}  // namespace fleet
