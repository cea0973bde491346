#pragma once
// Takes sums out of blocks that are to change after all.

#include <array>
#include <cstdint>
#include <set>
#include <tuple>

#include "database.hpp"
#include "plain_rows.hpp"
#include "stored_blocks.hpp"

namespace octopoll::store {

/// Something may come late for sums that are sealed: they are made rows of their table again first, and stay so. Runs
/// inside the caller's transactions. Errors: store.
class Unsealer {
 public:
  [[nodiscard]] static Result<Unsealer> create(Database& database);

  /// To be called after rows were sealed, and after a transaction was undone.
  void forget() noexcept { known_ = false; }
  /// The sums of an interface from bin `first` to bin `last` of a level (300, 3600). A block that is damaged keeps what
  /// it has: the log says so, and new sums stand beside it.
  [[nodiscard]] Result<> take_out(std::int64_t level, std::int64_t first, std::int64_t last, std::int64_t interface_id);

 private:
  struct Statements {
    Statement sealed_until, drop_block;
  };
  Unsealer(Statements statements, PlainRows plain, BlockReader reader, BlockWriter writer)
      : statements_(std::move(statements)),
        plain_(std::move(plain)),
        reader_(std::move(reader)),
        writer_(std::move(writer)) {}

  [[nodiscard]] Result<> look_into();
  [[nodiscard]] Result<> take_out_of(const SealedLevel& level, std::int64_t begins_at, std::int64_t first,
                                     std::int64_t last, std::int64_t interface_id);

  Statements statements_;
  PlainRows plain_;
  BlockReader reader_;
  BlockWriter writer_;
  bool known_ = false;
  std::array<std::int64_t, sealed_levels.size()> sealed_until_ms_{};  ///< while `known_`: no block has later rows
  std::set<std::tuple<std::int64_t, std::int64_t, std::int64_t>> reported_;  ///< damaged blocks, each once
};

}  // namespace octopoll::store
