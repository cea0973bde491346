#pragma once
// The interfaces of an access network, mixed as it has them, for the benchmarks of the store.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <stdexcept>
#include <utility>

#include "octopoll/core/result.hpp"

namespace octopoll::bench {

inline constexpr std::int64_t interfaces_of_a_device = 48;
inline constexpr std::int64_t begin_s = 1'799'971'200;  ///< a midnight at which sealed blocks of all levels begin

/// How an interface behaves.
struct Kind {
  const char* name;
  double share;  ///< of the interfaces
  double speed_bps;
  double load;    ///< of the link, on average
  double noise;   ///< as a logarithm's deviation
  double errors;  ///< share of minutes with some
};
inline constexpr std::array<Kind, 5> kinds{{{"unused", 0.35, 1e9, 0.0, 0.0, 0.0},
                                            {"idle", 0.25, 1e9, 2e-6, 0.4, 0.0},
                                            {"desk", 0.25, 1e9, 2e-3, 1.0, 0.001},
                                            {"server", 0.10, 1e9, 0.05, 0.5, 0.0005},
                                            {"uplink", 0.05, 10e9, 0.25, 0.15, 0.01}}};

/// Of `kinds`, for a place from 0 to 1.
inline std::size_t kind_at(double place) {
  std::size_t kind = 0;
  for (; kind + 1 < kinds.size() && place >= kinds[kind].share; ++kind) place -= kinds[kind].share;
  return kind;
}

/// What a day's course makes of an average load, at so many hours.
inline double daily(double hours) {
  return 1.0 + 0.6 * std::cos((std::fmod(hours, 24.0) - 14.0) / 24.0 * 2 * std::numbers::pi);
}

template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().text());
  return std::move(*result);
}
inline void must(const Result<>& result) {
  if (!result) throw std::runtime_error(result.error().text());
}

}  // namespace octopoll::bench
