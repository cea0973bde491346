#include "octopoll/rates/row_reloads.hpp"

#include <algorithm>
#include <utility>

#include "octopoll/rates/cache_learner.hpp"

namespace octopoll::rates {
namespace {

using std::chrono::nanoseconds;

constexpr auto silence = static_cast<std::uint32_t>(doubted_silence / std::chrono::milliseconds(1));

/// Cut down, and differences of two are off by less than one: ages are rounded up.
std::uint32_t stamp(BootTime when) noexcept {
  return static_cast<std::uint32_t>(when.time_since_epoch() / std::chrono::milliseconds(1));
}

float per_second(std::uint64_t octets, nanoseconds in) noexcept {
  const auto seconds = std::chrono::duration<float>(in).count();
  return seconds > 0.0F ? static_cast<float>(octets) / seconds : 0.0F;
}

}  // namespace

RowReloads::RowReloads(const Reading& first) noexcept
    : print_(first.print),
      octets_per_second_(per_second(first.octets, first.in)),
      begun_(stamp(first.received)),
      asked_(stamp(first.asked)),
      moved_by_(begun_),
      begins_(true) {
  if (busy_for(silence)) age_ = base_age_ = silence;
}

RowReloads RowReloads::vouched_for(const Reading& last) noexcept {
  RowReloads reloads(last);
  reloads.begins_ = false;
  reloads.octets_per_second_ = 0.0F;
  reloads.moved_after_ = reloads.asked_;
  reloads.age_ = reloads.base_age_ = 0;
  return reloads;
}

void RowReloads::see(const Reading& now, nanoseconds period) noexcept {
  if (period > nanoseconds(0)) end_beginning();
  if (now.print != print_) {
    weigh_move(now);
  } else {
    weigh_repeat(now, period);
  }
  print_ = now.print;
  asked_ = stamp(now.asked);
}

void RowReloads::prove() noexcept {
  proven_ = true;
  begins_ = held_back_ = false;
  age_ = base_age_ = 0;
}

BootTime RowReloads::moved_by(BootTime now) const noexcept {
  return now - std::chrono::milliseconds(stamp(now) - moved_by_);
}

void RowReloads::weigh_move(const Reading& now) noexcept {
  const Milliseconds gap = stamp(now.received) - asked_ + 1;
  const bool much = static_cast<double>(now.octets) >= busy_octets;
  moves_ = static_cast<std::uint8_t>(std::min(moves_ + 1, moves_that_clear));
  age_ = held_back_ || (begins_ && much) ? gap : 0;
  if (held_back_) {
    // From reload to reload: none that came before was older.
    base_age_ = std::min(base_age_, stamp(now.received) - moved_after_ + 1);
    if (!much || moves_ == moves_that_clear) end_suspicion();
  }
  if (moves_ >= moves_that_prove) end_beginning();
  octets_per_second_ = per_second(now.octets, now.in);
  moved_after_ = asked_;
  moved_by_ = stamp(now.received);
}

// Of a row that has not moved yet nothing is known but what it carried in its life.
void RowReloads::weigh_repeat(const Reading& now, nanoseconds period) noexcept {
  const Milliseconds asked = stamp(now.asked), received = stamp(now.received);
  moves_ = 0;
  age_ = 0;
  if (now.down || proven_) return end_suspicion();
  const bool watched_long = received - begun_ > silence;
  if (begins_ && moved_by_ == begun_) {
    if (!watched_long) {
      if (busy_for(silence)) age_ = silence;
      return;
    }
    octets_per_second_ = 0.0F;
  }
  const Milliseconds still = asked - moved_by_;
  const auto known = static_cast<Milliseconds>(period / std::chrono::milliseconds(1));
  // Stamps come round, and none is that old.
  const bool longer = static_cast<std::int32_t>(still) > 0 && still > known;
  const bool suspected = !held_back_ && longer && busy_for(std::min(asked - asked_, still - known));
  if (suspected) {
    base_age_ = std::max(base_age_, begins_ ? silence : moved_by_ - moved_after_ + 1);
    held_back_ = true;
    begins_ = false;
  }
  if (watched_long) end_beginning();
  if (held_back_ && still > silence) {
    end_suspicion();
    octets_per_second_ = 0.0F;
  }
  if (held_back_) age_ = received - moved_after_ + 1;
}

bool RowReloads::busy_for(Milliseconds time) const noexcept {
  return static_cast<double>(octets_per_second_) * time >= busy_octets * 1000.0;
}

void RowReloads::end_suspicion() noexcept {
  if (std::exchange(held_back_, false)) base_age_ = 0;
}

void RowReloads::end_beginning() noexcept {
  if (!std::exchange(begins_, false)) return;
  age_ = base_age_ = 0;
}

}  // namespace octopoll::rates
