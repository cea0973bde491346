#pragma once
// A real Net-SNMP agent as a scoped object.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/netns.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {

/// What a community may read: all of it, or the view of that name.
struct SnmpdCommunity {
  std::string name{};
  std::string view{};
};

/// A user of SNMPv3, spelled as createUser of snmpd.conf(5) spells it: "SHA-256", "AES". Empty protocols: none.
struct SnmpdUser {
  std::string name{};
  std::string auth_protocol{};
  std::string auth_passphrase{};
  std::string priv_protocol{};
  std::string priv_passphrase{};
  std::string level = "priv";  ///< the least that the agent accepts: noauth, auth, priv
  std::string view{};
  bool writes = false;
};

struct SnmpdView {
  std::string name{};
  std::string oid{};
  bool included = true;
};

struct SnmpdOptions {
  std::vector<SnmpdCommunity> communities{{"public", ""}};
  std::vector<SnmpdUser> users{};
  std::vector<SnmpdView> views{};
  /// How often the agent reloads ifTable, in seconds (its own default is 3). Set in the running agent after each start,
  /// for no configuration token does it.
  std::optional<int> if_table_cache_seconds{};
  /// Octets of snmpEngineID in hex; empty: the agent makes one at its first start and keeps it.
  std::string engine_id_hex{};
  /// Further lines of snmpd.conf(5).
  std::vector<std::string> config_lines{};
  /// Where it runs; must outlive the agent. Empty: in our own namespace.
  const Netns* netns = nullptr;
  /// Addresses to listen at, all on one port. Empty: 127.0.0.1, and ::1 where that exists.
  std::vector<std::string> addresses{};
};

/// A snmpd of the system on a random port, with a folder, HOME and persistent state of its own; nothing of the system's
/// configuration is read. It keeps port, engine id, users and engine boots over stop() and start().
///
/// Shape:  move-only; not started by the constructor. The destructor ends it.
/// Errors: std::runtime_error with the agent's log when it does not come up.
/// Thread: the one that calls start() must live as long as the agent runs (see Child).
class Snmpd {
 public:
  explicit Snmpd(SnmpdOptions options = {});
  Snmpd(Snmpd&&) noexcept;
  Snmpd& operator=(Snmpd&&) = delete;
  ~Snmpd();

  /// Returns when it answers.
  void start();
  void stop();
  void restart();
  /// Ends it as a power cut would: no counter of engine boots is written.
  void kill();
  /// SIGSTOP and SIGCONT: an agent that is there and does not answer.
  void freeze();
  void thaw();

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  /// "127.0.0.1:PORT": the first address.
  [[nodiscard]] std::string target() const;
  /// "udp6:[::1]:PORT"; only where has_ipv6_loopback().
  [[nodiscard]] std::string target_ipv6() const;
  [[nodiscard]] pid_t pid() const noexcept;
  /// All that it has logged since its last start.
  [[nodiscard]] std::string log() const;
  /// Its folder, with snmpd.conf and the persistent state.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path(); }

 private:
  void write_configuration() const;
  bool try_start();
  void set_cache_period() const;
  [[nodiscard]] ChildOptions surroundings() const;
  [[nodiscard]] std::vector<std::string> placed(std::vector<std::string> argv) const;

  SnmpdOptions options_;
  TempDir directory_;
  std::string write_community_;
  std::uint16_t port_ = 0;
  std::optional<Child> process_;
};

}  // namespace octopoll::test
