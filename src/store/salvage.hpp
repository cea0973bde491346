#pragma once
// What of a damaged store can still be read, row by row.

#include <functional>
#include <string>
#include <vector>

#include "database.hpp"

namespace octopoll::store {

/// Copies all tables of `from`, inside its transaction, into the empty database `to`, with indexes, views and the marks
/// of the file: all rows that SQLite can read, and of blocks of sealed rows those that can be unpacked. What is left
/// out is added to `lost`, a line each. False where `goes_on`, asked now and then, said so. Errors: store.
[[nodiscard]] Result<bool> salvage(Database& from, Database& to, std::vector<std::string>& lost,
                                   const std::function<bool(std::int64_t rows)>& goes_on);

}  // namespace octopoll::store
