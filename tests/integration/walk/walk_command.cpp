#include "walk_command.hpp"

#include <catch2/catch.hpp>
#include <iterator>
#include <sstream>
#include <utility>

#include "support/binaries.hpp"

namespace octopoll::test {

std::vector<std::string> walk_argv(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {octopoll_binary().string(), "walk"});
  return arguments;
}

CommandResult walk(std::vector<std::string> arguments, const ChildOptions& options) {
  return run_command(walk_argv(std::move(arguments)), options, std::chrono::seconds(120));
}

nlohmann::json walk_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"--format", "json"});
  const CommandResult result = walk(patiently(std::move(arguments)));
  INFO(result.describe());
  REQUIRE(result.exit_code() == 0);
  CHECK(result.err.empty());
  return nlohmann::json::parse(result.out);
}

std::vector<std::string> patiently(std::vector<std::string> arguments) {
  arguments.insert(arguments.end(), {"-t", "5", "-r", "5"});
  return arguments;
}

std::vector<std::string> as_user(const SnmpdUser& user) {
  std::vector<std::string> arguments{"-v3", "-u", user.name, "-l"};
  arguments.emplace_back(!user.priv_protocol.empty()   ? "authPriv"
                         : !user.auth_protocol.empty() ? "authNoPriv"
                                                       : "noAuthNoPriv");
  if (!user.auth_protocol.empty()) {
    arguments.insert(arguments.end(), {"-a", user.auth_protocol, "-A", user.auth_passphrase});
  }
  if (!user.priv_protocol.empty()) {
    arguments.insert(arguments.end(), {"-x", user.priv_protocol, "-X", user.priv_passphrase});
  }
  return arguments;
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace octopoll::test
