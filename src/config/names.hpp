#pragma once
// The names of an inventory: devices and probes share them.

#include <string>
#include <string_view>
#include <unordered_map>

#include "config/problems.hpp"

namespace octopoll::config {

/// Store and reports tell devices and probes apart by name alone, so a name is taken once in the whole file.
class Names {
 public:
  explicit Names(Problems& problems) : problems_(problems) {}

  /// `kind` is "device" or "probe". False after a problem.
  bool claim(const std::string& name, std::string_view kind, Place place);

 private:
  struct Owner {
    std::string_view kind;
    Place place;
  };
  Problems& problems_;
  std::unordered_map<std::string, Owner> owners_;
};

}  // namespace octopoll::config
