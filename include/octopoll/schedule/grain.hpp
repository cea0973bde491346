#pragma once
// How finely turns are told apart.

#include <chrono>

namespace octopoll::schedule {

/// How late a turn may be begun, so that turns share their moments (shared_moment()). One that is taken alone wakes the
/// poller for each of its answers, and finds no code and no data of the others' at hand: among a dozen each costs up to
/// half as much again as among fifty (docs/performance.md). Where even half a second would bring but a few together,
/// nothing waits.
///
/// `turns_per_second`: of all that have turns. Unit: a part of a second, without a rest, so that whole seconds between
/// turns stay whole seconds.
[[nodiscard]] std::chrono::milliseconds grain_for(double turns_per_second) noexcept;

}  // namespace octopoll::schedule
