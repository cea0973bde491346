#include "octopoll/snmp/get_profile.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "octopoll/core/text.hpp"

namespace octopoll::snmp {
namespace {

/// Silences that are told: a single one may be packets that were lost.
constexpr unsigned silences_told = 2;
/// Silences, one after the other, to a size that was answered before.
constexpr unsigned silences_believed = 2;

std::size_t half_as_much_again(std::size_t size) {
  return size >= GetProfile::unlimited / 2 ? GetProfile::unlimited : size + std::max<std::size_t>(size / 2, 1);
}

}  // namespace

void GetProfile::answered(const PduSize& size, BootTime now) {
  if (fault_) fault_->before.reset();
  good_octets_ = std::max(good_octets_, size.octets);
  if (size.octets >= good_octets_ - good_octets_ / 8) doubts_ = 0;
  if (size.within(most_)) return;
  most_.octets = std::max(most_.octets, size.octets);
  most_.variables = std::max(most_.variables, size.variables);
  wait_ = first_wait;
  next_trial_ = now;
}

void GetProfile::silent(const PduSize& size, BootTime now) {
  if (size.octets <= good_octets_ && ++doubts_ < silences_believed) return;
  good_octets_ = 0;
  doubts_ = 0;
  if (!in_doubt()) faulty().before = most_;
  note_silence(size);
  lower({size.octets / 2, most_.variables}, now);
}

void GetProfile::too_big(const PduSize& size, BootTime now) { lower({size.octets / 2, most_.variables}, now); }

void GetProfile::cut(const PduSize& size, std::size_t came, BootTime now) {
  if (came >= size.variables) return;
  faulty().cut = size;
  fault_->came = std::max<std::size_t>(came, 1);
  lower({most_.octets, fault_->came}, now);
}

void GetProfile::gone() noexcept {
  doubts_ = 0;
  if (!in_doubt()) return;
  most_ = *std::exchange(fault_->before, std::nullopt);
  fault_->quiet.reset();
  fault_->silences = 0;
}

void GetProfile::lower(const PduSize& to, BootTime now) {
  most_.octets = std::min(most_.octets, std::max<std::size_t>(to.octets, 1));
  most_.variables = std::min(most_.variables, to.variables);
  if (!next_trial_ || *next_trial_ < now + wait_) next_trial_ = now + wait_;
}

std::optional<PduSize> GetProfile::begin_trial(BootTime now) {
  if (in_doubt() || !next_trial_ || now < *next_trial_) return std::nullopt;
  wait_ = std::min<std::chrono::nanoseconds>(wait_ * 2, longest_wait);
  next_trial_ = now + wait_;
  return PduSize{half_as_much_again(most_.octets), std::min(half_as_much_again(most_.variables), bound_)};
}

void GetProfile::trial_failed(const PduSize& size) { note_silence(size); }

void GetProfile::note_silence(const PduSize& size) {
  Fault& fault = faulty();
  if (!fault.quiet || size.octets < fault.quiet->octets) fault.quiet = size;
  ++fault.silences;
}

std::string GetProfile::fault() const {
  if (!fault_) return {};
  if (fault_->cut) {
    return fmt::format("the agent answers {} of {} that one request asks for and leaves out the rest", fault_->came,
                       format_counted(fault_->cut->variables, "variable"));
  }
  if (fault_->before || fault_->silences < silences_told) return {};
  return fmt::format("the agent is silent to requests for {} at once, and answers smaller ones",
                     format_counted(fault_->quiet->variables, "variable"));
}

}  // namespace octopoll::snmp
