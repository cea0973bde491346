// Holds a private snmpd until its stdin ends: the parent that a test may kill, or start with another environment.
//
//   private_snmpd_holder [--as-nobody]
//
// Prints "PID PORT DIRECTORY COMMUNITY" on one line when it runs; exit 1 with the error on stderr when it does not.

#include <grp.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string_view>

#include "octopoll/local/private_snmpd.hpp"

namespace {

// What an ordinary user's octopoll is; the build's folder may be one that such a user cannot enter, so that starting
// this program as another user would not do.
bool become_nobody() { return ::setgroups(0, nullptr) == 0 && ::setgid(65534) == 0 && ::setuid(65534) == 0; }

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "--as-nobody" && !become_nobody()) {
    std::perror("private_snmpd_holder: cannot become nobody");
    return 1;
  }
  const auto snmpd = octopoll::local::PrivateSnmpd::start();
  if (!snmpd) {
    std::cerr << snmpd.error().text() << '\n';
    return 1;
  }
  std::cout << (*snmpd)->pid() << ' ' << (*snmpd)->target().port << ' ' << (*snmpd)->directory().string() << ' '
            << (*snmpd)->community().reveal() << std::endl;
  while (std::cin.get() != std::char_traits<char>::eof()) {
  }
  return 0;
}
