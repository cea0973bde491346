#pragma once
// An snmpd of our own for this machine, where none answers or the system's shows too little.

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string_view>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/core/secret.hpp"

namespace octopoll::local {

/// nsCacheTimeout of ifTable (NET-SNMP-AGENT-MIB), INTEGER, seconds: how long snmpd repeats the same counters. 3 as
/// snmpd starts; SET to 0 every answer is fresh.
inline constexpr std::string_view if_table_cache_timeout_oid = "1.3.6.1.4.1.8072.1.5.3.1.2.1.3.6.1.2.1.2.2";

/// Where snmpd is: $PATH, then the directories of system programs, which the PATH of ordinary users leaves out.
/// Errors: io, with the package to install.
[[nodiscard]] Result<std::filesystem::path> find_snmpd();

/// A running snmpd that nobody else can use: on a random port of 127.0.0.1, with random communities, reading nothing
/// of the system's configuration, and as `nobody` where we are root. It shows the system group, interfaces, ifMIB, IP
/// addresses, snmpEngine and nsCacheTable, nothing else.
///
/// Shape:  owns the process and its temporary directory. The destructor ends the process (it blocks for a second at
///         most) and removes the directory. If we die without a destructor, the kernel kills snmpd, and the next start
///         removes the directory.
/// Cache:  the owner SETs `if_table_cache_timeout_oid` to 0 with `write_community()` once snmpd answers. The write
///         community sees that object alone.
/// Errors: of start(): io (snmpd is not installed, or it ended at once: its last words are in the message),
///         permission (a container that forbids to change the user). Where hosts.deny(5) refuses 127.0.0.1 to snmpd,
///         this one runs and is silent too.
/// Thread: start() on the main thread alone, since the kernel ties snmpd's life to the thread that forked it; anything
///         else is ErrorKind::internal. The other members from one thread at a time.
class PrivateSnmpd {
 public:
  /// Returns when snmpd says that it is ready, or after 3 s at most. Its port is open from the start, so a request that
  /// comes too early waits in the socket and is not lost.
  [[nodiscard]] static Result<std::unique_ptr<PrivateSnmpd>> start();
  ~PrivateSnmpd();
  PrivateSnmpd(const PrivateSnmpd&) = delete;
  PrivateSnmpd& operator=(const PrivateSnmpd&) = delete;

  [[nodiscard]] const Target& target() const noexcept;           ///< 127.0.0.1 and the port
  [[nodiscard]] const Secret& community() const noexcept;        ///< v1 and v2c, reads
  [[nodiscard]] const Secret& write_community() const noexcept;  ///< v1 and v2c, reads and writes the one object
  [[nodiscard]] pid_t pid() const noexcept;                      ///< of snmpd
  [[nodiscard]] const std::filesystem::path& directory() const noexcept;

  /// An error with snmpd's last words if it has ended: what to ask when it does not answer.
  [[nodiscard]] Result<> check();

 private:
  struct Impl;
  explicit PrivateSnmpd(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::local
