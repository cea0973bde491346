#include "octopoll/poll/cycle_cost.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "octopoll/ifmib/identity.hpp"
#include "octopoll/ifmib/interview.hpp"
#include "octopoll/poll/resolver.hpp"
#include "poll/session_options.hpp"

namespace octopoll::poll {
namespace {

/// One device, read as its poller reads it.
class Probe {
 public:
  Probe(snmp::Interview& interview, const config::Device& device) : interview_(interview), device_(device) {}

  Result<CycleCost> run() {
    if (auto connected = connect(); !connected) return tl::make_unexpected(connected.error());
    if (auto read = read_tables(); !read) return tl::make_unexpected(read.error());
    return count_cycle();
  }

 private:
  /// The first of its addresses that answers, as a cycle takes it.
  Result<> connect() {
    auto endpoints = resolve_blocking(device_.address);
    if (!endpoints)
      return fail(endpoints.error().kind, device_.name + ": " + endpoints.error().message, endpoints.error().remedy);
    prefer_ipv4(*endpoints);
    Result<> last;
    for (const Endpoint& endpoint : *endpoints) {
      session_.reset();
      auto session = interview_.open(session_options(device_, endpoint));
      if (!session) return tl::make_unexpected(session.error());
      session_ = std::move(*session);
      limits_.stranger = &endpoint == &endpoints->back();
      last = read_scalars(ifmib::ScalarSet::all);
      if (last) return last;
    }
    return last;
  }

  Result<> ended(ifmib::ReadEnd&& end) {
    if (interview_.interrupted()) return fail(ErrorKind::partial, device_.name + ": interrupted");
    if (end.error) return tl::make_unexpected(std::move(*end.error));
    return {};
  }

  Result<> read_scalars(ifmib::ScalarSet set) {
    return ended(ifmib::read_scalars(interview_, *session_, set, limits_).second);
  }

  Result<> read_tables() {
    auto [rows, how] = ifmib::read_tables(interview_, *session_, ifmib::polled_columns(), limits_);
    const auto names = ifmib::identify(rows, {});
    const ifmib::WideZero zero = ifmib::wide_zero_of(rows);
    for (const auto& [index, row] : rows) {
      ifmib::RowPlan plan = ifmib::plan_row(index, names.at(index), row, device_.counters, zero);
      if (device_.interfaces->keeps(plan.interface)) plans_.push_back(std::move(plan));
    }
    return ended(std::move(how));
  }

  Result<CycleCost> count_cycle() {
    const snmp::Traffic before = session_->traffic();
    const BootTime began = BootClock::now();
    if (auto read = read_scalars(ifmib::ScalarSet::changing); !read) return tl::make_unexpected(read.error());
    const std::uint64_t scalars = session_->traffic().requests - before.requests;
    ifmib::ReadEnd how;
    std::unique_ptr<ifmib::Reading> reading;
    interview_.run([&](std::function<void()> finished) {
      reading = ifmib::read_counters(
          *session_, plans_, limits_, [](ifmib::RowReading&&) {},
          [&how, finished](ifmib::ReadEnd&& end) {
            how = std::move(end);
            finished();
          });
    });
    if (auto read = ended(std::move(how)); !read) return tl::make_unexpected(read.error());
    const snmp::Traffic cost = session_->traffic() - before;
    // The cycle that reads the tables had its scalars before them.
    return CycleCost{plans_.size(),
                     cost.requests,
                     cost.octets_sent,
                     cost.octets_received,
                     BootClock::now() - began,
                     session_->traffic().requests - scalars,
                     wrap_risk(plans_, device_)};
  }

  snmp::Interview& interview_;
  const config::Device& device_;
  snmp::GetProfile gets_{device_.max_variables.value_or(snmp::GetProfile::unlimited)};
  ifmib::ReadLimits limits_ = [this] {
    ifmib::ReadLimits limits{device_.max_repetitions, device_.max_message_size};
    limits.gets = &gets_;  // what a read learns of the agent the next one begins with, as in the poller
    return limits;
  }();
  std::unique_ptr<snmp::Session> session_;
  std::vector<ifmib::RowPlan> plans_;
};

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

std::chrono::nanoseconds governed_duration(std::uint64_t requests, const config::Device& device) noexcept {
  if (!device.max_requests_per_second || requests == 0) return {};
  // The first one goes at once.
  return std::chrono::nanoseconds(std::chrono::seconds(requests - 1)) / *device.max_requests_per_second;
}

Result<CycleCost> probe_cost(snmp::Interview& interview, const config::Device& device) {
  return Probe(interview, device).run();
}

CycleCost assumed_cost(const config::Device& device, std::size_t interfaces, std::chrono::nanoseconds round_trip) {
  constexpr std::size_t scalars_sent = 85;  // five names without values
  constexpr std::size_t scalars_received = 95;
  const SnmpVersion version = device.auth->version;
  ifmib::ReadLimits limits;
  limits.max_message_size = device.max_message_size;
  const auto counters =
      ifmib::cost_of_counters(ifmib::typical_rows(interfaces, version, device.counters), limits, version);
  CycleCost cost;
  cost.interfaces = interfaces;
  cost.requests = 1 + counters.requests;
  cost.octets_sent = snmp::message_overhead(version) + scalars_sent + counters.octets_sent;
  cost.octets_received = snmp::message_overhead(version) + scalars_received + counters.octets_received;
  const std::uint64_t at_once = std::max(1U, device.max_outstanding);
  cost.duration = round_trip * static_cast<std::int64_t>(1 + (counters.requests + at_once - 1) / at_once);
  return cost;
}

void add(TotalCost& total, const CycleCost& cost, std::chrono::nanoseconds interval) {
  total.requests_per_second += static_cast<double>(cost.requests) / seconds(interval);
  total.bits_per_second_out += static_cast<double>(cost.octets_sent) * 8.0 / seconds(interval);
  total.bits_per_second_in += static_cast<double>(cost.octets_received) * 8.0 / seconds(interval);
}

double share_of_interval(const CycleCost& cost, std::chrono::nanoseconds interval) {
  return seconds(cost.duration) / seconds(interval);
}

}  // namespace octopoll::poll
