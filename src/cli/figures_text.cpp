#include "cli/figures_text.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

using std::chrono::nanoseconds;

/// Whole seconds are enough for a run, and read better.
std::string run_time(nanoseconds duration) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

std::string outcomes(const poll::PollerStatistics& polls) {
  return fmt::format("{} ({} complete, {} partial, {} failed)", format_counted(polls.cycles, "cycle"),
                     format_count(polls.complete), format_count(polls.partial), format_count(polls.failed));
}

std::string turns(const poll::PollerStatistics& polls) {
  return fmt::format("{} skipped, {} missed", format_counted(polls.skipped, "turn"), format_count(polls.missed));
}

std::string pdus(const snmp::Traffic& traffic) {
  const std::string unreadable =
      traffic.unreadable_values == 0 ? "" : ", " + format_counted(traffic.unreadable_values, "unreadable value");
  return fmt::format("{} sent, {} received, {}, {}, {} late, {} foreign, {} malformed, {} dropped by the kernel{}",
                     format_counted(traffic.requests, "PDU"), format_count(traffic.responses),
                     format_counted(traffic.retries, "retry", "retries"), format_counted(traffic.timeouts, "timeout"),
                     format_count(traffic.late), format_count(traffic.foreign), format_count(traffic.malformed),
                     format_count(traffic.kernel_drops), unreadable);
}

std::string records(const store::WriterStatistics& stored) {
  return fmt::format("{} stored in {}, {} lost", format_counted(stored.records, "record"),
                     format_counted(stored.commits, "commit"), format_count(stored.dropped));
}

std::string punctuality(const LoopLag& lag) {
  return fmt::format("mean {}, most {}", poll::span_text(lag.mean()), poll::span_text(lag.longest));
}

}  // namespace

std::vector<std::string> figures_lines(const poll::Figures& figures, const store::WriterStatistics& stored) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("figures after {}: {}, {}", run_time(figures.running),
                              format_counted(figures.devices, "device"), format_counted(figures.probes, "probe")));
  lines.push_back(fmt::format("  polls   {}; {}; {} under way", outcomes(figures.polls), turns(figures.polls),
                              format_counted(figures.busy, "device")));
  lines.push_back("  SNMP    " + pdus(figures.traffic));
  lines.push_back(fmt::format("          {} out, {} in; {} in flight", format_octets(figures.traffic.octets_sent),
                              format_octets(figures.traffic.octets_received),
                              format_counted(figures.in_flight, "request")));
  const icmp::ProberStatistics& echoes = figures.echoes;
  lines.push_back(fmt::format("  ICMP    {}; {} sent, {} received, {} late, {}, {} foreign, {}",
                              format_counted(figures.polls.ping_rounds, "round"),
                              format_counted(echoes.sent, "echo", "echoes"), format_count(echoes.received),
                              format_count(echoes.late), format_counted(echoes.duplicates, "duplicate"),
                              format_count(echoes.foreign), format_counted(echoes.errors, "error")));
  if (echoes.overflowed > 0) {
    lines.push_back(
        fmt::format("          {} of an echo found the receive buffer full: more net.core.rmem_max holds more",
                    format_counted(echoes.overflowed, "answer")));
  }
  if (echoes.not_sent > 0) {
    lines.push_back(fmt::format("          {} not sent: this machine's send queue was full",
                                format_counted(echoes.not_sent, "echo", "echoes")));
  }
  lines.push_back(fmt::format("  store   {}; {} waiting, {}, {} rejected{}", records(stored),
                              format_counted(stored.backlog, "record"),
                              format_counted(stored.failures, "failed commit"), format_count(stored.rejected),
                              stored.failing ? "; FAILING now" : ""));
  lines.push_back(fmt::format("  loop    timers late since the last look: {} ({}); longest callback {}",
                              punctuality(figures.lag), format_counted(figures.lag.timers, "timer"),
                              poll::span_text(figures.lag.longest_callback)));
  if (figures.failing > 0) {
    const bool more = figures.failing > figures.failing_names.size();
    lines.push_back(fmt::format("  failing {}: {}{}", format_counted(figures.failing, "device"),
                                fmt::join(figures.failing_names, ", "), more ? ", ..." : ""));
  }
  if (!figures.silent.empty()) lines.emplace_back("  most timeouts");
  for (const poll::DeviceSilence& each : figures.silent) {
    lines.push_back(fmt::format("    {}: {}, {}{}", each.device, format_counted(each.timeouts, "timeout"),
                                format_counted(each.retries, "retry", "retries"), each.failing ? "; failing now" : ""));
  }
  if (!figures.expensive.empty()) lines.emplace_back("  most expensive last cycles");
  for (const poll::DeviceExpense& each : figures.expensive) {
    lines.push_back(fmt::format("    {}: {}, {} in {}", each.device, poll::cost_text(each.cost),
                                format_counted(each.interfaces, "interface"), poll::span_text(each.duration)));
  }
  return lines;
}

std::string figures_headline(const poll::Figures& figures, const store::WriterStatistics& stored) {
  return fmt::format("{}, {}, {}; {}; timers late: {}; {}", outcomes(figures.polls), turns(figures.polls),
                     format_counted(figures.polls.ping_rounds, "ping round"), pdus(figures.traffic),
                     punctuality(figures.lag_in_all), records(stored));
}

}  // namespace octopoll::cli
