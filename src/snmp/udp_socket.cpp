#include "snmp/udp_socket.hpp"

#include <fmt/format.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>
#include <vector>

#include "octopoll/core/shared_moment.hpp"

namespace octopoll::snmp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t batch_size = 64;
/// Datagrams that wait for room in the socket before further ones count as lost.
constexpr std::size_t most_waiting = 8192;
constexpr std::size_t largest_datagram = 65'536;
/// From slot to slot. Not a power of two, or the beginnings of all datagrams would share a few lines of the cache.
constexpr std::size_t slot_octets = largest_datagram + 1600;
constexpr std::size_t control_octets = 128;
constexpr int wanted_send_buffer = 4 * 1024 * 1024;
/// Answers on their way from which on it pays to let some gather, and how few of them a wake-up must have brought.
constexpr std::size_t gather_from = 64;
constexpr std::size_t few = 32;
constexpr auto shortest_gather = 1ms;
/// A datagram's own time stamp is of the wall clock, which may be stepped: it is believed up to this age.
constexpr auto oldest_stamp = 100ms;
/// Failed sends of one datagram: each takes one pending error off the socket; more in a row are its destination's own.
constexpr int most_attempts = 8;

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

Undelivered::Word word_of(int error) {
  return error == EMSGSIZE ? Undelivered::Word::too_large : Undelivered::Word::final;
}

/// A router's "unreachable" may pass with the next route; the host's own "port unreachable", and our kernel, are sure.
Undelivered::Word word_of(const sock_extended_err& error) {
  using Word = Undelivered::Word;
  if (error.ee_origin == SO_EE_ORIGIN_ICMP) {
    if (error.ee_type != ICMP_DEST_UNREACH) return Word::hint;
    return error.ee_code == ICMP_PORT_UNREACH  ? Word::final
           : error.ee_code == ICMP_FRAG_NEEDED ? Word::too_large
                                               : Word::hint;
  }
  if (error.ee_origin == SO_EE_ORIGIN_ICMP6) {
    if (error.ee_type == ICMP6_PACKET_TOO_BIG) return Word::too_large;
    const bool no_port = error.ee_type == ICMP6_DST_UNREACH && error.ee_code == ICMP6_DST_UNREACH_NOPORT;
    return no_port ? Word::final : Word::hint;
  }
  return word_of(static_cast<int>(error.ee_errno));
}

/// Says nothing of this destination: the datagram may wait for room.
bool is_full(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

/// May be the error that the kernel kept for an earlier datagram to somebody else.
bool may_be_pending(int error) {
  return error == ECONNREFUSED || error == EHOSTUNREACH || error == ENETUNREACH || error == EMSGSIZE ||
         error == EACCES || error == EPROTO || error == EHOSTDOWN || error == ENOPROTOOPT || error == EOPNOTSUPP;
}

/// Arrival by the loop's clock, of a stamp by the wall clock.
BootTime arrival(const timespec& stamp, BootTime now, std::chrono::nanoseconds wall_now, BootTime not_before) {
  const auto age = wall_now - (std::chrono::seconds(stamp.tv_sec) + std::chrono::nanoseconds(stamp.tv_nsec));
  return std::clamp(now - age, std::max(not_before, now - oldest_stamp), now);
}

std::chrono::nanoseconds wall_clock() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

void set_option(int fd, int level, int name, int value) { setsockopt(fd, level, name, &value, sizeof value); }

int option_of(int fd, int level, int name) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, level, name, &value, &length) == 0 ? value : -1;
}

/// The force form needs CAP_NET_ADMIN and passes the system's limit; without it the plain one takes what it may.
void set_buffer(int fd, int force, int plain, int octets) {
  if (setsockopt(fd, SOL_SOCKET, force, &octets, sizeof octets) != 0) set_option(fd, SOL_SOCKET, plain, octets);
}

}  // namespace

/// Buffers for one recvmmsg and one sendmmsg, allocated once.
struct UdpSocket::Batch {
  // Not initialised: what no datagram has touched takes no memory.
  std::unique_ptr<char[]> octets = std::make_unique_for_overwrite<char[]>(batch_size * slot_octets);
  alignas(cmsghdr) std::array<std::array<char, control_octets>, batch_size> control{};
  std::array<mmsghdr, batch_size> incoming{};
  std::array<iovec, batch_size> incoming_vectors{};
  std::array<sockaddr_storage, batch_size> from{};
  std::array<Datagram, batch_size> received{};
  std::array<mmsghdr, batch_size> outgoing{};
  std::array<iovec, batch_size> outgoing_vectors{};

