#pragma once
// Shorthand for tests that load an inventory from text.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "config/loader.hpp"

namespace octopoll::config {

/// Where a problem is, and a part of what it says.
struct Expected {
  int line;
  int column;
  std::string_view says;
};

/// "LINE:COLUMN message; remedy" of all, for a failure's report.
inline std::string listing(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& p : problems) out += fmt::format("{}:{} {}; {}\n", p.line, p.column, p.message, p.remedy);
  return out;
}

inline tl::expected<Inventory, std::vector<Problem>> load(std::string_view text) {
  return load_inventory_text(text, "test.yaml");
}

inline Inventory load_good(std::string_view text) {
  auto inventory = load(text);
  INFO(text.substr(0, 500) << "\n" << (inventory ? "" : listing(inventory.error())));
  REQUIRE(inventory);
  return *std::move(inventory);
}

/// Exactly these problems, in this order, and each with a remedy.
inline void check_problems(std::string_view text, const std::vector<Expected>& expected) {
  const auto inventory = load(text);
  INFO(text.substr(0, 500));
  REQUIRE_FALSE(inventory);
  INFO(listing(inventory.error()));
  REQUIRE(inventory.error().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const Problem& problem = inventory.error()[i];
    INFO("problem " << i);
    CHECK(problem.file == "test.yaml");
    CHECK(problem.line == expected[i].line);
    CHECK(problem.column == expected[i].column);
    CHECK_THAT(problem.message, Catch::Contains(std::string(expected[i].says)));
    CHECK_FALSE(problem.remedy.empty());
  }
}

struct BadCase {
  std::string_view name;
  std::string_view text;
  std::vector<Expected> expected;
};

inline void check_cases(const std::vector<BadCase>& cases) {
  for (const BadCase& bad : cases) {
    INFO("case: " << bad.name);
    check_problems(bad.text, bad.expected);
  }
}

}  // namespace octopoll::config
