#pragma once
// Records to rows.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cycle_rows.hpp"
#include "database.hpp"
#include "latest_readings.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface_list.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/shared_value.hpp"
#include "ping_hours.hpp"
#include "rollups.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// What storing one record did.
struct Recorded {
  std::uint64_t rows = 0;
  bool duplicate = false;  ///< it was there already; nothing changed
};

/// Knows the statements and the ids of one connection. store() runs inside the caller's transaction.
class Recorder {
 public:
  /// `database` outlives the recorder.
  [[nodiscard]] static Result<Recorder> create(Database& database);

  [[nodiscard]] Result<Recorded> store(const Record& record);
  [[nodiscard]] Result<Recorded> store(const DeviceCycle& cycle);
  [[nodiscard]] Result<Recorded> store(const PingRound& round);
  /// What is due by the clock of the records and not by one of them: sums of hours and days. A bounded amount of it, so
  /// that it can be called in each transaction.
  [[nodiscard]] Result<> tend();
  /// Of the record that was stored last.
  [[nodiscard]] WallTime now() const noexcept { return now_; }
  /// To be called whenever a transaction or savepoint was undone: ids given in it are not in the file.
  void forget();

 private:
  /// The speeds of an interface in the file.
  enum class Speeds : std::uint8_t {
    unknown,  ///< the file has not been looked into
    none,     ///< in both directions
    stated,   ///< that of its link both ways
    odd,      ///< DeviceEntry::odd_speeds
  };
  struct InterfaceEntry {
    Interface interface;           ///< as in the file, where the speeds are known
    OpenBin traffic;               ///< since the last row of its sums
    std::uint32_t id : 25 = 0;     ///< the key of a row has room for fewer
    std::uint32_t latest : 2 = 0;  ///< DeviceEntry::latest when it was read; 0: not in there
    Speeds speeds : 2 = Speeds::unknown;
  };
  static_assert(sizeof(InterfaceEntry) <= 72, "there is one an interface");
  struct SpeedPair {
    std::uint64_t in_bps, out_bps;
    friend bool operator==(const SpeedPair&, const SpeedPair&) = default;
  };
  struct DeviceEntry {
    std::int64_t id = 0;
    std::optional<std::uint64_t> last_poll_number;
    std::optional<std::string> address;  ///< as in the file; nullopt: not looked into
    SharedValue<DeviceFacts> facts;      ///< those of the file that were read since it was looked into
    bool facts_known = false;
    /// 1 and 2 in turn, with the polls whose readings are in device_latest; 0: not looked into
    std::uint32_t latest = 0;
    std::uint32_t latest_rows = 0;                        ///< of that poll
    std::optional<bool> has_base;                         ///< in base_lines; nullopt: not looked into
    std::optional<std::vector<StackedInterfaces>> stack;  ///< as in the file; nullopt: not looked into
    InterfaceList<InterfaceEntry> interfaces;
    OwnCopy<std::map<std::uint32_t, SpeedPair>> odd_speeds;  ///< by interface: 0 for an unknown one
    Rollups::Device rollups;
  };
  struct Statements {
    Statement device_id, insert_device, update_device, touch_device, last_poll_number;
    Statement insert_poll, interface_id, insert_interface, update_interface, insert_move, insert_samples;
    Statement insert_exceptions, set_aside, take_back, put_latest, put_seen, hold_base, drop_base;
    Statement clear_stack, insert_stack;
    Statement upsert_target, insert_round, blocks_of_poll;
  };
  /// One cycle on its way.
  struct Context {
    const DeviceCycle& cycle;
    DeviceEntry& device;
    std::int64_t poll_id;
    bool newest;  ///< no later cycle of the device is stored: it may speak for the present
  };

  Recorder(std::unique_ptr<CycleRows> rows, PingHours hours, Statements statements, BlockReader polls, Rollups rollups,
           std::int64_t last_taken_id)
      : rows_(std::move(rows)),
        statements_(std::move(statements)),
        sealed_polls_(std::move(polls)),
        rollups_(std::move(rollups)),
        hours_(std::move(hours)),
        last_taken_id_(last_taken_id) {}

  [[nodiscard]] Result<DeviceEntry*> device_of(const std::string& name, WallTime first_polled);
  [[nodiscard]] Result<bool> is_sealed(const DeviceEntry& device, std::uint64_t poll_number);
  [[nodiscard]] Result<> store_device(const Context& context);
  [[nodiscard]] Result<> store_interfaces(const Context& context);
  [[nodiscard]] Result<InterfaceEntry*> interface_of(const Context& context, const InterfaceRecord& record);
  [[nodiscard]] static std::uint32_t next_latest(const DeviceEntry& device) noexcept { return device.latest % 2 + 1; }
  [[nodiscard]] static Speeds sort_of(const SpeedPair& speeds, const Interface& interface) noexcept;
  [[nodiscard]] static bool has_speeds(const DeviceEntry& device, const InterfaceEntry& entry, const SpeedPair& speeds);
  static void keep_speeds(DeviceEntry& device, InterfaceEntry& entry, const SpeedPair& speeds);
  [[nodiscard]] Result<InterfaceEntry*> find_or_insert(const Context& context, const Interface& interface,
                                                       bool& inserted);
  /// Where the interface was known at another ifIndex, or not at all (0).
  [[nodiscard]] Result<> note_move(const Context& context, std::int64_t id, std::int64_t from,
                                   const Interface& interface);
  [[nodiscard]] Result<> move_on(const Context& context, std::int64_t newest_bin);
  [[nodiscard]] Result<> settle_left_open();
  [[nodiscard]] Result<> store_samples(const Context& context);
  [[nodiscard]] Result<> store_stack(const Context& context);
  [[nodiscard]] Result<> store_latest(const Context& context, std::size_t read, bool same_interfaces);
  [[nodiscard]] Result<> store_base(const Context& context);

  std::unique_ptr<CycleRows> rows_;  // behind the statements that read it, as SQLite wants it
  Statements statements_;
  BlockReader sealed_polls_;
  Rollups rollups_;
  std::string boot_ = boot_name();
  WallTime now_{};  ///< of the record that was stored last
  std::optional<WallTime> left_open_checked_at_;
  std::unordered_map<std::string, DeviceEntry> devices_;
  PingHours hours_;
  std::int64_t last_taken_id_;               // of a poll, by what is left that speaks of one: given to none again
  std::vector<std::int64_t> interface_ids_;  // of the rows of the cycle on its way
  LatestReadings readings_;
};

/// The highest poll number of each device in the file.
[[nodiscard]] Result<std::map<std::string, std::uint64_t>> read_last_poll_numbers(Database& database);

}  // namespace octopoll::store
