#include "cli/ping_targets.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <iostream>
#include <string_view>
#include <system_error>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using Words = std::vector<std::string>;

/// A list is for an inventory beyond this.
constexpr std::size_t most_targets = 100'000;
/// RFC 1035 section 2.3.4 has 255 octets for a name; further words on a line are nobody's.
constexpr std::size_t longest_line = 4096;
constexpr unsigned shortest_prefix = 16;

Result<Words> targets_of_file(const std::string& name);
Result<Words> targets_of_network(const Words& words);
Result<> check_target(const std::string& word);

}  // namespace

Result<Words> ping_targets_from(const po::variables_map& arguments) {
  Words words;
  if (arguments.count("target") != 0) words = arguments["target"].as<Words>();
  const bool generate = arguments["generate"].as<bool>();
  if (arguments.count("file") != 0) {
    if (generate || !words.empty()) {
      return fail(ErrorKind::usage, "--file excludes targets on the command line, and -g",
                  "put all targets into the file, or leave it out");
    }
    auto listed = targets_of_file(arguments["file"].as<std::string>());
    if (!listed) return listed;
    words = std::move(*listed);
  }
  if (words.empty()) {
    return fail(ErrorKind::usage, "no target given", "name one or more hosts, for example `octopoll ping 127.0.0.1`");
  }
  if (generate) return targets_of_network(words);
  if (arguments.count("file") != 0) return words;
  for (const std::string& word : words) {
    if (auto sensible = check_target(word); !sensible) return tl::make_unexpected(sensible.error());
  }
  return words;
}

namespace {

Result<Words> targets_of(std::istream& lines, const std::string& name) {
  Words words;
  std::string line;
  for (std::size_t number = 1; std::getline(lines, line); ++number) {
    if (line.size() > longest_line || words.size() == most_targets) {
      return fail(ErrorKind::usage,
                  fmt::format("{} is no list of targets: more than {} of them, or of {} octets a line", name,
                              format_count(most_targets), format_count(longest_line)),
                  "write one target a line");
    }
    constexpr std::string_view blank = " \t\r";
    const std::size_t begin = line.find_first_not_of(blank);
    if (begin == std::string::npos || line[begin] == '#') continue;
    words.push_back(line.substr(begin, line.find_first_of(blank, begin) - begin));
    if (auto sensible = check_target(words.back()); !sensible) {
      Error error = sensible.error();
      error.message = fmt::format("{}:{}: {}", name, number, error.message);
      return tl::make_unexpected(std::move(error));
    }
  }
  if (lines.bad()) {
    return fail(ErrorKind::io, fmt::format("{}: {}", name, std::generic_category().message(errno)));
  }
  if (words.empty()) return fail(ErrorKind::usage, name + " names no target", "write one target a line");
  return words;
}

Result<Words> targets_of_file(const std::string& name) {
  if (name == "-") return targets_of(std::cin, "stdin");
  std::ifstream file(name);
  if (!file) return fail(ErrorKind::io, fmt::format("{}: {}", name, std::generic_category().message(errno)));
  return targets_of(file, name);
}

Result<> check_target(const std::string& word) {
  const auto target = parse_target(word, 0);
  if (!target) return tl::make_unexpected(target.error());
  if (target->port == 0) return {};
  return fail(ErrorKind::usage, fmt::format("\"{}\" names a port, and ICMP has none", agent_text(word)),
              fmt::format("give the host alone: {}", agent_text(target->host)));
}

std::optional<std::uint32_t> ipv4_number(const std::string& text) {
  in_addr address{};
  if (::inet_pton(AF_INET, text.c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

Result<Words> hosts_between(std::uint32_t first, std::uint32_t last) {
  Words words;
  words.reserve(std::size_t{last - first} + 1);
  for (std::uint64_t number = first; number <= last; ++number) {
    const in_addr address{htonl(static_cast<std::uint32_t>(number))};
    char text[INET_ADDRSTRLEN] = {};
    ::inet_ntop(AF_INET, &address, text, sizeof text);
    words.emplace_back(text);
  }
  return words;
}

tl::unexpected<Error> no_network(std::string message) {
  return fail(ErrorKind::usage, std::move(message),
              fmt::format("give -g an IPv4 network of /{} to /32, 192.0.2.0/24, or its first and last address",
                          shortest_prefix));
}

Result<Words> targets_of_network(const Words& words) {
  constexpr std::uint32_t most_hosts = std::uint32_t{1} << (32 - shortest_prefix);
  if (words.size() == 2) {
    const auto first = ipv4_number(words[0]);
    const auto last = ipv4_number(words[1]);
    if (!first || !last || *first > *last || *last - *first >= most_hosts) {
      return no_network(fmt::format("{} to {} is no range of at most {} IPv4 addresses", agent_text(words[0]),
                                    agent_text(words[1]), format_count(most_hosts)));
    }
    return hosts_between(*first, *last);
  }
  const std::size_t slash = words[0].find('/');
  const auto base = ipv4_number(words[0].substr(0, slash));
  unsigned prefix = 0;
  const char* const begin = words[0].data() + std::min(slash, words[0].size() - 1) + 1;
  const char* const end = words[0].data() + words[0].size();
  const auto [rest, error] = std::from_chars(begin, end, prefix);
  const bool readable = error == std::errc{} && rest == end && prefix >= shortest_prefix && prefix <= 32;
  if (words.size() != 1 || slash == std::string::npos || !base || !readable) {
    return no_network(fmt::format("\"{}\" is no network", agent_text(words[0])));
  }
  const std::uint32_t hosts = prefix == 32 ? 0 : ~std::uint32_t{0} >> prefix;
  const std::uint32_t network = *base & ~hosts;
  // The network's own address and its broadcast are no hosts; networks of two or one have neither (RFC 3021).
  const std::uint32_t edge = prefix < 31 ? 1 : 0;
  return hosts_between(network + edge, network + hosts - edge);
}

}  // namespace
}  // namespace octopoll::cli
