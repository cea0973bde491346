#include "cli/command.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <string>

#include "arguments.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using namespace std::chrono_literals;

Result<std::chrono::nanoseconds> gap_of(const std::string& written) {
  test::Arguments arguments({"run", "--gap", written});
  po::options_description options;
  options.add_options()("gap", po::value<std::string>());
  const auto variables = parse_arguments(arguments.count(), arguments.values(), {}, options);
  REQUIRE(variables.has_value());
  return duration_option(*variables, "gap", 100ms);
}

TEST_CASE("every command has a name, a summary and something to run") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK_FALSE(command.name.empty());
    CHECK_FALSE(command.summary.empty());
    CHECK(command.run != nullptr);
  }
}

TEST_CASE("an internal error of ping is fping's 4, of all others 3") {
  for (const Command& command : commands()) {
    CAPTURE(command.name);
    CHECK(command.internal_error == (command.name == "ping" ? 4 : exit_code(ExitCode::internal)));
  }
}

TEST_CASE("a duration behind an option has a unit and a least length") {
  CHECK(gap_of("100ms") == 100ms);
  CHECK(gap_of("1h30m") == 90min);
  for (const auto& [written, message, remedy] :
       {std::tuple("10", "--gap: ", ""), std::tuple("99ms", "--gap 99ms is too short", "give at least 100ms"),
        std::tuple("0s", "--gap 0s is too short", "give at least 100ms")}) {
    const auto gap = gap_of(written);
    REQUIRE_FALSE(gap);
    CHECK(gap.error().kind == ErrorKind::usage);
    CHECK_THAT(gap.error().message, Catch::StartsWith(message));
    CHECK_THAT(gap.error().remedy, Catch::Contains(remedy));
  }
}

}  // namespace
}  // namespace octopoll::cli
