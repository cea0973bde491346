#pragma once
// What the parts of the reader share.

#include <chrono>
#include <cstdint>

#include "database.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::store {

struct Reader::Impl {
  Database database;
};

inline std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }
inline WallTime wall_time(std::int64_t unix_milliseconds) {
  return WallTime(std::chrono::milliseconds(unix_milliseconds));
}

}  // namespace octopoll::store
