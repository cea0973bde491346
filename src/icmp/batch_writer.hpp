#pragma once
// Echo requests that leave by one system call, each with its own hop limit, DSCP and source.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "icmp/echo_socket.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {

/// Shape: a buffer of up to `batch` messages of one family that is filled, sent from and cleared. Thread: one.
///
/// What a plan asks for goes along as control messages (ip(7), ipv6(7)), so that one socket serves all plans: further
/// raw sockets would each be handed every echo reply of the machine. IPv6 datagram sockets obey since Linux 5.18.
class BatchWriter {
 public:
  static constexpr std::size_t batch = 64;

  BatchWriter();
  ~BatchWriter();
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void clear() noexcept { size_ = 0; }
  /// Adds a message; the caller writes header and tag into it, the filler behind them is there. Lives until clear().
  [[nodiscard]] std::span<std::uint8_t> add(const Endpoint& to, const EchoPlan& plan);

  struct Outcome {
    std::size_t taken = 0;  ///< by the kernel, of those from `first` on
    int failed = 0;         ///< an errno about the message at `first`, where none was taken
  };
  [[nodiscard]] Outcome send(const EchoSocket& socket, std::size_t first) noexcept;

 private:
  struct Buffers;
  std::size_t size_ = 0;
  std::unique_ptr<Buffers> buffers_;
};

}  // namespace octopoll::icmp
