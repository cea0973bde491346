#include "octopoll/rates/freshness_prover.hpp"

#include <algorithm>

namespace octopoll::rates {

using std::chrono::nanoseconds;

FreshnessProver::FreshnessProver(std::span<const double> octets_per_second, const Settings& settings)
    : settings_(settings), rows_(octets_per_second.size()) {
  for (std::size_t i = 0; i < rows_.size(); ++i) rows_[i].octets_per_second = octets_per_second[i];
}

void FreshnessProver::see(BootTime asked, BootTime received, std::span<const std::uint64_t> counters) {
  const bool first = looks_++ == 0;
  if (first) begun_ = asked;
  shortest_trip_ = first ? received - asked : std::min<nanoseconds>(shortest_trip_, received - asked);
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    Row& row = rows_[i];
    if (first) {
      row.still_since = received;
    } else if (row.counter == counters[i]) {
      row.longest_still = std::max<nanoseconds>(row.longest_still, asked - row.still_since);
    } else {
      note_move(row, received);
    }
    row.counter = counters[i];
  }
  asked_ = asked;
  received_ = received;
}

void FreshnessProver::note_move(Row& row, BootTime shown) {
  row.moves.push_back({asked_, shown});
  row.still_since = shown;
  const auto last = static_cast<std::ptrdiff_t>(row.moves.size()) - 1;
  for (std::ptrdiff_t i = 0; i < last; ++i) {
    const nanoseconds period = (shown - row.moves[static_cast<std::size_t>(i)].before) / (last - i);
    if (!row.bound || period < *row.bound) row.bound = period;
  }
}

bool FreshnessProver::Row::busy_for(nanoseconds time) const noexcept {
  return octets_per_second * std::chrono::duration<double>(time).count() >= busy_octets;
}

bool FreshnessProver::Row::held_back() const noexcept {
  return busy_for(longest_still) && (!bound || *bound > longest_still);
}

bool FreshnessProver::Row::coarse() const noexcept { return *bound - longest_still > *bound / 10; }

// Closer than the round trip nothing can be seen.
nanoseconds FreshnessProver::goal() const noexcept { return std::max(settings_.goal, 2 * shortest_trip_); }

std::optional<nanoseconds> FreshnessProver::best_bound() const noexcept {
  std::optional<nanoseconds> best;
  for (const Row& row : rows_) {
    if (row.bound && (!best || *row.bound < *best)) best = row.bound;
  }
  return best;
}

nanoseconds FreshnessProver::longest_still() const noexcept {
  nanoseconds longest{};
  for (const Row& row : rows_) {
    if (row.held_back()) longest = std::max(longest, row.longest_still);
  }
  return longest;
}

bool FreshnessProver::pending(const Row& row, bool proven) const noexcept {
  if (row.bound && *row.bound <= goal()) return false;
  const nanoseconds still = received_ - row.still_since;
  if (row.held_back()) return (!row.bound || row.coarse()) && still <= settings_.longest_wait;
  if (proven) {
    const nanoseconds watched = received_ - begun_;
    return !row.bound && row.busy_for(longest_chance) && watched <= longest_chance && !row.busy_for(watched / 2);
  }
  if (looks_ < quick_looks) return true;
  return row.busy_for(settings_.longest_wait) && still <= settings_.longest_wait;
}

std::optional<BootTime> FreshnessProver::next() const {
  if (looks_ == 0) return begun_;
  const auto held_rows = std::count_if(rows_.begin(), rows_.end(), [](const Row& row) { return row.held_back(); });
  const bool held_back = held_rows > 0;
  if (looks_ >= (held_back ? std::max(settings_.most_looks, most_looks_at_a_cache) : settings_.most_looks)) {
    return std::nullopt;
  }
  const auto best = best_bound();
  const bool proven = best && *best <= goal();
  std::optional<BootTime> soonest;
  for (const Row& row : rows_) {
    // What a row that holds back shows is all that counts.
    if (!pending(row, proven) || (held_back && !row.held_back())) continue;
    const BootTime wanted = next_for(row);
    soonest = std::min(soonest.value_or(wanted), wanted);
  }
  // Rows that are reloaded each at its own moment share the looks: closer ones would be spent before all have moved
  // twice.
  if (soonest && held_rows > 1) soonest = std::max(*soonest, asked_ + longest_still() / 10);
  return soonest;
}

BootTime FreshnessProver::next_for(const Row& row) const noexcept {
  nanoseconds apart = (received_ - row.still_since) / 2;
  if (row.held_back() && row.bound) {
    // Not before the next reload can come, and then closely.
    const BootTime reload = row.moves.back().before + row.longest_still;
    if (asked_ < reload) return reload;
    apart = (*row.bound - row.longest_still) / 6;
  } else if (row.held_back() && !row.moves.empty() && received_ > row.still_since) {
    // One look has shown that it does not just move on.
    apart = std::max(apart, row.longest_still / 4);
  }
  return asked_ + std::max(settings_.goal / 3, apart);
}

Freshness FreshnessProver::finding() const {
  Freshness found{best_bound()};
  nanoseconds no_longer = longest_known_cache;
  for (const Row& row : rows_) {
    if (!row.held_back()) continue;
    if (!row.bound) return {std::nullopt, false, true};
    found.bound = std::max(*found.bound, *row.bound);
    found.caches = found.stood_still = true;
    no_longer = std::max(no_longer, row.longest_still);
  }
  if (found.bound) found.bound = std::min(*found.bound, no_longer);
  return found;
}

}  // namespace octopoll::rates
