#include "icmp/echo_socket.hpp"

#include <fmt/format.h>
// linux/errqueue.h wants timespec from here.
#include <time.h>
// In this order: the kernel's header defines what netinet/ip_icmp.h would define again.
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/icmp.h>
#include <linux/net_tstamp.h>
#include <linux/sock_diag.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <utility>

#include "icmp/echo_message.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {
namespace {

/// IPv4 header with all its options, ICMP header, tag: nothing behind that is looked at, so nothing is copied.
constexpr std::size_t read_octets = 60 + header_octets + min_payload;
/// Thousands of answers may come while the loop is busy elsewhere.
constexpr int receive_buffer = 4 << 20;
/// Requests wait for their neighbour's link address (ARP, up to 3 s each) and are charged to the one socket of all
/// targets meanwhile: the default would let some 250 silent neighbours stop the probes of everybody.
constexpr int send_buffer = 4 << 20;

/// Stamps of the kernel's clock both ways. Those of requests come by the error queue with the request's number, and
/// without a copy of it.
constexpr int stamping_unnumbered = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_TX_SOFTWARE |
                                    SOF_TIMESTAMPING_SOFTWARE | SOF_TIMESTAMPING_OPT_TSONLY;
constexpr int stamping = stamping_unnumbered | SOF_TIMESTAMPING_OPT_ID;

std::string_view family_name(int family) { return family == AF_INET ? "IPv4" : "IPv6"; }

void set_option(int fd, int level, int name, const void* value, socklen_t length) {
  // All of these improve what works without them: a refusal (an old kernel, no capability) is no failure.
  ::setsockopt(fd, level, name, value, length);
}

void set_option(int fd, int level, int name, int value) { set_option(fd, level, name, &value, sizeof value); }

void size_buffers(int fd) {
  // The forced forms go beyond net.core.rmem_max, and need CAP_NET_ADMIN.
  set_option(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, receive_buffer);
  set_option(fd, SOL_SOCKET, SO_SNDBUF, send_buffer);
  set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, send_buffer);
}

/// Raw sockets see everything that ICMP brings; only echo replies may wake us. Errors come by the error queue.
void pass_replies_only(int fd, int family) {
  if (family == AF_INET) {
    icmp_filter filter{};
    filter.data = ~(1U << echo_reply_type(AF_INET));
    set_option(fd, IPPROTO_RAW, ICMP_FILTER, &filter, sizeof filter);
  } else {
    icmp6_filter filter{};
    std::memset(&filter, 0xff, sizeof filter);
    const unsigned type = echo_reply_type(AF_INET6);
    filter.icmp6_filt[type / 32] &= ~(1U << (type % 32));
    set_option(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter);
  }
}

/// The answers to other programs' pings would wake us as well, hundreds a second beside another monitor.
void pass_identifier_only(int fd, int family, std::uint16_t id) {
  constexpr std::uint32_t id_offset = 4;  // RFC 792, RFC 4443 section 4.2
  // Of IPv4 the filter sees the IP header, too.
  const std::array<sock_filter, 5> program{{
      BPF_STMT(family == AF_INET ? BPF_LDX | BPF_B | BPF_MSH : BPF_LDX | BPF_W | BPF_IMM, 0),
      BPF_STMT(BPF_LD | BPF_H | BPF_IND, id_offset),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<std::uint32_t>::max()),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog all{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(program.data())};
  set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, &all, sizeof all);
}

void allow_fragments(int fd, int family, bool allowed) {
  // "Probe" sets the bit and asks the path each time, where "do" would refuse by what it remembers of the path.
  if (family == AF_INET) {
    set_option(fd, IPPROTO_IP, IP_MTU_DISCOVER, allowed ? IP_PMTUDISC_DONT : IP_PMTUDISC_PROBE);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, allowed ? IPV6_PMTUDISC_DONT : IPV6_PMTUDISC_PROBE);
    set_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG, allowed ? 0 : 1);
  }
}

