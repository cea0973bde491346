#include "integration/icmp/path_simulator.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <queue>
#include <span>
#include <system_error>

#include "icmp/echo_message.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::test {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using Octets = std::vector<std::uint8_t>;

constexpr const char* device_name = "path0";

[[noreturn]] void fail_by_errno(const std::string& what) {
  throw std::system_error(errno, std::generic_category(), what);
}

nanoseconds wall_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::chrono::seconds(now.tv_sec) + nanoseconds(now.tv_nsec);
}

Endpoint literal(const std::string& address) { return *Endpoint::literal(address, 0); }

Endpoint endpoint4(const std::uint8_t* octets) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  std::memcpy(&address.sin_addr, octets, sizeof address.sin_addr);
  return *Endpoint::from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Endpoint endpoint6(const in6_addr& octets) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = octets;
  return *Endpoint::from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Fd open_device() {
  Fd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) fail_by_errno("/dev/net/tun");
  ifreq request{};
  std::strncpy(request.ifr_name, device_name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) fail_by_errno("TUNSETIFF");
  return fd;
}

/// Sees what goes into the device, with the kernel's stamp: by the device's own end one learns only when one got to
/// read it.
Fd open_tap() {
  Fd fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_ALL)));
  if (!fd) fail_by_errno("packet socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(device_name));
  const int on = 1;
  const int buffer = 16 << 20;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof buffer) != 0 ||
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail_by_errno("packet socket");
  }
  return fd;
}

void put16(Octets& octets, std::size_t at, std::size_t value) {
  octets[at] = static_cast<std::uint8_t>(value >> 8 & 0xffU);
  octets[at + 1] = static_cast<std::uint8_t>(value & 0xffU);
}

/// An IP packet around `icmp`, with both checksums.
Octets packet(const Endpoint& from, const Endpoint& to, Octets icmp) {
  icmp[2] = icmp[3] = 0;
  if (from.family() == AF_INET) {
    put16(icmp, 2, icmp::internet_checksum(icmp));
    Octets octets(sizeof(iphdr));
    octets[0] = 0x45;
    put16(octets, 2, octets.size() + icmp.size());
    octets[8] = 64;
    octets[9] = IPPROTO_ICMP;
    std::memcpy(octets.data() + 12, &reinterpret_cast<const sockaddr_in*>(from.address())->sin_addr, 4);
    std::memcpy(octets.data() + 16, &reinterpret_cast<const sockaddr_in*>(to.address())->sin_addr, 4);
    put16(octets, 10, icmp::internet_checksum(octets));
    octets.insert(octets.end(), icmp.begin(), icmp.end());
    return octets;
  }
  Octets pseudo(40);  // RFC 8200 section 8.1
  std::memcpy(pseudo.data(), &reinterpret_cast<const sockaddr_in6*>(from.address())->sin6_addr, 16);
  std::memcpy(pseudo.data() + 16, &reinterpret_cast<const sockaddr_in6*>(to.address())->sin6_addr, 16);
  put16(pseudo, 34, icmp.size());
  pseudo[39] = IPPROTO_ICMPV6;
  pseudo.insert(pseudo.end(), icmp.begin(), icmp.end());
  put16(icmp, 2, icmp::internet_checksum(pseudo));
  Octets octets(sizeof(ip6_hdr));
  octets[0] = 0x60;
  put16(octets, 4, icmp.size());
  octets[6] = IPPROTO_ICMPV6;
  octets[7] = 64;
  std::memcpy(octets.data() + 8, pseudo.data(), 32);
  octets.insert(octets.end(), icmp.begin(), icmp.end());
  return octets;
}

}  // namespace

bool skip_without_tun() {
  const bool missing = ::access("/dev/net/tun", R_OK | W_OK) != 0;
  if (missing) std::cout << "SKIPPED: needs TUN devices: /dev/net/tun: " << std::strerror(errno) << std::endl;
  return missing;
}

void PathSimulator::prepare(const Netns& space) {
  space.must({"ip", "tuntap", "add", "dev", device_name, "mode", "tun"});
  space.must({"ip", "link", "set", device_name, "txqueuelen", "100000"});
  space.must({"ip", "link", "set", device_name, "mtu", "1500", "up"});
  space.must({"ip", "address", "add", own_address(AF_INET, 0).host_text() + "/16", "dev", device_name});
  space.must({"ip", "address", "add", own_address(AF_INET, 1).host_text() + "/32", "dev", device_name});
  for (const unsigned number : {0U, 1U}) {
    space.must({"ip", "-6", "address", "add",
                own_address(AF_INET6, number).host_text() + (number == 0 ? "/64" : "/128"), "dev", device_name,
                "nodad"});
  }
}

Endpoint PathSimulator::target(int family, unsigned number) {
  return literal(family == AF_INET ? fmt::format("10.66.{}.{}", 1 + number / 250, 1 + number % 250)
                                   : fmt::format("fd66::1:{:x}", 1 + number));
}

