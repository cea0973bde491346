#pragma once
// The names of our own modules, whatever else is installed.

#include <catch2/catch.hpp>

#include "octopoll/snmp/names.hpp"

namespace octopoll::test {

inline constexpr const char* our_mibs = OCTOPOLL_SOURCE_DIR "/mibs";

/// One for all cases of a run: each further load costs memory that the library never gives back.
inline const snmp::Names& our_names() {
  static const auto names = [] {
    snmp::NamesOptions options;
    options.directories = {our_mibs};
    options.user_modules = false;
    return snmp::Names::load(options);
  }();
  REQUIRE(names);
  return **names;
}

}  // namespace octopoll::test
