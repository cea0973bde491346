#pragma once
// A UDP socket in the agent's place: it sees each request as sent, and answers when and what the test wants.

#include <cstdint>
#include <optional>
#include <string>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll::test {

/// A datagram with where it came from.
struct Packet {
  std::string octets;
  Endpoint from;
  [[nodiscard]] std::int64_t id() const;  ///< request id, or SNMPv3's message id
};

class Peer {
 public:
  explicit Peer(const std::string& address = "127.0.0.1");  ///< a free port of it
  [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }
  /// What has arrived; never waits.
  [[nodiscard]] std::optional<Packet> take() const;
  void send(const std::string& octets, const Endpoint& to) const;

 private:
  Fd socket_;
  Endpoint endpoint_;
};

/// A Response that repeats the bindings of this v1 or v2c request, NULLs as their values.
[[nodiscard]] std::string echo_of(const Packet& request);

}  // namespace octopoll::test
