#include "octopoll/core/interface.hpp"

#include <array>

namespace octopoll {

std::string to_string(IfStatus status) {
  static constexpr std::array<std::string_view, 7> words{"up",      "down",       "testing",       "unknown",
                                                         "dormant", "notPresent", "lowerLayerDown"};
  if (status.code >= 1 && status.code <= static_cast<std::int64_t>(words.size())) {
    return std::string(words[static_cast<std::size_t>(status.code - 1)]);
  }
  return std::to_string(status.code);
}

std::string_view to_string(SpeedSource source) noexcept {
  switch (source) {
    case SpeedSource::none:
      return "none";
    case SpeedSource::if_speed:
      return "ifSpeed";
    case SpeedSource::if_high_speed:
      return "ifHighSpeed";
    case SpeedSource::override_rule:
      return "override";
  }
  return "none";
}

}  // namespace octopoll
