#include "cli/problems.hpp"

#include <fmt/format.h>

#include <iostream>
#include <string>
#include <string_view>

#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

std::string line_of(const config::Problem& problem, std::string_view severity, std::string_view joint) {
  std::string line = fmt::format("{}:{}:{}: {}: {}", agent_text(problem.file), problem.line, problem.column, severity,
                                 problem.message);
  if (!problem.remedy.empty()) line.append(joint).append(problem.remedy);
  return line + "\n";
}

}  // namespace

// Each in one piece: a reload prints while other threads may log.
void print_errors(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) text += line_of(problem, "error", "\n  ");
  std::cerr << text + format_counted(problems.size(), "error") + "\n";
}

void print_warnings(const std::vector<config::Problem>& problems) {
  std::string text;
  for (const config::Problem& problem : problems) text += line_of(problem, "warning", "; ");
  std::cerr << text;
}

}  // namespace octopoll::cli
