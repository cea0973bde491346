#include "icmp/pacer.hpp"

#include <algorithm>

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

constexpr double headroom = 2;
constexpr double least_rate = 1000;
constexpr double least_burst = 8;
constexpr nanoseconds burst_time = std::chrono::milliseconds(2);
/// Between two batches of a backlog.
constexpr nanoseconds tick = std::chrono::milliseconds(1);

double seconds(nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

}  // namespace

std::size_t Pacer::allowance(BootTime now) noexcept {
  if (filled_ == BootTime::min()) {
    tokens_ = most_tokens();
  } else {
    tokens_ = std::min(most_tokens(), tokens_ + rate() * seconds(now - filled_));
  }
  filled_ = now;
  return tokens_ < 1 ? 0 : static_cast<std::size_t>(tokens_);
}

BootTime Pacer::next(BootTime now) const noexcept {
  const double until_one = (1 - tokens_) / rate();
  return now + std::max(tick, std::chrono::ceil<nanoseconds>(std::chrono::duration<double>(until_one)));
}

double Pacer::rate() const noexcept { return std::max(least_rate, headroom * static_cast<double>(demand_) / 1e6); }

double Pacer::most_tokens() const noexcept { return std::max(least_burst, rate() * seconds(burst_time)); }

std::uint64_t Pacer::demand_of(nanoseconds spacing) noexcept {
  constexpr std::uint64_t million_seconds = 1'000'000'000'000'000;
  return million_seconds / static_cast<std::uint64_t>(spacing.count());
}

}  // namespace octopoll::icmp
