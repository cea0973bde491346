#pragma once
// One round of echo requests, and what became of each.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "icmp/round_trip.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {

struct Wire;

struct Probe {
  enum class State : std::uint8_t { waiting, in_time, late, refused, not_sent, withdrawn };
  ClockPair sent;
  std::chrono::nanoseconds round_trip{};
  State state = State::waiting;
  bool stamped = false;  ///< `sent` is by the kernel's stamp
};

struct Round {
  enum class Phase : std::uint8_t { free, running, over };
  std::uint32_t generation = 0;
  Phase phase = Phase::free;
  Endpoint target;
  EchoPlan plan;
  Wire* wire = nullptr;  ///< by which its probes go
  Prober::Done done;
  Prober::Watch watch;
  BootTime due;                        ///< of the next probe
  bool paced = false;                  ///< has its part in the pacer's rate
  std::optional<BootTime> busy_since;  ///< the next probe is due, and the kernel has had no room for it since
  std::vector<Probe> probes;           ///< those sent so far
  std::size_t waiting = 0;             ///< how many of them have neither an answer nor a failure
  std::uint32_t duplicates = 0;
  std::uint32_t late = 0;
  std::uint32_t errors = 0;
  std::optional<EchoError> first_error;
  std::optional<Error> error;
  EventLoop::TimerId timer = 0;
  BootTime forget_at;  ///< of one that is over

  [[nodiscard]] bool all_sent() const noexcept { return probes.size() >= plan.count; }
  /// When the last probe that still waits is lost.
  [[nodiscard]] BootTime deadline() const noexcept {
    const auto last = std::find_if(probes.rbegin(), probes.rend(),
                                   [](const Probe& probe) { return probe.state == Probe::State::waiting; });
    return last == probes.rend() ? BootTime::min() : last->sent.boot + plan.timeout;
  }
};

/// Names a round for as long as it is on record.
struct RoundKey {
  std::uint32_t slot = 0;
  std::uint32_t generation = 0;
};

/// What the round brought, as far as it is known.
[[nodiscard]] EchoRound result_of(Round& round);

/// Takes back the probes of which nothing is known yet: neither answered, nor lost for sure. Lost are those of which no
/// answer was in the socket after their timeout; it was `emptied` then.
void withdraw(Round& round, BootTime emptied) noexcept;

}  // namespace octopoll::icmp
