#include "octopoll/ifmib/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace octopoll::ifmib {
namespace {

/// Which rows have a name.
using Claims = std::map<std::string, std::vector<std::uint32_t>>;

/// "name#7", with as many "#7" as it takes to be nobody's real name. Two that are made up differ in their last number.
std::string made_up(std::string name, std::uint32_t index, const Claims& real) {
  do {
    name += fmt::format("#{}", index);
  } while (real.contains(name));
  return name;
}

/// Down, notPresent and lowerLayerDown all mean that no traffic counts on the row now.
bool is_up(const Row& row) {
  const snmp::Value* value = row.find(Column::if_oper_status);
  const auto status = value == nullptr ? std::nullopt : value->as_signed();
  return !status || (*status != 2 && *status != 6 && *status != 7);
}

}  // namespace

std::map<std::uint32_t, std::string> identify(const Rows& rows, const std::map<std::uint32_t, std::string>& before) {
  Claims claims;
  std::map<std::uint32_t, std::string> names;
  std::vector<std::uint32_t> nameless;
  for (const auto& [index, row] : rows) {
    if (auto name = name_of(row).text) {
      claims[*name].push_back(index);
    } else {
      nameless.push_back(index);
    }
  }
  for (const std::uint32_t index : nameless) names[index] = made_up({}, index, claims);
  for (const auto& [name, indexes] : claims) {
    // A row that was there before under another name has counters of its own: it does not take over from one that
    // went down. Only a row that is new may be the same interface created again.
    const auto rank = [&, &wanted = name](std::uint32_t index) {
      const auto old = before.find(index);
      const bool up = is_up(rows.at(index));
      if (old != before.end() && old->second == wanted) return up ? 0 : 2;
      if (old == before.end() && up) return 1;
      return up ? 3 : 4;
    };
    const std::uint32_t owner = *std::min_element(
        indexes.begin(), indexes.end(),
        [&](std::uint32_t a, std::uint32_t b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
    for (const std::uint32_t index : indexes) names[index] = index == owner ? name : made_up(name, index, claims);
  }
  return names;
}

std::vector<std::string> moved_in_doubt(const Rows& rows, const std::map<std::uint32_t, std::string>& names,
                                        const std::map<std::uint32_t, std::string>& before) {
  std::map<std::string_view, std::uint32_t> places;
  for (const auto& [index, name] : before) places.emplace(name, index);
  std::map<std::string, std::size_t> claims;
  for (const auto& [index, row] : rows) {
    if (auto name = name_of(row).text) ++claims[*std::move(name)];
  }
  std::vector<std::string> doubtful;
  for (const auto& [index, name] : names) {
    const auto old = before.find(index);
    const bool took_anothers_place = old != before.end() && old->second != name;
    const auto place = places.find(name);
    const auto claim = claims.find(name);
    const bool shared = claim != claims.end() && claim->second > 1;
    if (took_anothers_place || (place != places.end() && place->second != index && shared)) doubtful.push_back(name);
  }
  return doubtful;
}

}  // namespace octopoll::ifmib
