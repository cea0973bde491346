#pragma once
// The inventory: what a YAML file says is to be polled, checked and complete.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "octopoll/config/interface_rules.hpp"
#include "octopoll/core/credentials.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/health.hpp"
#include "octopoll/core/retention.hpp"
#include "octopoll/core/shared_value.hpp"

namespace octopoll::config {

/// One thing wrong in a file, for a person. Unit: line and column count from 1, the column in characters.
struct Problem {
  std::string file;
  int line = 1;
  int column = 1;
  std::string message;
  std::string remedy;  ///< what to do; may be empty
  /// "FILE:LINE:COLUMN: message", without the remedy.
  [[nodiscard]] std::string text() const;
};

/// `interval: auto` makes no interval shorter than this: no counter is worth more load.
inline constexpr std::chrono::seconds shortest_auto_interval(5);

/// The echo requests of one round to one target. The initialisers are the defaults.
struct EchoSettings {
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);  ///< without an answer for so long a request is lost
  unsigned count = 10;
  bool burst = false;                       ///< one burst_spacing after the other, and not spread over the interval
  unsigned payload = 56;                    ///< octets after the 8 of the ICMP header
  std::optional<std::uint8_t> hop_limit{};  ///< nothing: the kernel's
  std::optional<std::uint8_t> dscp{};       ///< nothing: 0
  bool dont_fragment = false;
  std::optional<Endpoint> source{};  ///< an address of this machine to send from; its port means nothing
  friend bool operator==(const EchoSettings&, const EchoSettings&) = default;
};
/// As the packets of a voice call are: what a burst measures is what such a stream would meet.
inline constexpr std::chrono::milliseconds burst_spacing(20);
/// Echo requests of one round to one target are at least this far apart, so that no target takes them for a flood.
inline constexpr std::chrono::milliseconds least_echo_spacing(10);

/// One device, after defaults and groups were applied. The initialisers are the defaults.
struct Device {
  std::string name;
  Target address;
  std::string auth_name;  ///< name in `auths`; "" for the built-in default (v2c, public)
  SharedValue<SnmpCredentials> auth;
  std::chrono::nanoseconds interval = std::chrono::seconds(60);
  bool interval_auto = false;  ///< shortened where 32-bit counters of the device would wrap unseen
  std::chrono::nanoseconds timeout = std::chrono::seconds(1);  ///< per request, before the first retry
  unsigned retries = 2;                                        ///< per request, after the first try
  unsigned max_outstanding = 2;                                ///< requests in flight at this device
  std::optional<unsigned> max_requests_per_second{};           ///< at this device, retries too; nothing: no bound
  unsigned max_repetitions = 25;                               ///< upper bound for GETBULK
  unsigned max_message_size = 1472;                            ///< octets an answer may have
  std::optional<unsigned> max_variables{};           ///< objects that a request asks for; nothing: as it learns
  CounterSet counters{};                             ///< that are read of each interface
  HealthLimits health{};                             ///< of its interfaces, for the report of errors
  bool short_request_ids = false;                    ///< below 2^15
  std::vector<Endpoint> answers_from{};              ///< further addresses whose answers are taken
  std::shared_ptr<const InterfaceRules> interfaces;  ///< shared by the devices of a group; never null
  bool ping = true;                                  ///< probe its address by ICMP too
  SharedValue<EchoSettings> echo;                    ///< how, if so
  std::chrono::nanoseconds dns_cache =
      std::chrono::minutes(5);  ///< the file's: how long an address found by name holds
  SharedValue<std::map<std::string, std::string>> tags;
};

/// One ICMP target beside the devices.
struct Probe {
  std::string name;
  std::string host;  ///< name or literal, no port
  AddressFamily family = AddressFamily::any;
  std::chrono::nanoseconds interval = std::chrono::seconds(60);
  EchoSettings echo;
  std::chrono::nanoseconds dns_cache = std::chrono::minutes(5);  ///< the file's
};

struct Inventory {
  std::filesystem::path file;
  std::vector<Device> devices;  ///< in the order of the file; names are unique
  std::vector<Probe> probes;    ///< names are unique, also against devices
  EchoSettings ping;            ///< of devices, where neither they nor their groups say otherwise
  std::chrono::nanoseconds dns_cache = std::chrono::minutes(5);  ///< also in each device and probe
  std::optional<std::filesystem::path> store;                    ///< relative paths are relative to the file
  Problem store_place;            ///< where it is named: what is wrong with it goes there
  Retention retention;            ///< of the store
  std::vector<Problem> warnings;  ///< nothing that keeps it from running: secrets that others may read
};

/// Reads and checks a whole file. Errors: all problems at once, ordered by line; never secrets in them.
/// Thread: any; blocks on the file and on `file:` secrets.
[[nodiscard]] tl::expected<Inventory, std::vector<Problem>> load_inventory(const std::filesystem::path& file);

}  // namespace octopoll::config
