#include "octopoll/rates/cache_learner.hpp"

#include <algorithm>
#include <utility>

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds longest_period = std::chrono::seconds(60);
constexpr unsigned runs_needed = 3;
constexpr unsigned repeats_needed = 12;
constexpr unsigned short_runs_that_refute = 2;
constexpr int rush_that_refutes = 20;
constexpr int moves_that_clear = 8;
/// Standing still at the very beginning. Most caches are reloaded more often, and a device may be idle.
constexpr nanoseconds doubted_rest = std::chrono::seconds(10);
/// Of a device that was busy. No cache of more than 30 s is known.
constexpr nanoseconds doubted_silence = std::chrono::seconds(35);
/// A hundred full packets: chance does not make so many stay out.
constexpr double busy_octets = 150'000;

// splitmix64's finaliser: every bit of the input moves half of the output's.
constexpr std::uint64_t stir(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

}  // namespace

void CacheLearner::see(BootTime started, BootTime finished, std::uint64_t fingerprint, std::uint64_t octets) noexcept {
  const Reading now{started, finished, fingerprint, octets};
  first_dated_ = false;
  if (!begun_) begun_ = started;
  if (!last_) {
    age_ = age_of_other();
    last_ = now;
    return;
  }
  if (last_->fingerprint == fingerprint) {
    ++repeats_;
    weigh_repeat(now);
  } else {
    weigh_move(now);
    const Move to{last_->started, finished};
    if (move_) take_run(to);
    move_ = to;
    repeats_ = 0;
  }
  last_ = now;
}

nanoseconds CacheLearner::age_of_other() const noexcept { return suspected_ ? longest_period : nanoseconds(0); }

// A busy device stands still.
void CacheLearner::weigh_repeat(const Reading& now) noexcept {
  moves_in_a_row_ = 0;
  age_ = {};
  // Our own requests are traffic: a device that has ever carried some and now has none at all is hardly idle.
  if (!move_ && now.octets != 0 && now.finished - *begun_ <= doubted_rest) age_ = now.finished - *begun_;
  if (!move_) return;
  const double share = std::chrono::duration<double>(now.finished - last_->finished) / moved_in_;
  const bool busy = static_cast<double>(moved_octets_) * share >= busy_octets;
  first_dated_ = std::exchange(undated_until_move_, false) && busy;
  suspected_ = suspected_ || busy;
  if (now.finished - move_->before > doubted_silence) suspected_ = false;
  if (suspected_) age_ = now.finished - move_->before;
}

void CacheLearner::weigh_move(const Reading& now) noexcept {
  const std::uint64_t octets = now.octets - last_->octets;
  const bool restarted = octets >> 63U != 0;
  moved_octets_ = restarted ? 0 : octets;
  const nanoseconds before = moved_in_;
  moved_in_ = std::max<nanoseconds>(now.finished - last_->started, nanoseconds(1));
  // What a cache holds back of a busy device comes at once.
  if (++moves_in_a_row_ >= moves_that_clear || static_cast<double>(moved_octets_) < busy_octets) suspected_ = false;
  age_ = suspected_ ? std::max(moved_in_, before) : nanoseconds(0);
  // The first move after a rest at the very beginning: the next reading tells a cache from a device that was idle.
  const bool first = !std::exchange(ever_moved_, true) && repeats_ > 0 && now.finished - *begun_ <= longest_period;
  undated_until_move_ = first;
  if (first) age_ = now.finished - *begun_;
}

void CacheLearner::interrupt() noexcept {
  last_.reset();
  move_.reset();
  repeats_ = 0;
}

std::optional<nanoseconds> CacheLearner::period() const noexcept {
  if (!learned_) return std::nullopt;
  return std::min(learned_->high, longest_period);
}

// What is learned is an upper bound. How short the period may be is not known; half of it is short enough that runs
// which agree replace it, and long enough that an agent which does not cache any more refutes it.
void CacheLearner::resume(std::optional<nanoseconds> learned) noexcept {
  if (learned) learned_ = Bracket{*learned / 2, *learned};
  ever_moved_ = true;
  begun_ = BootTime{};
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
  std::uint64_t print = rows.size();
  for (const InterfaceSample& row : rows) {
    print = stir(print + row.interface.if_index().value);
    for (const CounterReading& reading : row.counters.items) print = stir(print + reading.value) + reading.bits;
  }
  return print;
}

}  // namespace octopoll::rates
