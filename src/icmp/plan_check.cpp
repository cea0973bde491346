#include "icmp/plan_check.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

namespace octopoll::icmp {
namespace {

using std::chrono::nanoseconds;

/// To the unspecified address or a multicast group the answers come from addresses that were not asked.
bool is_one_host(const Endpoint& target) noexcept {
  if (target.family() == AF_INET) {
    const auto address = ntohl(reinterpret_cast<const sockaddr_in*>(target.address())->sin_addr.s_addr);
    return address != INADDR_ANY && !IN_MULTICAST(address);
  }
  const in6_addr& address = reinterpret_cast<const sockaddr_in6*>(target.address())->sin6_addr;
  return !IN6_IS_ADDR_UNSPECIFIED(&address) && !IN6_IS_ADDR_MULTICAST(&address);
}

}  // namespace

std::optional<Error> check_plan(const Endpoint& target, const EchoPlan& plan) {
  const auto refuse = [&target](std::string_view what, std::string remedy) {
    return Error{ErrorKind::usage, fmt::format("{}: {}", target.host_text(), what), std::move(remedy)};
  };
  if (target.family() != AF_INET && target.family() != AF_INET6) {
    return refuse("the target is neither an IPv4 nor an IPv6 address", {});
  }
  if (!is_one_host(target)) {
    return refuse("no address of one host", "name the hosts themselves: others than the target would answer");
  }
  if (plan.count == 0) return refuse("a round of no probes measures nothing", "set a count of at least 1");
  if (plan.timeout <= nanoseconds(0) || plan.spacing <= nanoseconds(0)) {
    return refuse("spacing and timeout must be longer than nothing", "set both to at least 1ms");
  }
  if (plan.payload < min_payload || plan.payload > max_payload) {
    return refuse(fmt::format("a payload of {} octets is not possible", plan.payload),
                  fmt::format("set it to {} to {} octets", min_payload, max_payload));
  }
  if (plan.hop_limit == 0) return refuse("a hop limit of 0 reaches nobody", "set it to 1 to 255");
  if (plan.dscp > max_dscp) {
    return refuse(fmt::format("there is no DSCP {}", *plan.dscp), fmt::format("set it to 0 to {}", max_dscp));
  }
  if (plan.source && plan.source->family() != target.family()) {
    return refuse(fmt::format("{} cannot be the source of probes to another address family", plan.source->host_text()),
                  "give a source address of the target's family");
  }
  return std::nullopt;
}

}  // namespace octopoll::icmp
