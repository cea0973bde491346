#pragma once
// Where a name leads to.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/poll/resolver.hpp"
#include "poll/look_up_times.hpp"

namespace octopoll::poll {

/// What a name resolves to, and which of these addresses is asked. A name is looked up beside the loop, once at a time
/// however many cycles pass meanwhile, so that a name server that hangs piles up nothing; who has an address does not
/// wait for it. What a look-up finds is used when the owner takes it over, between two cycles.
///
/// Owner: who looks up and takes over: a device's poller, or the pinger of a probe. Followers read: a device's pinger
/// asks the address that its poller asks, since a device's state is what both say of one host.
/// Errors: of the last look-up, where it failed; what was found before stays good.
/// Thread: the loop's. Stays where it is: callbacks point to it.
class KnownAddresses {
 public:
  explicit KnownAddresses(Resolver& resolver) : resolver_(resolver) {}
  ~KnownAddresses() { *alive_ = false; }
  KnownAddresses(const KnownAddresses&) = delete;
  KnownAddresses& operator=(const KnownAddresses&) = delete;

  /// Looks the name up if it is time to; `ended` is called when there is something to adopt(), or an error().
  void look_up(const Target& name, std::chrono::nanoseconds cache, std::function<void()> ended);
  /// `ended` is called after the owner's, for each look-up from now on.
  void follow(std::function<void()> ended) { follower_ = std::move(ended); }
  [[nodiscard]] bool looking_up() const noexcept { return times_.under_way(); }
  [[nodiscard]] std::optional<Error> error() const { return error_.value(); }
  /// Takes over what was found meanwhile. True where the current address is none of these any more.
  [[nodiscard]] bool adopt();
  /// The owner has another name now; a look-up under way is of the old one.
  void forget();

  [[nodiscard]] std::size_t count() const noexcept { return endpoints_.size(); }
  [[nodiscard]] std::span<const Endpoint> all() const noexcept { return endpoints_; }
  /// Not valid() while none is known.
  [[nodiscard]] const Endpoint& current() const noexcept;
  void next() noexcept;

 private:
  Resolver& resolver_;
  LookUpTimes times_;
  OwnCopy<Error> error_;
  std::vector<Endpoint> endpoints_;
  std::size_t at_ = 0;
  OwnCopy<std::vector<Endpoint>> found_;
  unsigned number_ = 0;  ///< what an earlier look-up finds is of another name
  std::function<void()> follower_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with look-ups, which outlive this
};

}  // namespace octopoll::poll
