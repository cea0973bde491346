#pragma once
// What is wrong in an inventory, as every command tells it.

#include <vector>

#include "octopoll/config/inventory.hpp"

namespace octopoll::cli {

/// "FILE:LINE:COLUMN: error: MESSAGE", the remedy on a line of its own, and how many there were; on stderr.
void print_errors(const std::vector<config::Problem>& problems);
/// "FILE:LINE:COLUMN: warning: MESSAGE; REMEDY" each, on stderr.
void print_warnings(const std::vector<config::Problem>& problems);

}  // namespace octopoll::cli
