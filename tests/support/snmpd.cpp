#include "support/snmpd.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cctype>
#include <random>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "octopoll/core/fd.hpp"
#include "support/ports.hpp"
#include "support/run_command.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {
namespace {

// NET-SNMP-AGENT-MIB nsCacheTimeout of ifTable.
constexpr std::string_view if_table_cache_timeout = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2";

std::string in_quotes(std::string_view text);
std::string user_line(const SnmpdUser& user);
std::string random_word();
bool answers(const std::string& address, std::uint16_t port);
std::string endpoint_word(const std::string& address, std::uint16_t port);
std::string find_snmpd();

}  // namespace

Snmpd::Snmpd(SnmpdOptions options)
    : options_(std::move(options)), write_community_(random_word()), port_(free_udp_port()) {
  if (options_.addresses.empty()) {
    options_.addresses.push_back("127.0.0.1");
    if (has_ipv6_loopback()) options_.addresses.push_back("::1");
  }
  std::filesystem::create_directory(directory_ / "state");
  write_configuration();
}

Snmpd::Snmpd(Snmpd&&) noexcept = default;
Snmpd::~Snmpd() = default;

void Snmpd::start() {
  // Somebody else may take the port between the choice and the bind. After the first start it is the agent's own.
  constexpr int tries = 5;
  const bool settled = std::filesystem::exists(directory_ / "state" / "started");
  for (int i = 0; i < (settled ? 1 : tries); ++i) {
    if (i > 0) port_ = free_udp_port();
    if (!try_start()) continue;
    if (options_.if_table_cache_seconds) set_cache_period();
    write_file(directory_ / "state" / "started", "");
    return;
  }
  throw std::runtime_error(fmt::format("snmpd did not come up at {}:\n{}", target(), log()));
}

void Snmpd::stop() {
  if (process_) process_->stop();
}

void Snmpd::restart() {
  stop();
  start();
}

void Snmpd::kill() {
  if (!process_) return;
  process_->signal(SIGKILL);
  process_->stop();
}

void Snmpd::freeze() {
  if (process_) process_->signal(SIGSTOP);
}

void Snmpd::thaw() {
  if (process_) process_->signal(SIGCONT);
}

std::string Snmpd::target() const {
  const std::string& address = options_.addresses.front();
  return address.find(':') == std::string::npos ? fmt::format("{}:{}", address, port_)
                                                : fmt::format("udp6:[{}]:{}", address, port_);
}

std::string Snmpd::target_ipv6() const { return fmt::format("udp6:[::1]:{}", port_); }

pid_t Snmpd::pid() const noexcept { return process_ ? process_->pid() : -1; }

std::string Snmpd::log() const { return process_ ? process_->err() : std::string(); }

void Snmpd::write_configuration() const {
  std::string config;
  for (const auto& [name, view] : options_.communities) {
    const std::string limit = view.empty() ? "" : " -V " + view;
    config += fmt::format("rocommunity {0} default{1}\nrocommunity6 {0} default{1}\n", name, limit);
  }
  if (options_.if_table_cache_seconds) config += fmt::format("rwcommunity {}\n", write_community_);
  for (const auto& view : options_.views) {
    config += fmt::format("view {} {} {}\n", view.name, view.included ? "included" : "excluded", view.oid);
  }
  for (const auto& user : options_.users) {
    config += fmt::format("{} {} {}{}\n", user.writes ? "rwuser" : "rouser", user.name, user.level,
                          user.view.empty() ? "" : " -V " + user.view);
  }
  if (!options_.engine_id_hex.empty()) config += fmt::format("exactEngineID 0x{}\n", options_.engine_id_hex);
  for (const auto& line : options_.config_lines) config += line + "\n";
  write_file(directory_ / "snmpd.conf", config);

  // The agent rewrites this file at each end: passphrases become localised keys, boots are counted.
  std::string users;
  for (const auto& user : options_.users) users += user_line(user);
  write_file(directory_ / "state" / "snmpd.conf", users);
}

bool Snmpd::try_start() {
  // -C takes away the system's files, and with them the agent's own state, which -c therefore names again.
  std::vector<std::string> argv{
      find_snmpd(),
      "-f",
      "-Le",
      "-r",
      "-C",
      "-c",
      (directory_ / "snmpd.conf").string() + "," + (directory_ / "state" / "snmpd.conf").string(),
      "-I",
      "-smux"};
  for (const auto& address : options_.addresses) argv.push_back(endpoint_word(address, port_));
  process_.emplace(Child::start(placed(std::move(argv)), surroundings()));

  bool answered = false;
  const auto probe = [&] { answered = answers(options_.addresses.front(), port_); };
  static_cast<void>(wait_until([&] {
    if (options_.netns != nullptr) {
      options_.netns->call(probe);
    } else {
      probe();
    }
    return answered || !process_->running();
  }));
  return answered && process_->running();
}

