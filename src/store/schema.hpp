#pragma once
// The shape of the store on disk, and the steps from each older shape to it. docs/store.md explains it to people.

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

#include "database.hpp"

namespace octopoll::store {

/// PRAGMA application_id of a store: "OcPl" in ASCII. file(1) and other programs can tell it by this.
inline constexpr std::int64_t application_id = 0x4F63506C;

/// What brings a store from version `to` - 1 to `to` (PRAGMA user_version). A step that was released never changes.
struct Migration {
  std::int64_t to;
  const char* sql;
};

/// All steps, in order; the last one is the version that this octopoll writes.
[[nodiscard]] std::span<const Migration> migrations();
[[nodiscard]] std::int64_t newest_version();
/// The statement that makes the view of that name in the newest version, without its end; empty: there is none.
[[nodiscard]] std::string_view view_text(std::string_view view);

/// A column that a step got after stores had been made by it, so that a store of any version from that one on may lack
/// it.
struct LateColumn {
  std::int64_t since;  ///< version
  const char* table;
  const char* name;
  const char* sql;  ///< adds it
};
[[nodiscard]] std::span<const LateColumn> late_columns();
/// Adds those that the file lacks, all or none. Errors: store.
[[nodiscard]] Result<> add_late_columns(Database& database, std::span<const LateColumn> columns);

/// Makes anew the views of the newest version that the file has with another text: a step may get columns of views as
/// well after stores had been made by it. All or none. Errors: store.
[[nodiscard]] Result<> renew_views(Database& database);

/// Runs the steps that are missing, all in one transaction, and marks the file as ours. Where a step fails the file is
/// as it was. What takes longer than `pace` says in the log how far it is, once in that time. Errors: store; a file
/// that is newer than the steps.
[[nodiscard]] Result<> migrate(Database& database, std::span<const Migration> steps,
                               std::chrono::milliseconds pace = std::chrono::seconds(10));

}  // namespace octopoll::store
