#pragma once

#include <sys/random.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace octopoll::snmp {

/// Request and message ids nobody can guess, since with UDP the id is all that tells an answer from a forgery.
/// Range: 0x01000000..0x7fffffff, always four octets of BER, within msgID's 31 bits (RFC 3412 section 6.2); short ones
/// 0x0100..0x7fff, always two.
class RandomIds {
 public:
  std::int64_t next() {
    for (;;) {
      if (at_ == pool_.size()) refill();
      const std::uint32_t id = pool_[at_++] & 0x7fffffffU;
      if (id >= 0x01000000U) return id;
    }
  }
  /// Survives an agent that keeps 16 bits, whether it takes them for signed or not.
  std::int64_t next_short() {
    for (;;) {
      const std::int64_t id = next() & 0x7fff;
      if (id >= 0x0100) return id;
    }
  }

 private:
  void refill() {
    // 256 octets or fewer never come short, nor block once the machine has booted (getrandom(2)).
    [[maybe_unused]] const auto got = getrandom(pool_.data(), sizeof pool_, 0);
    at_ = 0;
  }
  std::array<std::uint32_t, 64> pool_{};
  std::size_t at_ = pool_.size();
};

}  // namespace octopoll::snmp
