#pragma once
// A wire between a session and its agent that the test can see into, cut and forge on.

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "peer.hpp"

namespace octopoll::test {

/// Passes datagrams on in both directions, as often as pump() is called. For one session.
class Relay {
 public:
  /// What goes on instead of a datagram: nothing, itself, more.
  using Filter = std::function<std::vector<std::string>(const std::string& datagram)>;

  explicit Relay(Endpoint agent) : agent_(std::move(agent)) {}

  /// Where the session sends to.
  [[nodiscard]] const Endpoint& endpoint() const noexcept { return front_.endpoint(); }

  void pump() {
    while (const auto packet = front_.take()) {
      session_ = packet->from;
      requests.push_back(packet->octets);
      for (const std::string& octets : pass(on_request, packet->octets)) back_.send(octets, agent_);
    }
    while (const auto packet = back_.take()) {
      answers.push_back(packet->octets);
      for (const std::string& octets : pass(on_answer, packet->octets)) front_.send(octets, *session_);
    }
  }

  /// Straight to the session, as if it came from the agent.
  void inject(const std::string& octets) const { front_.send(octets, *session_); }

  Filter on_request, on_answer;                ///< unset: everything goes on as it is
  std::vector<std::string> requests, answers;  ///< all that came, whether it went on or not

 private:
  static std::vector<std::string> pass(const Filter& filter, const std::string& datagram) {
    return filter ? filter(datagram) : std::vector<std::string>{datagram};
  }

  Endpoint agent_;
  Peer front_, back_;
  std::optional<Endpoint> session_;
};

}  // namespace octopoll::test
