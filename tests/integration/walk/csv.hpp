#pragma once
// Comma-separated values, read as RFC 4180 says: by nobody's code but the test's own.

#include <string>
#include <vector>

namespace octopoll::test {

/// All records, the header among them. Errors: std::runtime_error for a quote that is out of place or never closed.
[[nodiscard]] std::vector<std::vector<std::string>> parse_csv(const std::string& text);

}  // namespace octopoll::test
