#include "poll/known_addresses.hpp"

#include <algorithm>
#include <utility>

namespace octopoll::poll {

void KnownAddresses::look_up(const Target& name, std::chrono::nanoseconds cache, std::function<void()> ended) {
  if (!times_.due(BootClock::now(), cache)) return;
  times_.began();
  resolver_.resolve(name, [this, still = alive_, number = number_, ended = std::move(ended)](auto&& result) {
    if (!*still || number != number_) return;
    if (result) {
      found_.emplace(std::move(*result));
      times_.succeeded(BootClock::now());
    } else {
      error_.emplace(std::move(result.error()));
      times_.failed(BootClock::now());
    }
    ended();
    if (*still && follower_) follower_();
  });
}

bool KnownAddresses::adopt() {
  if (!found_) return false;
  const Endpoint before = current();
  endpoints_ = std::move(*found_);
  found_.reset();
  const auto same = std::find(endpoints_.begin(), endpoints_.end(), before);
  const bool gone = same == endpoints_.end();
  at_ = gone ? 0 : static_cast<std::size_t>(same - endpoints_.begin());
  return gone;
}

void KnownAddresses::forget() {
  ++number_;
  times_ = {};
  found_.reset();
  endpoints_.clear();
  at_ = 0;
}

const Endpoint& KnownAddresses::current() const noexcept {
  static const Endpoint none;
  return endpoints_.empty() ? none : endpoints_[at_];
}

void KnownAddresses::next() noexcept {
  if (!endpoints_.empty()) at_ = (at_ + 1) % endpoints_.size();
}

}  // namespace octopoll::poll
