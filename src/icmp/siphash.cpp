#include "icmp/siphash.hpp"

#include <bit>
#include <cstddef>

namespace octopoll::icmp {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v2 += v3;
    v1 = std::rotl(v1, 13) ^ v0;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 = std::rotl(v0, 32);
    v2 += v1;
    v0 += v3;
    v1 = std::rotl(v1, 17) ^ v2;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 = std::rotl(v2, 32);
  }

  void absorb(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    round();
    v0 ^= word;
  }
};

std::uint64_t little_endian(std::span<const std::uint8_t> octets) noexcept {
  std::uint64_t word = 0;
  for (std::size_t i = 0; i < octets.size(); ++i) word |= std::uint64_t{octets[i]} << (8 * i);
  return word;
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::span<const std::uint8_t> message) noexcept {
  State state{key[0] ^ 0x736f6d6570736575U, key[1] ^ 0x646f72616e646f6dU, key[0] ^ 0x6c7967656e657261U,
              key[1] ^ 0x7465646279746573U};
  const std::uint64_t length_octet = std::uint64_t{message.size() & 0xffU} << 56;
  while (message.size() >= 8) {
    state.absorb(little_endian(message.first(8)));
    message = message.subspan(8);
  }
  state.absorb(length_octet | little_endian(message));
  state.v2 ^= 0xff;
  for (int i = 0; i < 4; ++i) state.round();
  return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

}  // namespace octopoll::icmp
