#pragma once
// The instances that a device shows, once its faults are taken into account.

#include <memory>

#include "fleet/faults.hpp"
#include "fleet/layout.hpp"

namespace fleet {

/// `row_vanished`: whether Faults::vanish_row has come into effect. The same object comes back when nothing changes.
[[nodiscard]] std::shared_ptr<const Layout> view_of(std::shared_ptr<const Layout> layout, const Faults& faults,
                                                    bool row_vanished);

}  // namespace fleet
