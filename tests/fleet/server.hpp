#pragma once
// The sockets of a fleet and the loop that serves them.

#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <vector>

#include "fleet/control.hpp"
#include "fleet/registry.hpp"
#include "fleet/responder.hpp"
#include "fleet/usm.hpp"
#include "octopoll/core/fd.hpp"

namespace fleet {

/// Where a fleet listens. One socket a port and family serves all addresses: the kernel says which address a packet
/// came to (IP_PKTINFO), and the answer leaves from there.
struct Listen {
  std::uint16_t port = 0;  ///< 0: a free one
  /// Empty: 127.0.0.1 and ::1 as long as no device has another address, else all addresses of this machine; devices
  /// without an address of their own answer at loopback addresses only. Set: that address, and they answer there.
  std::string address{};
};

/// One epoll loop. Packets come and go in batches (recvmmsg, sendmmsg); answers under delay wait in a heap.
/// Thread: open() anywhere, all else on the thread that calls run(); wake() and stop() on any.
class Server {
 public:
  using Clock = std::function<Instant()>;
  /// `on_wake` is called on the loop after wake().
  Server(Registry& registry, Clock clock, std::uint64_t seed, std::function<void()> on_wake);
  ~Server();

  /// Errors: std::system_error naming address and port.
  void open(const Listen& listen);
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] bool has_ipv6() const noexcept { return has_ipv6_; }
  void run();
  void wake() noexcept;
  void stop() noexcept;
  [[nodiscard]] const FleetStats& stats() const noexcept { return stats_; }

 private:
  struct Socket {
    octopoll::Fd fd;
    int family;
    std::uint16_t port;
  };
  struct Batch;
  struct Outbox;
  struct Later;
  /// An answer's place in the order of leaving, apart from the answer, so that keeping the order moves little.
  struct Due {
    std::chrono::nanoseconds at;
    std::uint64_t order;  // of equals, the first in is the first out
    std::uint32_t later;  // in later_
    friend bool operator>(const Due& a, const Due& b) noexcept {
      return a.at != b.at ? a.at > b.at : a.order > b.order;
    }
  };

  Socket& listen_at(int family, const std::string& address, std::uint16_t port);
  void watch(int fd, std::uint64_t tag);
  void serve(std::size_t socket);
  void handle(std::size_t socket, std::size_t slot);
  [[nodiscard]] Answer answer_v3(Device& device, std::span<std::uint8_t> buffer);
  void dispatch(std::size_t socket, std::size_t slot, const Address& to, Device& device, const Answer& answer);
  void send(Outbox& outbox);
  void send_later(std::size_t socket, const sockaddr_storage& to, socklen_t to_size, const Address& from,
                  const Answer& answer, Device& device);
  void send_due();
  void send_one(int fd, const sockaddr_storage& to, socklen_t to_size, const Address& from, Octets octets);
  [[nodiscard]] int other_socket(int family);
  /// So that it goes off when the next answer is due.
  void arm_timer();

  Registry& registry_;
  Clock clock_;
  std::function<void()> on_wake_;
  Responder responder_;
  Request request_;
  UsmCrypto crypto_;
  UsmMessage usm_message_;
  FleetStats stats_;
  std::vector<Socket> sockets_;
  octopoll::Fd other_ipv4_;
  octopoll::Fd other_ipv6_;
  octopoll::Fd epoll_;
  octopoll::Fd wake_;
  octopoll::Fd timer_;
  std::unique_ptr<Batch> batch_;
  std::unique_ptr<Outbox> outbox_;
  std::vector<Later> later_;               // used again and again, for their memory
  std::vector<std::uint32_t> later_free_;  // places in later_ that hold nothing
  std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
  std::uint64_t later_count_ = 0;
  std::chrono::nanoseconds armed_{};  // when the timer goes off; 0: not at all
  std::uint16_t port_ = 0;
  bool has_ipv6_ = false;
  std::atomic<bool> stopping_{false};
};

}  // namespace fleet
