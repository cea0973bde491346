#pragma once
// SNMPv3 keys and users, kept out of the library's process-wide lists.

#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>
// Not part of the umbrella header.
#include <net-snmp/library/large_fd_set.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/credentials.hpp"
#include "octopoll/core/result.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {

/// Ku, a passphrase hashed to a key (RFC 3414 section A.2), made once per hash and passphrase: it costs a megabyte of
/// hashing, some 2 ms, and ten thousand devices share a handful of passphrases.
class KuCache {
 public:
  struct Ku {
    std::array<u_char, USM_AUTH_KU_LEN> octets{};
    std::size_t length = 0;
  };
  /// Errors: config (the library makes no key of it).
  [[nodiscard]] Result<Ku> get(AuthProtocol hash, const Secret& passphrase);

 private:
  std::map<std::pair<AuthProtocol, std::string>, Ku> made_;
};

/// Fills the v3 fields of a session that is about to be opened: user, level, protocols, and the keys Ku made from the
/// passphrases.
/// The session borrows `credentials` until snmp_sess_add_ex() has copied it.
/// Errors: config (the library refuses the passphrase or the protocol).
[[nodiscard]] Result<> fill_usm(netsnmp_session& session, const SnmpCredentials& credentials, KuCache& keys);

struct FreeUsmUser {
  void operator()(usmUser* user) const noexcept { usm_free_user(user); }
};
/// A user of ours that is not in the library's list.
using UsmUserPtr = std::unique_ptr<usmUser, FreeUsmUser>;

/// Makes the session's user with keys localised to its engine id (RFC 3414 section 2.6) and takes it out of the
/// library's list. Null where the library refuses.
[[nodiscard]] UsmUserPtr make_usm_user(netsnmp_session& session);

/// Seconds by which an authenticated message may be behind or ahead (RFC 3414 section 2.2.3).
inline constexpr std::int64_t time_window = 150;

/// What a session knows of its agent's clock. Unit: `time` is snmpEngineTime in seconds at `at`, the last that was
/// taken (latestReceivedEngineTime). Source: RFC 3414 section 2.2 (snmpEngineBoots, snmpEngineTime), section 4 (the
/// first ones come unauthenticated).
struct EngineClock {
  std::uint32_t boots = 0;
  std::uint32_t time = 0;
  BootTime at;
  bool known = false;
  bool authenticated = false;

  [[nodiscard]] std::uint32_t time_at(BootTime now) const noexcept;
  /// Takes over a clock that came with an authenticated message within the time window, where it is later than the last
  /// one taken (RFC 3414 section 3.2 step 7b): also one that is behind what was reckoned since, or an agent whose clock
  /// runs slow would leave the window after some days. A message that was held up can set it back no further than that.
  void follow(const EngineTime& shown, BootTime now) noexcept;
};

/// Puts what is a session's own, its user and its agent's clock, into the library's process-wide lists while a call for
/// that session runs, and takes it out again. The lists then never have more than one entry of ours: their searches are
/// linear, and two devices that claim one engine id keep their own keys and clocks (with one clock for both, each
/// answer of the one would put the other outside of its time window).
///
/// Each look into the library's list of clocks costs it a hash of the engine id. Hence it is linked when the library's
/// USM is first needed, which many calls never do, and what the library learns of the clock is taken over by learn(),
/// after a call that may have taught it something.
class LinkedEngine {
 public:
  /// `current` points to this one as long as it lives.
  LinkedEngine(const netsnmp_session& session, usmUser* user, EngineClock& clock, LinkedEngine*& current) noexcept
      : session_(session), user_(user), clock_(clock), current_(current), before_(current) {
    current_ = this;
  }
  ~LinkedEngine();
  /// To be called before the library's USM is; once is enough.
  void link() noexcept;
  [[nodiscard]] bool is_linked() const noexcept { return is_linked_; }
  void learn() noexcept;
  LinkedEngine(const LinkedEngine&) = delete;
  LinkedEngine& operator=(const LinkedEngine&) = delete;

 private:
  const netsnmp_session& session_;
  usmUser* user_;
  EngineClock& clock_;
  LinkedEngine*& current_;
  LinkedEngine* before_;
  bool is_linked_ = false;
};

/// How many messages the library's USM has refused so far as those of an engine, or of a user there, that it does not
/// know. Of the message itself it says no more than that it did not parse; the statistics of the process tell why
/// (RFC 3414 section 5, usmStats).
[[nodiscard]] std::uint32_t count_strangers() noexcept;

/// A GET without names for nobody: every agent answers it with a Report that carries its engine id
/// (RFC 3414 section 4). Null when out of memory.
[[nodiscard]] netsnmp_pdu* make_discovery_pdu();

}  // namespace octopoll::snmp
