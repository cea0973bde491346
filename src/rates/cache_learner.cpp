#include "octopoll/rates/cache_learner.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds longest_period = std::chrono::seconds(60);
constexpr unsigned runs_needed = 3;
constexpr unsigned repeats_needed = 12;
constexpr unsigned short_runs_that_refute = 2;
constexpr int rush_that_refutes = 20;

// splitmix64's finaliser: every bit of the input moves half of the output's.
constexpr std::uint64_t stir(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/// One a counter, odd: so that what one gains is never what another loses.
constexpr auto weights = [] {
  std::array<std::uint64_t, counter_count> all{};
  for (std::size_t i = 0; i < counter_count; ++i) all[i] = stir(i + 1) | 1U;
  return all;
}();

}  // namespace

void CacheLearner::see(BootTime started, BootTime finished, std::uint64_t fingerprint, std::uint64_t octets,
                       bool in_one_answer) noexcept {
  if (!last_) {
    see_part(finished);
    last_ = Reading{started, finished, fingerprint, octets, in_one_answer};
    return;
  }
  const Reading now{started, finished, fingerprint, octets, in_one_answer};
  age_of_earlier_.reset();
  repeated_ = last_->fingerprint == fingerprint;
  if (repeated_) {
    ++repeats_;
    weigh_repeat(now);
  } else {
    weigh_move(now);
    const Move to{last_->started, finished};
    if (move_) take_run(to);
    move_ = to;
    repeats_ = 0;
  }
  date_earlier(finished);
  last_ = now;
}

void CacheLearner::see_part(BootTime finished) noexcept {
  if (!begun_) begun_ = finished;
  age_of_earlier_.reset();
  repeated_ = false;
  if (suspected_ && (!move_ || finished - move_->before > doubted_silence)) suspected_ = false;
  age_ = suspected_ ? doubted_silence : nanoseconds(0);
  date_earlier(finished);
}

// A busy device stands still.
void CacheLearner::weigh_repeat(const Reading& now) noexcept {
  moves_in_a_row_ = moves_on_end_ = 0;
  age_ = {};
  if (!move_) return;
  const double share = std::chrono::duration<double>(now.finished - last_->finished) / moved_in_;
  if (static_cast<double>(moved_octets_) * share >= busy_octets) {
    suspected_ = true;
    room_.reset();
    earlier_undated_ = earlier_undated_ || begins_;
    begins_ = false;
  }
  if (now.finished - move_->before > doubted_silence) suspected_ = false;
  if (suspected_) age_ = now.finished - move_->before;
}

void CacheLearner::weigh_move(const Reading& now) noexcept {
  const std::uint64_t octets = now.octets - last_->octets;
  const nanoseconds before = moved_in_;
  moved_in_ = std::max<nanoseconds>(now.finished - last_->started, nanoseconds(1));
  // An outage leaves room for anything.
  if (now.started - last_->finished > longest_known_cache) moves_on_end_ = 0;
  if (moves_on_end_++ == 0) moved_since_ = last_->started;
  if (moves_on_end_ >= moves_that_prove) {
    const nanoseconds room = (now.finished - moved_since_) / (moves_on_end_ - 1);
    room_ = std::min(room_.value_or(room), room);
  }
  ++moves_in_a_row_;
  // Counters that went back tell nothing of what passed.
  if (octets >> 63U == 0) {
    moved_octets_ = octets;
    // What a cache holds back of a busy device comes at once.
    if (static_cast<double>(moved_octets_) < busy_octets) suspected_ = false;
  }
  if (moves_in_a_row_ >= moves_that_clear) suspected_ = false;
  age_ = suspected_ ? std::max(moved_in_, before) : nanoseconds(0);
  // The reload may have come between two answers: rows of the first ones are as old as the reload before it.
  if (suspected_ && !now.in_one_answer && move_) age_ = std::max(age_, now.finished - move_->before);
}

// Ends the beginning where it can be ended, and what it left open about the readings before.
void CacheLearner::date_earlier(BootTime now) noexcept {
  if (learned_ && !suspected_) age_ = *period();
  if (begins_) {
    begins_ = !learned_ && moves_in_a_row_ < moves_that_prove && now - *begun_ <= doubted_silence;
    earlier_undated_ = !begins_;
  }
  if (begins_) {
    age_ = doubted_silence;
  } else if (earlier_undated_ && (learned_ || !suspected_)) {
    age_of_earlier_ = period().value_or(nanoseconds(0));
    earlier_undated_ = false;
  }
}

