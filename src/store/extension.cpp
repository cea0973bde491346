// octopoll_store.so: sealed rows for any program that loads SQLite's extensions.
//
//   sqlite3 FILE
//   .load octopoll_store
//
// Built of what octopoll itself reads with, against the SQLite of the program that loads it.

#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT1

#include <string>

#include "united_tables.hpp"

/// SQLite finds it by the name of the file. It unites the store that is open as "main".
extern "C" __attribute__((visibility("default"))) int sqlite3_octopollstore_init(sqlite3* connection, char** error,
                                                                                 const sqlite3_api_routines* api) {
  SQLITE_EXTENSION_INIT2(api)
  const std::string failed = octopoll::store::unite_tables_and_views(connection);
  if (failed.empty()) return SQLITE_OK;
  *error = sqlite3_mprintf("octopoll_store: %s", failed.c_str());
  return SQLITE_ERROR;
}
