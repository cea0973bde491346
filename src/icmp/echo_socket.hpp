#pragma once
// One ICMP socket of one family: opened by what the kernel allows, read in batches.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "icmp/icmp_error.hpp"
#include "icmp/round_trip.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::icmp {

/// Shape: move-only, never half open. Thread: one.
class EchoSocket {
 public:
  enum class Kind : std::uint8_t { datagram, raw };

  /// Datagram where net.ipv4.ping_group_range admits this process (root is no exception), else raw. Bound to `source`,
  /// where one is given.
  /// Errors: permission where the kernel refuses both, with both ways out; io for anything else (a machine without
  /// IPv6, no file descriptors left).
  [[nodiscard]] static Result<EchoSocket> open(int family, const std::optional<Endpoint>& source = {});

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] int family() const noexcept { return family_; }
  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  /// The identifier to write into requests. Datagram sockets get theirs from the kernel, which replaces this one.
  [[nodiscard]] std::uint16_t id() const noexcept { return id_; }
  /// Whether an identifier seen on the wire can be ours.
  [[nodiscard]] bool owns(std::uint16_t id) const noexcept { return kind_ == Kind::datagram || id == id_; }

  /// An ICMP error is also left on the socket for its next user, whose send fails by it; this takes it off.
  void clear_pending_error() const noexcept;
  /// How many packets found the receive buffer full since the socket was opened.
  [[nodiscard]] std::uint32_t overflowed() const noexcept;
  /// Whether requests that are sent from now on may be fragmented, here or by routers; those of a new socket may.
  void set_dont_fragment(bool on) noexcept;
  /// The kernel numbers the requests that it stamps, and is unsure about those that it refused: this makes the next one
  /// number 0.
  void restart_send_stamps() const noexcept;

 private:
  EchoSocket(Fd fd, int family, Kind kind, std::uint16_t id)
      : fd_(std::move(fd)), family_(family), kind_(kind), id_(id) {}

  Fd fd_;
  int family_;
  Kind kind_;
  std::uint16_t id_;
  bool dont_fragment_ = false;
};

/// An echo reply as read. `octets` starts at the ICMP header, may be cut short after the tag, and lives until the next
/// read.
struct Arrival {
  Endpoint from;
  std::span<const std::uint8_t> octets;
  std::optional<WallStamp> received;  ///< by the kernel
};

/// An ICMP error as read; `quoted` is our request from its ICMP header on, or what the error quotes of it.
struct ErrorArrival {
  IcmpError error;
  std::span<const std::uint8_t> quoted;
};

/// When a request was handed to the interface; `number` counts those that the kernel took since
/// EchoSocket::restart_send_stamps(), modulo 2^32.
struct SendStamp {
  std::uint32_t number = 0;
  WallStamp at{};
};

/// Reads many messages with one system call into buffers of its own.
class BatchReader {
 public:
  static constexpr std::size_t batch = 64;

  BatchReader();
  ~BatchReader();
  BatchReader(const BatchReader&) = delete;
  BatchReader& operator=(const BatchReader&) = delete;

  /// What is waiting, at most `batch`; none means that the socket is empty.
  [[nodiscard]] std::span<const Arrival> replies(const EchoSocket& socket);
  /// From the error queue; `complete` false while there may be more.
  struct Errors {
    std::span<const ErrorArrival> arrivals;  ///< of ICMP origin
    std::span<const SendStamp> stamps;
    std::optional<std::uint32_t> refused_by_mtu;  ///< of the link that a request was too large for to leave whole
    bool complete = true;
  };
  [[nodiscard]] Errors errors(const EchoSocket& socket);

 private:
  struct Buffers;
  std::size_t receive(const EchoSocket& socket, int flags);

  std::unique_ptr<Buffers> buffers_;
};

}  // namespace octopoll::icmp
