#include "fleet/server.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace fleet {
namespace {

constexpr std::size_t batch_size = 64;
constexpr std::size_t largest_packet = 65'536;
constexpr std::uint64_t wake_tag = ~std::uint64_t{0};
constexpr std::uint64_t timer_tag = wake_tag - 1;

/// Room for the one control message that goes with a packet: the local address, of either family.
struct alignas(cmsghdr) ControlSpace {
  std::array<char, CMSG_SPACE(sizeof(in6_pktinfo))> octets{};
};

[[noreturn]] void throw_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}
octopoll::Fd checked(int fd, const char* what) {
  if (fd < 0) throw_errno(what);
  return octopoll::Fd(fd);
}
std::chrono::nanoseconds boot_time() noexcept;
octopoll::Fd make_socket(int family);
void bind_to(int fd, int family, const std::string& address, std::uint16_t port);
std::uint16_t bound_port(int fd);
/// In network order.
std::uint16_t port_of(const sockaddr_storage& peer);
std::optional<Address> local_address(msghdr& message);
void set_local_address(msghdr& message, ControlSpace& space, int family, const Address& from);

}  // namespace

/// Buffers for one round of a socket. What points where is set once; a round puts back only what the kernel changed.
struct Server::Batch {
  struct Incoming {
    sockaddr_storage from{};
    ControlSpace control;
    iovec data{};
  };
  std::vector<std::uint8_t> requests = std::vector<std::uint8_t>(batch_size * largest_packet);
  std::vector<std::uint8_t> answers = std::vector<std::uint8_t>(batch_size * Responder::buffer_size);
  std::array<Incoming, batch_size> incoming;
  std::array<mmsghdr, batch_size> received{};

  Batch() {
    for (std::size_t i = 0; i < batch_size; ++i) {
      incoming[i].data = {requests.data() + i * largest_packet, largest_packet};
      received[i].msg_hdr.msg_name = &incoming[i].from;
      received[i].msg_hdr.msg_iov = &incoming[i].data;
      received[i].msg_hdr.msg_iovlen = 1;
      received[i].msg_hdr.msg_control = incoming[i].control.octets.data();
      make_ready(i);
    }
  }
  void make_ready(std::size_t i) noexcept {
    received[i].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    received[i].msg_hdr.msg_controllen = incoming[i].control.octets.size();
  }
};

/// What goes out of one socket together. Borrows octets and addresses until it is sent.
struct Server::Outbox {
  int fd = -1;
  std::size_t size = 0;
  std::array<ControlSpace, batch_size> control;
  std::array<iovec, batch_size> data{};
  std::array<mmsghdr, batch_size> messages{};

  [[nodiscard]] bool full() const noexcept { return size == batch_size; }
  void add(const sockaddr_storage& to, socklen_t to_size, const Address& from, Octets octets) {
    data[size] = {const_cast<std::uint8_t*>(octets.data()), octets.size()};
    msghdr& message = messages[size].msg_hdr;
    message = {};
    message.msg_name = const_cast<sockaddr_storage*>(&to);
    message.msg_namelen = to_size;
    message.msg_iov = &data[size];
    message.msg_iovlen = 1;
    set_local_address(message, control[size], to.ss_family, from);
    ++size;
  }
};

/// An answer that leaves later.
struct Server::Later {
  int fd = -1;
  sockaddr_storage to{};
  socklen_t to_size = 0;
  Address from;
  std::vector<std::uint8_t> octets;
  Device* device = nullptr;
};

