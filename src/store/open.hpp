#pragma once
// Opening a store: only what is ours, and never a foreign file changed.

#include <cstdint>
#include <filesystem>
#include <memory>

#include "database.hpp"
#include "united_tables.hpp"

namespace octopoll::store {

/// For the one writer, whose WriterLock is held: makes the file (0640) and its directory (0750) where missing,
/// migrates, sets WAL and synchronous=FULL. Errors: permission, store; each with what to do. A file that is not a store
/// of ours is refused before anything could write to it.
[[nodiscard]] Result<Database> open_for_writing(const std::filesystem::path& path);

/// Which stores will do for one who reads: those of the newest schema, or also those that a writer would bring to it.
enum class Versions : std::uint8_t { newest, older_too };
/// For reports: works beside a writer and without one. Errors: permission, store.
[[nodiscard]] Result<Database> open_for_reading(const std::filesystem::path& path,
                                                Versions versions = Versions::newest);

/// What a question needs of united_tables.hpp: its tables alone, or the views as well.
enum class Unite : std::uint8_t { tables, views };
/// Unites sealed rows with plain ones on a connection that only reads, where there are sealed ones: to be called inside
/// the transaction that reads. Errors: store.
[[nodiscard]] Result<> unite_where_sealed(Database& database, Unite what, std::shared_ptr<OnDamage> damage);

/// What open_for_writing() would refuse of the file's kind and content, asked without changing anything.
[[nodiscard]] Result<> check_not_foreign(const std::filesystem::path& path);

/// What a writer would refuse, asked without making or changing a file. Another writer's lock is none of it.
[[nodiscard]] Result<> check_writable(const std::filesystem::path& path);

/// Errors of others that speak of a store's files: one that cannot be made, and a store that a newer octopoll wrote.
[[nodiscard]] tl::unexpected<Error> cannot_make(const std::filesystem::path& path, int reason);
[[nodiscard]] tl::unexpected<Error> newer_than_known(const std::filesystem::path& path, std::int64_t version,
                                                     std::int64_t known);

/// The directory of a store, made where missing; its parents too at the default path alone, for elsewhere they are
/// rather mistyped: an error that says which one is missing.
[[nodiscard]] Result<> make_parent(const std::filesystem::path& path);

}  // namespace octopoll::store
