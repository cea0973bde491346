#include "united_store.hpp"

#include <algorithm>
#include <cmath>

namespace octopoll::store {

StatementHandle prepare(sqlite3* connection, const std::string& sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(connection, sql.c_str(), -1, &statement, nullptr);
  if (code != SQLITE_OK) throw Failure{code, sqlite3_errmsg(connection)};
  return StatementHandle(statement);
}

bool step(sqlite3_stmt* statement) {
  const int code = sqlite3_step(statement);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  throw Failure{code, sqlite3_errmsg(sqlite3_db_handle(statement))};
}

bool UnitedStore::enter() {
  if (cursors_ != 0) {
    ++cursors_;
    return false;
  }
  if (!anchor_) anchor_ = prepare(connection_, "SELECT 1 FROM main.sqlite_master UNION ALL SELECT 2");
  start(anchor_.get());
  static_cast<void>(step(anchor_.get()));
  unsigned version = 0;
  sqlite3_file_control(connection_, "main", SQLITE_FCNTL_DATA_VERSION, &version);
  const int changes = sqlite3_total_changes(connection_);
  // What was left out is missing in what is kept.
  const bool other = version != version_ || changes != changes_ || leaves_out_ != damage_->leaves_out;
  version_ = version;
  changes_ = changes;
  leaves_out_ = damage_->leaves_out;
  cursors_ = 1;
  return other;
}

std::optional<SealedBlock> UnitedStore::unpack(const SealedLevel& level, std::int64_t begins_at,
                                               std::int64_t owner_id) {
  const SealedIdentity which{level.level, owner_id, begins_at};
  auto block = read_block(level, which);
  if (block) return std::move(*block);
  const std::string words = words_of(damaged_block(connection_, which, block.error()));
  if (!damage_->leaves_out) {
    throw Failure{SQLITE_CORRUPT, words +
                                      "; other times and interfaces can be read, or all but such blocks after"
                                      " SELECT octopoll_leave_out_damaged(1)"};
  }
  const std::size_t known = damage_->met.all().size();
  damage_->met.add(connection_, which, std::move(block.error()));
  if (damage_->met.all().size() != known) sqlite3_log(SQLITE_CORRUPT, "octopoll_store: left out: %s", words.c_str());
  return std::nullopt;
}

// By its own statement, and not in the row of those that name the blocks: where SQLite cannot read the pages of one, it
// can read those of the next.
tl::expected<SealedBlock, std::string> UnitedStore::read_block(const SealedLevel& level, const SealedIdentity& which) {
  if (!packed_) {
    packed_ =
        prepare(connection_, "SELECT packed FROM main." + std::string(table_.name) + " WHERE " + is_block_sql(table_));
  }
  struct Reset {
    sqlite3_stmt* statement;
    ~Reset() { sqlite3_reset(statement); }
  } const reset{packed_.get()};
  start(packed_.get(), which.level, which.begins_at, which.interface_id);
  try {
    if (!step(packed_.get())) return tl::make_unexpected(std::string("it is in the index alone"));
  } catch (const Failure& failure) {
    if ((failure.code & 0xFF) != SQLITE_CORRUPT) throw;
    return tl::make_unexpected(failure.words);
  }
  const auto* octets = static_cast<const std::uint8_t*>(sqlite3_column_blob(packed_.get(), 0));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(packed_.get(), 0));
  return codec_.unpack({octets, size}, level.shape(), which);
}

char how_of(unsigned char condition) noexcept {
  switch (condition) {
    case SQLITE_INDEX_CONSTRAINT_EQ:
      return is_equal;
    case SQLITE_INDEX_CONSTRAINT_GT:
      return is_above;
    case SQLITE_INDEX_CONSTRAINT_GE:
      return is_least;
    case SQLITE_INDEX_CONSTRAINT_LT:
      return is_below;
    case SQLITE_INDEX_CONSTRAINT_LE:
      return is_most;
    default:
      return 0;
  }
}

void Limits::narrow(const Limits& more) noexcept {
  first = std::max(first, more.first);
  last = std::min(last, more.last);
}

Limits limits_of(sqlite3_value* value, char how) noexcept {
  const int type = sqlite3_value_numeric_type(value);
  if (type == SQLITE_NULL) return {1, 0};  // nothing is equal to NULL, above or below it
  if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) return {};
  Limits limits;
  if (type == SQLITE_INTEGER) {
    limits.first = limits.last = sqlite3_value_int64(value);
    if (how == is_above && limits.first < std::numeric_limits<std::int64_t>::max()) ++limits.first;
    if (how == is_below && limits.last > std::numeric_limits<std::int64_t>::min()) --limits.last;
  } else {
    const double number = sqlite3_value_double(value);
    constexpr double most = 9.2e18;
    if (std::abs(number) >= most) return {};
    limits.first = static_cast<std::int64_t>(std::floor(number));
    limits.last = static_cast<std::int64_t>(std::ceil(number));
  }
  if (how == is_most || how == is_below) limits.first = std::numeric_limits<std::int64_t>::min();
  if (how == is_least || how == is_above) limits.last = std::numeric_limits<std::int64_t>::max();
  return limits;
}

}  // namespace octopoll::store
