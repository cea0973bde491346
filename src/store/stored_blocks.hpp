#pragma once
// Blocks of sealed rows where they lie: in the tables sealed_rows and sealed_polls.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

#include "database.hpp"
#include "sealed_block.hpp"
#include "sealed_levels.hpp"

namespace octopoll::store {

/// Errors: store; of a block itself, and of the pages that it stands in, in words, since it costs nobody else's rows;
/// out of memory (std::bad_alloc).
class BlockReader {
 public:
  [[nodiscard]] static Result<BlockReader> create(Database& database, const BlockTable& table = blocks_of_interfaces);
  /// For one who writes: each block is first read as it was committed, by a connection of its own. A transaction that
  /// has met a damaged page can neither write on nor be committed.
  [[nodiscard]] static Result<BlockReader> create_for_writer(Database& database,
                                                             const BlockTable& table = blocks_of_interfaces);
  /// nullopt: there is none; inside, what is wrong with it. Likewise row_count().
  [[nodiscard]] Result<tl::expected<std::optional<SealedBlock>, std::string>> read(const SealedLevel& level,
                                                                                   std::int64_t begins_at,
                                                                                   std::int64_t interface_id);
  /// For rows that would join it; empty where there is none. nullopt: they stay as they are, and the log says why: it
  /// is damaged, or would have more than `most_rows`.
  [[nodiscard]] Result<std::optional<SealedBlock>> read_to_join(const SealedLevel& level, std::int64_t begins_at,
                                                                std::int64_t interface_id, const SealedTable& rows,
                                                                std::size_t most_rows);
  /// How many rows it says it has. Its octets are read all the same: what SQLite cannot give back it cannot take
  /// either.
  [[nodiscard]] Result<tl::expected<std::optional<std::int64_t>, std::string>> row_count(const SealedLevel& level,
                                                                                         std::int64_t begins_at,
                                                                                         std::int64_t interface_id);
  /// "samples of sw1 eth0 (interface 3), 2026-01-31 UTC", for messages.
  [[nodiscard]] std::string name_of(const SealedLevel& level, std::int64_t begins_at, std::int64_t interface_id) const;

 private:
  /// Leaves the statement at the block's row, if there is one.
  [[nodiscard]] Result<tl::expected<bool, std::string>> find(const SealedLevel& level, std::int64_t begins_at,
                                                             std::int64_t interface_id);
  /// That other connection.
  struct Beside {
    Database database;
    Statement get;
  };

  BlockReader(sqlite3* connection, const BlockTable& table, Statement get)
      : connection_(connection), table_(&table), get_(std::move(get)) {}
  [[nodiscard]] Result<Beside*> beside();

  sqlite3* connection_;      // whose statement that is: it lives longer
  const BlockTable* table_;  // one of block_tables
  Statement get_;
  SealedCodec codec_;
  std::filesystem::path beside_path_;  ///< empty: of one who only reads
  std::optional<Beside> beside_;       ///< once a block was asked for
};

/// Of sealed_rows.
class BlockWriter {
 public:
  [[nodiscard]] static Result<BlockWriter> create(Database& database);
  /// In place of the one that was there, if any.
  [[nodiscard]] Result<> write(const SealedLevel& level, const SealedBlock& block);

 private:
  explicit BlockWriter(Statement put) : put_(std::move(put)) {}

  Statement put_;
  SealedCodec codec_;
};

}  // namespace octopoll::store
