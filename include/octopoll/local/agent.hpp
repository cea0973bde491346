#pragma once
// The agent of this machine: the system's snmpd where it serves, else one of our own.

#include <memory>
#include <string>
#include <vector>

#include "octopoll/core/credentials.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/local/private_snmpd.hpp"

namespace octopoll::local {

enum class AgentChoice : std::uint8_t { automatic, system, private_one };

/// An agent that answered and shows ifTable.
struct Agent {
  Target target;
  SnmpCredentials credentials;
  std::unique_ptr<PrivateSnmpd> owned;  ///< null for the system's; the process ends with it
  std::vector<std::string> notes;       ///< what was found and chosen, a line each, for the user
};

/// Asks the system's snmpd on 127.0.0.1:161 for ifTable with `credentials`; where it does not serve and the choice
/// allows, starts a private one and switches its ifTable cache off, so that its counters are those of the moment.
/// Errors: the choice is `system` and it does not show ifTable (the remedy names the line for snmpd.conf); snmpd is not
/// installed, or does not start.
/// Thread: the main thread, before any loop runs: it blocks for some seconds at most.
[[nodiscard]] Result<Agent> find_agent(AgentChoice choice, const SnmpCredentials& credentials);

/// This machine's host name, up to the first dot; "localhost" where it has none.
[[nodiscard]] std::string machine_name();

}  // namespace octopoll::local
