#pragma once
// The targets of `octopoll ping`, and what is said of them at the end.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::cli {

/// A target and what became of its probes.
struct PingHost {
  std::string name;                  ///< as written
  std::string shown;                 ///< the same, or its address
  std::optional<Endpoint> endpoint;  ///< none: its name is not resolved
  std::optional<Error> error;        ///< the latest
  BootTime due;
  std::uint32_t started = 0;
  std::map<std::uint32_t, icmp::Prober::RoundId> in_flight;
  std::uint64_t sent = 0, received = 0, duplicates = 0, late = 0, errors = 0, not_sent = 0;
  std::chrono::nanoseconds fastest = std::chrono::nanoseconds::max(), slowest{}, sum{};
  std::vector<std::optional<std::chrono::nanoseconds>> each;  ///< by probe, where they are kept

  [[nodiscard]] static PingHost named(const std::string& word) {
    PingHost host;
    host.name = host.shown = word;
    return host;
  }
  [[nodiscard]] std::uint64_t loss_percent() const noexcept { return sent == 0 ? 0 : (sent - received) * 100 / sent; }
  [[nodiscard]] std::chrono::nanoseconds mean() const noexcept { return sum / static_cast<std::int64_t>(received); }
};

[[nodiscard]] std::size_t name_width(const std::vector<PingHost>& hosts);
/// fping's last lines, on stderr; `each` with a line of all round trips of each target before them.
void print_ping_summary(const std::vector<PingHost>& hosts, bool each);
/// fping's sums over all targets, on stderr.
void print_ping_statistics(const std::vector<PingHost>& hosts, std::chrono::nanoseconds elapsed);
/// An array with an object a target.
[[nodiscard]] nlohmann::ordered_json ping_json(const std::vector<PingHost>& hosts);

}  // namespace octopoll::cli
