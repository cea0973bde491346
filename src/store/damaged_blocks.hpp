#pragma once
// Which blocks of sealed rows a connection could not unpack.

#include <set>
#include <string>
#include <vector>

#include "octopoll/store/damaged_block.hpp"
#include "sealed_block.hpp"

struct sqlite3;

namespace octopoll::store {

/// With the names that the store which is open on the connection has for it.
[[nodiscard]] DamagedBlock damaged_block(sqlite3* connection, const SealedIdentity& which, std::string fault);

/// "the block of samples of sw1 eth0 (interface 3), 2026-01-31 UTC is damaged: …"
[[nodiscard]] std::string words_of(const DamagedBlock& block);

/// Each once, in the order in which they were met.
class DamagedBlocks {
 public:
  void add(sqlite3* connection, const SealedIdentity& which, std::string fault);
  [[nodiscard]] const std::vector<DamagedBlock>& all() const noexcept { return blocks_; }

 private:
  std::vector<DamagedBlock> blocks_;
  std::set<SealedIdentity> known_;
};

}  // namespace octopoll::store
