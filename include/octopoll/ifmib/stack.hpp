#pragma once
// Which interface runs on top of which.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "octopoll/ifmib/reader.hpp"

namespace octopoll::ifmib {

/// ifIndex of an interface, and of one that it runs on.
using StackedIndexes = std::pair<std::uint32_t, std::uint32_t>;

/// Reads ifStackTable: its active rows, those without "nothing above" and "nothing below" (index 0).
/// `done` is told nothing where the agent did not answer, none where it has no such table. Never from inside this call;
/// it may destroy the reading. Source: RFC 2863 section 3.1.1, ifStackStatus.
[[nodiscard]] std::unique_ptr<Reading> read_stack(
    snmp::Session& session, const ReadLimits& limits,
    std::function<void(std::optional<std::vector<StackedIndexes>>&&)> done);

}  // namespace octopoll::ifmib
