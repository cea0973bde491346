#pragma once
// What an agent answers: SNMP itself.

#include <chrono>
#include <random>
#include <span>

#include "fleet/device.hpp"
#include "fleet/envelope.hpp"
#include "fleet/kept_answers.hpp"
#include "fleet/request.hpp"

namespace fleet {

/// An answer and how it is to leave.
struct Answer {
  std::span<const std::uint8_t> octets;  ///< empty: silence
  bool malformed = false;                ///< the request's bindings were; then there is silence
  std::chrono::nanoseconds delay{};
  unsigned copies = 1;
  bool from_other_port = false;
  std::optional<Address> from_other_address;
};

/// Applies the elements of procedure to a request.
/// Source: RFC 3416 section 4.2 (v2c), RFC 1157 section 4.1 (v1), RFC 3584 section 4.2.2 (v1 sees no Counter64) and
///         section 4.4 (its error codes).
/// Thread: the fleet's. Reproducible: chance comes from the seed alone.
class Responder {
 public:
  /// What one answer may need at most: the largest UDP payload, and room to put its header in front.
  static constexpr std::size_t buffer_size = 66'000;

  explicit Responder(std::uint64_t seed) : chance_(seed) {}
  /// The answer to an SNMPv1 or SNMPv2c request lives in `buffer`, which has buffer_size octets.
  [[nodiscard]] Answer respond(Request& request, Device& device, Instant now, std::span<std::uint8_t> buffer);
  /// The answer to any request, in that envelope.
  [[nodiscard]] Answer respond(Request& request, Device& device, Instant now, std::span<std::uint8_t> buffer,
                               Envelope& envelope);
  /// The answer to a request that is not allowed: authorizationError.
  [[nodiscard]] Answer refuse(Request& request, Device& device, std::span<std::uint8_t> buffer, Envelope& envelope);
  /// Sends what was made elsewhere (an SNMPv3 report) like an answer: lost, late or spoilt as the device's faults want.
  [[nodiscard]] Answer report(Device& device, std::span<const std::uint8_t> octets, std::span<std::uint8_t> buffer);

 private:
  [[nodiscard]] bool is_mute(const Faults& faults);
  void spoil(Answer& answer, std::span<std::uint8_t> buffer, const Faults& faults);

  std::mt19937_64 chance_;
  std::uint64_t cuttable_ = 0;          // answers of devices that cut some
  std::vector<std::size_t> positions_;  // of GETBULK's columns; kept for its capacity
  KeptAnswers kept_;
};

}  // namespace fleet
