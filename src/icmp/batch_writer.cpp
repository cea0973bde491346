#include "icmp/batch_writer.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "icmp/echo_message.hpp"

namespace octopoll::icmp {
namespace {

/// Two numbers and an address, in IPv6's sizes.
constexpr std::size_t control_octets = 2 * CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo));

/// Appends to a buffer that is large enough and zeroed.
class ControlWriter {
 public:
  explicit ControlWriter(std::span<std::uint8_t> space) : space_(space) {}

  template <class Value>
  void put(int level, int type, const Value& value) noexcept {
    cmsghdr header{};
    header.cmsg_len = CMSG_LEN(sizeof value);
    header.cmsg_level = level;
    header.cmsg_type = type;
    std::memcpy(space_.data() + used_, &header, sizeof header);
    std::memcpy(space_.data() + used_ + CMSG_LEN(0), &value, sizeof value);
    used_ += CMSG_SPACE(sizeof value);
  }
  [[nodiscard]] std::size_t used() const noexcept { return used_; }

 private:
  std::span<std::uint8_t> space_;
  std::size_t used_ = 0;
};

/// DSCP are the upper six bits of the octet (RFC 2474 section 3); the lower two belong to congestion (RFC 3168).
int traffic_class(std::uint8_t dscp) { return dscp << 2; }

std::size_t write_options4(const EchoPlan& plan, std::span<std::uint8_t> space) noexcept {
  ControlWriter control(space);
  if (plan.hop_limit) control.put(IPPROTO_IP, IP_TTL, int{*plan.hop_limit});
  if (plan.dscp) control.put(IPPROTO_IP, IP_TOS, traffic_class(*plan.dscp));
  if (plan.source) {
    in_pktinfo info{};
    info.ipi_spec_dst = reinterpret_cast<const sockaddr_in*>(plan.source->address())->sin_addr;
    control.put(IPPROTO_IP, IP_PKTINFO, info);
  }
  return control.used();
}

std::size_t write_options6(const EchoPlan& plan, std::span<std::uint8_t> space) noexcept {
  ControlWriter control(space);
  if (plan.hop_limit) control.put(IPPROTO_IPV6, IPV6_HOPLIMIT, int{*plan.hop_limit});
  if (plan.dscp) control.put(IPPROTO_IPV6, IPV6_TCLASS, traffic_class(*plan.dscp));
  if (plan.source) {
    const auto& source = *reinterpret_cast<const sockaddr_in6*>(plan.source->address());
    in6_pktinfo info{};
    info.ipi6_addr = source.sin6_addr;
    info.ipi6_ifindex = source.sin6_scope_id;
    control.put(IPPROTO_IPV6, IPV6_PKTINFO, info);
  }
  return control.used();
}

}  // namespace

struct BatchWriter::Buffers {
  struct alignas(cmsghdr) Control {
    std::array<std::uint8_t, control_octets> octets;
  };
  std::array<mmsghdr, batch> headers{};
  std::array<iovec, batch> vectors{};
  std::array<Endpoint, batch> targets{};
  std::array<Control, batch> controls{};
  std::array<std::vector<std::uint8_t>, batch> messages{};
};

BatchWriter::BatchWriter() : buffers_(std::make_unique<Buffers>()) {}
BatchWriter::~BatchWriter() = default;

std::span<std::uint8_t> BatchWriter::add(const Endpoint& to, const EchoPlan& plan) {
  const std::size_t i = size_++;
  auto& message = buffers_->messages[i];
  message.resize(header_octets + plan.payload);
  buffers_->targets[i] = to;
  buffers_->vectors[i] = {message.data(), message.size()};
  msghdr& header = buffers_->headers[i].msg_hdr;
  header = {};
  header.msg_name = const_cast<sockaddr*>(buffers_->targets[i].address());
  header.msg_namelen = to.length();
  header.msg_iov = &buffers_->vectors[i];
  header.msg_iovlen = 1;
  if (plan.hop_limit || plan.dscp || plan.source) {
    auto& control = buffers_->controls[i].octets;
    control.fill(0);
    header.msg_controllen = to.family() == AF_INET ? write_options4(plan, control) : write_options6(plan, control);
    header.msg_control = control.data();
  }
  return message;
}

BatchWriter::Outcome BatchWriter::send(const EchoSocket& socket, std::size_t first) noexcept {
  int taken = 0;
  do {
    taken =
        ::sendmmsg(socket.fd(), buffers_->headers.data() + first, static_cast<unsigned>(size_ - first), MSG_NOSIGNAL);
  } while (taken < 0 && errno == EINTR);
  if (taken < 0) return {0, errno};
  return {static_cast<std::size_t>(taken), 0};
}

}  // namespace octopoll::icmp