Server::Server(Registry& registry, Clock clock, std::uint64_t seed, std::function<void()> on_wake)
    : registry_(registry),
      clock_(std::move(clock)),
      on_wake_(std::move(on_wake)),
      responder_(seed),
      usm_message_(crypto_),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      timer_(checked(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create")),
      batch_(std::make_unique<Batch>()),
      outbox_(std::make_unique<Outbox>()) {
  watch(wake_.get(), wake_tag);
  watch(timer_.get(), timer_tag);
}

Server::~Server() = default;

void Server::open(const Listen& listen) {
  const auto is_usual = [](const Address& a) {
    return a == *Address::parse("127.0.0.1") || a == *Address::parse("::1");
  };
  bool elsewhere_v4 = false;
  bool elsewhere_v6 = false;
  std::vector<std::uint16_t> ports{listen.port};
  for (const auto& device : registry_.devices()) {
    const Place& place = device->place();
    if (place.address && !is_usual(*place.address)) (place.address->is_v4() ? elsewhere_v4 : elsewhere_v6) = true;
    if (place.port != 0 && std::find(ports.begin(), ports.end(), place.port) == ports.end())
      ports.push_back(place.port);
  }
  if (!listen.address.empty()) {
    const auto address = Address::parse(listen.address);
    if (!address) throw std::invalid_argument("not an address to listen at: " + listen.address);
    registry_.everywhere = true;
    for (const std::uint16_t port : ports) {
      const Socket& socket = listen_at(address->is_v4() ? AF_INET : AF_INET6, listen.address, port);
      if (port_ == 0) port_ = socket.port;
    }
    has_ipv6_ = !address->is_v4();
    return;
  }
  for (const std::uint16_t port : ports) {
    // A port that the kernel chose for IPv4 may be taken for IPv6: then another one is tried.
    constexpr int tries = 20;
    for (int i = 0;; ++i) {
      const std::uint16_t chosen = listen_at(AF_INET, elsewhere_v4 ? "0.0.0.0" : "127.0.0.1", port).port;
      try {
        listen_at(AF_INET6, elsewhere_v6 ? "::" : "::1", chosen);
        has_ipv6_ = true;
      } catch (const std::system_error& error) {
        const bool taken = error.code().value() == EADDRINUSE;
        if (taken && port == 0 && i < tries) {
          sockets_.pop_back();
          continue;
        }
        if (taken) throw;
        // Otherwise this machine has no IPv6, and IPv4 alone will do.
      }
      if (port_ == 0) port_ = chosen;
      break;
    }
  }
}

void Server::run() {
  for (std::size_t i = 0; i < sockets_.size(); ++i) watch(sockets_[i].fd.get(), i);
  std::array<epoll_event, 16> events{};
  while (!stopping_.load(std::memory_order_acquire)) {
    const int ready = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), -1);
    if (ready < 0 && errno != EINTR) throw_errno("epoll_wait");
    for (int i = 0; i < ready; ++i) {
      const std::uint64_t tag = events[static_cast<std::size_t>(i)].data.u64;
      std::uint64_t ignored = 0;
      if (tag == wake_tag) {
        [[maybe_unused]] const ssize_t n = ::read(wake_.get(), &ignored, sizeof ignored);
        on_wake_();
      } else if (tag == timer_tag) {
        [[maybe_unused]] const ssize_t n = ::read(timer_.get(), &ignored, sizeof ignored);
        send_due();
      } else {
        serve(static_cast<std::size_t>(tag));
      }
    }
  }
}

void Server::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void Server::stop() noexcept {
  stopping_.store(true, std::memory_order_release);
  wake();
}

Server::Socket& Server::listen_at(int family, const std::string& address, std::uint16_t port) {
  Socket socket{make_socket(family), family, 0};
  bind_to(socket.fd.get(), family, address, port);
  socket.port = bound_port(socket.fd.get());
  sockets_.push_back(std::move(socket));
  return sockets_.back();
}

void Server::watch(int fd, std::uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) throw_errno("epoll_ctl");
}

void Server::serve(std::size_t socket) {
  Batch& batch = *batch_;
  outbox_->fd = sockets_[socket].fd.get();
  const int count = ::recvmmsg(outbox_->fd, batch.received.data(), batch_size, MSG_DONTWAIT, nullptr);
  for (int i = 0; i < count; ++i) handle(socket, static_cast<std::size_t>(i));
  send(*outbox_);
  for (int i = 0; i < count; ++i) batch.make_ready(static_cast<std::size_t>(i));
  arm_timer();
}

