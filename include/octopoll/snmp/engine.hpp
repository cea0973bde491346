#pragma once
// Asking SNMP agents, many at once, in one loop.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/credentials.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/core/shared_value.hpp"
#include "octopoll/snmp/oid.hpp"
#include "octopoll/snmp/value.hpp"

namespace octopoll::snmp {

/// RFC 3416 section 3. GETBULK in an SNMPv1 session is sent as GETNEXT of the same names.
enum class Operation : std::uint8_t { get, get_next, get_bulk, set };

/// One request, before it is a PDU.
struct Request {
  Operation operation = Operation::get;
  std::vector<Oid> names;           ///< get, get_next, get_bulk
  std::vector<VarBind> values;      ///< set
  unsigned non_repeaters = 0;       ///< get_bulk: the first so many names are asked once
  unsigned max_repetitions = 0;     ///< get_bulk
  std::optional<unsigned> retries;  ///< other than the session's
  /// Is a device that was silent there again: one PDU, that waits as long as all tries of the session together.
  bool probe = false;
};

/// Octets of a message that are none of its variables: an estimate, to keep answers within a size.
[[nodiscard]] constexpr std::size_t message_overhead(SnmpVersion version) noexcept {
  return version == SnmpVersion::v3 ? 140 : 60;
}

/// How a request ended. Data, not an error: an agent that times out is an everyday answer.
enum class Outcome : std::uint8_t {
  answered,           ///< a Response PDU; look at error_status
  timed_out,          ///< nothing came back in all tries
  unreachable,        ///< nothing came back but ICMP errors, or the kernel had no way to send
  unreadable,         ///< all tries were answered, with nothing that can be read (SNMPv1 and v2c)
  no_engine,          ///< v3 discovery was answered without an engine id, or the agent disowns the id it gave
  wrong_digest,       ///< v3 report usmStatsWrongDigests: authentication passphrase or protocol
  unknown_user,       ///< v3 report usmStatsUnknownUserNames
  unsupported_level,  ///< v3 report usmStatsUnsupportedSecLevels
  privacy_failed,     ///< authentication is proved right, encrypted requests meet silence or usmStatsDecryptionErrors
  not_in_window,      ///< v3 report usmStatsNotInTimeWindows, also after resynchronising
  unknown_context,    ///< v3 report snmpUnknownContexts or snmpUnavailableContexts, or silence with it alone
  report,             ///< any other v3 report
  not_sent,           ///< the request could not be encoded (v3: a key is missing or too short)
};

/// Something that a smaller request may not meet: silence, or an answer that is broken.
[[nodiscard]] constexpr bool may_be_too_large(Outcome outcome) noexcept {
  return outcome == Outcome::timed_out || outcome == Outcome::unreadable;
}

/// RFC 3416 section 3 error-status; RFC 1157 has 0 to 5.
enum class ErrorStatus : std::int32_t {
  no_error = 0,
  too_big = 1,
  no_such_name = 2,
  bad_value = 3,
  read_only = 4,
  gen_err = 5,
  no_access = 6,
  authorization_error = 16,
  not_writable = 17
};
[[nodiscard]] std::string to_string(ErrorStatus status);

/// What came of one request. Unit: `octets` of the answer's datagram.
struct Reply {
  Outcome outcome = Outcome::timed_out;
  ErrorStatus error_status = ErrorStatus::no_error;
  std::uint32_t error_index = 0;  ///< 1-based; 0: none
  std::vector<VarBind> variables;
  /// Of send_encoded(): what was asked for, and the contents of the answer's VarBindList (AnswerReader of
  /// variables.hpp goes through both). Valid during the call.
  std::string_view asked, encoded;
  BootTime received;
  std::chrono::nanoseconds round_trip{};  ///< of the very try that was answered
  std::size_t octets = 0;
  unsigned tries = 0;                 ///< PDUs that were sent for it
  std::chrono::nanoseconds waited{};  ///< all of them together, where nobody answered
  std::string undelivered;            ///< what an ICMP error or the kernel said of one of the PDUs
  [[nodiscard]] bool good() const noexcept {
    return outcome == Outcome::answered && error_status == ErrorStatus::no_error;
  }
};

struct SessionOptions {
  std::string label;  ///< how messages call the device
  Endpoint endpoint;
  SharedValue<SnmpCredentials> credentials;
  std::chrono::nanoseconds timeout =
      std::chrono::seconds(1);  ///< of the first try; doubles with each retry, at most 4 x
  unsigned retries = 2;
  unsigned max_outstanding = 2;  ///< requests in flight; more wait in the session
  /// PDUs of whatever kind, retries too, evenly spaced: what is not used is not saved up. Nothing: no bound.
  std::optional<unsigned> max_requests_per_second{};
  bool short_request_ids = false;  ///< below 2^15, for agents that handle 16 bits of them alone
  std::vector<Endpoint>
      answers_from{};  ///< further addresses whose answers are taken, as those of routers with several
};

/// Sent and received, over the life of a session or of the engine.
struct Traffic {
  std::uint64_t requests = 0;   ///< PDUs sent, retries and v3 discovery included
  std::uint64_t responses = 0;  ///< PDUs that ended a request
  std::uint64_t retries = 0;
  std::uint64_t timeouts = 0;           ///< requests that ended so
  std::uint64_t late = 0;               ///< answers to requests that had ended, and duplicates
  std::uint64_t foreign = 0;            ///< right id, wrong address or community
  std::uint64_t malformed = 0;          ///< did not decode, or did not authenticate
  std::uint64_t unreadable_values = 0;  ///< that did not decode, in answers that otherwise did
  std::uint64_t octets_sent = 0;
  std::uint64_t octets_received = 0;
  /// Datagrams that the kernel dropped for want of room in the receive buffer (SO_RXQ_OVFL); of the engine alone.
  std::uint64_t kernel_drops = 0;
};
/// What came to pass between two looks at one session, or at one engine.
[[nodiscard]] Traffic operator-(const Traffic& after, const Traffic& before) noexcept;

struct EngineOptions {
  /// Octets, for each socket; the kernel grants what net.core.rmem_max allows, or with CAP_NET_ADMIN all of it.
  int receive_buffer = 16 * 1024 * 1024;
  unsigned max_sockets = 16;  ///< of an address family
  /// How long answers may lie in the socket before they are read, so that a wake-up brings more of them: for who polls
  /// day and night, as nearly each answer is a wake-up of its own where devices are spread over their interval. Round
  /// trips do not grow by it, they are the kernel's. 0: a millisecond, and only where many answers are on their way.
  std::chrono::nanoseconds gather{};
};

class Engine;

/// One agent with one set of credentials. Many sessions may share an address. Thread: the loop's.
/// Destroying it drops its requests without calling back; do not destroy it from inside one of its own callbacks
/// (EventLoop::post it).
class Session {
 public:
  using Done = std::function<void(Reply&&)>;

  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Queues a request; `done` is called once, never from inside this call.
  void send(Request request, Done done);
  /// The same for a GET whose variables are encoded already (variables.hpp: VarBinds with NULL values, RFC 3416 section
  /// 3), for who asks for the same again and again: the answer's are handed out as they came, in Reply::encoded.
  void send_encoded(std::string_view variables, std::optional<unsigned> retries, Done done);
  /// Runs `callback` on the loop's thread soon, unless the session is destroyed before.
  void later(std::function<void()> callback);
  /// Ends what waits or is in flight, without calling back.
  void cancel_all();
  /// The same of requests that nobody would wait for any longer: they count as timed out.
  void give_up_all();

