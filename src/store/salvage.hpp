#pragma once
// What of a damaged store can still be read, row by row.

#include <functional>
#include <string>
#include <vector>

#include "database.hpp"

namespace octopoll::store {

/// Makes a store of the same version as `from`, inside whose transaction it reads, of the empty database `to`: by our
/// own schema, for of the file, which may be a stranger's, no SQL is run, and with all rows that SQLite can read, of
/// blocks of sealed rows those that can be unpacked. What is left out is added to `lost`, a line each. False where
/// `goes_on`, asked now and then, said so. Errors: store.
[[nodiscard]] Result<bool> salvage(Database& from, Database& to, std::vector<std::string>& lost,
                                   const std::function<bool(std::int64_t rows)>& goes_on);

}  // namespace octopoll::store