void Server::handle(std::size_t socket, std::size_t slot) {
  Batch& batch = *batch_;
  ++stats_.received;
  msghdr& header = batch.received[slot].msg_hdr;
  const std::span packet(batch.requests.data() + slot * largest_packet, batch.received[slot].msg_len);
  const auto to = local_address(header);
  const DecodeError error = to ? request_.decode(packet) : DecodeError::malformed;
  // What is neither version 1 nor 2c may still be for somebody who speaks version 3.
  const bool v3 = error == DecodeError::bad_version && usm_message_.read(packet);
  const std::uint16_t port = sockets_[socket].port;
  Device* const engine = v3 ? registry_.find_engine(*to, port) : nullptr;
  if (error != DecodeError::none && engine == nullptr) {
    ++(error == DecodeError::malformed ? stats_.malformed : stats_.bad_versions);
    return;
  }
  Device* device = engine != nullptr ? engine : registry_.find(*to, port, request_.community);
  if (device == nullptr) {
    ++stats_.bad_communities;
    return;
  }
  if (device->loses_flow(port_of(batch.incoming[slot].from))) {
    ++stats_.unanswered;
    return;
  }
  const std::span buffer(batch.answers.data() + slot * Responder::buffer_size, Responder::buffer_size);
  const Answer answer =
      engine != nullptr ? answer_v3(*device, buffer) : responder_.respond(request_, *device, clock_(), buffer);
  if (answer.malformed) {
    ++stats_.malformed;
    return;
  }
  device->stats.octets_in += packet.size();
  if (answer.octets.empty()) {
    ++stats_.unanswered;
    return;
  }
  dispatch(socket, slot, *to, *device, answer);
}

Answer Server::answer_v3(Device& device, std::span<std::uint8_t> buffer) {
  const Instant now = clock_();
  Answer answer;
  switch (usm_message_.accept(*device.usm(), device.model().engine(now), request_)) {
    case UsmMessage::Verdict::request:
      if (usm_message_.is_below_level()) return responder_.refuse(request_, device, buffer, usm_message_);
      return responder_.respond(request_, device, now, buffer, usm_message_);
    case UsmMessage::Verdict::report:
      return responder_.report(device, usm_message_.report(buffer), buffer);
    case UsmMessage::Verdict::malformed:
      answer.malformed = true;
      break;
    case UsmMessage::Verdict::dropped:
      break;
  }
  return answer;
}

void Server::dispatch(std::size_t socket, std::size_t slot, const Address& to, Device& device, const Answer& answer) {
  const socklen_t peer_size = batch_->received[slot].msg_hdr.msg_namelen;
  const Address from = answer.from_other_address.value_or(to);
  const sockaddr_storage& peer = batch_->incoming[slot].from;
  for (unsigned copy = 0; copy < answer.copies; ++copy) {
    ++device.stats.answers;
    device.stats.octets_out += answer.octets.size();
    device.stats.largest_answer = std::max<std::uint64_t>(device.stats.largest_answer, answer.octets.size());
    if (answer.delay.count() > 0) {
      send_later(socket, peer, peer_size, from, answer, device);
    } else if (answer.from_other_port) {
      send_one(other_socket(sockets_[socket].family), peer, peer_size, from, answer.octets);
    } else {
      if (outbox_->full()) send(*outbox_);
      outbox_->add(peer, peer_size, from, answer.octets);
    }
  }
}

void Server::send(Outbox& outbox) {
  std::size_t done = 0;
  while (done < outbox.size) {
    const int sent = ::sendmmsg(outbox.fd, outbox.messages.data() + done, static_cast<unsigned>(outbox.size - done), 0);
    if (sent > 0) {
      stats_.sent += static_cast<std::uint64_t>(sent);
      done += static_cast<std::size_t>(sent);
    } else if (errno != EINTR) {
      ++stats_.send_failures;  // that one is lost, as a packet may be; the others are not
      ++done;
    }
  }
  outbox.size = 0;
}

void Server::send_later(std::size_t socket, const sockaddr_storage& to, socklen_t to_size, const Address& from,
                        const Answer& answer, Device& device) {
  const Socket& own = sockets_[socket];
  if (later_free_.empty()) {
    later_free_.push_back(static_cast<std::uint32_t>(later_.size()));
    later_.emplace_back();
  }
  const std::uint32_t place = later_free_.back();
  later_free_.pop_back();
  Later& later = later_[place];
  later.fd = answer.from_other_port ? other_socket(own.family) : own.fd.get();
  later.to = to;
  later.to_size = to_size;
  later.from = from;
  later.octets.assign(answer.octets.begin(), answer.octets.end());
  later.device = &device;
  due_.push({boot_time() + answer.delay, ++later_count_, place});
  ++device.stats.waiting;
  device.stats.max_waiting = std::max(device.stats.max_waiting, device.stats.waiting);
}