  [[nodiscard]] const SessionOptions& options() const noexcept;
  [[nodiscard]] const Traffic& traffic() const noexcept;
  /// Failure as a person should read it: names the device, the likely cause and the next step.
  [[nodiscard]] Error explain(const Reply& reply) const;
  /// Where an answer to one of our requests came from that was not taken: neither the address asked nor one of
  /// answers_from.
  [[nodiscard]] std::optional<Endpoint> foreign_source() const;
  /// Answers came from the address asked under ids of 16 bits that nobody sent: the agent cuts ours.
  [[nodiscard]] bool cuts_request_ids() const;
  /// For SNMPv3: the agent's engine id in hex, once discovered.
  [[nodiscard]] std::string engine_id() const;
  /// For SNMPv3: snmpEngineBoots and snmpEngineTime as last authenticated.
  [[nodiscard]] std::optional<std::pair<std::uint32_t, std::uint32_t>> engine_clock() const;

  struct Impl;

 private:
  friend class Engine;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The one place that talks SNMP.
///
/// Sockets: a UDP socket an address family for all sessions, opened when first needed, and more (at most 16) where what
/// is in flight is more than the receive buffers that were granted can hold: then requests wait for room, so that
/// answers are not dropped by our own kernel. Batches leave by sendmmsg and come by recvmmsg. An answer is matched by
/// request id (v3: message id) and must come from the address asked, or from one of the session's answers_from;
/// everything else is counted and dropped. ICMP errors come from the socket's error queue: a closed port ends the
/// request that is quoted, all others are hints (RFC 1122 section 3.2.2.1) that are told when the last try has met
/// silence, too.
///
/// Retries: each try has a request id of its own (RFC 3416 section 4.1), so a round trip belongs to its try; a late
/// answer to an earlier try is still taken. A device's first wait is learned from its round trips (RFC 6298), at most
/// the configured one; the last one lasts as long as the configured ones together. An answer of which nothing can be
/// read counts as lost (RFC 3412 section 7.2), and the next try follows at once.
///
/// Politeness: at most max_outstanding requests at a device, one while its round trips are rising; and where a session
/// has max_requests_per_second, what is to be sent waits for its turn.
///
/// Net-SNMP: snmp_sess_add_ex() with an own transport a session and hooks for building and parsing. The library keeps
/// the requests, matches answers, calls back and does USM (find_sec_mod(3): authentication, privacy, time window). Ours
/// are the octets of send_encoded() and the reading of what answers it, with SNMPv3 also the security of such messages
/// where nothing about them is in doubt (snmp/usm_shortcut.hpp); all else goes through snmp_build() and snmp_parse().
/// Process-wide in it: the USM user list and the engine-time list (a session's user and its agent's clock are linked
/// into them only while a call for that session runs, so that devices may share an engine id with other keys and
/// another clock), request counters, statistics, the log handlers.
///
/// Thread: one engine and one thread a process (Debian's Net-SNMP is built without its locks); asserted.
class Engine {
 public:
  /// Errors: none today beyond what EventLoop gave; kept for sockets that cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<Engine>> create(EventLoop& loop, EngineOptions options = {});
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Errors: io (no socket of that family), config (credentials that USM does not take).
  [[nodiscard]] Result<std::unique_ptr<Session>> open(SessionOptions options);

  [[nodiscard]] const Traffic& traffic() const noexcept;
  [[nodiscard]] std::size_t in_flight() const noexcept;
  /// Sessions whose next request waits for room in the receive buffers.
  [[nodiscard]] std::size_t starved() const noexcept;

  struct Impl;

 private:
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// "5.9.3", for --version.
[[nodiscard]] std::string library_version();

}  // namespace octopoll::snmp
