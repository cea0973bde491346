#include "cycle_rows.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <new>

#include "sample_exceptions.hpp"

namespace octopoll::store {
namespace {

/// The columns of sample_rows, in their order; those of packed_deltas follow by theirs.
enum Column : int {
  id,
  read_after,
  elapsed_us,
  time_error_ppb,
  states,
  speed_mbps,
  in_octets,
  out_octets,
  first_packed
};

// The numbers in the file: `states` has four bits for each of its four, then one for "see sample_exceptions". A row
// without that, whose four then take fifteen bits, is below 0 where in_unknown_protos has a delta of 0.
static_assert(static_cast<int>(Quality::ok) == 0 && static_cast<int>(Quality::wrapped) == 1 &&
              static_cast<int>(Quality::gap) == 10);
constexpr std::int64_t without_word = 15;
constexpr std::int64_t sign_of_no_unknown_protos = 32768;

std::int64_t ppb_of(double share);
std::int64_t states_of(const InterfaceRecord& row);
std::optional<Quality> quality_at(std::int64_t states, int shift) noexcept;
std::int64_t code_of(const std::optional<IfStatus>& status);

struct Table : sqlite3_vtab {
  CycleRows* rows;
  sqlite3* connection;
};
struct Cursor : sqlite3_vtab_cursor {
  const InterfaceRecord* row;  // nullptr: at the end
  std::size_t place;
  std::int64_t highest_id;  // of the rows before this one
};

}  // namespace

/// What SQLite calls. Source: https://sqlite.org/vtab.html
struct CycleRowsModule {
  static int connect(sqlite3* connection, void* rows, int, const char* const*, sqlite3_vtab** table, char**) noexcept {
    sqlite3_vtab_config(connection, SQLITE_VTAB_DIRECTONLY);  // no view or trigger of a strange file reads it
    constexpr const char* columns =
        "CREATE TABLE cycle_rows (id, read_after_ms, elapsed_us, time_error_ppb, states, speed_mbps,"
        " in_octets, out_octets, ucast_pkts, multicast_pkts, broadcast_pkts, faults)";
    if (const int code = sqlite3_declare_vtab(connection, columns); code != SQLITE_OK) return code;
    auto* made = new (std::nothrow) Table{{}, static_cast<CycleRows*>(rows), connection};
    *table = made;
    return made == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int disconnect(sqlite3_vtab* table) noexcept {
    delete static_cast<Table*>(table);
    return SQLITE_OK;
  }
  static int best_index(sqlite3_vtab*, sqlite3_index_info* plan) noexcept {
    plan->estimatedCost = 1;
    return SQLITE_OK;
  }
  static int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) noexcept {
    auto* made = new (std::nothrow) Cursor{{}, nullptr, 0, 0};
    *cursor = made;
    return made == nullptr ? SQLITE_NOMEM : SQLITE_OK;
  }
  static int close(sqlite3_vtab_cursor* cursor) noexcept {
    delete static_cast<Cursor*>(cursor);
    return SQLITE_OK;
  }
  // An id that does not fit its place in the key would lead to another poll's rows. As a constraint it is the record's
  // own fault, and costs no other.
  static int filter(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) noexcept {
    const auto& ids = *rows_of(cursor).interface_ids_;
    if (std::any_of(ids.begin(), ids.end(), [](std::int64_t one) { return one >= most_interfaces; })) {
      return refuse(
          cursor, sqlite3_mprintf("a store has room for %lld interfaces", static_cast<sqlite3_int64>(most_interfaces)));
    }
    at(cursor).highest_id = 0;
    go_to(cursor, 0);
    return SQLITE_OK;
  }
  static int next(sqlite3_vtab_cursor* cursor) noexcept {
    const std::int64_t wanted = id_at(cursor);
    if (sqlite3_last_insert_rowid(static_cast<Table*>(cursor->pVtab)->connection) != wanted) {
      return refuse(cursor, sqlite3_mprintf("sample_rows has rows of polls after poll %lld",
                                            static_cast<sqlite3_int64>(rows_of(cursor).poll_id_)));
    }
    at(cursor).highest_id = std::max(at(cursor).highest_id, wanted);
    go_to(cursor, at(cursor).place + 1);
    return SQLITE_OK;
  }
  static int at_end(sqlite3_vtab_cursor* cursor) noexcept { return at(cursor).row == nullptr ? 1 : 0; }
  static int row_id(sqlite3_vtab_cursor* cursor, sqlite3_int64* id) noexcept {
    *id = static_cast<sqlite3_int64>(at(cursor).place);
    return SQLITE_OK;
  }
  // A column without a result is NULL.
  static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* result, int which) noexcept {
    CycleRows& rows = rows_of(cursor);
    const InterfaceRecord& row = *at(cursor).row;
    switch (which) {
      case id:
        if (!comes_by_itself(cursor)) sqlite3_result_int64(result, id_at(cursor));
        break;
      case read_after:
        sqlite3_result_int64(result, read_after_ms(*rows.cycle_, row.sample));
        break;
      case elapsed_us:
        sqlite3_result_int64(result, std::chrono::round<std::chrono::microseconds>(row.elapsed).count());
        break;
      case time_error_ppb:
        sqlite3_result_int64(result, ppb_of(row.time_error));
        break;
      case states:
        sqlite3_result_int64(result, states_of(row));
        break;
      case speed_mbps:
        write(result, common_mbps(row));
        break;
      case in_octets:
        write(result, row.deltas[Counter::in_octets].value);
        break;
      case out_octets:
        write(result, row.deltas[Counter::out_octets].value);
        break;
      default:
        write(result, pack(row.deltas, packed_deltas[static_cast<std::size_t>(which - first_packed)]));
        break;
    }
    return SQLITE_OK;
  }

