#include "poll/table_queue.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <iterator>
#include <utility>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// 10,000 devices that come at once have all begun after half a minute.
constexpr double beginnings_per_second = 400;
constexpr double most_at_once = 16;
/// One that takes longer is not waited for: 10,000 slow devices have all begun after a minute.
constexpr auto counted_for = 100ms;
constexpr auto tick = 10ms;
/// Timers that are later on the average show a loop that does not keep up.
constexpr auto late = 30ms;

}  // namespace

TableQueue::TableQueue(EventLoop& loop) : loop_(loop), credit_(most_at_once), refilled_(BootClock::now()) {}

TableQueue::Place TableQueue::enter(std::function<void()> go) {
  refill();
  if (waiting_.empty() && may_begin() && keeps_up()) {
    credit_ -= 1;
    go();
    return 0;
  }
  waiting_.emplace(++last_, std::move(go));
  arm();
  return last_;
}

TableQueue::Read::Read(TableQueue& queue) : queue_(queue), number_(++queue.last_read_) {
  queue.under_way_.emplace(number_, BootClock::now());
}

bool TableQueue::may_begin() const {
  if (credit_ < 1) return false;
  constexpr auto most = static_cast<std::size_t>(most_at_once);
  if (under_way_.size() < most) return true;
  const auto oldest_counted = std::prev(under_way_.end(), static_cast<std::ptrdiff_t>(most));
  return BootClock::now() - oldest_counted->second > counted_for;
}

bool TableQueue::keeps_up() {
  const LoopLag& now = loop_.lag();
  if (now.timers != seen_.timers) {
    const auto mean = (now.total - seen_.total) / static_cast<std::int64_t>(now.timers - seen_.timers);
    kept_up_ = mean <= late;
    seen_ = now;
  }
  return kept_up_;
}

void TableQueue::refill() {
  const BootTime now = BootClock::now();
  const double seconds = std::chrono::duration<double>(now - std::exchange(refilled_, now)).count();
  credit_ = std::min(most_at_once, credit_ + seconds * beginnings_per_second);
}

void TableQueue::arm() {
  if (timer_ != 0 || waiting_.empty()) return;
  timer_ = loop_.after(tick, [this] {
    timer_ = 0;
    take_next();
  });
}

// One at each tick, however late it is: else a machine that is always busy would read no tables at all.
void TableQueue::take_next() {
  refill();
  if (!keeps_up()) credit_ = 1;
  for (; may_begin() && !waiting_.empty(); credit_ -= 1) waiting_.extract(waiting_.begin()).mapped()();
  arm();
}

}  // namespace octopoll::poll