void Server::send_due() {
  armed_ = {};
  const auto now = boot_time();
  std::array<std::uint32_t, batch_size> leaving{};
  const auto send_all = [&] {
    for (std::size_t i = 0; i < outbox_->size; ++i) later_free_.push_back(leaving[i]);
    send(*outbox_);
  };
  while (!due_.empty() && due_.top().at <= now) {
    const std::uint32_t place = due_.top().later;
    due_.pop();
    const Later& later = later_[place];
    --later.device->stats.waiting;
    if (outbox_->full() || outbox_->fd != later.fd) send_all();
    outbox_->fd = later.fd;
    leaving[outbox_->size] = place;
    outbox_->add(later.to, later.to_size, later.from, later.octets);
  }
  send_all();
  arm_timer();
}

void Server::send_one(int fd, const sockaddr_storage& to, socklen_t to_size, const Address& from, Octets octets) {
  Outbox alone;
  alone.fd = fd;
  alone.add(to, to_size, from, octets);
  send(alone);
}

int Server::other_socket(int family) {
  octopoll::Fd& socket = family == AF_INET ? other_ipv4_ : other_ipv6_;
  if (!socket) {
    socket = make_socket(family);
    bind_to(socket.get(), family, family == AF_INET ? "0.0.0.0" : "::", 0);
  }
  return socket.get();
}

void Server::arm_timer() {
  if (due_.empty() || armed_ == due_.top().at) return;
  const auto due = due_.top().at;
  armed_ = due;
  itimerspec when{};
  when.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(due).count();
  when.it_value.tv_nsec = (due % std::chrono::seconds(1)).count();
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

namespace {

std::chrono::nanoseconds boot_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

octopoll::Fd make_socket(int family) {
  octopoll::Fd fd = checked(::socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "socket");
  const int on = 1;
  const bool set = family == AF_INET ? ::setsockopt(fd.get(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) == 0
                                     : ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on) == 0 &&
                                           ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0;
  if (!set) throw_errno("setsockopt");
  // Thousands of devices are asked at once; what does not fit here the kernel drops. Beyond its limit only root gets.
  const int room = 32 << 20;
  for (const auto& [forced, usual] : {std::pair(SO_RCVBUFFORCE, SO_RCVBUF), std::pair(SO_SNDBUFFORCE, SO_SNDBUF)}) {
    if (::setsockopt(fd.get(), SOL_SOCKET, forced, &room, sizeof room) != 0) {
      ::setsockopt(fd.get(), SOL_SOCKET, usual, &room, sizeof room);
    }
  }
  return fd;
}

void bind_to(int fd, int family, const std::string& address, std::uint16_t port) {
  int result = 0;
  const Address parsed = *Address::parse(address);
  if (family == AF_INET) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    at.sin_addr = parsed.v4();
    result = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  } else {
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    at.sin6_port = htons(port);
    at.sin6_addr = parsed.v6();
    result = ::bind(fd, reinterpret_cast<const sockaddr*>(&at), sizeof at);
  }
  if (result != 0) throw_errno(fmt::format("bind {} port {}", address, port));
}

std::uint16_t port_of(const sockaddr_storage& peer) {
  return peer.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(peer).sin6_port
                                    : reinterpret_cast<const sockaddr_in&>(peer).sin_port;
}

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) throw_errno("getsockname");
  // The port is at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

std::optional<Address> local_address(msghdr& message) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&message); item != nullptr; item = CMSG_NXTHDR(&message, item)) {
    if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
      in_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      return Address::from(info.ipi_addr);
    }
    if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
      in6_pktinfo info{};
      std::memcpy(&info, CMSG_DATA(item), sizeof info);
      return Address::from(info.ipi6_addr);
    }
  }
  return std::nullopt;
}

void set_local_address(msghdr& message, ControlSpace& space, int family, const Address& from) {
  const auto fill = [&](int level, int type, const auto& info) {
    message.msg_control = space.octets.data();
    message.msg_controllen = CMSG_SPACE(sizeof info);
    cmsghdr* item = CMSG_FIRSTHDR(&message);
    item->cmsg_level = level;
    item->cmsg_type = type;
    item->cmsg_len = CMSG_LEN(sizeof info);
    std::memcpy(CMSG_DATA(item), &info, sizeof info);
  };
  if (family == AF_INET) {
    in_pktinfo info{};
    info.ipi_spec_dst = from.v4();
    fill(IPPROTO_IP, IP_PKTINFO, info);
  } else {
    in6_pktinfo info{};
    info.ipi6_addr = from.v6();
    fill(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
}

}  // namespace
}  // namespace fleet
