#include "peer.hpp"

#include <sys/socket.h>

#include <catch2/catch.hpp>

#include "snmp/wire.hpp"

namespace octopoll::test {

std::int64_t Packet::id() const {
  const auto head = snmp::read_head(octets);
  REQUIRE(head);
  return head->id;
}

Peer::Peer(const std::string& address) : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
  const auto any = Endpoint::literal(address, 0);
  REQUIRE(::bind(socket_.get(), any->address(), any->length()) == 0);
  sockaddr_storage bound{};
  socklen_t length = sizeof bound;
  REQUIRE(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &length) == 0);
  endpoint_ = *Endpoint::from(reinterpret_cast<const sockaddr*>(&bound), length);
}

std::optional<Packet> Peer::take() const {
  std::string octets(65'536, '\0');
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const ssize_t got =
      ::recvfrom(socket_.get(), octets.data(), octets.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
  if (got < 0) return std::nullopt;
  octets.resize(static_cast<std::size_t>(got));
  return Packet{std::move(octets), *Endpoint::from(reinterpret_cast<const sockaddr*>(&from), length)};
}

void Peer::send(const std::string& octets, const Endpoint& to) const {
  REQUIRE(::sendto(socket_.get(), octets.data(), octets.size(), 0, to.address(), to.length()) >= 0);
}

std::string echo_of(const Packet& request) {
  // SEQUENCE, version, community: then the PDU, whose tag says what it is.
  const std::string& octets = request.octets;
  const std::size_t length = static_cast<unsigned char>(octets.at(1));
  const std::size_t message = length < 0x80 ? 2 : 2 + (length & 0x7fU);
  const std::size_t community = message + 3;
  REQUIRE(octets.at(community) == 0x04);
  const std::size_t pdu = community + 2 + static_cast<unsigned char>(octets.at(community + 1));
  std::string answer = octets;
  REQUIRE((static_cast<unsigned char>(answer.at(pdu)) & 0xf0U) == 0xa0U);
  answer[pdu] = static_cast<char>(0xa2);
  return answer;
}

}  // namespace octopoll::test
