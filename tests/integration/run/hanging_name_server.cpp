#include "hanging_name_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <system_error>

#include "own_file.hpp"

namespace octopoll::test {

HangingNameServer::HangingNameServer() {
  write_file(directory_ / "resolv.conf", "nameserver 127.0.0.1\noptions timeout:30 attempts:5\n");
  space_.call([this] {
    socket_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(53);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!socket_ || ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::system_error(errno, std::generic_category(), "name server on 127.0.0.1:53");
    }
  });
}

std::vector<std::string> HangingNameServer::inside(const std::vector<std::string>& argv) const {
  return space_.inside(with_own_file(directory_ / "resolv.conf", "/etc/resolv.conf", argv));
}

int HangingNameServer::queries(const std::string& label) const {
  int count = 0;
  std::array<char, 512> packet{};
  for (;;) {
    const ssize_t size = ::recv(socket_.get(), packet.data(), packet.size(), 0);
    if (size < 0) return count;
    if (std::string_view(packet.data(), static_cast<std::size_t>(size)).find(label) != std::string_view::npos) ++count;
  }
}

}  // namespace octopoll::test
