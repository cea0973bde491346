#include "local/agent_config.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <sstream>
#include <vector>

using namespace octopoll;

namespace {

std::vector<std::string> lines_with(const std::string& text, const std::string& word) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(word + ' ')) found.push_back(line);
  }
  return found;
}

}  // namespace

TEST_CASE("the private agent listens on loopback alone and gives each community its own view") {
  const auto text = local::agent_config(40161, Secret("reads"), Secret("writes"));
  CHECK(lines_with(text, "agentaddress") == std::vector<std::string>{"agentaddress udp:127.0.0.1:40161"});
  CHECK(lines_with(text, "rocommunity") == std::vector<std::string>{"rocommunity reads 127.0.0.1 -V shown"});
  CHECK(lines_with(text, "rwcommunity") == std::vector<std::string>{"rwcommunity writes 127.0.0.1 -V cache"});

  const auto views = lines_with(text, "view");
  const auto of_cache =
      std::count_if(views.begin(), views.end(), [](const auto& line) { return line.starts_with("view cache "); });
  CHECK(of_cache == 1);
  CHECK(std::count(views.begin(), views.end(), "view cache included .1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2") == 1);
  CHECK(std::none_of(views.begin(), views.end(), [](const auto& line) { return line.ends_with(" .1"); }));
}

TEST_CASE("communities are 128 random bits, and no two alike") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto community = local::random_community();
    REQUIRE(community);
    const auto& text = community->reveal();
    CHECK(text.size() == 32);
    CHECK(text.find_first_not_of("0123456789abcdef") == std::string::npos);
    CHECK(seen.insert(text).second);
  }
}
