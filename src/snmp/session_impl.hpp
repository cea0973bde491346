#pragma once
// The inside of a session and of the engine, which know each other.

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/snmp/engine.hpp"
#include "snmp/id_table.hpp"
#include "snmp/random_ids.hpp"
#include "snmp/round_trips.hpp"
#include "snmp/udp_socket.hpp"
#include "snmp/usm.hpp"
#include "snmp/usm_shortcut.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {

/// A socket, and how much of its receive buffer the answers on their way may take.
struct Channel {
  std::unique_ptr<UdpSocket> socket;
  std::size_t awaited = 0;  ///< exchanges
};

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
  std::string encoded;  ///< instead of the request's names
  Session::Done done;
  Reply reply;
  bool ended = false;
  bool too_large = false;             ///< for the path, by the last ICMP error about it
  bool rediscovered = false;          ///< sent again after the agent disowned its engine id
  bool due = false;                   ///< to be sent as soon as max_requests_per_second allows it
  Channel* channel = nullptr;         ///< its tries leave by this one
  std::chrono::nanoseconds waited{};  ///< by the tries before
  BootTime deadline;                  ///< of the last try
  BootTime wake = BootTime::max();    ///< then it is looked after; never where it waits for its turn
  unsigned tries = 0;
  std::unique_ptr<Exchange> on_behalf;  ///< of a check: the request that met silence
};

/// One PDU that the library keeps in its list: it hands this back in its callbacks.
struct Try {
  Session::Impl* session = nullptr;
  Exchange* exchange = nullptr;       ///< null once the exchange has ended; the library may hold the PDU a while longer
  bool encoded = false;               ///< its request is
  std::int64_t request_id = 0;        ///< in the PDU
  std::array<std::int64_t, 2> ids{};  ///< request id or message ids it went out under; the library resends but once
  BootTime sent;
  BootTime expires;           ///< when the library may be told to drop it
  bool gone = false;          ///< the library dropped it
  bool unreadable = false;    ///< an answer came to it that cannot be read
  const void* pdu = nullptr;  ///< the library's, to be fetched before it asks for it

  [[nodiscard]] bool went_out_as(std::int64_t id) const noexcept {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  }
};

/// Answers to requests under way that were dropped, to explain a silence by.
struct DroppedAnswers {
  enum class Why : std::uint8_t {
    unreadable,         ///< nothing of it
    indefinite_length,  ///< in BER's indefinite form
    other_version,
    other_pdu,  ///< no Response-PDU
    other_community,
    unauthentic,  ///< v3: did not decode, or did not authenticate
  };
  unsigned count = 0;
  Why why = Why::unreadable;        ///< the last one
  std::size_t octets = 0;           ///< of the last one
  std::optional<BootTime> since{};  ///< the first try; before that nothing was under way
};

/// An answer under an id that nobody sent, or that was forgotten already.
struct StrayAnswer {
  Endpoint from;
  std::int64_t id = 0;
  BootTime received;
};

/// The message that the library is at work on: one at a time, of whatever session.
struct Work {
  std::string_view incoming;  ///< the datagram that the library is told of; parse() copies it
  BootTime incoming_at;
  /// What the library is about to send, where it was built here, and its id on the wire; else none.
  struct OwnMessage {
    std::string_view octets;
    std::int64_t id = 0;
  };
  OwnMessage own_message;
  bool took_encoded = false;            ///< the library was handed an answer that was read in place
  std::string_view answered_variables;  ///< of the answer to an encoded request that the library hands out next
  Try* sending = nullptr;               ///< whose PDU we have the library send right now
  LinkedEngine* linked = nullptr;       ///< while the library is at work
  const Try* building = nullptr;        ///< whose PDU it built last: also one that it resends by itself
  std::vector<std::int64_t> sent_ids;   ///< ids that went out while the library was at work on an answer
};

