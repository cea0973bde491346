#include "icmp/round.hpp"

#include <utility>

namespace octopoll::icmp {

EchoRound result_of(Round& round) {
  EchoRound result;
  for (std::uint32_t sequence = 0; sequence < round.probes.size(); ++sequence) {
    const Probe& probe = round.probes[sequence];
    if (probe.state == Probe::State::not_sent) ++result.not_sent;
    if (probe.state != Probe::State::not_sent && probe.state != Probe::State::withdrawn) ++result.sent;
    if (probe.state != Probe::State::in_time) continue;
    result.round_trips.push_back(probe.round_trip);
    result.sequences.push_back(sequence);
  }
  result.received = static_cast<std::uint32_t>(result.round_trips.size());
  result.duplicates = round.duplicates;
  result.late = round.late;
  result.errors = round.errors;
  result.first_error = std::move(round.first_error);
  result.error = std::move(round.error);
  return result;
}

void withdraw(Round& round, BootTime emptied) noexcept {
  for (Probe& probe : round.probes) {
    if (probe.state != Probe::State::waiting) continue;
    const bool lost = emptied >= probe.sent.boot + round.plan.timeout;
    if (!lost) probe.state = Probe::State::withdrawn;
  }
}

}  // namespace octopoll::icmp
