#pragma once
// Where a device is to be reached.

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/poll/resolver.hpp"
#include "poll/look_up_times.hpp"

namespace octopoll::poll {

/// What a device's name resolves to, and which of these addresses is asked. A name is looked up beside the loop, once
/// at a time however many cycles pass meanwhile, so that a name server that hangs piles up nothing; who has an address
/// does not wait for it. What a look-up finds is used when the caller takes it over, between two cycles.
///
/// Errors: of the last look-up, where it failed; what was found before stays good.
/// Thread: the loop's. Stays where it is: callbacks point to it.
class DeviceAddresses {
 public:
  explicit DeviceAddresses(Resolver& resolver) : resolver_(resolver) {}
  ~DeviceAddresses() { *alive_ = false; }
  DeviceAddresses(const DeviceAddresses&) = delete;
  DeviceAddresses& operator=(const DeviceAddresses&) = delete;

  /// Looks the name up if it is time to; `ended` is called when there is something to adopt(), or an error().
  void look_up(const Target& name, std::chrono::nanoseconds cache, std::function<void()> ended);
  [[nodiscard]] bool looking_up() const noexcept { return times_.under_way(); }
  [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
  /// Takes over what was found meanwhile. True where the current address is none of these any more.
  [[nodiscard]] bool adopt();
  /// The device has another name now; a look-up under way is of the old one.
  void forget();

  [[nodiscard]] std::size_t count() const noexcept { return endpoints_.size(); }
  /// Not valid() while none is known.
  [[nodiscard]] const Endpoint& current() const noexcept;
  void next() noexcept;

 private:
  Resolver& resolver_;
  LookUpTimes times_;
  std::optional<Error> error_;
  std::vector<Endpoint> endpoints_;
  std::size_t at_ = 0;
  std::optional<std::vector<Endpoint>> found_;
  unsigned number_ = 0;                                         ///< what an earlier look-up finds is of another name
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with look-ups, which outlive this
};

}  // namespace octopoll::poll
