#pragma once
// How far a sample may stray from what it was drawn from, so that a right program fails less than once in a million
// runs.

#include <cmath>
#include <cstddef>

namespace octopoll::test {

/// The probability that a bound below is missed by chance.
inline constexpr double missed_by_chance = 1e-6;

struct CountBounds {
  std::size_t least, most;
};

/// Of `trials` that succeed with probability `share` each, how many do. Exact: the binomial distribution's tails have
/// half of missed_by_chance each.
inline CountBounds binomial_bounds(std::size_t trials, double share) {
  const auto n = static_cast<double>(trials);
  const auto probability = [&](std::size_t successes) {
    const auto k = static_cast<double>(successes);
    return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) + k * std::log(share) +
                    (n - k) * std::log1p(-share));
  };
  CountBounds bounds{0, trials};
  for (double tail = probability(0); tail < missed_by_chance / 2; tail += probability(bounds.least)) ++bounds.least;
  for (double tail = probability(trials); tail < missed_by_chance / 2; tail += probability(bounds.most)) --bounds.most;
  return bounds;
}

/// How far a sample's distribution function is from the true one, at any of its points.
/// Source: Massart, "The tight constant in the Dvoretzky-Kiefer-Wolfowitz inequality", 1990.
inline double distribution_bound(std::size_t sample) {
  return std::sqrt(std::log(2 / missed_by_chance) / (2 * static_cast<double>(sample)));
}

}  // namespace octopoll::test
