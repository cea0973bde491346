#pragma once
// One agent of the fleet: a model behind its faults.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/address.hpp"
#include "fleet/faults.hpp"
#include "fleet/model.hpp"
#include "fleet/usm.hpp"

namespace fleet {

/// Where a device is asked: who sends to another address, port or community reaches another device, or none.
struct Place {
  std::string community{};
  std::optional<Address> address{};  ///< empty: any address of the fleet
  std::uint16_t port = 0;            ///< 0: the fleet's own port
};

/// What a device saw and did, since it was made.
struct DeviceStats {
  std::uint64_t requests = 0;  ///< that named this device, answered or not
  std::uint64_t answers = 0;   ///< packets sent, duplicates too
  std::uint64_t gets = 0;
  std::uint64_t get_nexts = 0;
  std::uint64_t get_bulks = 0;
  std::uint64_t sets = 0;
  std::uint64_t reports = 0;  ///< SNMPv3: discoveries and refusals that were answered by one
  std::uint64_t bindings_asked = 0;
  std::uint64_t bindings_answered = 0;
  std::uint64_t octets_in = 0;  ///< UDP payload
  std::uint64_t octets_out = 0;
  std::uint64_t largest_answer = 0;
  std::uint64_t waiting = 0;      ///< answers under delay now
  std::uint64_t max_waiting = 0;  ///< the most at once: how many requests somebody had outstanding here
};

/// Thread: the fleet's.
class Device {
 public:
  Device(std::string name, Place place, std::unique_ptr<Model> model)
      : name_(std::move(name)), place_(std::move(place)), model_(std::move(model)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Place& place() const noexcept { return place_; }
  [[nodiscard]] Model& model() noexcept { return *model_; }
  [[nodiscard]] const Faults& faults() const noexcept { return faults_; }
  /// Errors: those of apply(Faults&, ...).
  void change_faults(const Json& changes, Instant now);

  /// The largest answer it can send, in octets of UDP payload.
  [[nodiscard]] std::size_t max_message_size() const noexcept;
  void set_max_message_size(std::size_t octets) noexcept { max_message_size_ = octets; }

  /// Without users it does not speak SNMPv3.
  void set_users(const std::vector<std::shared_ptr<const UsmUser>>& users) {
    usm_ = users.empty() ? nullptr : std::make_unique<UsmEngine>(users);
  }
  [[nodiscard]] UsmEngine* usm() noexcept { return usm_.get(); }

  /// Brings the view up to date: to be called once for each request, before what follows.
  void open_view();
  [[nodiscard]] const Layout& view() const noexcept { return *view_; }
  [[nodiscard]] const std::shared_ptr<const Layout>& shared_view() const noexcept { return view_; }
  /// Whether an answer is what the view and the model say, since no fault changes order, names or values.
  [[nodiscard]] bool is_plain() const noexcept { return is_plain_; }
  /// Index of the instance that GETNEXT finds for `name`; view().size() or more at the end.
  [[nodiscard]] std::size_t successor(OidView name) const;
  /// The same for the name of instance `i`.
  [[nodiscard]] std::size_t successor(std::size_t i) const;
  /// Borrowed octets live until the next call.
  [[nodiscard]] Value value(std::size_t i, Instant now);
  /// The same for an instance of a plain device's view.
  [[nodiscard]] Value plain_value(Slot slot, Instant now) { return model_->value(slot, now); }
  /// The same, but 0 where it is a number in every third row of its column (Faults::zero_values_over).
  [[nodiscard]] Value zero_or_value(std::size_t i, Instant now);
  /// The next instance where `i` is in every third row of its column (Faults::skip_rows_over).
  [[nodiscard]] std::size_t past_third_row(std::size_t i) const;

  /// Faults::stuck_flow: whether what comes from that port is lost.
  [[nodiscard]] bool loses_flow(std::uint16_t port) noexcept {
    if (!faults_.stuck_flow) return false;
    if (!stuck_port_) stuck_port_ = port;
    return *stuck_port_ == port;
  }

  /// Faults::silent_after: counts a request; true once there have been too many.
  [[nodiscard]] bool falls_silent() noexcept {
    return faults_.silent_after && ++requests_since_silence_ > *faults_.silent_after;
  }

  DeviceStats stats;

 private:
  /// sysUpTime; nullopt where there is none.
  [[nodiscard]] std::optional<std::uint64_t> uptime(Instant now);
  [[nodiscard]] std::size_t past_early_end(OidView from, std::size_t i) const;
  [[nodiscard]] Value oddly_encoded(const Value& value);
  [[nodiscard]] Value undecodable();
  [[nodiscard]] bool swapped_with_next(std::size_t i) const;
  [[nodiscard]] bool same_column(std::size_t a, std::size_t b) const;
  [[nodiscard]] std::size_t row_in_column(std::size_t i) const;
  [[nodiscard]] Value retyped(const Value& value, Tag tag);

  std::string name_;
  Place place_;
  std::unique_ptr<Model> model_;
  Faults faults_;
  std::optional<std::uint16_t> stuck_port_;  // in network order
  std::unique_ptr<UsmEngine> usm_;
  std::size_t max_message_size_ = 65507;  // the most that UDP over IPv4 carries

  std::shared_ptr<const Layout> base_;
  std::shared_ptr<const Layout> view_;
  bool view_is_stale_ = true;
  bool is_plain_ = true;
  std::uint64_t requests_since_vanish_ = 0;
  std::uint64_t requests_since_silence_ = 0;
  std::optional<std::uint64_t> frozen_uptime_;
  std::string scratch_;
};

}  // namespace fleet
