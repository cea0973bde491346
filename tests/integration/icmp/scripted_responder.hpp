#pragma once
// Answers echo requests as the test says: late, twice, forged, with an error, or not at all.

#include <cstdint>
#include <optional>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll::test {

/// An echo request that was sent to this namespace.
struct SeenRequest {
  Endpoint from, to;
  std::vector<std::uint8_t> icmp;       ///< from the ICMP header on
  std::vector<std::uint8_t> ip_header;  ///< in front of it
};

/// Hears every echo request to the namespace that it is made in; the kernel there should be silenced.
/// Errors: std::system_error.
class ScriptedResponder {
 public:
  explicit ScriptedResponder(int family);

  /// The next request that is waiting to be heard.
  [[nodiscard]] std::optional<SeenRequest> hear();

  /// The right answer to `request`, as ICMP octets to send or to spoil first.
  [[nodiscard]] static std::vector<std::uint8_t> answer_to(const SeenRequest& request);
  /// An ICMP error about `request` that quotes the IP header and the first `quoted` octets behind it.
  [[nodiscard]] static std::vector<std::uint8_t> error_about(const SeenRequest& request, std::uint8_t type,
                                                             std::uint8_t code, std::size_t quoted);
  /// Sends ICMP octets from one address of this machine to another; fills in the checksum.
  void send(const Endpoint& from, const Endpoint& to, std::vector<std::uint8_t> icmp) const;
  /// Answers as the target would have.
  void answer(const SeenRequest& request) const { send(request.to, request.from, answer_to(request)); }

 private:
  int family_;
  Fd ear_;
};

}  // namespace octopoll::test
