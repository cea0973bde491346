#include "octopoll/poll/wrap_risk.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::poll {
namespace {

using std::chrono::nanoseconds;

bool counts_narrow(const ifmib::RowPlan& plan) {
  const auto objects = plan.layout()->objects();
  return std::any_of(objects.begin(), objects.end(), [](const ifmib::RowLayout::Object& object) {
    return object.column == ifmib::Column::if_in_octets || object.column == ifmib::Column::if_out_octets;
  });
}

std::uint64_t faster_direction(const ifmib::RowPlan& plan, const config::Device& device) {
  if (plan.interface.type() == if_type_software_loopback) return 0;
  if (const auto known = device.interfaces->speed(plan.interface)) return std::max(known->in_bps, known->out_bps);
  return plan.interface.speed_bps().value_or(0);
}

/// As one would write it in the inventory: whole seconds, below one tenths.
nanoseconds rounded_down(nanoseconds time) {
  const nanoseconds unit = time < std::chrono::seconds(1) ? nanoseconds(std::chrono::milliseconds(100))
                                                          : nanoseconds(std::chrono::seconds(1));
  return std::max(time / unit * unit, unit);
}

}  // namespace

nanoseconds WrapRisk::needs() const noexcept { return rounded_down(wraps_in * 4 / 5); }

nanoseconds wraps_in(std::uint64_t speed_bps) noexcept {
  constexpr double turn_bits = 4294967296.0 * 8;
  return std::chrono::duration_cast<nanoseconds>(
      std::chrono::duration<double>(turn_bits / static_cast<double>(speed_bps)));
}

std::optional<WrapRisk> wrap_risk(const std::vector<ifmib::RowPlan>& plans, const config::Device& device) {
  WrapRisk risk;
  for (const ifmib::RowPlan& plan : plans) {
    if (!counts_narrow(plan)) continue;
    const std::uint64_t speed = faster_direction(plan, device);
    if (speed == 0 || wraps_in(speed) > device.interval) continue;
    ++risk.interfaces;
    if (speed <= risk.speed_bps) continue;
    risk.speed_bps = speed;
    risk.fastest = plan.interface.name();
  }
  if (risk.interfaces == 0) return std::nullopt;
  risk.wraps_in = wraps_in(risk.speed_bps);
  return risk;
}

nanoseconds effective_interval(const config::Device& device, const WrapRisk& risk) noexcept {
  if (!device.interval_auto) return device.interval;
  return std::clamp<nanoseconds>(risk.needs(), config::shortest_auto_interval, device.interval);
}

nanoseconds effective_interval(const config::Device& device, const std::optional<WrapRisk>& risk) noexcept {
  return risk ? effective_interval(device, *risk) : device.interval;
}

WrapAdvice advice_on(const WrapRisk& risk, const config::Device& device) {
  const nanoseconds used = effective_interval(device, risk);
  const bool enough = used <= risk.needs();
  WrapAdvice advice;
  advice.message = fmt::format(
      "{} in 32 bits, which {} (at {}) can fill in {:.1f} s",
      risk.interfaces == 1 ? "1 interface counts octets" : fmt::format("{} interfaces count octets", risk.interfaces),
      one_line(risk.fastest), format_speed(risk.speed_bps), std::chrono::duration<double>(risk.wraps_in).count());
  if (device.interval_auto) {
    advice.message += fmt::format(": it is polled every {}", format_duration(used));
    if (enough) return advice;
    advice.message += ", and `interval: auto` goes no lower";
  } else {
    advice.message += fmt::format(", and it is polled every {}", format_duration(used));
  }
  advice.message += ": while it is busy, its deltas are `ambiguous`";
  advice.remedy = fmt::format(
      "set `interval: {}`{}{}", format_duration(risk.needs()), device.interval_auto ? "" : ", or `interval: auto`",
      device.auth->version == SnmpVersion::v1 ? "; SNMPv1 has no 64-bit counters: ask with v2c or v3 if the agent can"
                                              : "");
  return advice;
}

void WrapWatch::look_at(const std::vector<ifmib::RowPlan>& plans, const config::Device& device) {
  auto risk = wrap_risk(plans, device);
  if (!risk) {
    found_.reset();
    return;
  }
  if (!found_) found_.emplace();
  found_->risk = std::move(*risk);
  const WrapAdvice advice = advice_on(found_->risk, device);
  if (advice.message == found_->told) return;
  found_->told = advice.message;
  if (advice.remedy.empty()) {
    log::info("{}: {}", device.name, advice.message);
  } else {
    log::warning("{}: {}; {}", device.name, advice.message, advice.remedy);
  }
}

}  // namespace octopoll::poll
