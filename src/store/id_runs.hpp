#pragma once
// Ids that follow each other closely, so that reading what is between costs less than seeking.

#include <cstdint>
#include <vector>

namespace octopoll::store {

struct IdRun {
  std::int64_t first, last;
};

/// Adds an id that is greater than all in `runs`.
inline void add_id(std::vector<IdRun>& runs, std::int64_t id) {
  constexpr std::int64_t closest = 16;
  if (runs.empty() || id - runs.back().last > closest) runs.push_back({id, id});
  runs.back().last = id;
}

}  // namespace octopoll::store
