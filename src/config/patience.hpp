#pragma once
// Whether a device's requests, with all their retries, fit into its polls.

#include <map>
#include <string>

#include "config/problems.hpp"
#include "config/settings.hpp"
#include "octopoll/config/inventory.hpp"

namespace octopoll::config {

/// Gathers devices whose polls end before the last retry of a request could be answered: nothing wrong, but most likely
/// not what was meant. Told once where they are set, however many devices inherit it.
class PatienceCheck {
 public:
  void look(const Settings& settings, const Device& device);
  void tell(Problems& warnings) const;

 private:
  struct Found {
    std::string first;  ///< device
    std::size_t devices = 0;
    std::string what;
    std::string remedy;
  };
  std::map<Place, Found> found_;
};

}  // namespace octopoll::config
