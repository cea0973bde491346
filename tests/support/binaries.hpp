#pragma once
// The programs under test, where the build put them.

#include <filesystem>

namespace octopoll::test {

/// Errors: std::runtime_error naming the path and the target to build when the program is not there.
[[nodiscard]] std::filesystem::path octopoll_binary();
/// The test agent (see fleet/).
[[nodiscard]] std::filesystem::path fleet_binary();
/// tests/data of the source tree.
[[nodiscard]] std::filesystem::path test_data();

}  // namespace octopoll::test
