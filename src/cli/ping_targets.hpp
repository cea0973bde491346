#pragma once
// Whom `octopoll ping` is to probe.

#include <boost/program_options.hpp>
#include <string>
#include <vector>

#include "octopoll/core/result.hpp"

namespace octopoll::cli {

/// The words of the command line, those of --file, or all hosts of what --generate names; in their order, each as often
/// as it is named. Errors: usage (none, or not a target); io where the file cannot be read.
[[nodiscard]] Result<std::vector<std::string>> ping_targets_from(
    const boost::program_options::variables_map& arguments);

}  // namespace octopoll::cli