void configure(int fd, int family, EchoSocket::Kind kind) {
  size_buffers(fd);
  // The kernel's default forbids it to all packets that fit the path as far as it is known.
  allow_fragments(fd, family, true);
  set_option(fd, SOL_SOCKET, SO_TIMESTAMPING, stamping);
  if (family == AF_INET) {
    set_option(fd, IPPROTO_IP, IP_RECVERR, 1);
  } else {
    set_option(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
  }
  if (kind == EchoSocket::Kind::raw) pass_replies_only(fd, family);
}

std::string own_path() {
  std::error_code ignored;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", ignored);
  return path.empty() ? "/path/to/octopoll" : path.string();
}

tl::unexpected<Error> open_error(int family, int datagram_errno, int raw_errno) {
  const auto refused = [](int code) { return code == EACCES || code == EPERM; };
  if (refused(datagram_errno) || refused(raw_errno)) {
    return fail(ErrorKind::permission, fmt::format("no {} ICMP socket is allowed to this user", family_name(family)),
                fmt::format("allow datagram sockets with: sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"; or raw "
                            "ones with: setcap cap_net_raw+ep {}",
                            own_path()));
  }
  return fail(ErrorKind::io,
              fmt::format("no {} ICMP socket: {}", family_name(family), std::generic_category().message(raw_errno)));
}

WallStamp software_stamp(const cmsghdr& control) {
  scm_timestamping stamps{};
  std::memcpy(&stamps, CMSG_DATA(&control), sizeof stamps);
  return std::chrono::seconds(stamps.ts[0].tv_sec) + std::chrono::nanoseconds(stamps.ts[0].tv_nsec);
}

bool is_stamp(const cmsghdr& control) {
  return control.cmsg_level == SOL_SOCKET && control.cmsg_type == SCM_TIMESTAMPING;
}

template <class Visit>
void for_each_control(const msghdr& message, Visit visit) {
  auto& mutable_message = const_cast<msghdr&>(message);  // the macros want it so
  for (cmsghdr* c = CMSG_FIRSTHDR(&mutable_message); c != nullptr; c = CMSG_NXTHDR(&mutable_message, c)) visit(*c);
}

std::optional<WallStamp> stamp_of(const msghdr& message) {
  std::optional<WallStamp> stamp;
  for_each_control(message, [&](const cmsghdr& control) {
    if (is_stamp(control)) stamp = software_stamp(control);
  });
  return stamp;
}

/// What comes with an entry of the error queue.
struct ErrorControl {
  std::optional<IcmpError> icmp;  ///< type, code, MTU and offender
  std::optional<SendStamp> stamp;
  std::optional<std::uint32_t> refused_by_mtu;
};

ErrorControl error_control_of(const msghdr& message) {
  ErrorControl found;
  std::optional<std::uint32_t> stamped;
  for_each_control(message, [&](const cmsghdr& c) {
    const bool error4 = c.cmsg_level == IPPROTO_IP && c.cmsg_type == IP_RECVERR;
    const bool error6 = c.cmsg_level == IPPROTO_IPV6 && c.cmsg_type == IPV6_RECVERR;
    if (!error4 && !error6) return;
    sock_extended_err entry{};
    std::memcpy(&entry, CMSG_DATA(&c), sizeof entry);
    if (entry.ee_origin == SO_EE_ORIGIN_TIMESTAMPING) stamped = entry.ee_data;
    if (entry.ee_origin == SO_EE_ORIGIN_LOCAL && entry.ee_errno == EMSGSIZE) found.refused_by_mtu = entry.ee_info;
    if (entry.ee_origin != SO_EE_ORIGIN_ICMP && entry.ee_origin != SO_EE_ORIGIN_ICMP6) return;
    IcmpError error;
    error.type = entry.ee_type;
    error.code = entry.ee_code;
    // Routers from before RFC 1191 leave it 0.
    if (entry.ee_errno == EMSGSIZE && entry.ee_info != 0) error.mtu = entry.ee_info;
    sockaddr_storage offender{};
    const std::size_t rest = c.cmsg_len - CMSG_LEN(sizeof entry);
    std::memcpy(&offender, CMSG_DATA(&c) + sizeof entry, std::min(rest, sizeof offender));
    error.offender = Endpoint::from(reinterpret_cast<const sockaddr*>(&offender), sizeof offender).value_or(Endpoint{});
    found.icmp = error;
  });
  if (const auto at = stamp_of(message); at && stamped) found.stamp = SendStamp{*stamped, *at};
  return found;
}

}  // namespace

Result<EchoSocket> EchoSocket::open(int family, const std::optional<Endpoint>& source) {
  const int protocol = family == AF_INET ? static_cast<int>(IPPROTO_ICMP) : static_cast<int>(IPPROTO_ICMPV6);
  constexpr int flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
  Kind kind = Kind::datagram;
  Fd fd(::socket(family, SOCK_DGRAM | flags, protocol));
  if (!fd) {
    const int datagram_errno = errno;
    kind = Kind::raw;
    fd = Fd(::socket(family, SOCK_RAW | flags, protocol));
    if (!fd) return open_error(family, datagram_errno, errno);
  }
  configure(fd.get(), family, kind);
  if (source && ::bind(fd.get(), source->address(), source->length()) != 0) {
    return fail(ErrorKind::io,
                fmt::format("bind to {}: {}", source->host_text(), std::generic_category().message(errno)));
  }
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != static_cast<ssize_t>(sizeof id)) {
    return fail(ErrorKind::io, fmt::format("getrandom: {}", std::generic_category().message(errno)));
  }
  if (kind == Kind::raw) pass_identifier_only(fd.get(), family, id);
  return EchoSocket(std::move(fd), family, kind, id);
}

