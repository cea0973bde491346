#pragma once
// Sealed rows and plain ones as one table, for whoever reads with SQL.
//
// On a connection that was united, temporary tables and views stand before those of the file that have the same names:
// SQLite looks for a name among the temporary ones first. So every question is asked as it was before anything was
// sealed. A connection that writes must not be united: it would write to the temporary ones.

#include <cstddef>
#include <memory>
#include <string>

#include "damaged_blocks.hpp"

struct sqlite3;

namespace octopoll::store {

/// What becomes of a question that needs a block which is damaged: it fails, or goes on without the rows of that
/// block. Then `met` has it, and SQLite's log (sqlite3_log) gets a line, both once.
struct OnDamage {
  bool leaves_out = false;
  DamagedBlocks met;
};

/// Unpacked blocks that a connection keeps, for a question comes back to them row by row: those of a device's day.
inline constexpr std::size_t most_octets_kept = 256 << 20;

/// Unites the store that is open on this connection; a second time does nothing. What failed, in words; empty: nothing.
/// Tables are all that the reader needs.
[[nodiscard]] std::string unite_tables(sqlite3* connection, std::shared_ptr<OnDamage> damage);
[[nodiscard]] std::string unite_tables_and_views(sqlite3* connection, std::shared_ptr<OnDamage> damage,
                                                 std::size_t most_octets = most_octets_kept);

}  // namespace octopoll::store