Endpoint PathSimulator::router(int family, unsigned hop) {
  return literal(family == AF_INET ? fmt::format("10.66.255.{}", hop) : fmt::format("fd66::ff:{:x}", hop));
}

Endpoint PathSimulator::own_address(int family, unsigned number) {
  return literal(family == AF_INET ? fmt::format("10.66.0.{}", 1 + number) : fmt::format("fd66::{:x}", 1 + number));
}

/// One echo request as it left.
struct PathSimulator::Packet {
  PathEntry entry;
  Octets ip;  ///< all of it
  Octets icmp;

  static std::optional<Packet> parse(std::span<const std::uint8_t> octets, nanoseconds left) {
    Packet packet;
    packet.ip.assign(octets.begin(), octets.end());
    packet.entry.left = left;
    packet.entry.octets = octets.size();
    std::size_t header = 0;
    int family = AF_INET;
    if (octets.size() >= sizeof(iphdr) && octets[0] >> 4 == 4 && octets[9] == IPPROTO_ICMP) {
      header = std::size_t{octets[0] & 0x0fU} * 4;
      packet.entry.traffic_class = octets[1];
      packet.entry.dont_fragment = (octets[6] & 0x40U) != 0;
      packet.entry.hop_limit = octets[8];
      packet.entry.from = endpoint4(octets.data() + 12);
      packet.entry.to = endpoint4(octets.data() + 16);
    } else if (octets.size() >= sizeof(ip6_hdr) && octets[0] >> 4 == 6 && octets[6] == IPPROTO_ICMPV6) {
      family = AF_INET6;
      header = sizeof(ip6_hdr);
      in6_addr from{}, to{};
      std::memcpy(&from, octets.data() + 8, sizeof from);
      std::memcpy(&to, octets.data() + 24, sizeof to);
      packet.entry.traffic_class = static_cast<std::uint8_t>((octets[0] & 0x0fU) << 4 | octets[1] >> 4);
      packet.entry.hop_limit = octets[7];
      packet.entry.from = endpoint6(from);
      packet.entry.to = endpoint6(to);
    } else {
      return std::nullopt;
    }
    if (octets.size() < header + icmp::header_octets + icmp::min_payload) return std::nullopt;
    packet.icmp.assign(octets.begin() + static_cast<std::ptrdiff_t>(header), octets.end());
    if (packet.icmp[0] != icmp::echo_request_type(family)) return std::nullopt;
    return packet;
  }

  [[nodiscard]] int family() const { return entry.to.family(); }
  [[nodiscard]] Octets reply() const {
    Octets octets = icmp;
    octets[0] = icmp::echo_reply_type(family());
    return octets;
  }
  /// What a router says, quoting as much as RFC 1812 section 4.3.2.3 and RFC 4443 section 2.4 want.
  [[nodiscard]] Octets error(std::uint8_t type, std::uint8_t code, unsigned mtu) const {
    Octets octets{type, code, 0, 0, 0, 0, 0, 0};
    put16(octets, 6, mtu);
    const std::size_t most = family() == AF_INET ? 576 - sizeof(iphdr) : 1280 - sizeof(ip6_hdr);
    const auto quoted = std::span(ip).first(std::min(ip.size(), most - octets.size()));
    octets.insert(octets.end(), quoted.begin(), quoted.end());
    return octets;
  }
};

struct PathSimulator::Thread {
  struct Answer {
    nanoseconds due;
    std::uint64_t order;  ///< of two that are due at once the first goes first
    std::size_t entry;
    bool first;  ///< the one whose round trip counts
    Octets octets;
    bool operator<(const Answer& other) const { return due != other.due ? due > other.due : order > other.order; }
  };

  PathSimulator& path;
  std::mt19937 random;
  std::priority_queue<Answer> answers;
  std::uint64_t order = 0;

  explicit Thread(PathSimulator& simulator) : path(simulator), random(simulator.seed_) {}

  void run() {
    while (!path.stopping_) {
      wait();
      drain_device();
      while (read_one()) {
      }
      while (!answers.empty() && answers.top().due <= wall_clock()) write_one();
    }
  }

  void wait() {
    std::array<pollfd, 3> watched = {
        {{path.tap_.get(), POLLIN, 0}, {path.device_.get(), POLLIN, 0}, {path.wake_.get(), POLLIN, 0}}};
    timespec patience{0, 100'000'000};
    if (!answers.empty()) {
      const nanoseconds left = std::clamp<nanoseconds>(answers.top().due - wall_clock(), 0ns, 100ms);
      patience.tv_nsec = static_cast<long>(left.count());
    }
    ::ppoll(watched.data(), watched.size(), &patience, nullptr);
  }

