#pragma once
// What `run --once` and `local` show of the latest cycle of each device.

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "octopoll/core/cycle.hpp"
#include "octopoll/report/table.hpp"

namespace octopoll::cli {

/// Keeps the newest cycle of each device, and all echo probes of each target since the start as one round (the newest
/// `most_round_trips` of them). Thread: the loop's.
class LatestRecords final : public Sink {
 public:
  void take(const RecordPtr& record) override;
  [[nodiscard]] const std::map<std::string, RecordPtr>& cycles() const noexcept { return cycles_; }
  [[nodiscard]] const std::map<std::string, PingRound>& pings() const noexcept { return pings_; }

  static constexpr std::size_t most_round_trips = 10'000;

 private:
  void add(const PingRound& round);

  std::map<std::string, RecordPtr> cycles_;
  std::map<std::string, PingRound> pings_;
};

/// A row an interface: rates, utilisation, errors. `devices`: the order to show them in. With one device its column is
/// left out. Below: why an interface has no rate or no utilisation, and each device that failed.
[[nodiscard]] report::Table interface_rates_table(const LatestRecords& latest, const std::vector<std::string>& devices);
/// A row a ping target: sent, received, loss, round trips.
[[nodiscard]] report::Table latency_table(const LatestRecords& latest);
/// Both, and the state of each device, as one object.
[[nodiscard]] nlohmann::ordered_json latest_json(const LatestRecords& latest, const std::vector<std::string>& devices);

}  // namespace octopoll::cli
