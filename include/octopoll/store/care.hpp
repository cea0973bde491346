#pragma once
// Caring for a store: what `octopoll db` does.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/core/retention.hpp"
#include "octopoll/store/damaged_block.hpp"

namespace octopoll::store {

// All of these: errors are permission and store, each with what to do; thread: any, it blocks on the disk.

/// How far long work has come: `done` of `total`, in units of its own; total 0: not known. False stops it: an error
/// that says so, and the store as it was or a part of the work done.
using Progress = std::function<bool(std::int64_t done, std::int64_t total)>;

/// The rows of one kind, as far as they can be told without reading them all.
struct KeptSpan {
  std::string what;                    ///< "samples", "traffic_5m" and so on
  std::optional<WallTime> since;       ///< begin of the oldest; nullopt: there is none
  std::optional<WallTime> until;       ///< begin of the newest
  std::optional<std::int64_t> rows;    ///< where they were counted
  std::optional<std::int64_t> octets;  ///< of their pages
};

struct StoreInfo {
  std::int64_t schema_version = 0;
  std::uint64_t file_octets = 0;
  std::uint64_t log_octets = 0;   ///< the write-ahead log's
  std::uint64_t free_octets = 0;  ///< in pages that are used again before the file grows
  std::int64_t devices = 0;
  std::int64_t interfaces = 0;
  std::int64_t ping_targets = 0;
  std::int64_t sums_due = 0;  ///< hours and days of devices
  bool has_backlog = false;   ///< samples of an older version are not in the sums yet
  std::vector<KeptSpan> spans;
};
/// `counted`: rows and octets too, for which the whole file is read.
[[nodiscard]] Result<StoreInfo> store_info(const std::filesystem::path& path, bool counted, const Progress& progress);

/// What is wrong, a line each; empty: nothing. `quick` leaves out whether indexes and tables agree, whether references
/// lead to rows, and the blocks of sealed rows. A store of an older version is checked, and backed up, as it is.
[[nodiscard]] Result<std::vector<std::string>> check_store(const std::filesystem::path& path, bool quick,
                                                           const Progress& progress);

/// One moment's store as a file of its own, while it is written or not. `to` must not exist; until all is there and was
/// checked (as by check_store(), quickly, and every block of sealed rows) it is called `to`.part.
[[nodiscard]] Result<> back_up_store(const std::filesystem::path& path, const std::filesystem::path& to,
                                     const Progress& progress);

/// The same of a damaged store: a new one with all rows that can be read. What could not be read is left out and told,
/// a line each.
[[nodiscard]] Result<std::vector<std::string>> salvage_store(const std::filesystem::path& path,
                                                             const std::filesystem::path& to, const Progress& progress);

/// Takes what is older than the store's newest record less what is kept; nobody else may write meanwhile. The number of
/// rows taken.
[[nodiscard]] Result<std::int64_t> prune_store(const std::filesystem::path& path, const Retention& retention,
                                               const Progress& progress);

/// Writes the file anew without its free pages; nobody else may write meanwhile, and as much again must be free on its
/// file system. The octets that the file became smaller by.
[[nodiscard]] Result<std::int64_t> vacuum_store(const std::filesystem::path& path, const Progress& progress);

/// What can be exported: the rows of a view.
struct Exportable {
  std::string_view name;  ///< "samples", "5m" ...
  std::string_view view;
  std::string_view time;     ///< its column of unix ms
  std::string_view subject;  ///< its column of devices or targets
  std::string_view summary;
};
[[nodiscard]] std::span<const Exportable> exportables();

using ExportedValue = std::variant<std::monostate, std::int64_t, double, std::string>;
struct ExportQuery {
  const Exportable* what = nullptr;
  std::optional<WallTime> since, until;  ///< half-open
  std::optional<std::string> subject;    ///< this device or target alone, by its whole name
};
/// What of a query can be seen to fail before anything is written. Errors: usage, where nobody has the name that is
/// asked for; store.
[[nodiscard]] Result<> check_export(const std::filesystem::path& path, const ExportQuery& query);
/// Calls `columns` once, then `row` for each; false from it stops without an error. The blocks whose rows are missing,
/// for they are damaged.
[[nodiscard]] Result<std::vector<DamagedBlock>> export_rows(
    const std::filesystem::path& path, const ExportQuery& query,
    const std::function<void(std::span<const std::string>)>& columns,
    const std::function<bool(std::span<const ExportedValue>)>& row);

}  // namespace octopoll::store
