#pragma once
// What the tasks of octopoll/store/care.hpp share.

#include <cstdint>
#include <string>
#include <vector>

#include "database.hpp"
#include "octopoll/store/care.hpp"

namespace octopoll::store {

/// The error of work that Progress ended.
[[nodiscard]] tl::unexpected<Error> stopped(const std::string& what);

/// Asks `progress` now and then while SQLite works on one statement; false from it interrupts the statement.
class Watched {
 public:
  Watched(Database& database, const Progress& progress);
  ~Watched();
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Database& database_;
  const Progress& progress_;
  std::int64_t asked_ = 0;
};
[[nodiscard]] bool interrupted(const Database& database);

/// Adds what SQLite's own check says of the file, a line each; `quick` leaves out whether indexes and tables agree.
/// False: damage ended the check itself. Errors: that it was stopped.
[[nodiscard]] Result<bool> add_damaged_pages(Database& database, bool quick, std::vector<std::string>& wrong);

/// Adds a line for each damaged block of sealed rows. Errors: store; that it was stopped.
[[nodiscard]] Result<> add_damaged_blocks(Database& database, std::vector<std::string>& wrong,
                                          const Progress& progress);

}  // namespace octopoll::store