void Snmpd::set_cache_period() const {
  const CommandResult result =
      run_command(placed({"snmpset", "-v2c", "-c", write_community_, "-On", "-r", "5", "-t", "2", target(),
                          std::string(if_table_cache_timeout), "i", std::to_string(*options_.if_table_cache_seconds)}),
                  surroundings());
  if (!result.ok()) throw std::runtime_error("cannot set nsCacheTimeout of ifTable: " + result.describe());
}

ChildOptions Snmpd::surroundings() const {
  ChildOptions options;
  const std::string home = directory_.path().string();
  options.env = {{"HOME", home}, {"SNMPCONFPATH", home}, {"SNMP_PERSISTENT_DIR", home + "/state"}, {"MIBS", ""}};
  return options;
}

std::vector<std::string> Snmpd::placed(std::vector<std::string> argv) const {
  return options_.netns != nullptr ? options_.netns->inside(std::move(argv)) : argv;
}

namespace {

std::string in_quotes(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string user_line(const SnmpdUser& user) {
  std::string line = "createUser " + user.name;
  if (!user.auth_protocol.empty()) line += " " + user.auth_protocol + " " + in_quotes(user.auth_passphrase);
  if (!user.priv_protocol.empty()) line += " " + user.priv_protocol + " " + in_quotes(user.priv_passphrase);
  return line + "\n";
}

std::string random_word() {
  std::random_device entropy;
  return fmt::format("{:08x}{:08x}", entropy(), entropy());
}

/// The discovery of RFC 3414 section 4: every agent that speaks SNMPv3 answers it with a report, whatever its
/// communities, users and views are.
constexpr std::array<std::uint8_t, 64> discovery{
    0x30, 62,                                                        // SNMPv3Message
    0x02, 1,  3,                                                     // msgVersion
    0x30, 17,                                                        // msgGlobalData
    0x02, 4,  0x11, 0x22, 0x33, 0x44,                                // msgID
    0x02, 3,  0x00, 0xff, 0xe3,                                      // msgMaxSize 65507
    0x04, 1,  0x04,                                                  // msgFlags: reportable
    0x02, 1,  3,                                                     // msgSecurityModel: USM
    0x04, 16,                                                        // msgSecurityParameters
    0x30, 14, 0x04, 0,    0x02, 1,    0,    0x02, 1,    0, 0x04, 0,  // engine id, boots, time, user
    0x04, 0,  0x04, 0,                                               // authentication, privacy parameters
    0x30, 20, 0x04, 0,    0x04, 0,                                   // scopedPDU: context engine, context name
    0xa0, 14, 0x02, 4,    0x11, 0x22, 0x33, 0x44, 0x02, 1, 0,        // GetRequest-PDU: request-id, error-status
    0x02, 1,  0,    0x30, 0,                                         // error-index, no bindings
};

bool answers(const std::string& address, std::uint16_t port) {
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  const sockaddr* to = reinterpret_cast<const sockaddr*>(&v4);
  socklen_t length = sizeof v4;
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port);
  if (::inet_pton(AF_INET, address.c_str(), &v4.sin_addr) != 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    if (::inet_pton(AF_INET6, address.c_str(), &v6.sin6_addr) != 1) {
      throw std::runtime_error("not an address for snmpd to listen at: " + address);
    }
    to = reinterpret_cast<const sockaddr*>(&v6);
    length = sizeof v6;
  }
  // A new socket for each probe: an ICMP error of the last one must not count as an answer to this one.
  const Fd socket(::socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket || ::connect(socket.get(), to, length) != 0) return false;
  if (::send(socket.get(), discovery.data(), discovery.size(), MSG_NOSIGNAL) < 0) return false;
  pollfd waiting{socket.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 100) != 1) return false;
  std::array<char, 2048> answer{};
  return ::recv(socket.get(), answer.data(), answer.size(), MSG_DONTWAIT) > 0;
}

std::string endpoint_word(const std::string& address, std::uint16_t port) {
  return address.find(':') == std::string::npos ? fmt::format("udp:{}:{}", address, port)
                                                : fmt::format("udp6:[{}]:{}", address, port);
}

/// Debian keeps it in /usr/sbin, which is not in the PATH of ordinary users.
std::string find_snmpd() {
  for (const char* path : {"/usr/sbin/snmpd", "/usr/local/sbin/snmpd"}) {
    if (::access(path, X_OK) == 0) return path;
  }
  return "snmpd";
}

}  // namespace
}  // namespace octopoll::test
