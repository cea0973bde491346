#pragma once
// The first contact of commands that examine one agent.

#include <memory>

#include "cli/snmp_options.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/snmp/interview.hpp"

namespace octopoll::cli {

/// What a session with this endpoint is made of; at most one request in flight.
[[nodiscard]] snmp::SessionOptions session_options(const Target& target, const Endpoint& endpoint,
                                                   const SnmpArguments& arguments);

/// Opens a session with the first of the target's addresses that answers a GET of sysUpTime, IPv4 before IPv6.
/// Errors: resolve; those of the last address, with a word on whether the host answers ping.
[[nodiscard]] Result<std::unique_ptr<snmp::Session>> reach(snmp::Interview& interview, const Target& target,
                                                           const SnmpArguments& arguments);

/// A dead host and a wrong community are the same silence; an echo tells them apart. Runs the loop meanwhile.
void add_echo(EventLoop& loop, const Endpoint& endpoint, Error& error);

}  // namespace octopoll::cli