struct Engine::Impl {
  EventLoop& loop;
  EngineOptions options;
  RandomIds ids;
  KuCache keys;
  UsmShortcut shortcut;
  std::deque<Channel> channels4, channels6;  ///< exchanges point into them
  /// Which session sent the message with this id. Sessions outnumber neither ids nor memory: an id is 31 random bits.
  IdTable<Session::Impl*> sent;
  std::vector<Session::Impl*> sessions;  ///< to find those of an address, when an ICMP error quotes no id
  /// Have something to start, before the loop waits. A session that is destroyed leaves a null behind.
  std::vector<Session::Impl*> to_pump, pumping;
  std::size_t released = 0;            ///< places for answers that were given back since the starved were last told
  std::deque<Session::Impl*> starved;  ///< have something to send and no room for the answer; first come, first served
  mutable Traffic traffic;             ///< mutable: kernel_drops is gathered from the sockets when somebody looks
  std::size_t in_flight = 0;
  std::array<StrayAnswer, 32> strays;  ///< the newest: to explain a silence by
  std::size_t stray_count = 0;         ///< of them all
  std::string scoped_pdu;              ///< v3: the PDU within, decrypted; of the answer at hand
  std::string message;                 ///< an encoded request being built
  std::string sealed;                  ///< v3: the message around it
  Work work;
  std::vector<std::unique_ptr<Exchange>> spare;  ///< with the memory of the requests that they had

  netsnmp_large_fd_set ready;  ///< what the library is told to be, each time that it is to read

  EventLoop::HookId pump_hook;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive the engine

  Impl(EventLoop& event_loop, EngineOptions with);
  ~Impl();
  [[nodiscard]] std::deque<Channel>& channels(int family) noexcept {
    return family == AF_INET6 ? channels6 : channels4;
  }
  [[nodiscard]] Result<Channel*> open_channel(int family);
  /// One with room for an answer; null where there is none and none can be opened.
  /// `detour`: by another local port than usual, if that can be had.
  [[nodiscard]] Channel* channel_with_room(int family, bool detour = false);
  void release(Channel& channel);
  [[nodiscard]] bool wake_starved();
  [[nodiscard]] std::unique_ptr<Exchange> new_exchange();
  void reuse(std::unique_ptr<Exchange> exchange);
  void pump_soon(Session::Impl& session);
  void pump_all();
  void enter(Session::Impl& session);
  void leave(Session::Impl& session);
  void on_datagrams(std::span<const Datagram> datagrams);
  void on_datagram(const Datagram& came, std::optional<MessageHead>& head);
  void on_undelivered(const Endpoint& destination, std::int64_t id, const std::string& reason, Undelivered::Word word);
};

struct Session::Impl {
  Engine::Impl& engine;
  SessionOptions options;
  void* handle = nullptr;  ///< Net-SNMP's session
  UsmUserPtr user;         ///< v3, after discovery
  EngineClock clock;       ///< v3: the agent's
  Traffic traffic;

  enum class Phase : std::uint8_t { undiscovered, discovering, ready };
  Phase phase = Phase::ready;
  bool proved = false;  ///< v3: a request was answered since the keys were made, so keys and context are right
  std::uint64_t malformed_at_discovery = 0;

  RoundTrips round_trips;
  // Few at a time, and an empty deque takes more memory than all else here.
  std::vector<std::unique_ptr<Exchange>> waiting;
  std::vector<std::unique_ptr<Exchange>> failed;  ///< taken from waiting, to be told so, the last one first
  std::vector<std::unique_ptr<Exchange>> active;
  std::vector<std::unique_ptr<Try>> tries;
  EventLoop::TimerId sweep_timer = 0;
  EventLoop::TimerId wake_timer = 0;
  BootTime wake_at;                                            ///< of that timer
  BootTime next_turn;                                          ///< with max_requests_per_second: nothing is sent before
  EventLoop::TimerId turn_timer = 0;                           ///< while something waits for it
  std::size_t place = 0;                                       ///< in the engine's list of sessions
  unsigned silences = 0;                                       ///< requests in a row that met silence
  bool pump_pending = false;                                   ///< is in the engine's to_pump or pumping
  bool is_starved = false;                                     ///< is in the engine's list of them
  bool detour = false;                                         ///< asks by another local port than usual
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive the session

  Endpoint foreign_source;  ///< an answer came from here, and was not taken; invalid: none did
  DroppedAnswers dropped;

  Impl(Engine::Impl& owner, SessionOptions with) : engine(owner), options(std::move(with)) {}
  ~Impl();

