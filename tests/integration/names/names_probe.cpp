// Loads the names as the environment says and resolves its arguments, one line each: what an octopoll command does.

#include <cstdio>

#include "octopoll/snmp/names.hpp"

int main(int argc, char** argv) {
  const auto names = octopoll::snmp::Names::load();
  if (!names) {
    std::printf("load: %s\n", names.error().text().c_str());
    return 1;
  }
  for (int i = 1; i < argc; ++i) {
    const auto oid = (*names)->resolve(argv[i]);
    std::printf("%s\n", oid ? oid->to_string().c_str() : oid.error().text().c_str());
  }
  return 0;
}
