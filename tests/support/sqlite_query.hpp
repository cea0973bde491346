#pragma once
// Looks into a database file as anybody could: with SQL, past all code under test.

#include <cstdint>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

namespace octopoll::test {

using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;
using SqlRow = std::vector<SqlValue>;

/// All rows of one statement. Blobs come as strings of their octets.
/// Errors: std::runtime_error naming the file, the statement and SQLite's words.
[[nodiscard]] std::vector<SqlRow> sqlite_query(const std::filesystem::path& file, const std::string& sql);

/// The one value of a one-row, one-column answer. Errors: also when there are more, none, or another type.
[[nodiscard]] std::int64_t sqlite_int(const std::filesystem::path& file, const std::string& sql);
[[nodiscard]] std::string sqlite_text(const std::filesystem::path& file, const std::string& sql);

/// Changes a store between two of its users, as no code of ours would. Errors: as above.
void sqlite_change(const std::filesystem::path& file, const std::string& sql);

}  // namespace octopoll::test