void EchoSocket::clear_pending_error() const noexcept {
  int pending = 0;
  socklen_t length = sizeof pending;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &pending, &length);
}

std::uint32_t EchoSocket::overflowed() const noexcept {
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t length = sizeof memory;
  ::getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, memory.data(), &length);
  return memory[SK_MEMINFO_DROPS];
}

void EchoSocket::set_dont_fragment(bool on) noexcept {
  if (on == dont_fragment_) return;
  dont_fragment_ = on;
  allow_fragments(fd(), family_, !on);
}

void EchoSocket::restart_send_stamps() const noexcept {
  // Only what switches the numbering on resets it.
  set_option(fd(), SOL_SOCKET, SO_TIMESTAMPING, stamping_unnumbered);
  set_option(fd(), SOL_SOCKET, SO_TIMESTAMPING, stamping);
}

struct BatchReader::Buffers {
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, 192> octets;
  };
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> vectors{};
  std::array<sockaddr_storage, batch> names{};
  std::array<Control, batch> controls{};
  std::array<std::array<std::uint8_t, read_octets>, batch> octets{};
  std::array<Arrival, batch> arrivals{};
  std::array<ErrorArrival, batch> errors{};
  std::array<SendStamp, batch> stamps{};

  [[nodiscard]] std::span<const std::uint8_t> message(std::size_t i) const {
    return std::span<const std::uint8_t>(octets[i]).first(std::min<std::size_t>(headers[i].msg_len, read_octets));
  }
  [[nodiscard]] Endpoint name(std::size_t i) const {
    return Endpoint::from(reinterpret_cast<const sockaddr*>(&names[i]), headers[i].msg_hdr.msg_namelen)
        .value_or(Endpoint{});
  }
};

BatchReader::BatchReader() : buffers_(std::make_unique<Buffers>()) {}
BatchReader::~BatchReader() = default;

std::span<const Arrival> BatchReader::replies(const EchoSocket& socket) {
  const std::size_t count = receive(socket, 0);
  for (std::size_t i = 0; i < count; ++i) {
    const bool with_ip_header = socket.family() == AF_INET && socket.kind() == EchoSocket::Kind::raw;
    const auto octets = buffers_->message(i);
    buffers_->arrivals[i] = {buffers_->name(i), with_ip_header ? without_ipv4_header(octets) : octets,
                             stamp_of(buffers_->headers[i].msg_hdr)};
  }
  return std::span<const Arrival>(buffers_->arrivals).first(count);
}

BatchReader::Errors BatchReader::errors(const EchoSocket& socket) {
  const std::size_t count = receive(socket, MSG_ERRQUEUE);
  std::size_t kept = 0;
  std::size_t stamps = 0;
  std::optional<std::uint32_t> refused_by_mtu;
  for (std::size_t i = 0; i < count; ++i) {
    auto control = error_control_of(buffers_->headers[i].msg_hdr);
    if (control.stamp) buffers_->stamps[stamps++] = *control.stamp;
    if (control.refused_by_mtu) refused_by_mtu = control.refused_by_mtu;
    if (!control.icmp) continue;
    control.icmp->destination = buffers_->name(i);
    buffers_->errors[kept++] = {std::move(*control.icmp), buffers_->message(i)};
  }
  return {std::span<const ErrorArrival>(buffers_->errors).first(kept),
          std::span<const SendStamp>(buffers_->stamps).first(stamps), refused_by_mtu, count < batch};
}

std::size_t BatchReader::receive(const EchoSocket& socket, int flags) {
  for (std::size_t i = 0; i < batch; ++i) {
    buffers_->vectors[i] = {buffers_->octets[i].data(), read_octets};
    msghdr& header = buffers_->headers[i].msg_hdr;
    header.msg_name = &buffers_->names[i];
    header.msg_namelen = sizeof buffers_->names[i];
    header.msg_iov = &buffers_->vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = buffers_->controls[i].octets.data();
    header.msg_controllen = sizeof buffers_->controls[i].octets;
    header.msg_flags = 0;
  }
  // A pending error fails a read as well, and is thereby taken off; what is readable is still there. Each new ICMP
  // error can do that once, so the tries are bounded.
  for (int attempt = 0; attempt < 16; ++attempt) {
    const int got = ::recvmmsg(socket.fd(), buffers_->headers.data(), batch, flags | MSG_DONTWAIT, nullptr);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
  }
  return 0;
}

}  // namespace octopoll::icmp
