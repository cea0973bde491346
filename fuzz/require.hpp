#pragma once

#include <cstdlib>

/// What a fuzz target is sure of. Not assert(), which some builds leave out: a check that cannot fail is none.
inline void require(bool condition) {
  if (!condition) std::abort();
}
