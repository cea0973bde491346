#pragma once

#include <string_view>

namespace octopoll {

/// As in CMakeLists.txt, which hands it in.
inline constexpr std::string_view version = OCTOPOLL_VERSION;

}  // namespace octopoll
