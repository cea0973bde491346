// The test agent as a program.

#include <signal.h>

#include <catch2/catch.hpp>
#include <sstream>

#include "client.hpp"
#include "support/binaries.hpp"
#include "support/child.hpp"
#include "support/run_command.hpp"
#include "support/wait_until.hpp"

namespace fleet {
namespace {

using octopoll::test::Child;
using octopoll::test::ChildOptions;
using octopoll::test::CommandResult;
using octopoll::test::wait_until;

CommandResult run_fleet(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), octopoll::test::fleet_binary().string());
  return octopoll::test::run_command(std::move(arguments));
}

Child start_fleet(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), octopoll::test::fleet_binary().string());
  ChildOptions options;
  options.input = ChildOptions::Input::pipe;
  return Child::start(std::move(arguments), options);
}

/// Line `number` of its output, once it is there.
Json line(const Child& child, std::size_t number) {
  std::string found;
  const bool there = wait_until([&] {
    std::istringstream lines(child.out());
    for (std::size_t i = 0; i <= number; ++i) {
      if (!std::getline(lines, found) || lines.eof()) return false;
    }
    return true;
  });
  INFO(child.err());
  REQUIRE(there);
  return Json::parse(found);
}

TEST_CASE("it says its port, answers there, obeys commands and ends with its input") {
  Child agents = start_fleet(
      {"--recordings", (octopoll::test::test_data() / "recordings").string(), "--devices", "2", "--interfaces", "3"});
  const Json ready = line(agents, 0);
  CHECK(ready["devices"] == 17);
  testing::Client client("127.1.0.2", ready["port"].get<std::uint16_t>());
  testing::Ask ask;
  ask.names = {"1.3.6.1.2.1.1.5.0"};
  const auto response = client.ask(ask);
  REQUIRE(response);
  CHECK(response->bindings[0].text() == "device-2");

  REQUIRE(agents.write("{\"device\": \"device-2\", \"stats\": true}\nnonsense\n{\"device\":"));
  CHECK(line(agents, 1)["stats"]["requests"] == 1);
  CHECK(line(agents, 2)["error"] == "not JSON: nonsense");
  REQUIRE(agents.write(" \"device-1\", \"kill\": true}\n"));
  CHECK(line(agents, 3)["ok"] == true);

  agents.close_input();
  const auto ended = agents.wait(octopoll::test::patience);
  REQUIRE(ended);
  CHECK(ended->ok());
}

TEST_CASE("it ends on SIGTERM") {
  Child agents = start_fleet({"--devices", "1"});
  static_cast<void>(line(agents, 0));
  agents.signal(SIGTERM);
  const auto ended = agents.wait(octopoll::test::patience);
  REQUIRE(ended);
  CHECK(ended->ok());
}

TEST_CASE("without stdin it runs on") {
  Child agents = Child::start({octopoll::test::fleet_binary().string(), "--devices", "1", "--no-stdin"});
  static_cast<void>(line(agents, 0));
  CHECK(agents.running());
  CHECK(agents.stop().ok());
}

TEST_CASE("bad usage is exit code 2 with a way out, missing files are 1") {
  for (const auto& arguments : std::vector<std::vector<std::string>>{{},
                                                                     {"--nonsense"},
                                                                     {"--devices", "x"},
                                                                     {"--devices", "1", "--base", "here"},
                                                                     {"--devices", "1", "--port", "70000"}}) {
    const CommandResult result = run_fleet(arguments);
    INFO(result.describe());
    CHECK(result.exit_code() == 2);
    CHECK(result.err.find("octopoll-fleet --help") != std::string::npos);
    CHECK(result.out.empty());
  }
  const CommandResult lost = run_fleet({"--scenario", "/nonexistent/scenario.json"});
  CHECK(lost.exit_code() == 1);
  CHECK(lost.err.find("/nonexistent/scenario.json") != std::string::npos);
}

TEST_CASE("the help names every fault") {
  const CommandResult result = run_fleet({"--help"});
  CHECK(result.exit_code() == 0);
  for (const auto& fault : fault_help()) CHECK(result.out.find(std::string(fault.name)) != std::string::npos);
}

}  // namespace
}  // namespace fleet
