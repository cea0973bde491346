#pragma once
// The options that say how to talk to an agent, spelled as snmpwalk spells them.

#include <boost/program_options.hpp>
#include <chrono>
#include <optional>
#include <vector>

#include "octopoll/core/credentials.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::cli {

struct SnmpArguments {
  SnmpCredentials credentials;
  std::chrono::nanoseconds timeout{};
  unsigned retries = 0;
  std::optional<unsigned> max_requests_per_second{};
  bool short_request_ids = false;
  std::vector<Target> answers_from{};  ///< literal addresses; port 0: the target's
};

[[nodiscard]] boost::program_options::options_description snmp_options();

/// Reads them back; `${VAR}` and `file:PATH` are resolved. Errors: usage, for a version, level or protocol that there
/// is not, for what the level needs and is missing.
[[nodiscard]] Result<SnmpArguments> snmp_arguments(const boost::program_options::variables_map& variables);

/// Overwrites the values of -c, -A and -X in argv, so that `ps` shows them no longer. To be called as soon as argv was
/// parsed: the values are copied by then.
void blank_secrets(int argc, char** argv);

}  // namespace octopoll::cli
