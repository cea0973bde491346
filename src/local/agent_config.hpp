#pragma once

#include <cstdint>
#include <string>

#include "octopoll/core/result.hpp"
#include "octopoll/core/secret.hpp"

namespace octopoll::local {

/// snmpd.conf(5) for the private snmpd: where it listens, what each of the two communities may see. Pure.
[[nodiscard]] std::string agent_config(std::uint16_t port, const Secret& community, const Secret& write_community);

/// 128 random bits from the kernel as hex digits: printable, and nothing in them needs quoting in snmpd.conf.
[[nodiscard]] Result<Secret> random_community();

}  // namespace octopoll::local
