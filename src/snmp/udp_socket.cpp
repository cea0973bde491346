#include "snmp/udp_socket.hpp"

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <vector>

namespace octopoll::snmp {
namespace {

constexpr std::size_t batch_size = 32;
/// Datagrams that wait for room in the socket before further ones count as lost.
constexpr std::size_t most_waiting = 4096;
constexpr std::size_t largest_datagram = 65'536;
/// Asked for; the kernel grants what net.core.rmem_max allows.
constexpr int wanted_receive_buffer = 8 * 1024 * 1024;

std::string icmp_reason(const sock_extended_err& error) {
  std::string_view what = "unreachable";
  if (error.ee_origin == SO_EE_ORIGIN_ICMP && error.ee_type == ICMP_DEST_UNREACH) {
    switch (error.ee_code) {
      case ICMP_NET_UNREACH:
        what = "network unreachable";
        break;
      case ICMP_HOST_UNREACH:
        what = "host unreachable";
        break;
      case ICMP_PORT_UNREACH:
        what = "port closed";
        break;
      case ICMP_FRAG_NEEDED:
        what = "packet too big for the path";
        break;
      case ICMP_NET_ANO:
      case ICMP_HOST_ANO:
      case ICMP_PKT_FILTERED:
        what = "prohibited by a filter";
        break;
      default:
        break;
    }
  } else if (error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_DST_UNREACH) {
    switch (error.ee_code) {
      case ICMP6_DST_UNREACH_NOROUTE:
        what = "network unreachable";
        break;
      case ICMP6_DST_UNREACH_ADMIN:
        what = "prohibited by a filter";
        break;
      case ICMP6_DST_UNREACH_ADDR:
        what = "host unreachable";
        break;
      case ICMP6_DST_UNREACH_NOPORT:
        what = "port closed";
        break;
      default:
        break;
    }
  } else if (error.ee_origin == SO_EE_ORIGIN_LOCAL) {
    return strerror(static_cast<int>(error.ee_errno));
  } else if ((error.ee_origin == SO_EE_ORIGIN_ICMP && error.ee_type == ICMP_TIME_EXCEEDED) ||
             (error.ee_origin == SO_EE_ORIGIN_ICMP6 && error.ee_type == ICMP6_TIME_EXCEEDED)) {
    what = "hop limit exceeded";
  }
  const sockaddr* offender = SO_EE_OFFENDER(&error);
  const auto who = Endpoint::from(offender, sizeof(sockaddr_in6));
  return who ? fmt::format("{}, says {}", what, who->host_text()) : std::string(what);
}

/// Says nothing of this destination: the datagram may wait for room.
bool is_full(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// May be the error that the kernel kept for an earlier datagram to somebody else.
bool may_be_pending(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EMSGSIZE ||
         error == EACCES || error == EPROTO || error == EHOSTDOWN || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

}  // namespace

/// Buffers for one recvmmsg, allocated once.
struct UdpSocket::Batch {
  std::vector<char> octets = std::vector<char>(batch_size * largest_datagram);
  std::array<mmsghdr, batch_size> messages{};
  std::array<iovec, batch_size> vectors{};
  std::array<sockaddr_storage, batch_size> from{};

  Batch() {
    for (std::size_t i = 0; i < batch_size; ++i) {
      vectors[i] = {octets.data() + i * largest_datagram, largest_datagram};
      messages[i].msg_hdr.msg_iov = &vectors[i];
      messages[i].msg_hdr.msg_iovlen = 1;
      messages[i].msg_hdr.msg_name = &from[i];
    }
  }
};

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(EventLoop& loop, int family, Handlers handlers) {
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(ErrorKind::io, fmt::format("cannot open a UDP socket: {}", strerror(errno)));
  const int on = 1;
  if (family == AF_INET) {
    setsockopt(fd.get(), SOL_IP, IP_RECVERR, &on, sizeof on);
  } else {
    setsockopt(fd.get(), SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
    setsockopt(fd.get(), SOL_IPV6, IPV6_V6ONLY, &on, sizeof on);
  }
  // The force form needs CAP_NET_ADMIN and passes rmem_max; without it the plain one takes what it may.
  if (setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &wanted_receive_buffer, sizeof wanted_receive_buffer) != 0) {
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &wanted_receive_buffer, sizeof wanted_receive_buffer);
  }
  std::unique_ptr<UdpSocket> socket(new UdpSocket(loop, std::move(fd), std::move(handlers)));
  const auto watched =
      loop.watch(socket->fd(), EPOLLIN, [raw = socket.get()](std::uint32_t events) { raw->on_ready(events); });
  if (!watched) return tl::make_unexpected(watched.error());
  return socket;
}

UdpSocket::UdpSocket(EventLoop& loop, Fd fd, Handlers handlers)
    : loop_(loop), fd_(std::move(fd)), handlers_(std::move(handlers)), batch_(std::make_unique<Batch>()) {}

UdpSocket::~UdpSocket() { loop_.unwatch(fd_.get()); }

int UdpSocket::send(const Endpoint& to, std::string_view datagram) {
  if (waiting_.size() >= most_waiting) return 0;  // lost on the way: the timeout tells
  if (!waiting_.empty()) {
    waiting_.push_back({to, std::string(datagram)});
    return 0;
  }
  const int error = try_send(to, datagram);
  if (!is_full(error)) return error;
  waiting_.push_back({to, std::string(datagram)});
  loop_.rewatch(fd_.get(), EPOLLIN | EPOLLOUT);
  return 0;
}

int UdpSocket::try_send(const Endpoint& to, std::string_view datagram) {
  // Each failed send takes one pending error off the socket; more than a few in a row are this destination's own.
  for (int attempt = 0;; ++attempt) {
    if (::sendto(fd_.get(), datagram.data(), datagram.size(), MSG_NOSIGNAL, to.address(), to.length()) >= 0) return 0;
    const int error = errno;
    if (error == EINTR) continue;
    // With IP_RECVERR Linux tells when a full queue of the network card dropped the datagram: lost on the way, like
    // others.
    if (error == ENOBUFS) return 0;
    if (!may_be_pending(error) || attempt >= 8) return error;
    // Told apart by the queue: a pending error has its entry there. Where there is none, one more try decides.
    if (!read_error_queue() && attempt > 0) return error;
  }
}

void UdpSocket::flush() {
  while (!waiting_.empty()) {
    const Waiting& next = waiting_.front();
    // A destination that cannot be reached now is told by its timeout; it must not hold up those behind it.
    if (is_full(try_send(next.to, next.datagram))) return;
    waiting_.pop_front();
  }
  loop_.rewatch(fd_.get(), EPOLLIN);
}

void UdpSocket::on_ready(std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    if (!read_error_queue()) {
      // Nothing queued, yet an error is pending: reading it is what clears it.
      int pending = 0;
      socklen_t length = sizeof pending;
      getsockopt(fd_.get(), SOL_SOCKET, SO_ERROR, &pending, &length);
    }
  }
  if ((events & EPOLLIN) != 0) receive();
  if ((events & EPOLLOUT) != 0) flush();
}

void UdpSocket::receive() {
  // A few batches a turn, so that timers and other sockets have theirs under a flood.
  for (int turn = 0; turn < 4; ++turn) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      batch_->messages[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
      batch_->messages[i].msg_hdr.msg_flags = 0;
    }
    const int count = recvmmsg(fd_.get(), batch_->messages.data(), batch_size, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;
    const BootTime received = BootClock::now();
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      const mmsghdr& message = batch_->messages[i];
      const auto from =
          Endpoint::from(reinterpret_cast<const sockaddr*>(&batch_->from[i]), message.msg_hdr.msg_namelen);
      if (!from || (message.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
      handlers_.datagram(*from, {batch_->octets.data() + i * largest_datagram, message.msg_len}, received);
    }
    if (static_cast<std::size_t>(count) < batch_size) return;
  }
}

bool UdpSocket::read_error_queue() {
  bool any = false;
  for (;;) {
    std::array<char, 2048> octets{};
    alignas(cmsghdr) std::array<char, 512> control{};
    sockaddr_storage to{};
    iovec vector{octets.data(), octets.size()};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t length = recvmsg(fd_.get(), &message, MSG_ERRQUEUE | MSG_DONTWAIT);
    if (length < 0) return any;
    any = true;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
      const bool v4 = header->cmsg_level == SOL_IP && header->cmsg_type == IP_RECVERR;
      const bool v6 = header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_RECVERR;
      if (!v4 && !v6) continue;
      const auto* error = reinterpret_cast<const sock_extended_err*>(CMSG_DATA(header));
      const auto destination = Endpoint::from(reinterpret_cast<const sockaddr*>(&to), message.msg_namelen);
      if (!destination) continue;
      handlers_.icmp({*destination, {octets.data(), static_cast<std::size_t>(length)}, icmp_reason(*error)});
    }
  }
}

}  // namespace octopoll::snmp
