#pragma once
// One UDP socket that all sessions of an address family share.

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll::snmp {

/// What an ICMP error said of a datagram of ours.
struct IcmpReport {
  Endpoint destination;       ///< where the datagram was going
  std::string_view datagram;  ///< as much of it as the kernel kept
  std::string reason;         ///< "port unreachable, says 192.0.2.1"
};

/// Sends to anyone, receives from anyone, in batches; unconnected, so that a thousand agents cost one descriptor.
/// Thread: the loop's.
class UdpSocket {
 public:
  struct Handlers {
    std::function<void(const Endpoint& from, std::string_view datagram, BootTime received)> datagram;
    std::function<void(const IcmpReport&)> icmp;
  };

  /// `family` is AF_INET or AF_INET6. Errors: io.
  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> open(EventLoop& loop, int family, Handlers handlers);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Sends now, or as soon as the kernel has room. Returns 0 or the errno of a send that cannot work (no route, ...).
  /// An error that the kernel kept for an earlier datagram is taken off the socket and the send repeated: it is never
  /// booked on this destination.
  [[nodiscard]] int send(const Endpoint& to, std::string_view datagram);
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  struct Batch;
  UdpSocket(EventLoop& loop, Fd fd, Handlers handlers);
  void on_ready(std::uint32_t events);
  void receive();
  bool read_error_queue();
  void flush();
  int try_send(const Endpoint& to, std::string_view datagram);

  EventLoop& loop_;
  Fd fd_;
  Handlers handlers_;
  std::unique_ptr<Batch> batch_;
  struct Waiting {
    Endpoint to;
    std::string datagram;
  };
  std::deque<Waiting> waiting_;
};

}  // namespace octopoll::snmp
