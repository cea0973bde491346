#pragma once
// The probing that `octopoll ping` does.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/ping_settings.hpp"
#include "cli/ping_summary.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"
#include "octopoll/poll/resolver.hpp"

namespace octopoll::cli {

/// Probes all hosts until each had its count or its verdict, or until SIGINT or SIGTERM, and says on stdout what comes
/// back. Thread: the loop's.
class PingRun {
 public:
  PingRun(EventLoop& loop, icmp::Prober& prober, const PingSettings& settings, std::vector<PingHost>& hosts);
  [[nodiscard]] Result<> run();

 private:
  void look_up(PingHost& host);
  void end_one();
  void schedule(PingHost& host);
  void probe(PingHost& host);
  void round_over(PingHost& host, std::uint32_t number, const icmp::EchoRound& round);
  void judge(PingHost& host);
  [[nodiscard]] std::chrono::nanoseconds timeout_of_attempt(std::uint32_t number) const;
  void odd_answer(const PingHost& host, std::uint32_t number, const icmp::EchoAnswer& answer);
  void tell(PingHost& host, const Error& error);
  void live_line(const PingHost& host, std::uint32_t number, std::optional<std::chrono::nanoseconds> round_trip);
  [[nodiscard]] std::string time_of_day() const;
  void stop_early();

  EventLoop& loop_;
  icmp::Prober& prober_;
  const PingSettings& settings_;
  std::vector<PingHost>& hosts_;
  poll::Resolver resolver_;
  std::size_t name_width_;
  std::size_t unfinished_ = 0;
  bool stopping_ = false;
};

}  // namespace octopoll::cli
