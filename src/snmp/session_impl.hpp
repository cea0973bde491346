#pragma once
// The inside of a session and of the engine, which know each other.

#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "octopoll/snmp/engine.hpp"
#include "snmp/random_ids.hpp"
#include "snmp/udp_socket.hpp"
#include "snmp/usm.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {

/// One question and all tries to have it answered.
struct Exchange {
  enum class Purpose : std::uint8_t {
    request,    ///< somebody's Session::send
    discovery,  ///< v3: which engine are you (RFC 3414 section 4)
    // v3, where the agent is there and its requests meet silence: which part of them it does not understand.
    context_check,  ///< is it answered without the context
    auth_check,     ///< is it answered without encryption and context
  };
  Purpose purpose = Purpose::request;
  Request request;
  Session::Done done;
  Reply reply;
  bool ended = false;
  bool rediscovered = false;  ///< sent again after the agent disowned its engine id
  unsigned tries = 0;
  EventLoop::TimerId timer = 0;
  std::unique_ptr<Exchange> on_behalf;  ///< of a check: the request that met silence
};

/// One PDU that the library keeps in its list: it hands this back in its callbacks.
struct Try {
  Session::Impl* session = nullptr;
  Exchange* exchange = nullptr;   ///< null once the exchange has ended; the library may hold the PDU a while longer
  std::vector<std::int64_t> ids;  ///< request id or message ids it went out under
  BootTime sent;
  BootTime expires;   ///< when the library may be told to drop it
  bool gone = false;  ///< the library dropped it
};

struct Engine::Impl {
  EventLoop& loop;
  RandomIds ids;
  KuCache keys;
  std::unique_ptr<UdpSocket> socket4, socket6;
  /// Which session sent the message with this id. Sessions outnumber neither ids nor memory: an id is 31 random bits.
  std::unordered_map<std::int64_t, Session::Impl*> sent;
  std::vector<Session::Impl*> sessions;  ///< to find those of an address, when an ICMP error quotes no id
  Traffic traffic;
  std::size_t in_flight = 0;

  explicit Impl(EventLoop& event_loop) : loop(event_loop) {}
  [[nodiscard]] Result<UdpSocket*> socket_for(int family);
  void on_datagram(const Endpoint& from, std::string_view datagram, BootTime received);
  void on_icmp(const Endpoint& destination, std::int64_t id, const std::string& reason);
};

struct Session::Impl {
  Engine::Impl& engine;
  SessionOptions options;
  UdpSocket* socket = nullptr;
  void* handle = nullptr;  ///< Net-SNMP's session
  UsmUserPtr user;         ///< v3, after discovery
  EngineClock clock;       ///< v3: the agent's
  Traffic traffic;

  enum class Phase : std::uint8_t { undiscovered, discovering, ready };
  Phase phase = Phase::ready;
  bool proved = false;  ///< v3: a request was answered since the keys were made, so keys and context are right
  std::uint64_t malformed_at_discovery = 0;

  std::deque<std::unique_ptr<Exchange>> waiting;
  std::deque<std::unique_ptr<Exchange>> failed;  ///< taken from waiting, to be told so
  std::vector<std::unique_ptr<Exchange>> active;
  std::vector<std::unique_ptr<Try>> tries;
  EventLoop::TimerId sweep_timer = 0;
  bool pump_posted = false;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive the session

  std::string_view incoming;  ///< what t_recv hands to the library
  BootTime incoming_at;
  Try* sending = nullptr;              ///< whose PDU the library is sending right now
  std::vector<std::int64_t> sent_ids;  ///< ids that went out while the library was at work on an answer
  std::string foreign_source;          ///< an answer came from here, not from the address asked
  std::string icmp_reason;
  int send_errno = 0;

  Impl(Engine::Impl& owner, SessionOptions with) : engine(owner), options(std::move(with)) {}
  ~Impl();

  [[nodiscard]] Result<> open_handle();
  void close_handle();
  void pump();
  void post_pump();
  void start(std::unique_ptr<Exchange> exchange);
  void transmit(Exchange& exchange);
  [[nodiscard]] netsnmp_pdu* make_pdu(const Exchange& exchange) const;
  [[nodiscard]] std::chrono::nanoseconds patience(unsigned try_number) const noexcept;
  void on_try_timer(Exchange& exchange);
  void feed(std::string_view datagram, const MessageHead& head, BootTime received);
  int on_library(int operation, netsnmp_pdu* pdu, Try& a_try);
  void take_report(Reply& reply, netsnmp_pdu* pdu) const;
  void take_refusal(const MessageHead& head, bool by_stranger);
  void end(Exchange& exchange, Outcome outcome);
  void finish_ended();
  void finish(std::unique_ptr<Exchange> exchange);
  void finish_discovery(const Exchange& exchange);
  [[nodiscard]] std::optional<Exchange::Purpose> next_check(Exchange::Purpose last) const;
  void rediscover(std::unique_ptr<Exchange> exchange);
  void fail_waiting(const Reply& reply);
  void forget(Try& a_try);
  void sweep();
  int send_datagram(std::string_view datagram);
};

}  // namespace octopoll::snmp