  Batch() {
    for (std::size_t i = 0; i < batch_size; ++i) {
      incoming_vectors[i] = {octets.get() + i * slot_octets, largest_datagram};
      incoming[i].msg_hdr.msg_iov = &incoming_vectors[i];
      incoming[i].msg_hdr.msg_iovlen = 1;
      incoming[i].msg_hdr.msg_name = &from[i];
      incoming[i].msg_hdr.msg_control = control[i].data();
      outgoing[i].msg_hdr.msg_iov = &outgoing_vectors[i];
      outgoing[i].msg_hdr.msg_iovlen = 1;
    }
  }
};

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(EventLoop& loop, int family, int wanted_receive_buffer,
                                                   std::chrono::nanoseconds gather, Handlers handlers) {
  Fd fd(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fail(ErrorKind::io, fmt::format("cannot open a UDP socket: {}", strerror(errno)));
  if (family == AF_INET) {
    set_option(fd.get(), SOL_IP, IP_RECVERR, 1);
    // What is never fragmented needs no identification (RFC 6864), which costs the kernel 5 % of all that a request
    // does. Not where this host has all cut on its way (ip_no_pmtu_disc): there no router's word comes back.
    if (option_of(fd.get(), SOL_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_WANT)
      set_option(fd.get(), SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO);
  } else {
    set_option(fd.get(), SOL_IPV6, IPV6_RECVERR, 1);
    set_option(fd.get(), SOL_IPV6, IPV6_V6ONLY, 1);
  }
  set_option(fd.get(), SOL_SOCKET, SO_RXQ_OVFL, 1);
  set_option(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, 1);
  set_buffer(fd.get(), SO_RCVBUFFORCE, SO_RCVBUF, wanted_receive_buffer);
  set_buffer(fd.get(), SO_SNDBUFFORCE, SO_SNDBUF, wanted_send_buffer);
  const int granted = option_of(fd.get(), SOL_SOCKET, SO_RCVBUF);
  if (granted <= 0) {
    return fail(ErrorKind::io, fmt::format("cannot read the size of a UDP socket's buffer: {}", strerror(errno)));
  }
  std::unique_ptr<UdpSocket> socket(
      new UdpSocket(loop, std::move(fd), static_cast<std::size_t>(granted), gather, std::move(handlers)));
  const auto watched =
      loop.watch(socket->fd(), EPOLLIN, [raw = socket.get()](std::uint32_t events) { raw->on_ready(events); });
  if (!watched) return tl::make_unexpected(watched.error());
  return socket;
}

UdpSocket::UdpSocket(EventLoop& loop, Fd fd, std::size_t receive_buffer, std::chrono::nanoseconds gather,
                     Handlers handlers)
    : loop_(loop),
      fd_(std::move(fd)),
      handlers_(std::move(handlers)),
      batch_(std::make_unique<Batch>()),
      receive_buffer_(receive_buffer),
      gather_(gather),
      flush_hook_(loop.before_wait([this] {
        if (!outgoing_.empty() && !full_) flush();
      })),
      watched_(EPOLLIN) {}

UdpSocket::~UdpSocket() {
  loop_.cancel(gathering_);
  loop_.remove_hook(flush_hook_);
  loop_.unwatch(fd_.get());
}

void UdpSocket::send(const Endpoint& to, std::string_view datagram) {
  if (outgoing_.size() >= most_waiting) return;  // lost on the way: the timeout tells
  outgoing_.push_back({to, arena_.size(), datagram.size()});
  arena_.insert(arena_.end(), datagram.begin(), datagram.end());
  if (outgoing_.size() >= batch_size && !full_) flush();
}

std::string_view UdpSocket::octets_of(const Outgoing& message) const noexcept {
  return {arena_.data() + message.offset, message.length};
}

/// Sends as many as there are in one batch from `first` on; returns how many left, 0 with errno where none did.
std::size_t UdpSocket::send_some(std::size_t first) {
  const std::size_t count = std::min(batch_size, outgoing_.size() - first);
  for (std::size_t i = 0; i < count; ++i) {
    const Outgoing& message = outgoing_[first + i];
    msghdr& header = batch_->outgoing[i].msg_hdr;
    header.msg_name = const_cast<sockaddr*>(message.to.address());
    header.msg_namelen = message.to.length();
    batch_->outgoing_vectors[i] = {arena_.data() + message.offset, message.length};
  }
  const int sent = sendmmsg(fd_.get(), batch_->outgoing.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
  return sent > 0 ? static_cast<std::size_t>(sent) : 0;
}

void UdpSocket::flush() {
  std::size_t at = 0;
  int attempts = 0;  // of the datagram at `at`
  full_ = false;
  while (at < outgoing_.size()) {
    if (const std::size_t sent = send_some(at); sent > 0) {
      at += sent;
      attempts = 0;
      continue;
    }
    const int error = errno;
    if (error == EINTR) continue;
    if (error == EMSGSIZE) allow_fragments();
    if (is_full(error)) {
      full_ = true;
      break;
    }
    // Told apart by the error queue: a pending error has its entry there. Where there is none, one more try decides.
    if (may_be_pending(error) && attempts < most_attempts && (read_error_queue() || attempts == 0)) {
      ++attempts;
      continue;
    }
    // With IP_RECVERR Linux tells when a full queue of the network card dropped the datagram (ENOBUFS): lost on the
    // way, like others.
    if (error != ENOBUFS) refuse(outgoing_[at], error);
    ++at;
    attempts = 0;
  }
  outgoing_.erase(outgoing_.begin(), outgoing_.begin() + static_cast<std::ptrdiff_t>(at));
  if (outgoing_.empty()) arena_.clear();
  watch_for_what_is_needed();
}

/// A path is narrower than a datagram of ours, or some interface is: from here on the kernel cuts what is too large, of
/// all that this socket sends. (Only a socket of IPv4 was told not to.)
void UdpSocket::allow_fragments() noexcept {
  if (option_of(fd_.get(), SOL_IP, IP_MTU_DISCOVER) == IP_PMTUDISC_DO)
    set_option(fd_.get(), SOL_IP, IP_MTU_DISCOVER, IP_PMTUDISC_WANT);
}

void UdpSocket::refuse(const Outgoing& message, int error) {
  handlers_.undelivered({message.to, octets_of(message), strerror(error), word_of(error)});
}

void UdpSocket::watch_for_what_is_needed() {
  const std::uint32_t events = (gathering_ == 0 ? EPOLLIN : 0U) | (full_ ? EPOLLOUT : 0U);
  if (events != std::exchange(watched_, events)) loop_.rewatch(fd_.get(), events);
}

void UdpSocket::on_ready(std::uint32_t events) {
  if ((events & EPOLLERR) != 0) {
    if (!read_error_queue()) {
      // Nothing queued, yet an error is pending: reading it is what clears it.
      option_of(fd_.get(), SOL_SOCKET, SO_ERROR);
    }
  }
  if ((events & EPOLLIN) != 0 && gathering_ == 0) {
    if (pays_to_gather()) {
      gather();
    } else {
      receive();
    }
  }
  if ((events & EPOLLOUT) != 0) flush();
}

bool UdpSocket::pays_to_gather() const noexcept {
  return (gather_ > 0ns || awaited_ >= gather_from) && last_count_ < few;
}

void UdpSocket::gather() {
  const BootTime now = BootClock::now();
  const BootTime when =
      gather_ > shortest_gather ? shared_moment(now + shortest_gather, gather_) : now + shortest_gather;
  gathering_ = loop_.at(when, [this] {
    gathering_ = 0;
    receive();
    // While answers keep coming the clock alone says when to read: the first of each batch need not wake anybody. What
    // these have brought about is still to be sent, so nothing may be awaited just now.
    if (last_count_ > 0 && pays_to_gather()) {
      gather();
    } else {
      watch_for_what_is_needed();
    }
  });
  watch_for_what_is_needed();
}

void UdpSocket::receive() {
  last_count_ = 0;
  drained_ = true;
  // A few batches a turn, so that timers and other sockets have theirs under a flood.
  for (int turn = 0; turn < 4; ++turn) {
    for (std::size_t i = 0; i < batch_size; ++i) {
      msghdr& header = batch_->incoming[i].msg_hdr;
      header.msg_namelen = sizeof(sockaddr_storage);
      header.msg_controllen = control_octets;
      header.msg_flags = 0;
    }
    const int received = recvmmsg(fd_.get(), batch_->incoming.data(), batch_size, MSG_DONTWAIT, nullptr);
    const BootTime now = BootClock::now();
    if (received <= 0) {
      drained_at_ = now;
      return;
    }
    const auto wall_now = wall_clock();
    const auto count = static_cast<std::size_t>(received);
    last_count_ += count;
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count; ++i) {
      mmsghdr& message = batch_->incoming[i];
      BootTime arrived = now;
      for (cmsghdr* header = CMSG_FIRSTHDR(&message.msg_hdr); header != nullptr;
           header = CMSG_NXTHDR(&message.msg_hdr, header)) {
        if (header->cmsg_level != SOL_SOCKET) continue;
        if (header->cmsg_type == SCM_TIMESTAMPNS) {
          timespec stamp{};
          std::memcpy(&stamp, CMSG_DATA(header), sizeof stamp);
          arrived = arrival(stamp, now, wall_now, drained_at_);
        } else if (header->cmsg_type == SO_RXQ_OVFL) {
          std::uint32_t drops = 0;
          std::memcpy(&drops, CMSG_DATA(header), sizeof drops);
          kernel_drops_ += drops - std::exchange(last_drop_count_, drops);
        }
      }
      const auto from =
          Endpoint::from(reinterpret_cast<const sockaddr*>(&batch_->from[i]), message.msg_hdr.msg_namelen);
      if (!from || (message.msg_hdr.msg_flags & MSG_TRUNC) != 0) continue;
      batch_->received[taken++] = {*from, {batch_->octets.get() + i * slot_octets, message.msg_len}, arrived};
    }
    if (taken > 0) handlers_.datagrams({batch_->received.data(), taken});
    if (count < batch_size) {
      drained_at_ = now;
      return;
    }
  }
  drained_ = false;
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
      const Undelivered::Word word = word_of(*error);
      if (word == Undelivered::Word::too_large) allow_fragments();
      if (!destination) continue;
      handlers_.undelivered(
          {*destination, {octets.data(), static_cast<std::size_t>(length)}, icmp_reason(*error), word});
    }
  }
}

}  // namespace octopoll::snmp
