#include "stored_blocks.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <span>

#include "damaged_blocks.hpp"
#include "octopoll/core/log.hpp"
#include "statements.hpp"

namespace octopoll::store {

namespace {

std::string one_block(const BlockTable& table) {
  return fmt::format("SELECT packed, row_count FROM main.{} WHERE {}", table.name, is_block_sql(table));
}

/// Whether the block is there, of which the statement is then at the row; inside, why SQLite cannot say so.
Result<tl::expected<bool, std::string>> find_by(Statement& get, sqlite3* connection, const SealedIdentity& which) {
  using Found = tl::expected<bool, std::string>;
  const auto found = get.first(which.level, which.begins_at, which.interface_id);
  if (!found && met_damage(connection)) return Found(tl::make_unexpected(sqlite3_errmsg(connection)));
  if (!found) return tl::make_unexpected(found.error());
  return Found(*found);
}

}  // namespace

Result<BlockReader> BlockReader::create(Database& database, const BlockTable& table) {
  auto get = database.prepare(one_block(table));
  if (!get) return tl::make_unexpected(get.error());
  return BlockReader(database.native(), table, std::move(*get));
}

Result<BlockReader> BlockReader::create_for_writer(Database& database, const BlockTable& table) {
  auto reader = create(database, table);
  if (reader) reader->beside_path_ = database.path();
  return reader;
}

Result<BlockReader::Beside*> BlockReader::beside() {
  if (!beside_) {
    auto database = Database::open(beside_path_, Database::Access::read_only);
    if (!database) return tl::make_unexpected(database.error());
    auto get = database->prepare(one_block(*table_));
    if (!get) return tl::make_unexpected(get.error());
    beside_.emplace(Beside{std::move(*database), std::move(*get)});
  }
  return &*beside_;
}

Result<tl::expected<std::optional<SealedBlock>, std::string>> BlockReader::read(const SealedLevel& level,
                                                                                std::int64_t begins_at,
                                                                                std::int64_t interface_id) {
  using Read = tl::expected<std::optional<SealedBlock>, std::string>;
  const ResetLater open(get_);
  auto found = find(level, begins_at, interface_id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return Read(tl::make_unexpected(std::move(found->error())));
  if (!**found) return Read(std::nullopt);
  auto block = codec_.unpack(get_.blob(0), level.shape(), {level.level, interface_id, begins_at});
  if (!block) return Read(tl::make_unexpected(std::move(block.error())));
  return Read(std::move(*block));
}

Result<std::optional<SealedBlock>> BlockReader::read_to_join(const SealedLevel& level, std::int64_t begins_at,
                                                             std::int64_t interface_id, const SealedTable& rows,
                                                             std::size_t most_rows) {
  auto known = read(level, begins_at, interface_id);
  if (!known) return tl::make_unexpected(known.error());
  std::optional<SealedBlock> block;
  if (*known) block = std::move(**known).value_or(SealedBlock{});
  if (block && can_merge(block->rows, rows, most_rows)) return block;
  log::error("the block of {} {}; what would join it stays as it is", name_of(level, begins_at, interface_id),
             block ? "has no room for more" : "is damaged (" + known->error() + ")");
  return std::nullopt;
}

Result<tl::expected<std::optional<std::int64_t>, std::string>> BlockReader::row_count(const SealedLevel& level,
                                                                                      std::int64_t begins_at,
                                                                                      std::int64_t interface_id) {
  using Read = tl::expected<std::optional<std::int64_t>, std::string>;
  const ResetLater open(get_);
  auto found = find(level, begins_at, interface_id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return Read(tl::make_unexpected(std::move(found->error())));
  return **found ? Read(get_.integer(1)) : Read(std::nullopt);
}

Result<tl::expected<bool, std::string>> BlockReader::find(const SealedLevel& level, std::int64_t begins_at,
                                                          std::int64_t interface_id) {
  const SealedIdentity which{level.level, interface_id, begins_at};
  if (!beside_path_.empty()) {
    const auto other = beside();
    if (!other) return tl::make_unexpected(other.error());
    const ResetLater open((*other)->get);
    auto committed = find_by((*other)->get, (*other)->database.native(), which);
    if (!committed || !*committed) return committed;
  }
  return find_by(get_, connection_, which);
}

std::string BlockReader::name_of(const SealedLevel& level, std::int64_t begins_at, std::int64_t interface_id) const {
  return text_of(damaged_block(connection_, {level.level, interface_id, begins_at}, {}));
}

Result<BlockWriter> BlockWriter::create(Database& database) {
  auto put = database.prepare(
      "INSERT OR REPLACE INTO main.sealed_rows (level, begins_at, interface_id, row_count, exception_count, packed)"
      " VALUES (?, ?, ?, ?, ?, ?)");
  if (!put) return tl::make_unexpected(put.error());
  return BlockWriter(std::move(*put));
}

Result<> BlockWriter::write(const SealedLevel& level, const SealedBlock& block) {
  const auto packed = codec_.pack(block, level.columns, level.exception_columns);
  return put_.run(level.level, block.begins_at, block.interface_id, static_cast<std::int64_t>(block.rows.rows),
                  static_cast<std::int64_t>(block.exceptions.rows), std::span<const std::uint8_t>(packed));
}

}  // namespace octopoll::store
