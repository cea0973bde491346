#pragma once
// What `octopoll ping` is asked to do.

#include <boost/program_options.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::cli {

struct PingSettings {
  std::vector<std::string> targets;
  std::optional<std::uint32_t> count;  ///< none: until Ctrl-C
  bool lists_each = false;             ///< all round trips of each target at the end
  /// A verdict on each target instead of lines and sums: the first answer makes it alive, `attempts` lost probes
  /// unreachable.
  bool tells_alive = false, tells_unreachable = false;
  std::uint32_t attempts = 4;
  double backoff = 1.5;  ///< how much longer each of them is waited for than the one before
  AddressFamily family = AddressFamily::any;
  bool quiet = false;
  bool json = false;
  bool with_time = false;       ///< of day, before each line
  bool with_elapsed = false;    ///< the round trip, behind who is alive
  bool with_addresses = false;  ///< instead of names
  bool with_statistics = false;
  /// Between the first probes of two targets, so that many of them make no burst.
  std::chrono::nanoseconds gap = std::chrono::milliseconds(10);
  icmp::EchoPlan probe;  ///< a round of one; `spacing` is the interval

  [[nodiscard]] bool judges() const noexcept { return tells_alive || tells_unreachable; }
  [[nodiscard]] bool keeps_each() const noexcept { return lists_each || json; }
};

[[nodiscard]] boost::program_options::options_description options_of_ping();
/// `arguments` have the positional words as "target". Errors: usage; io where a file of targets cannot be read.
[[nodiscard]] Result<PingSettings> ping_settings_from(const boost::program_options::variables_map& arguments);

}  // namespace octopoll::cli
