#include "icmp/siphash.hpp"

#include <catch2/catch.hpp>
#include <cstdint>
#include <numeric>
#include <vector>

using octopoll::icmp::siphash;
using octopoll::icmp::SipKey;

namespace {

/// The key of the published vectors: octets 00 to 0f, little endian.
constexpr SipKey published_key{0x0706050403020100U, 0x0f0e0d0c0b0a0908U};

std::vector<std::uint8_t> counting(std::size_t length) {
  std::vector<std::uint8_t> octets(length);
  std::iota(octets.begin(), octets.end(), std::uint8_t{0});
  return octets;
}

}  // namespace

TEST_CASE("SipHash-2-4 gives the published vectors", "[icmp]") {
  // Lengths 0, 1, 7, 8 and 63 are of the reference implementation's vectors.h; 15 is the paper's appendix A.
  const auto [length, expected] = GENERATE(table<std::size_t, std::uint64_t>({
      {0, 0x726fdb47dd0e0e31U},
      {1, 0x74f839c593dc67fdU},
      {7, 0xab0200f58b01d137U},
      {8, 0x93f5f5799a932462U},
      {15, 0xa129ca6149be45e5U},
      {63, 0x958a324ceb064572U},
  }));
  CAPTURE(length);
  CHECK(siphash(published_key, counting(length)) == expected);
}

TEST_CASE("another key gives another hash", "[icmp]") {
  CHECK(siphash(published_key, counting(16)) != siphash({published_key[0] ^ 1U, published_key[1]}, counting(16)));
  CHECK(siphash(published_key, counting(16)) != siphash({published_key[0], published_key[1] ^ 1U}, counting(16)));
}
