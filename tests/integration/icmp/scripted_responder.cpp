#include "integration/icmp/scripted_responder.hpp"

#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

#include "icmp/echo_message.hpp"

namespace octopoll::test {
namespace {

Fd raw_socket(int family) {
  const int protocol = family == AF_INET ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  Fd fd(::socket(family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol));
  if (!fd) throw std::system_error(errno, std::generic_category(), "raw ICMP socket");
  return fd;
}

/// Raw IPv6 sockets do not deliver the header, and an ICMPv6 error must quote one.
std::vector<std::uint8_t> ipv6_header(const Endpoint& from, const Endpoint& to, std::size_t payload) {
  ip6_hdr header{};
  header.ip6_vfc = 0x60;
  header.ip6_plen = htons(static_cast<std::uint16_t>(payload));
  header.ip6_nxt = IPPROTO_ICMPV6;
  header.ip6_hlim = 64;
  header.ip6_src = reinterpret_cast<const sockaddr_in6*>(from.address())->sin6_addr;
  header.ip6_dst = reinterpret_cast<const sockaddr_in6*>(to.address())->sin6_addr;
  std::vector<std::uint8_t> octets(sizeof header);
  std::memcpy(octets.data(), &header, sizeof header);
  return octets;
}

Endpoint destination4(std::span<const std::uint8_t> ip_header) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  std::memcpy(&to.sin_addr, ip_header.data() + 16, sizeof to.sin_addr);
  return *Endpoint::from(reinterpret_cast<const sockaddr*>(&to), sizeof to);
}

Endpoint destination6(msghdr& message) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
    if (c->cmsg_level != IPPROTO_IPV6 || c->cmsg_type != IPV6_PKTINFO) continue;
    in6_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(c), sizeof info);
    sockaddr_in6 to{};
    to.sin6_family = AF_INET6;
    to.sin6_addr = info.ipi6_addr;
    return *Endpoint::from(reinterpret_cast<const sockaddr*>(&to), sizeof to);
  }
  throw std::runtime_error("no IPV6_PKTINFO with an ICMPv6 message");
}

}  // namespace

ScriptedResponder::ScriptedResponder(int family) : family_(family), ear_(raw_socket(family)) {
  const int on = 1;
  if (family == AF_INET6 && ::setsockopt(ear_.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) != 0) {
    throw std::system_error(errno, std::generic_category(), "IPV6_RECVPKTINFO");
  }
}

std::optional<SeenRequest> ScriptedResponder::hear() {
  for (;;) {
    std::array<std::uint8_t, 2048> octets{};
    alignas(cmsghdr) std::array<std::uint8_t, 256> control{};
    sockaddr_storage from{};
    iovec vector{octets.data(), octets.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(ear_.get(), &message, 0);
    if (got < 0) return std::nullopt;
    const auto packet = std::span<const std::uint8_t>(octets).first(static_cast<std::size_t>(got));
    const auto icmp = family_ == AF_INET ? icmp::without_ipv4_header(packet) : packet;
    if (icmp.size() < icmp::header_octets || icmp[0] != icmp::echo_request_type(family_)) continue;
    SeenRequest request;
    request.from = Endpoint::from(reinterpret_cast<const sockaddr*>(&from), message.msg_namelen)->with_port(0);
    request.icmp.assign(icmp.begin(), icmp.end());
    if (family_ == AF_INET) {
      request.ip_header.assign(packet.begin(), packet.end() - static_cast<std::ptrdiff_t>(icmp.size()));
      request.to = destination4(request.ip_header);
    } else {
      request.to = destination6(message);
      request.ip_header = ipv6_header(request.from, request.to, icmp.size());
    }
    return request;
  }
}

std::vector<std::uint8_t> ScriptedResponder::answer_to(const SeenRequest& request) {
  auto reply = request.icmp;
  reply[0] = icmp::echo_reply_type(request.from.family());
  return reply;
}

std::vector<std::uint8_t> ScriptedResponder::error_about(const SeenRequest& request, std::uint8_t type,
                                                         std::uint8_t code, std::size_t quoted) {
  std::vector<std::uint8_t> error{type, code, 0, 0, 0, 0, 0, 0};
  error.insert(error.end(), request.ip_header.begin(), request.ip_header.end());
  const auto part = std::span(request.icmp).first(std::min(quoted, request.icmp.size()));
  error.insert(error.end(), part.begin(), part.end());
  return error;
}

void ScriptedResponder::send(const Endpoint& from, const Endpoint& to, std::vector<std::uint8_t> icmp) const {
  const Fd mouth = raw_socket(family_);
  if (::bind(mouth.get(), from.address(), from.length()) != 0) {
    throw std::system_error(errno, std::generic_category(), "bind to " + from.host_text());
  }
  if (family_ == AF_INET) {
    icmp[2] = icmp[3] = 0;
    const std::uint16_t sum = icmp::internet_checksum(icmp);
    icmp[2] = static_cast<std::uint8_t>(sum >> 8);
    icmp[3] = static_cast<std::uint8_t>(sum & 0xffU);
  }
  if (::sendto(mouth.get(), icmp.data(), icmp.size(), 0, to.address(), to.length()) < 0) {
    throw std::system_error(errno, std::generic_category(), "send to " + to.host_text());
  }
}

}  // namespace octopoll::test
