#pragma once
// Whether a round can be what is asked for.

#include <optional>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/icmp/prober.hpp"

namespace octopoll::icmp {

/// Why `plan` makes no sense for `target`, with what to do; of ErrorKind::usage.
[[nodiscard]] std::optional<Error> check_plan(const Endpoint& target, const EchoPlan& plan);

}  // namespace octopoll::icmp
