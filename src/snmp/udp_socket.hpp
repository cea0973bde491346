#pragma once
// One UDP socket that many sessions of an address family share.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"

namespace octopoll::snmp {

/// What an ICMP error, or the kernel itself, said of a datagram of ours.
struct Undelivered {
  Endpoint destination;       ///< where the datagram was going
  std::string_view datagram;  ///< as much of it as the kernel kept
  std::string reason;         ///< "port closed, says 192.0.2.1"
  enum class Word : std::uint8_t {
    final,      ///< nobody listens there, or it cannot leave
    hint,       ///< may pass (RFC 1122 section 3.2.2.1)
    too_large,  ///< for the path
  };
  Word word = Word::hint;
};

/// What somebody sent to us. The octets lie in the socket's buffers until the next reading.
struct Datagram {
  Endpoint from;
  std::string_view octets;
  BootTime received;
};

/// Sends to anyone, receives from anyone, in batches; unconnected, so that a thousand agents cost one descriptor.
///
/// Sending: what is sent in one round of the loop leaves at its end, or when a batch is full.
/// Over IPv4 none is cut into pieces, until one is too large for an interface or a path; from then on any may be.
/// Receiving: where many answers are awaited and come in small numbers, a millisecond is let pass before they are read,
/// so that a wake-up brings more of them; their time of arrival is the kernel's, not that of the reading.
/// Thread: the loop's.
class UdpSocket {
 public:
  struct Handlers {
    /// Those of one reading, in their order: never none.
    std::function<void(std::span<const Datagram>)> datagrams;
    /// May come from inside send().
    std::function<void(const Undelivered&)> undelivered;
  };

  /// `family` is AF_INET or AF_INET6; `wanted_receive_buffer` in octets, the kernel grants what it allows. Errors: io.
  /// `gather`: as in EngineOptions.
  [[nodiscard]] static Result<std::unique_ptr<UdpSocket>> open(EventLoop& loop, int family, int wanted_receive_buffer,
                                                               std::chrono::nanoseconds gather, Handlers handlers);
  ~UdpSocket();
  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;

  /// Queues a datagram. One that cannot leave (no route, ...) comes back as undelivered. An error that the kernel kept
  /// for an earlier datagram is taken off the socket and the send repeated: it is never booked on this destination.
  void send(const Endpoint& to, std::string_view datagram);

  /// How many answers are on their way: whether gathering pays.
  void set_awaited(std::size_t answers) noexcept { awaited_ = answers; }
  /// Answers may lie in the socket that were not read yet: nobody's time is up before they are.
  [[nodiscard]] bool may_hold_answers() const noexcept { return gathering_ != 0 || !drained_; }
  /// Datagrams dropped for want of room in the receive buffer (SO_RXQ_OVFL), as told with the last one received.
  [[nodiscard]] std::uint64_t kernel_drops() const noexcept { return kernel_drops_; }
  /// Octets of the receive buffer as the kernel reckons them: with its own overhead for each datagram.
  [[nodiscard]] std::size_t receive_buffer() const noexcept { return receive_buffer_; }
  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
  struct Batch;
  struct Outgoing {
    Endpoint to;
    std::size_t offset;
    std::size_t length;
  };

  UdpSocket(EventLoop& loop, Fd fd, std::size_t receive_buffer, std::chrono::nanoseconds gather, Handlers handlers);
  void on_ready(std::uint32_t events);
  [[nodiscard]] bool pays_to_gather() const noexcept;
  void gather();
  void receive();
  bool read_error_queue();
  void flush();
  [[nodiscard]] std::size_t send_some(std::size_t first);
  void allow_fragments() noexcept;
  void refuse(const Outgoing& message, int error);
  [[nodiscard]] std::string_view octets_of(const Outgoing& message) const noexcept;
  void watch_for_what_is_needed();

  EventLoop& loop_;
  Fd fd_;
  Handlers handlers_;
  std::unique_ptr<Batch> batch_;
  std::size_t receive_buffer_;
  std::chrono::nanoseconds gather_;
  std::size_t awaited_ = 0;
  std::uint64_t kernel_drops_ = 0;
  std::uint32_t last_drop_count_ = 0;  // the kernel counts in 32 bits
  BootTime drained_at_;                // then the receive queue was empty
  bool drained_ = true;                // the last reading took all there was
  std::size_t last_count_ = 0;         // datagrams that the last wake-up brought

  EventLoop::TimerId gathering_ = 0;
  EventLoop::HookId flush_hook_ = 0;
  std::vector<Outgoing> outgoing_;
  std::vector<char> arena_;  // their octets
  bool full_ = false;        // the kernel has no room to send for now
  std::uint32_t watched_;    // epoll events
};

}  // namespace octopoll::snmp
