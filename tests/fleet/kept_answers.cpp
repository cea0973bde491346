#include "fleet/kept_answers.hpp"

#include <algorithm>
#include <cstring>

namespace fleet {
namespace {

/// Requests differ in their last names where they differ at all, so not every octet needs to be looked at.
std::uint64_t hash_of(const Layout* layout, const Request& request);

}  // namespace

void KeptAnswer::add(Octets encoded_name, Slot slot, Tag exception) {
  bindings.push_back(
      {static_cast<std::uint32_t>(names.size()), static_cast<std::uint32_t>(encoded_name.size()), slot, exception});
  names.insert(names.end(), encoded_name.begin(), encoded_name.end());
}

const KeptAnswer* KeptAnswers::find(const std::shared_ptr<const Layout>& layout, const Request& request) const {
  const auto [first, last] = entries_.equal_range(hash_of(layout.get(), request));
  for (auto at = first; at != last; ++at) {
    if (at->second.is_for(layout, request)) return &at->second.answer;
  }
  return nullptr;
}

void KeptAnswers::keep(std::shared_ptr<const Layout> layout, const Request& request, KeptAnswer answer) {
  if (entries_.size() >= most_kept) entries_.clear();
  const std::uint64_t hash = hash_of(layout.get(), request);
  const auto [first, last] = entries_.equal_range(hash);
  const auto known = std::find_if(first, last, [&](const auto& item) { return item.second.is_for(layout, request); });
  if (known != last) {
    known->second.answer = std::move(answer);
    return;
  }
  entries_.emplace(hash, Entry{std::move(layout),
                               request.type,
                               request.non_repeaters,
                               request.max_repetitions,
                               {request.bindings.begin(), request.bindings.end()},
                               std::move(answer)});
}

bool KeptAnswers::Entry::is_for(const std::shared_ptr<const Layout>& of, const Request& request) const noexcept {
  return layout == of && type == request.type && non_repeaters == request.non_repeaters &&
         max_repetitions == request.max_repetitions &&
         std::equal(asked.begin(), asked.end(), request.bindings.begin(), request.bindings.end());
}

namespace {

std::uint64_t hash_of(const Layout* layout, const Request& request) {
  constexpr std::size_t looked_at = 64;
  constexpr std::uint64_t odd = 0x9e37'79b9'7f4a'7c15;
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(layout) ^ request.bindings.size() * odd;
  const auto mix = [&](std::uint64_t word) {
    hash = (hash ^ word) * odd;
    hash ^= hash >> 32;
  };
  mix(static_cast<std::uint64_t>(request.type) << 56 ^
      static_cast<std::uint64_t>(static_cast<std::uint32_t>(request.non_repeaters)) << 32 ^
      static_cast<std::uint32_t>(request.max_repetitions));
  Octets tail = request.bindings.last(std::min(looked_at, request.bindings.size()));
  while (!tail.empty()) {
    const Octets part = tail.first(std::min(sizeof(std::uint64_t), tail.size()));
    std::uint64_t word = 0;
    std::memcpy(&word, part.data(), part.size());
    mix(word);
    tail = tail.subspan(part.size());
  }
  return hash;
}

}  // namespace
}  // namespace fleet
