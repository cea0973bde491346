#pragma once
// Records to rows.

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>

#include "database.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface_list.hpp"

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
  /// To be called whenever a transaction or savepoint was undone: ids given in it are not in the file.
  void forget();

 private:
  struct InterfaceEntry {
    Interface interface;  ///< as in the file, where the speeds are known
    std::int64_t id = 0;
    std::uint64_t in_speed_bps = unknown_speed;  ///< as in the file
    std::uint64_t out_speed_bps = unknown_speed;
  };
  /// 2^64-1 bit/s is no speed, so it means that the file has not been looked into.
  static constexpr std::uint64_t unknown_speed = std::numeric_limits<std::uint64_t>::max();
  struct DeviceEntry {
    std::int64_t id = 0;
    std::optional<std::uint64_t> last_poll_number;
    InterfaceList<InterfaceEntry> interfaces;
  };
  struct Statements {
    Statement device_id, insert_device, update_device, touch_device, last_poll_number;
    Statement insert_poll, interface_id, insert_interface, update_interface, insert_sample, update_latest,
        insert_latest;
    Statement upsert_target, insert_round;
  };
  /// One cycle on its way.
  struct Context {
    const DeviceCycle& cycle;
    DeviceEntry& device;
    std::int64_t poll_id;
    bool newest;  ///< no later cycle of the device is stored: it may speak for the present
  };

  explicit Recorder(Statements statements) : statements_(std::move(statements)) {}

  [[nodiscard]] Result<DeviceEntry*> device_of(const std::string& name);
  [[nodiscard]] Result<> store_device(const Context& context);
  [[nodiscard]] Result<> store_interface(const Context& context, const InterfaceRecord& record);
  [[nodiscard]] Result<std::int64_t> interface_of(const Context& context, const InterfaceRecord& record);
  [[nodiscard]] Result<InterfaceEntry*> find_or_insert(const Context& context, const Interface& interface,
                                                       bool& inserted);
  [[nodiscard]] Result<> store_sample(const Context& context, std::int64_t interface_id, const InterfaceRecord& record);
  [[nodiscard]] Result<> store_latest(const Context& context, std::int64_t interface_id, const InterfaceRecord& record);

  Statements statements_;
  std::unordered_map<std::string, DeviceEntry> devices_;
};

/// The highest poll number of each device in the file.
[[nodiscard]] Result<std::map<std::string, std::uint64_t>> read_last_poll_numbers(Database& database);

}  // namespace octopoll::store
