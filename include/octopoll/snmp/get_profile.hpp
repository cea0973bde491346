#pragma once
// How much one device answers to one GET.

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/own_copy.hpp"

namespace octopoll::snmp {

/// Of one PDU, as it is asked for. Unit of `octets`: what the variables of its answer are expected to take, without the
/// message around them.
struct PduSize {
  std::size_t octets = 0;
  std::size_t variables = 0;

  [[nodiscard]] bool within(const PduSize& most) const noexcept {
    return octets <= most.octets && variables <= most.variables;
  }
  /// How many of so many octets each it has room for; one is always allowed.
  [[nodiscard]] std::size_t objects(std::size_t octets_each) const noexcept {
    return std::max<std::size_t>(1, std::min(variables, octets / octets_each));
  }
  friend bool operator==(const PduSize&, const PduSize&) = default;
};

/// What a device has shown of the GETs that it answers: kept over cycles, for what failed once would fail each time.
/// For walks there is BulkProfile.
///
/// Rule: silence halves the octets, of a size that was answered before only the second time running, since packets get
/// lost. Only a smaller GET that is answered afterwards proves that size was to blame: where the smallest one meets
/// silence as well, gone() takes all back. tooBig is the agent's own word. An answer with
/// fewer variables than asked sets their number, where the others were there for who asks again. A packet may be lost
/// and firmware be mended, so now and then one PDU is half as large again: at first a minute after something was
/// lowered, after each that fails twice as long, at last an hour; after one that succeeds with the next reading.
/// Shape: no I/O, no clock of its own.
class GetProfile {
 public:
  static constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
  static constexpr std::chrono::minutes first_wait{1};
  static constexpr std::chrono::minutes longest_wait{60};

  GetProfile() = default;
  /// Never asks for more variables, whatever is answered.
  explicit GetProfile(std::size_t most_variables) noexcept : most_{unlimited, most_variables}, bound_(most_variables) {}

  /// What a PDU may have; one variable is always allowed.
  [[nodiscard]] const PduSize& most() const noexcept { return most_; }
  /// Something was lowered of which no answer has shown yet that it helps.
  [[nodiscard]] bool in_doubt() const noexcept { return fault_ && fault_->before; }

  // What came of a PDU.
  void answered(const PduSize& size, BootTime now);
  /// While the device may be there.
  void silent(const PduSize& size, BootTime now);
  void too_big(const PduSize& size, BootTime now);
  /// Answered with `came` variables, and the next one was there when it was asked for again.
  void cut(const PduSize& size, std::size_t came, BootTime now);
  /// Nobody answers, not even the smallest question: no size is to blame.
  void gone() noexcept;

  /// Where it is time to try more, how much; from then on it is not, unless that is answered().
  [[nodiscard]] std::optional<PduSize> begin_trial(BootTime now);
  /// It met silence.
  void trial_failed(const PduSize& size);

  /// A fault that was proved, in words that follow the device's name; empty where there is none, or it is no fault.
  [[nodiscard]] std::string fault() const;

 private:
  /// Nearly no device has one, and there is a profile for each.
  struct Fault {
    std::optional<PduSize> before{};  ///< what holds if size is not to blame
    unsigned silences = 0;            ///< to sizes of which smaller ones were answered, or may yet be
    std::optional<PduSize> quiet{};   ///< the smallest size that met silence
    std::optional<PduSize> cut{};     ///< the PDU that was answered in part
    std::size_t came = 0;             ///< of it
  };

  void lower(const PduSize& to, BootTime now);
  void note_silence(const PduSize& size);
  [[nodiscard]] Fault& faulty() { return fault_ ? *fault_ : fault_.emplace(); }

  PduSize most_{unlimited, unlimited};
  std::size_t bound_ = unlimited;  ///< of the variables
  std::optional<BootTime> next_trial_;
  std::chrono::nanoseconds wait_ = first_wait;
  std::size_t good_octets_ = 0;  ///< of the largest that was answered
  unsigned doubts_ = 0;          ///< silences to such a size since it was answered last
  OwnCopy<Fault> fault_;
};

}  // namespace octopoll::snmp
