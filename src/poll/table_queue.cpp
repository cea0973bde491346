#include "poll/table_queue.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// 10,000 devices that come at once have all begun after half a minute.
constexpr double beginnings_per_second = 400;
constexpr double most_at_once = 16;
constexpr auto tick = 10ms;
/// Timers that are later on the average show a loop that does not keep up.
constexpr auto late = 30ms;

}  // namespace

TableQueue::TableQueue(EventLoop& loop) : loop_(loop), credit_(most_at_once), refilled_(BootClock::now()) {}

TableQueue::Place TableQueue::enter(std::function<void()> go) {
  refill();
  if (waiting_.empty() && credit_ >= 1 && keeps_up()) {
    credit_ -= 1;
    go();
    return 0;
  }
  waiting_.emplace(++last_, std::move(go));
  arm();
  return last_;
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
  for (; credit_ >= 1 && !waiting_.empty(); credit_ -= 1) waiting_.extract(waiting_.begin()).mapped()();
  arm();
}

}  // namespace octopoll::poll
