// octopoll_store.so: sealed rows for any program that loads SQLite's extensions.
//
//   sqlite3 FILE
//   .load octopoll_store
//
// Built of what octopoll itself reads with, against the SQLite of the program that loads it.

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <new>
#include <nlohmann/json.hpp>
#include <string>

#include "united_tables.hpp"

namespace octopoll::store {
namespace {

using Damage = std::shared_ptr<OnDamage>;

Damage& damage_of(sqlite3_context* context) { return *static_cast<Damage*>(sqlite3_user_data(context)); }

/// octopoll_leave_out_damaged(YES): from the next question on. Gives what holds.
void leave_out_damaged(sqlite3_context* context, int, sqlite3_value** words) noexcept {
  OnDamage& damage = *damage_of(context);
  damage.leaves_out = sqlite3_value_int(words[0]) != 0;
  sqlite3_result_int(context, damage.leaves_out ? 1 : 0);
}

/// octopoll_damaged(): a JSON array of arrays, which the view of that name unpacks.
void damaged(sqlite3_context* context, int, sqlite3_value**) noexcept {
  try {
    auto blocks = nlohmann::json::array();
    for (const DamagedBlock& block : damage_of(context)->met.all())
      blocks.push_back({block.rows, block.device, block.interface, block.fault, block.since.time_since_epoch().count(),
                        block.until.time_since_epoch().count(), block.interface_id});
    const std::string json = blocks.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    sqlite3_result_text64(context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  }
}

constexpr const char* view_of_damaged =
    "CREATE TEMP VIEW IF NOT EXISTS octopoll_damaged AS"
    " SELECT value ->> 0 AS rows, value ->> 1 AS device, value ->> 2 AS interface,"
    " strftime('%Y-%m-%dT%H:%M:%SZ', (value ->> 4) / 1000, 'unixepoch') AS since,"
    " strftime('%Y-%m-%dT%H:%M:%SZ', (value ->> 5) / 1000, 'unixepoch') AS until,"
    " value ->> 3 AS fault, value ->> 6 AS interface_id FROM json_each(octopoll_damaged())";

/// What failed, in words; empty: nothing.
std::string unite(sqlite3* connection) {
  if (sqlite3_exec(connection, "SELECT octopoll_damaged()", nullptr, nullptr, nullptr) == SQLITE_OK) return {};
  const auto damage = std::make_shared<OnDamage>();
  if (std::string failed = unite_tables_and_views(connection, damage); !failed.empty()) return failed;
  const auto add = [&](const char* name, int words, void (*call)(sqlite3_context*, int, sqlite3_value**)) {
    return sqlite3_create_function_v2(connection, name, words, SQLITE_UTF8 | SQLITE_DIRECTONLY, new Damage(damage),
                                      call, nullptr, nullptr, [](void* given) { delete static_cast<Damage*>(given); });
  };
  if (add("octopoll_leave_out_damaged", 1, leave_out_damaged) != SQLITE_OK ||
      add("octopoll_damaged", 0, damaged) != SQLITE_OK ||
      sqlite3_exec(connection, view_of_damaged, nullptr, nullptr, nullptr) != SQLITE_OK)
    return sqlite3_errmsg(connection);
  return {};
}

}  // namespace
}  // namespace octopoll::store

/// SQLite finds it by the name of the file. It unites the store that is open as "main".
extern "C" __attribute__((visibility("default"))) int sqlite3_octopollstore_init(sqlite3* connection, char** error,
                                                                                 const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api)
  try {
    const std::string failed = octopoll::store::unite(connection);
    if (failed.empty()) return SQLITE_OK;
    *error = sqlite3_mprintf("octopoll_store: %s", failed.c_str());
    return SQLITE_ERROR;
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}