 private:
  template <class Number>
  static void write(sqlite3_context* result, const std::optional<Number>& number) noexcept {
    if (number) sqlite3_result_int64(result, static_cast<std::int64_t>(*number));
  }
  static Cursor& at(sqlite3_vtab_cursor* cursor) noexcept { return *static_cast<Cursor*>(cursor); }
  static void go_to(sqlite3_vtab_cursor* cursor, std::size_t place) noexcept {
    const CycleRows& rows = rows_of(cursor);
    const bool there = place < rows.cycle_->interfaces.size();
    at(cursor).place = place;
    at(cursor).row = there ? &rows.cycle_->interfaces[place] : nullptr;
  }
  static std::int64_t id_at(sqlite3_vtab_cursor* cursor) noexcept {
    const CycleRows& rows = rows_of(cursor);
    return sample_id(rows.poll_id_, (*rows.interface_ids_)[at(cursor).place]);
  }
  // In place of NULL SQLite takes the highest key and one (https://sqlite.org/autoinc.html): no poll is newer, so that
  // is a row of this one. It then adds to the end, where it would search for the place of any key that it is given.
  // next() sees whether it was the one.
  static bool comes_by_itself(sqlite3_vtab_cursor* cursor) noexcept {
    return at(cursor).place > 0 && id_at(cursor) == at(cursor).highest_id + 1;
  }
  static int refuse(sqlite3_vtab_cursor* cursor, char* why) noexcept {
    cursor->pVtab->zErrMsg = why;
    return SQLITE_CONSTRAINT;
  }
  static CycleRows& rows_of(sqlite3_vtab_cursor* cursor) noexcept { return *static_cast<Table*>(cursor->pVtab)->rows; }
};

Result<std::unique_ptr<CycleRows>> CycleRows::attach(Database& database) {
  static constexpr sqlite3_module module = [] {
    sqlite3_module calls{};
    calls.xConnect = &CycleRowsModule::connect;  // without xCreate: it is there under its own name alone
    calls.xBestIndex = &CycleRowsModule::best_index;
    calls.xDisconnect = &CycleRowsModule::disconnect;
    calls.xOpen = &CycleRowsModule::open;
    calls.xClose = &CycleRowsModule::close;
    calls.xFilter = &CycleRowsModule::filter;
    calls.xNext = &CycleRowsModule::next;
    calls.xEof = &CycleRowsModule::at_end;
    calls.xColumn = &CycleRowsModule::column;
    calls.xRowid = &CycleRowsModule::row_id;
    return calls;
  }();
  std::unique_ptr<CycleRows> rows(new CycleRows);
  if (sqlite3_create_module_v2(database.native(), "cycle_rows", &module, rows.get(), nullptr) != SQLITE_OK) {
    return tl::make_unexpected(database.error("cannot prepare to write to"));
  }
  return rows;
}

void CycleRows::show(const DeviceCycle& cycle, std::int64_t poll, const std::vector<std::int64_t>& interface_ids) {
  cycle_ = &cycle;
  poll_id_ = poll;
  interface_ids_ = &interface_ids;
}

std::optional<Quality> in_quality_of(std::int64_t states) noexcept { return quality_at(states, 0); }
std::optional<Quality> out_quality_of(std::int64_t states) noexcept { return quality_at(states, 4); }

std::int64_t read_after_ms(const DeviceCycle& cycle, const InterfaceSample& sample) {
  const auto after = std::chrono::round<std::chrono::milliseconds>(sample.time.received - cycle.started);
  return std::max<std::int64_t>(0, after.count());
}

namespace {

// No time at all makes an error without end, which an integer cannot say.
std::int64_t ppb_of(double share) {
  constexpr double most = 9e9;
  return std::llround((share < most ? share : most) * 1e9);
}

std::int64_t states_of(const InterfaceRecord& row) {
  const std::int64_t states = static_cast<std::int64_t>(row.deltas[Counter::in_octets].quality) |
                              static_cast<std::int64_t>(row.deltas[Counter::out_octets].quality) << 4 |
                              code_of(row.sample.admin_status) << 8 | code_of(row.sample.oper_status) << 12;
  if (has_exceptions(row)) return states | std::int64_t{1} << 16;
  return row.deltas[Counter::in_unknown_protos].value ? states - sign_of_no_unknown_protos : states;
}

std::optional<Quality> quality_at(std::int64_t states, int shift) noexcept {
  const std::int64_t code = states >> shift & 15;
  return code <= static_cast<std::int64_t>(Quality::gap) ? std::optional(static_cast<Quality>(code)) : std::nullopt;
}

std::int64_t code_of(const std::optional<IfStatus>& status) {
  if (!status) return 0;
  return has_word(*status) ? status->code : without_word;
}

}  // namespace
}  // namespace octopoll::store