  [[nodiscard]] Result<> open_handle();
  void close_handle();
  void enqueue(std::unique_ptr<Exchange> exchange, Done done);
  void pump();
  void note_silence(const Exchange& exchange) noexcept;
  /// Null where there is no room for an answer: then the session is told when there is.
  [[nodiscard]] Channel* room();
  [[nodiscard]] unsigned allowed_in_flight() const noexcept;
  void start(std::unique_ptr<Exchange> exchange, Channel& channel);
  [[nodiscard]] bool has_turn() const noexcept;
  void wait_for_turn();
  void transmit_in_turn(Exchange& exchange);
  void transmit(Exchange& exchange);
  [[nodiscard]] std::int64_t next_id() const;
  [[nodiscard]] bool takes_answers_from(const Endpoint& source) const noexcept;
  [[nodiscard]] netsnmp_pdu* make_pdu(const Exchange& exchange) const;
  [[nodiscard]] std::chrono::nanoseconds configured_patience(unsigned try_number) const noexcept;
  /// How often it may be sent again, and over how many tries its time is reckoned.
  [[nodiscard]] unsigned retries_of(const Exchange& exchange) const noexcept;
  [[nodiscard]] unsigned patient_for(const Exchange& exchange) const noexcept;
  [[nodiscard]] std::chrono::nanoseconds patience(const Exchange& exchange, unsigned try_number) const noexcept;
  void wake_for(Exchange& exchange, BootTime when);
  void on_wake_timer();
  void look_after(Exchange& exchange, BootTime now);
  /// What an answer leads to, one step after the other: each reads what the one before has fetched.
  void bring_lists_near() const noexcept;
  void bring_parts_near() const noexcept;
  void bring_requests_near() const noexcept;
  void feed(std::string_view datagram, const MessageHead& head, BootTime received);
  [[nodiscard]] Try* try_of(std::int64_t request_id) noexcept;
  /// The try that went out under this id, while somebody waits for it.
  [[nodiscard]] Try* awaited_try(std::int64_t id) noexcept;
  /// Of that try.
  [[nodiscard]] Exchange* exchange_of(std::int64_t id) noexcept;
  // message.cpp: what the library calls to build and to parse a message.
  int build(netsnmp_pdu& pdu, u_char** packet, std::size_t* capacity, std::size_t* length);
  int build_encoded(netsnmp_pdu& pdu, const std::string& variables, u_char** packet, std::size_t* capacity,
                    std::size_t* length);
  int parse(netsnmp_pdu& pdu, u_char* octets, std::size_t length);
  [[nodiscard]] bool parse_encoded(netsnmp_pdu& pdu);
  [[nodiscard]] std::optional<UsmParty> party() const;
  [[nodiscard]] bool build_by_shortcut(const netsnmp_pdu& pdu, std::string_view get);
  [[nodiscard]] bool parse_by_shortcut(netsnmp_pdu& pdu);
  [[nodiscard]] bool parse_in_part(netsnmp_pdu& pdu, u_char* octets);
  /// What becomes of the PDU within a message.
  using TakePdu = bool (Impl::*)(netsnmp_pdu& pdu, std::string_view octets);
  [[nodiscard]] bool parse_v3(netsnmp_pdu& pdu, u_char* octets, TakePdu take);
  [[nodiscard]] bool take_response(netsnmp_pdu& pdu, std::string_view octets);
  [[nodiscard]] bool take_in_part(netsnmp_pdu& pdu, std::string_view octets);
  int on_library(int operation, netsnmp_pdu* pdu, Try& a_try);
  void take_report(Reply& reply, netsnmp_pdu* pdu) const;
  void take_refusal(const MessageHead& head, bool by_stranger);
  /// An answer to the request of this id that is not taken.
  void drop(std::int64_t id, std::size_t octets, DroppedAnswers::Why why);
  /// The same where that try will have no other answer.
  void take_unreadable(std::int64_t id, std::size_t octets, DroppedAnswers::Why why);
  /// Each try of it was answered, and no answer can be read.
  [[nodiscard]] bool all_unreadable(const Exchange& exchange) const noexcept;
  /// From there, while something was under way.
  [[nodiscard]] const StrayAnswer* newest_stray() const noexcept;
  void end(Exchange& exchange, Outcome outcome);
  void leave_active(Exchange& exchange);
  void finish_ended();
  void finish(std::unique_ptr<Exchange> exchange);
  void finish_discovery(const Exchange& exchange);
  [[nodiscard]] std::optional<Exchange::Purpose> next_check(Exchange::Purpose last) const;
  void rediscover(std::unique_ptr<Exchange> exchange);
  void fail_waiting(const Reply& reply);
  void forget(Try& a_try);
  void sweep();
  int send_datagram(std::string_view octets);
};

}  // namespace octopoll::snmp