void CacheLearner::interrupt() noexcept {
  moves_on_end_ = 0;
  last_.reset();
  move_.reset();
  repeats_ = 0;
}

std::optional<nanoseconds> CacheLearner::period() const noexcept {
  if (!learned_) return std::nullopt;
  return std::min(learned_->high, longest_period);
}

nanoseconds CacheLearner::unseen() const noexcept {
  if (suspected_ || learned_) return {};
  return std::min(room_.value_or(longest_known_cache), longest_known_cache);
}

// What is learned is an upper bound. How short the period may be is not known; half of it is short enough that runs
// which agree replace it, and long enough that an agent which does not cache any more refutes it.
void CacheLearner::settle(std::optional<nanoseconds> period) noexcept {
  learned_.reset();
  if (period) learned_ = Bracket{*period / 2, *period};
  streak_.reset();
  too_short_ = 0;
  begins_ = suspected_ = earlier_undated_ = false;
  age_ = {};
}

// Ends the run that began with move_.
void CacheLearner::take_run(const Move& to) noexcept {
  const Bracket run{last_->started - move_->shown, to.shown - move_->before};
  if (repeats_ > 0) {
    rush_.reset();
  } else {
    if (!rush_) rush_ = Rush{move_->before, 0};
    ++rush_->runs;
  }
  // From reload to reload, whatever else it shows: no reading before was older.
  if (repeats_ > 0 && std::exchange(earlier_undated_, false)) age_of_earlier_ = run.high;
  // The network was idle for longer than any cache that we look for.
  if (run.low + run.high > longest_period * 21 / 10) return;
  if (learned_ && refutes_learned(run, to.shown)) {
    learned_.reset();
    streak_.reset();
    too_short_ = 0;
  }
  extend_streak(run);
}

bool CacheLearner::refutes_learned(const Bracket& run, BootTime end) noexcept {
  if (run.high <= learned_->low) return ++too_short_ >= short_runs_that_refute;
  if (repeats_ > 0 && run.low < learned_->high) too_short_ = 0;
  // So many reloads in this time leave a period that is hardly longer than the readings' distance, if any.
  return rush_ && rush_->runs >= rush_that_refutes && (end - rush_->since) / rush_->runs <= learned_->low * 11 / 10;
}

void CacheLearner::extend_streak(const Bracket& run) noexcept {
  const bool agrees = streak_ && run.low < streak_->bracket.high && run.high > streak_->bracket.low;
  if (!agrees) streak_.reset();
  // A run without repeats may be one reload that cut a reading in two, so it narrows nothing.
  if (repeats_ == 0) return;
  if (!streak_) streak_ = Streak{run, 0, 0};
  streak_->bracket.low = std::max(streak_->bracket.low, run.low);
  streak_->bracket.high = std::min(streak_->bracket.high, run.high);
  ++streak_->runs;
  streak_->repeats += repeats_;
  if (streak_->runs < runs_needed || streak_->repeats < repeats_needed) return;
  learned_ = streak_->bracket;
  too_short_ = 0;
}

std::uint64_t octets_of(std::span<const InterfaceSample> rows) noexcept {
  std::uint64_t octets = 0;
  for (const InterfaceSample& row : rows)
    octets += row.counters[Counter::in_octets].value + row.counters[Counter::out_octets].value;
  return octets;
}

std::uint64_t fingerprint(std::span<const InterfaceSample> rows) noexcept {
  // Sums, for answers overtake each other, and products that wait for nothing.
  std::uint64_t print = rows.size();
  for (const InterfaceSample& row : rows) {
    std::uint64_t own = row.interface.if_index().value;
    const auto& values = row.counters.values().items;
    for (std::size_t i = 0; i < counter_count; ++i) own += values[i] * weights[i];
    const std::uint64_t widths = std::uint64_t{row.counters.present()} << 16U | row.counters.wide();
    print += stir(stir(own) + widths);
  }
  return print;
}

}  // namespace octopoll::rates
