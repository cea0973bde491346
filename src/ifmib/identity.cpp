#include "octopoll/ifmib/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
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
    const auto rank = [&, &wanted = name](std::uint32_t index) {
      const auto old = before.find(index);
      const bool had_it = old != before.end() && old->second == wanted;
      return std::pair(is_up(rows.at(index)) ? 0 : 1, had_it ? 0 : 1);
    };
    const std::uint32_t owner = *std::min_element(
        indexes.begin(), indexes.end(),
        [&](std::uint32_t a, std::uint32_t b) { return std::pair(rank(a), a) < std::pair(rank(b), b); });
    for (const std::uint32_t index : indexes) names[index] = index == owner ? name : made_up(name, index, claims);
  }
  return names;
}

}  // namespace octopoll::ifmib
