#include "fleet/layout.hpp"

#include <algorithm>
#include <stdexcept>

namespace fleet {

Layout::Layout(std::vector<Instance> instances) {
  std::sort(instances.begin(), instances.end(),
            [](const Instance& a, const Instance& b) { return compare(a.name, b.name) < 0; });
  const auto twice = std::adjacent_find(instances.begin(), instances.end(),
                                        [](const Instance& a, const Instance& b) { return a.name == b.name; });
  if (twice != instances.end()) throw std::invalid_argument("instance " + to_string(twice->name) + " is there twice");
  entries_.reserve(instances.size());
  for (const auto& [name, slot] : instances) {
    const std::size_t encoded_size = element_size(oid_size(name));
    entries_.push_back({static_cast<std::uint32_t>(numbers_.size()), static_cast<std::uint32_t>(octets_.size()),
                        static_cast<std::uint16_t>(name.size()), static_cast<std::uint16_t>(encoded_size), slot});
    numbers_.insert(numbers_.end(), name.begin(), name.end());
    octets_.resize(octets_.size() + encoded_size);
    Writer(std::span(octets_).last(encoded_size)).object_id(name);
  }
}

std::optional<std::size_t> Layout::find(OidView name) const noexcept {
  const std::size_t at = lower_bound(name);
  if (at == size() || compare(this->name(at), name) != 0) return std::nullopt;
  return at;
}

std::size_t Layout::successor(OidView name) const noexcept {
  const std::size_t at = lower_bound(name);
  return at < size() && compare(this->name(at), name) == 0 ? at + 1 : at;
}

bool Layout::has_object_type_of(OidView name) const {
  // All instances of one object type stand together, so only the neighbours can be of it.
  const std::size_t at = lower_bound(name);
  const auto covers = [&](std::size_t i) {
    const OidView neighbour = this->name(i);
    return starts_with(name, neighbour.first(object_type_size(neighbour)));
  };
  return (at < size() && covers(at)) || (at > 0 && covers(at - 1));
}

std::size_t Layout::lower_bound(OidView name) const noexcept {
  const auto at = std::lower_bound(entries_.begin(), entries_.end(), name, [this](const Entry& entry, OidView wanted) {
    return compare(OidView(numbers_).subspan(entry.name_at, entry.name_size), wanted) < 0;
  });
  return static_cast<std::size_t>(at - entries_.begin());
}

}  // namespace fleet
