#include "icmp/icmp_error.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <system_error>

#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {
namespace {

constexpr std::array<std::string_view, 16> unreachable4 = {
    "network unreachable",
    "host unreachable",
    "protocol unreachable",
    "port unreachable",
    "fragmentation needed",
    "source route failed",
    "network unknown",
    "host unknown",
    "source host isolated",
    "network administratively prohibited",
    "host administratively prohibited",
    "network unreachable for this type of service",
    "host unreachable for this type of service",
    "administratively prohibited by a filter",
    "host precedence violation",
    "precedence cutoff in effect",
};
constexpr std::array<std::string_view, 8> unreachable6 = {
    "no route",
    "administratively prohibited",
    "beyond scope of source address",
    "address unreachable",
    "port unreachable",
    "source address failed ingress/egress policy",
    "route rejected",
    "error in source routing header",
};
constexpr std::array<std::string_view, 2> exceeded = {"time to live exceeded", "fragment reassembly time exceeded"};

std::string largest_payload(int family, std::uint32_t mtu) {
  // RFC 791 section 3.1 and RFC 8200 section 3: the IP header without options; 8 octets of ICMP header follow.
  const std::uint32_t headers = (family == AF_INET ? 20U : 40U) + 8U;
  return mtu < headers + min_payload ? std::string("too few for a probe")
                                     : fmt::format("a payload of at most {} fits", mtu - headers);
}

std::string coded(std::span<const std::string_view> words, std::string_view otherwise, std::uint8_t code) {
  return code < words.size() ? std::string(words[code]) : fmt::format("{} (code {})", otherwise, code);
}

}  // namespace

bool concerns_delivery(int family, std::uint8_t type) noexcept {
  if (family == AF_INET) return type == 3 || type == 11 || type == 12;
  return type >= 1 && type <= 4;
}

std::string icmp_reason(int family, std::uint8_t type, std::uint8_t code) {
  if (family == AF_INET) {
    if (type == 3) return coded(unreachable4, "unreachable", code);
    if (type == 11) return coded(exceeded, "time exceeded", code);
    if (type == 12) return "a header field is wrong";
  } else {
    if (type == 1) return coded(unreachable6, "unreachable", code);
    if (type == 2) return "packet too big";
    if (type == 3) return coded(exceeded, "time exceeded", code);
    if (type == 4) return "a header field is wrong";
  }
  return fmt::format("ICMP type {} code {}", type, code);
}

Error error_of(const IcmpError& error) {
  std::string message = fmt::format("{}: {}", error.destination.host_text(),
                                    icmp_reason(error.destination.family(), error.type, error.code));
  if (error.mtu) message += fmt::format(" (the next link takes {} octets)", *error.mtu);
  if (error.offender.valid()) message += ", says " + error.offender.host_text();
  return {ErrorKind::unreachable, std::move(message), {}};
}

Error send_error(const Endpoint& target, const std::optional<Endpoint>& source, int code,
                 std::optional<std::uint32_t> mtu) {
  std::string remedy;
  switch (code) {
    case EAGAIN:
    case ENOBUFS:
    case ENOMEM:
      return {ErrorKind::io, fmt::format("{}: not sent: this machine's send queue is full", target.host_text()),
              "send less at a time, or look at `tc -s qdisc` for what holds it up"};
    case EPERM:
      remedy = "a firewall rule of this machine forbids it: look at the output chains of nft or iptables";
      break;
    case EACCES:
      remedy = "a prohibit route of this machine, or a broadcast address: look at `ip route get`";
      break;
    case EINVAL:
      remedy = "a blackhole route of this machine, or a link-local address without its interface (%eth0)";
      break;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EADDRNOTAVAIL:
      remedy = "this machine has no route there: look at `ip route get`";
      break;
    case EMSGSIZE:
      remedy = "the payload is too large for the link";
      if (mtu) remedy = fmt::format("the link takes {} octets: {}", *mtu, largest_payload(target.family(), *mtu));
      break;
    default:
      break;
  }
  std::string from;
  if (source) {
    from = " from " + source->host_text();
    // Kernels put a source that is not this machine's into any of these.
    if (code == EINVAL || code == EADDRNOTAVAIL || code == ENODEV || code == ENETUNREACH) {
      remedy =
          fmt::format("{1} must be an address of this machine, and have a route: look at `ip route get {0} from {1}`",
                      target.host_text(), source->host_text());
    }
  }
  return {ErrorKind::unreachable,
          fmt::format("{}: cannot send{}: {}", target.host_text(), from, std::generic_category().message(code)),
          std::move(remedy)};
}

}  // namespace octopoll::icmp