  /// What it brings was seen on the tap.
  void drain_device() {
    std::array<std::uint8_t, 2048> octets{};
    while (::read(path.device_.get(), octets.data(), octets.size()) > 0) {
    }
  }

  bool read_one() {
    std::array<std::uint8_t, 2048> octets{};
    alignas(cmsghdr) std::array<std::uint8_t, 128> control{};
    sockaddr_ll from{};
    iovec vector{octets.data(), octets.size()};
    msghdr message{};
    message.msg_name = &from;
    message.msg_namelen = sizeof from;
    message.msg_iov = &vector;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(path.tap_.get(), &message, 0);
    if (got < 0) {
      if (errno == EAGAIN || errno == EINTR) return false;
      fail_by_errno("packet socket");
    }
    const cmsghdr* c = CMSG_FIRSTHDR(&message);
    if (from.sll_pkttype != PACKET_OUTGOING || c == nullptr) return true;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
    auto request = Packet::parse(std::span<const std::uint8_t>(octets).first(static_cast<std::size_t>(got)),
                                 std::chrono::seconds(stamp.tv_sec) + nanoseconds(stamp.tv_nsec));
    if (request) take(*request);
    return true;
  }

  /// Each request draws the same number of times, so that requests' fates do not depend on one another.
  void take(Packet& request) {
    const PathScript& script = path.script_;
    PathEntry& entry = request.entry;
    std::uniform_real_distribution<double> share;
    const double delay = share(random);
    const bool lost = share(random) < script.loss;
    const bool duplicated = share(random) < script.duplicates;
    const bool late = share(random) < script.late;
    entry.forged = share(random) < script.forged;
    const std::size_t number = path.entries_.size();
    const auto later = [&](nanoseconds after, const Endpoint& from, Octets icmp, bool first) {
      answers.push({entry.left + after, order++, number, first, packet(from, entry.from, std::move(icmp))});
      ++path.under_way_;
    };
    const int family = request.family();
    const bool ipv4 = family == AF_INET;
    if (entry.hop_limit <= script.routers) {
      entry.refused = true;
      later(script.least_delay, router(family, entry.hop_limit), request.error(ipv4 ? 11 : 3, 0, 0), true);
    } else if (script.unreachable) {
      entry.refused = true;
      later(script.least_delay, router(family, script.routers), request.error(ipv4 ? 3 : 1, ipv4 ? 1 : 3, 0), true);
    } else if (entry.octets > script.mtu) {
      entry.refused = true;
      later(script.least_delay, router(family, script.routers), request.error(ipv4 ? 3 : 2, ipv4 ? 4 : 0, script.mtu),
            true);
    } else if (!lost) {
      entry.answered = true;
      entry.duplicated = duplicated;
      entry.late = late;
      const auto range = static_cast<double>((script.most_delay - script.least_delay).count());
      entry.planned = script.least_delay + nanoseconds(static_cast<std::int64_t>(delay * range));
      if (late) entry.planned += script.late_by;
      later(entry.planned, entry.to, request.reply(), true);
      if (duplicated) later(entry.planned + 1ms, entry.to, request.reply(), false);
    }
    if (entry.forged) {
      // By turns: another cookie, another probe's number under the right cookie, the right octets from somebody else.
      Octets forged = request.reply();
      const std::size_t way = number % 3;
      if (way == 0) forged[icmp::header_octets] ^= 0xffU;
      if (way == 1) forged[icmp::header_octets + 19] ^= 0x01U;
      later(1ms, way == 2 ? router(family, 77) : entry.to, std::move(forged), false);
    }
    path.entries_.push_back(entry);
  }

  void write_one() {
    const Answer& answer = answers.top();
    const nanoseconds began = wall_clock();
    if (::write(path.device_.get(), answer.octets.data(), answer.octets.size()) < 0)
      fail_by_errno("write to the TUN device");
    if (answer.first) {
      path.entries_[answer.entry].write_began = began;
      path.entries_[answer.entry].write_ended = wall_clock();
    }
    answers.pop();
    --path.under_way_;
  }
};

PathSimulator::PathSimulator(const PathScript& script, std::uint32_t seed)
    : script_(script), seed_(seed), device_(open_device()), tap_(open_tap()), wake_(::eventfd(0, EFD_CLOEXEC)) {
  entries_.reserve(100'000);
  thread_ = std::thread([this] {
    try {
      Thread(*this).run();
    } catch (const std::exception& error) {
      failure_ = error.what();
    }
  });
}

PathSimulator::~PathSimulator() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  thread_.join();
}

const std::vector<PathEntry>& PathSimulator::stop() {
  stopping_ = true;
  ::eventfd_write(wake_.get(), 1);
  if (thread_.joinable()) thread_.join();
  if (!failure_.empty()) throw std::runtime_error("the path simulator gave up: " + failure_);
  return entries_;
}

}  // namespace octopoll::test
