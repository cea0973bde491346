#pragma once
// SQLite's C interface: its own functions, or in the loadable extension those of the program that loads it.

#ifdef OCTOPOLL_STORE_EXTENSION
#include <sqlite3ext.h>
SQLITE_EXTENSION_INIT3
#else
#include <sqlite3.h>
#endif
