#include "poll/move_search.hpp"

#include <algorithm>
#include <utility>

#include "octopoll/rates/cache_learner.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// Between two looks at a cache that has not moved yet.
constexpr auto look_interval = 100ms;
/// Rows that are looked at; the whole table would be a load of its own.
constexpr std::size_t most_rows = 32;

}  // namespace

MoveSearch::MoveSearch(EventLoop& loop, snmp::Session& session, const std::vector<ifmib::RowPlan>& plans,
                       const ifmib::ReadLimits& limits, std::chrono::nanoseconds period, Done done)
    : loop_(loop),
      session_(session),
      limits_(limits),
      period_(period),
      done_(std::move(done)),
      plans_(plans.begin(), plans.begin() + static_cast<std::ptrdiff_t>(std::min(plans.size(), most_rows))),
      began_(BootClock::now()),
      unmoved_since_(began_) {
  timer_ = loop_.at(began_, [this] {
    timer_ = 0;
    look();
  });
}

MoveSearch::~MoveSearch() { loop_.cancel(timer_); }

void MoveSearch::look() {
  const BootTime now = BootClock::now();
  const auto longest = std::min<std::chrono::nanoseconds>(period_, 1min);             // the period is an agent's word
  if (now - began_ > longest + look_interval || plans_.empty()) return end(period_);  // nothing moves here
  rows_.clear();
  reading_ = ifmib::read_counters(
      session_, plans_, limits_, [this](ifmib::RowReading&& row) { rows_.push_back(std::move(row.sample)); },
      [this, asked = now](ifmib::ReadEnd&& read) {
        reading_.reset();
        take(asked, read);
      });
}

void MoveSearch::take(BootTime asked, const ifmib::ReadEnd& read) {
  if (read.error) return end(period_);
  const std::uint64_t print = rates::fingerprint(rows_);
  if (looked_ && print != fingerprint_) return end(BootClock::now() - unmoved_since_);
  looked_ = true;
  fingerprint_ = print;
  unmoved_since_ = asked;
  timer_ = loop_.after(look_interval, [this] {
    timer_ = 0;
    look();
  });
}

void MoveSearch::end(std::chrono::nanoseconds age) {
  const Done done = std::move(done_);
  done(age);  // which may destroy this
}

}  // namespace octopoll::poll
