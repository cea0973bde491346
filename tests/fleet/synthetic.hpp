#pragma once
// A made-up device whose truth is known.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fleet/interface.hpp"
#include "fleet/model.hpp"

namespace fleet {

struct SyntheticSpec {
  std::string sys_descr = "octopoll test agent";
  std::string sys_contact{};
  std::string sys_location{};
  std::vector<InterfaceSpec> interfaces{};
  bool ifx_table = true;
  bool counters_64 = true;
  /// The agent's tables are snapshots, taken each so often by its own timer, asked or not; 0: always fresh.
  std::chrono::nanoseconds cache_period{};
  /// Whether it says so, as Net-SNMP does (nsCacheTimeout of ifTable, in whole seconds).
  bool advertise_cache_period = false;
  std::uint32_t sys_uptime = 0;  ///< at the start, in hundredths of a second
  std::int32_t clock_drift_ppm = 0;
  std::uint32_t engine_boots = 1;
  std::uint32_t engine_time = 0;  ///< at the start, in seconds
};

/// Like devices have like layouts: this keeps one for all of them.
class LayoutCache {
 public:
  struct Key {
    std::vector<std::uint32_t> if_indexes;
    bool ifx_table;
    bool counters_64;
    bool cache_period;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  [[nodiscard]] std::shared_ptr<const Layout> get(const Key& key);

 private:
  std::map<Key, std::weak_ptr<const Layout>> layouts_;
};

/// What there was to see of an interface at one instant.
struct InterfaceTruth {
  std::string name;
  std::uint32_t if_index = 0;
  std::int32_t oper_status = 1;
  Counters counters;  ///< exactly
  Counters shown;     ///< by the agent, whose cache may be older
};

struct Truth {
  Instant at{};
  std::uint32_t sys_uptime = 0;
  std::uint32_t engine_boots = 0;
  std::vector<InterfaceTruth> interfaces;
};

struct RebootOptions {
  /// Each ifIndex goes to the next interface; the last one's to the first.
  bool renumber = false;
  std::uint32_t sys_uptime = 0;
};

/// What may be changed of an interface while it runs; what is empty stays.
struct InterfaceChange {
  std::optional<std::string> name{};
  std::optional<std::string> descr{};
  std::optional<std::string> alias{};
  std::optional<std::uint64_t> speed_bps{};
  std::optional<std::int32_t> mtu{};
  std::optional<std::int32_t> admin_status{};
  std::optional<std::int32_t> oper_status{};  ///< moves ifLastChange
  std::optional<std::uint32_t> if_index{};    ///< moves ifTableLastChange
  std::optional<Traffic> traffic{};
  std::vector<std::pair<Count, std::uint64_t>> counters{};
  bool discontinuity = false;  ///< moves ifCounterDiscontinuityTime
};

/// Thread: the fleet's. Errors: std::invalid_argument where a name or an ifIndex does not fit.
class SyntheticModel final : public Model {
 public:
  SyntheticModel(std::string sys_name, SyntheticSpec spec, std::shared_ptr<LayoutCache> layouts, Instant now);

  [[nodiscard]] const std::shared_ptr<const Layout>& layout() const override { return layout_; }
  [[nodiscard]] Value value(Slot slot, Instant now) override;
  [[nodiscard]] EngineFacts engine(Instant now) const override;

  /// `at` may lie in the past as far as no change does, and in the future if none will come.
  [[nodiscard]] Truth truth(Instant at) const;
  void reboot(const RebootOptions& options, Instant now);
  void add_interface(InterfaceSpec spec, Instant now);
  void remove_interface(std::string_view name, Instant now);
  void change_interface(std::string_view name, const InterfaceChange& change, Instant now);
  [[nodiscard]] const InterfaceSpec& interface(std::string_view name) const;

 private:
  [[nodiscard]] std::uint32_t uptime(Instant at) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds own_clock(Instant at) const noexcept;
  [[nodiscard]] Instant snapshot_time(Instant at) const noexcept;
  [[nodiscard]] Instant snapshot_time(std::size_t row, Instant at) const noexcept;
  [[nodiscard]] std::uint64_t shown(std::size_t row, Count count, Instant at) const;
  [[nodiscard]] Value interface_value(Slot slot, Instant now);
  [[nodiscard]] std::size_t row_of(std::string_view name) const;
  void require_valid(std::uint32_t if_index) const;
  void require_free(std::uint32_t if_index) const;
  void hold_snapshot(Instant now);
  void rows_changed(Instant now);
  void sort_and_lay_out();

  std::string sys_name_;
  SyntheticSpec spec_;
  std::shared_ptr<LayoutCache> layouts_;
  std::shared_ptr<const Layout> layout_;
  std::vector<Interface> interfaces_;  // by ifIndex
  Instant boot_;
  std::uint32_t table_last_change_ = 0;
  std::string engine_id_;

  /// A change between two snapshots must not show before the next one, so what was shown is kept until then.
  struct Held {
    Instant taken;
    std::map<std::uint32_t, Counters> by_if_index;
  };
  std::optional<Held> held_;
};

}  // namespace fleet
