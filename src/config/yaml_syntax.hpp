#pragma once
// yaml-cpp's complaints in words that help.

#include <yaml-cpp/exceptions.h>

#include <optional>
#include <string>
#include <string_view>

#include "config/bounded_input.hpp"
#include "config/problems.hpp"

namespace octopoll::config {

struct SyntaxProblem {
  Place place;
  std::string message;
  std::string remedy;
};

/// How far the events of yaml-cpp had come when it gave up.
struct Progress {
  std::size_t offset = 0;          ///< behind the last scalar
  std::optional<Place> innermost;  ///< the beginning of the list or map that was open
};

/// Says what is wrong at the place of `error`, and where that is missing at the innermost open list or map. yaml-cpp's
/// own text is not passed on: it quotes anchors, and an unquoted secret may begin with `*`.
[[nodiscard]] SyntaxProblem explain(const YAML::Exception& error, std::string_view text, const Progress& progress);

/// The same where `input` ended early.
[[nodiscard]] SyntaxProblem too_much_at_once(std::string_view text, const BoundedInput& input);

/// The place of an offset into `text`.
[[nodiscard]] Place place_at(std::string_view text, std::size_t offset);

}  // namespace octopoll::config
