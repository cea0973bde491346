#include "config/names.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "octopoll/core/text.hpp"

namespace octopoll::config {
namespace {

constexpr std::size_t longest_name = 255;

}  // namespace

bool Names::claim(const std::string& name, std::string_view kind, Place place) {
  if (name.size() > longest_name) {
    problems_.add(place, fmt::format("the name of this {} is longer than {} octets", kind, longest_name), "shorten it");
    return false;
  }
  if (needs_raw(name) || name != one_line(name)) {
    problems_.add(place, fmt::format("the name of this {} has control characters: {}", kind, quote(name)),
                  "a name is one line of text");
    return false;
  }
  const auto [owner, is_new] = owners_.emplace(name, Owner{kind, place});
  if (is_new) return true;
  problems_.add(place,
                fmt::format("the name {} is taken by the {} on line {}, column {}", quote(name), owner->second.kind,
                            owner->second.place.line, owner->second.place.column),
                "give each device and each probe a `name` of its own");
  return false;
}

}  // namespace octopoll::config
