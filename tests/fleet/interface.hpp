#pragma once
// One interface of a synthetic device: what it is, and what it has counted at any instant.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "fleet/counters.hpp"
#include "fleet/model.hpp"
#include "fleet/traffic.hpp"

namespace fleet {

struct InterfaceSpec {
  std::uint32_t if_index = 0;
  std::string name{};   ///< ifName
  std::string descr{};  ///< ifDescr
  std::string alias{};
  std::string phys_address{};  ///< octets
  std::int32_t type = 6;       ///< IANAifType: ethernetCsmacd
  std::int32_t mtu = 1500;
  std::uint64_t speed_bps = 1'000'000'000;
  /// What the agent says instead of what follows from speed_bps.
  std::optional<std::uint32_t> if_speed{};
  std::optional<std::uint32_t> if_high_speed{};
  std::int32_t admin_status = 1;
  std::int32_t oper_status = 1;
  Traffic traffic{};
  Counters start{};
  /// A card that is reloaded apart from the rest of the agent: how often, and how long after its start; 0: it is not.
  std::chrono::nanoseconds cache_period{};
  std::chrono::nanoseconds cache_phase{};
};

/// Counts by the clock: its counters at an instant are what they were at the last change plus what the flow has brought
/// since, so that they can be asked for at any time with the same answer. Nothing flows while it is not up(1).
class Interface {
 public:
  Interface(InterfaceSpec spec, Instant now) : spec_(std::move(spec)), base_(spec_.start), since_(now) {}

  [[nodiscard]] const InterfaceSpec& spec() const noexcept { return spec_; }
  [[nodiscard]] std::uint32_t if_index() const noexcept { return spec_.if_index; }
  void set_if_index(std::uint32_t index) noexcept { spec_.if_index = index; }
  /// For what does not touch the counters: name, alias, speed.
  [[nodiscard]] InterfaceSpec& facts() noexcept { return spec_; }

  /// The truth. `at` is not before the last change (since()); what was then is not kept.
  [[nodiscard]] std::uint64_t count(Count kind, Instant at) const noexcept;
  [[nodiscard]] Counters counters(Instant at) const noexcept;
  [[nodiscard]] Instant since() const noexcept { return since_; }

  void set_traffic(const Traffic& traffic, Instant now);
  void set_oper_status(std::int32_t status, Instant now);
  void set_counter(Count kind, std::uint64_t value, Instant now);
  void clear_counters(Instant now);

  std::uint32_t last_change = 0;         ///< sysUpTime
  std::uint32_t discontinuity_time = 0;  ///< sysUpTime

 private:
  void settle(Instant now);

  InterfaceSpec spec_;
  Counters base_;
  Instant since_;
};

}  // namespace fleet
