#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string>

#include "octopoll/core/text.hpp"
#include "snmp/convert.hpp"
#include "snmp/nearby.hpp"
#include "snmp/session_impl.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {
namespace {

/// As a signed or as an unsigned number.
bool fits_16_bits(std::int64_t id) { return id >= INT16_MIN && id <= UINT16_MAX; }

/// The library frees transport->data with the transport, so the way back to us is a block of its own.
struct TransportData {
  Session::Impl* session;
};
Session::Impl& session_of(netsnmp_transport* transport) {
  return *static_cast<TransportData*>(transport->data)->session;
}

int transport_receive(netsnmp_transport* transport, void*, int size, void** opaque, int* opaque_length) noexcept {
  // What is read in place is never copied; the hook that parses copies all else.
  const auto length = std::min(session_of(transport).engine.work.incoming.size(), static_cast<std::size_t>(size));
  *opaque = nullptr;
  *opaque_length = 0;
  return static_cast<int>(length);
}

int transport_send(netsnmp_transport* transport, const void* octets, int size, void**, int*) noexcept {
  return session_of(transport).send_datagram({static_cast<const char*>(octets), static_cast<std::size_t>(size)});
}

int build_hook(netsnmp_session* session, netsnmp_pdu* pdu, u_char** packet, std::size_t* capacity,
               std::size_t* length) noexcept {
  return static_cast<Session::Impl*>(session->myvoid)->build(*pdu, packet, capacity, length);
}

int parse_hook(netsnmp_session* session, netsnmp_pdu* pdu, u_char* octets, std::size_t length) noexcept {
  return static_cast<Session::Impl*>(session->myvoid)->parse(*pdu, octets, length);
}

/// The socket is shared and stays open.
int transport_close(netsnmp_transport*) noexcept { return 0; }

int library_callback(int operation, netsnmp_session*, int, netsnmp_pdu* pdu, void* magic) noexcept {
  Try& a_try = *static_cast<Try*>(magic);
  return a_try.session->on_library(operation, pdu, a_try);
}

/// The library looks for its descriptor among those that are ready, and is told that it is; reading it is ours.
constexpr int any_descriptor = 0;
constexpr unsigned longest_back_off = 4;
/// Requests in a row that meet silence, before others leave by another local port.
constexpr unsigned silences_of_a_flow = 3;
constexpr auto unread_pause = std::chrono::milliseconds(2);
constexpr auto longest_grace = std::chrono::seconds(1);
/// Octets of a text, from which on the processor sees by itself that it is read to its end.
constexpr std::size_t begun_text = 256;
/// Octets of what the library has for its own eyes that it looks at for an answer.
constexpr std::size_t shown_of_library = 128;
constexpr auto copy_wait = std::chrono::milliseconds(100);

}  // namespace

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::~Session() = default;

void Session::send(Request request, Done done) {
  auto exchange = impl_->engine.new_exchange();
  exchange->request = std::move(request);
  impl_->enqueue(std::move(exchange), std::move(done));
}

void Session::send_encoded(std::string_view variables, std::optional<unsigned> retries, Done done) {
  auto exchange = impl_->engine.new_exchange();
  exchange->encoded = variables;
  exchange->request.retries = retries;
  impl_->enqueue(std::move(exchange), std::move(done));
}

void Session::Impl::enqueue(std::unique_ptr<Exchange> exchange, Done done) {
  exchange->done = std::move(done);
  waiting.push_back(std::move(exchange));
  engine.pump_soon(*this);
}

void Session::later(std::function<void()> callback) {
  impl_->engine.loop.post([still = impl_->alive, callback = std::move(callback)] {
    if (*still) callback();
  });
}

void Session::cancel_all() {
  impl_->waiting.clear();
  impl_->failed.clear();
  for (const auto& exchange : impl_->active) {
    for (const auto& a_try : impl_->tries) {
      if (a_try->exchange == exchange.get()) a_try->exchange = nullptr;
    }
    impl_->leave_active(*exchange);
  }
  impl_->active.clear();
  if (impl_->phase == Impl::Phase::discovering) impl_->phase = Impl::Phase::undiscovered;
  impl_->sweep();
}

void Session::give_up_all() {
  impl_->traffic.timeouts += impl_->active.size();
  impl_->engine.traffic.timeouts += impl_->active.size();
  cancel_all();
}

const SessionOptions& Session::options() const noexcept { return impl_->options; }
const Traffic& Session::traffic() const noexcept { return impl_->traffic; }

std::optional<Endpoint> Session::foreign_source() const {
  return impl_->foreign_source.valid() ? std::optional(impl_->foreign_source) : std::nullopt;
}

bool Session::cuts_request_ids() const {
  const auto& strays = impl_->engine.strays;
  return !impl_->options.short_request_ids && std::any_of(strays.begin(), strays.end(), [this](const auto& stray) {
    return stray.from == impl_->options.endpoint && fits_16_bits(stray.id);
  });
}

std::string Session::engine_id() const {
  const netsnmp_session* session = snmp_sess_session(impl_->handle);
  if (session == nullptr || session->securityEngineIDLen == 0) return {};
  return to_hex({reinterpret_cast<const char*>(session->securityEngineID), session->securityEngineIDLen});
}

std::optional<std::pair<std::uint32_t, std::uint32_t>> Session::engine_clock() const {
  const EngineClock& clock = impl_->clock;
  if (!clock.known || !clock.authenticated) return std::nullopt;
  return std::pair{clock.boots, clock.time_at(BootClock::now())};
}

Session::Impl::~Impl() {
  *alive = false;
  for (const auto& exchange : active) leave_active(*exchange);
  engine.loop.cancel(turn_timer);
  close_handle();
  engine.leave(*this);
}

/// What an exchange in flight holds: its turn, and room for its answer.
void Session::Impl::leave_active(Exchange& exchange) {
  exchange.wake = BootTime::max();
  --engine.in_flight;
  engine.release(*std::exchange(exchange.channel, nullptr));
}

Result<> Session::Impl::open_handle() {
  netsnmp_session session;
  snmp_sess_init(&session);
  session.myvoid = this;
  session.retries = 0;  // each of our tries is a request of its own to the library
  session.timeout = 1'000'000;
  session.version = options.credentials->version == SnmpVersion::v1    ? SNMP_VERSION_1
                    : options.credentials->version == SnmpVersion::v2c ? SNMP_VERSION_2c
                                                                       : SNMP_VERSION_3;
  const std::string community = options.credentials->community.reveal();
  if (options.credentials->version == SnmpVersion::v3) {
    if (auto filled = fill_usm(session, *options.credentials, engine.keys); !filled) return filled;
    phase = Phase::undiscovered;
    proved = false;
  } else {
    session.community = reinterpret_cast<u_char*>(const_cast<char*>(community.data()));
    session.community_len = community.size();
    phase = Phase::ready;
  }
  auto* transport = static_cast<netsnmp_transport*>(std::calloc(1, sizeof(netsnmp_transport)));
  auto* data = static_cast<TransportData*>(std::malloc(sizeof(TransportData)));
  if (transport == nullptr || data == nullptr) {
    std::free(transport);
    std::free(data);
    return fail(ErrorKind::internal, "out of memory");
  }
  data->session = this;
  transport->data = data;
  transport->data_length = sizeof(TransportData);
  transport->sock = any_descriptor;
  transport->msgMaxSize = 65'507;
  transport->flags = NETSNMP_TRANSPORT_FLAG_OPENED;
  transport->f_recv = transport_receive;
  transport->f_send = transport_send;
  transport->f_close = transport_close;
  handle = snmp_sess_add_ex(&session, transport, nullptr, parse_hook, nullptr, nullptr, build_hook, nullptr, nullptr);
  explicit_bzero(session.securityAuthKey, sizeof session.securityAuthKey);
  explicit_bzero(session.securityPrivKey, sizeof session.securityPrivKey);
  if (handle == nullptr) {
    return fail(ErrorKind::config, fmt::format("{}: Net-SNMP does not open this session", options.label),
                "check version, user and protocols");
  }
  // Set by snmp_sess_init(), cleared by snmp_sess_add_ex(): without it the first send asks for the engine id itself,
  // and blocks.
  snmp_sess_session(handle)->flags |= SNMP_FLAGS_DONT_PROBE;
  return {};
}

void Session::Impl::close_handle() {
  for (EventLoop::TimerId* timer : {&sweep_timer, &wake_timer}) engine.loop.cancel(std::exchange(*timer, 0));
  if (handle != nullptr) snmp_sess_close(std::exchange(handle, nullptr));
  for (const auto& a_try : tries) forget(*a_try);
  tries.clear();
  user.reset();
}

void Session::Impl::pump() {
  for (const auto& exchange : active) {
    if (exchange->due && !exchange->ended) transmit_in_turn(*exchange);
  }
  if (phase == Phase::undiscovered && !waiting.empty()) {
    if (Channel* channel = room()) {
      phase = Phase::discovering;
      auto discovery = std::make_unique<Exchange>();
      discovery->purpose = Exchange::Purpose::discovery;
      discovery->request.retries = waiting.front()->request.retries;
      discovery->request.probe = waiting.front()->request.probe;
      start(std::move(discovery), *channel);
    }
  }
  while (phase == Phase::ready && !waiting.empty() && active.size() < allowed_in_flight()) {
    if (!has_turn()) {
      wait_for_turn();
      break;
    }
    Channel* channel = room();
    if (channel == nullptr) break;
    auto next = std::move(waiting.front());
    waiting.erase(waiting.begin());
    start(std::move(next), *channel);
  }
  finish_ended();
}

Channel* Session::Impl::room() {
  Channel* channel = engine.channel_with_room(options.endpoint.family(), detour);
  if (channel == nullptr && !std::exchange(is_starved, true)) engine.starved.push_back(this);
  return channel;
}

unsigned Session::Impl::allowed_in_flight() const noexcept {
  return round_trips.rising() ? 1 : options.max_outstanding;
}

void Session::Impl::start(std::unique_ptr<Exchange> exchange, Channel& channel) {
  // What was dropped before explains no silence to come. A check is part of what it is made for.
  if (active.empty() && !exchange->on_behalf) dropped = {};
  exchange->channel = &channel;
  channel.socket->set_awaited(++channel.awaited);
  ++engine.in_flight;
  exchange->tries = 0;
  exchange->waited = {};
  active.push_back(std::move(exchange));
  transmit_in_turn(*active.back());
}

bool Session::Impl::has_turn() const noexcept {
  return !options.max_requests_per_second || BootClock::now() >= next_turn;
}

void Session::Impl::wait_for_turn() {
  if (turn_timer != 0) return;
  turn_timer = engine.loop.at(next_turn, [this] {
    turn_timer = 0;
    engine.pump_soon(*this);
  });
}

/// Now, or when its turn comes; meanwhile a late answer to an earlier try is still taken.
void Session::Impl::transmit_in_turn(Exchange& exchange) {
  exchange.due = !has_turn();
  if (exchange.due) return wait_for_turn();
  transmit(exchange);
}

/// RFC 3416 section 4.1 leaves the strategy to us: each wait is twice the one before, at most four times the first.
std::chrono::nanoseconds Session::Impl::configured_patience(unsigned try_number) const noexcept {
  return options.timeout * (try_number >= 2 ? longest_back_off : 1U << try_number);
}

unsigned Session::Impl::retries_of(const Exchange& exchange) const noexcept {
  return exchange.request.probe ? 0 : exchange.request.retries.value_or(options.retries);
}

/// A probe is one PDU, but a slow agent needs the time of all tries to answer one.
unsigned Session::Impl::patient_for(const Exchange& exchange) const noexcept {
  return exchange.request.probe ? options.retries : retries_of(exchange);
}

/// As soon as the device's round trips are known a lost packet is noticed early; the last try waits for what is left of
/// the configured waits together, since a device may also pause.
std::chrono::nanoseconds Session::Impl::patience(const Exchange& exchange, unsigned try_number) const noexcept {
  if (try_number < retries_of(exchange)) {
    const auto learned = round_trips.wait(options.timeout) * (1U << std::min(try_number, 8U));
    return std::min(learned, configured_patience(try_number));
  }
  std::chrono::nanoseconds all{};
  for (unsigned i = 0; i <= patient_for(exchange); ++i) all += configured_patience(i);
  return std::max(all - exchange.waited, options.timeout);
}

void Session::Impl::transmit(Exchange& exchange) {
  const unsigned number = exchange.tries++;
  const std::chrono::nanoseconds wait = patience(exchange, number);
  std::chrono::nanoseconds welcome{};  // a late answer to this try is taken for as long as the exchange lasts
  for (unsigned i = 0; i <= std::max(patient_for(exchange), number); ++i) welcome += configured_patience(i);
  welcome -= std::min(exchange.waited, welcome - wait);
  exchange.waited += wait;

  auto owned = std::make_unique<Try>();
  Try& a_try = *owned;
  a_try.session = this;
  a_try.exchange = &exchange;
  a_try.encoded = !exchange.encoded.empty();
  a_try.sent = BootClock::now();
  a_try.expires = a_try.sent + welcome;
  tries.push_back(std::move(owned));
  if (!dropped.since) dropped.since = a_try.sent;
  if (number > 0) {
    ++traffic.retries;
    ++engine.traffic.retries;
  }

  netsnmp_pdu* pdu = make_pdu(exchange);
  bool queued = false;
  if (pdu != nullptr) {
    a_try.request_id = pdu->reqid;
    snmp_sess_session(handle)->timeout = std::chrono::duration_cast<std::chrono::microseconds>(welcome).count();
    engine.work.sending = &a_try;
    {
      const LinkedEngine while_sending(*snmp_sess_session(handle), user.get(), clock, engine.work.linked);
      a_try.pdu = pdu;
      queued = snmp_sess_async_send(handle, pdu, library_callback, &a_try) != 0;
    }
    engine.work.sending = nullptr;
    if (!queued) snmp_free_pdu(pdu);
  }
  if (!queued) {
    a_try.gone = true;
    end(exchange, Outcome::not_sent);
    return;
  }
  exchange.deadline = a_try.sent + wait;
  wake_for(exchange, exchange.deadline);
}

/// One timer serves all exchanges of a session, and is not moved when one of them ends: it would be with each answer,
/// and nearly all requests are answered. What comes too early looks who is next.
void Session::Impl::wake_for(Exchange& exchange, BootTime when) {
  exchange.wake = when;
  if (wake_timer != 0 && wake_at <= when) return;
  engine.loop.cancel(wake_timer);
  wake_at = when;
  wake_timer = engine.loop.at(when, [this] { on_wake_timer(); });
}

void Session::Impl::on_wake_timer() {
  wake_timer = 0;
  const BootTime now = BootClock::now();
  for (const auto& exchange : active) {
    const BootTime when = exchange->wake;
    if (exchange->ended || when == BootTime::max()) continue;
    if (when > now) {
      wake_for(*exchange, when);
    } else {
      look_after(*exchange, now);
    }
  }
  finish_ended();
}

netsnmp_pdu* Session::Impl::make_pdu(const Exchange& exchange) const {
  netsnmp_pdu* pdu = nullptr;
  if (exchange.purpose == Exchange::Purpose::discovery) {
    pdu = make_discovery_pdu();
  } else if (exchange.purpose != Exchange::Purpose::request) {
    pdu = snmp_pdu_create(SNMP_MSG_GET);
    if (pdu != nullptr) {
      if (exchange.purpose == Exchange::Purpose::auth_check) pdu->securityLevel = SNMP_SEC_LEVEL_AUTHNOPRIV;
      pdu->contextName = strdup("");
      add_name(*pdu, sys_up_time());
    }
  } else if (!exchange.encoded.empty()) {
    pdu = snmp_pdu_create(SNMP_MSG_GET);
  } else {
    pdu = to_pdu(exchange.request, options.credentials->version);
  }
  if (pdu == nullptr) return nullptr;
  pdu->reqid = next_id();
  pdu->msgid = next_id();
  return pdu;
}

std::int64_t Session::Impl::next_id() const {
  if (!options.short_request_ids) return engine.ids.next();
  // So few that sessions may meet in one, and then the answer to one of them is lost.
  constexpr int most_attempts = 16;
  std::int64_t id = engine.ids.next_short();
  for (int i = 1; i < most_attempts && engine.sent.find(id) != nullptr; ++i) id = engine.ids.next_short();
  return id;
}

bool Session::Impl::takes_answers_from(const Endpoint& source) const noexcept {
  return source == options.endpoint ||
         std::find(options.answers_from.begin(), options.answers_from.end(), source) != options.answers_from.end();
}

/// The last try has had its time.
void Session::Impl::look_after(Exchange& exchange, BootTime now) {
  exchange.wake = BootTime::max();
  // A loop that was held up finds answers and time-outs at once: the answers come first.
  if (exchange.channel->socket->may_hold_answers() && now < exchange.deadline + longest_grace)
    return wake_for(exchange, now + unread_pause);
  if (exchange.tries <= retries_of(exchange)) {
    transmit_in_turn(exchange);
  } else if (all_unreadable(exchange)) {
    end(exchange, Outcome::unreadable);
  } else {
    // Where the path is too narrow, less may be asked for, as of an agent that is silent to large requests.
    const bool hinted = !exchange.reply.undelivered.empty() && !exchange.too_large;
    end(exchange, hinted ? Outcome::unreachable : Outcome::timed_out);
  }
}

Try* Session::Impl::try_of(std::int64_t request_id) noexcept {
  for (const auto& a_try : tries) {
    if (a_try->request_id == request_id) return a_try.get();
  }
  return nullptr;
}

Try* Session::Impl::awaited_try(std::int64_t id) noexcept {
  for (const auto& a_try : tries) {
    if (a_try->went_out_as(id) && a_try->exchange != nullptr && !a_try->exchange->ended) return a_try.get();
  }
  return nullptr;
}

Exchange* Session::Impl::exchange_of(std::int64_t id) noexcept {
  const Try* const awaited = awaited_try(id);
  return awaited != nullptr ? awaited->exchange : nullptr;
}

/// `octets` are the library's, and untouched where the message was built here.
int Session::Impl::send_datagram(std::string_view octets) {
  Work::OwnMessage message = std::exchange(engine.work.own_message, {});
  if (message.octets.empty()) {
    const auto head = read_head(octets);
    if (!head) return -1;
    message = {octets, head->id};
  }
  const auto [datagram, id] = message;
  const Exchange* exchange = engine.work.building != nullptr ? engine.work.building->exchange : nullptr;
  Channel& channel = exchange != nullptr ? *exchange->channel : engine.channels(options.endpoint.family()).front();
  channel.socket->send(options.endpoint, datagram);
  // Here, as the library sends again by itself, too.
  if (const auto rate = options.max_requests_per_second) {
    next_turn = std::max(next_turn, BootClock::now()) + std::chrono::nanoseconds(std::chrono::seconds(1)) / *rate;
  }
  engine.sent.set(id, this);
  if (engine.work.sending != nullptr) {
    engine.work.sending->ids[0] = id;
  } else {
    engine.work.sent_ids.push_back(id);
  }
  for (Traffic* counts : {&traffic, &engine.traffic}) {
    ++counts->requests;
    counts->octets_sent += datagram.size();
  }
  return static_cast<int>(datagram.size());
}

void Session::Impl::bring_lists_near() const noexcept {
  bring_near(tries.data(), sizeof tries.front() * tries.size());
  bring_near(active.data(), sizeof active.front() * active.size());
  bring_near(handle, sizeof(session_list));
}

void Session::Impl::bring_parts_near() const noexcept {
  for (const auto& a_try : tries) bring_near(a_try.get(), sizeof(Try));
  for (const auto& exchange : active) bring_near(exchange.get(), sizeof(Exchange));
  const auto& library = *static_cast<const session_list*>(handle);
  bring_near(library.session, offsetof(netsnmp_session, contextEngineID));
  bring_near(&library.session->myvoid, sizeof(void*));
  bring_near(library.transport, sizeof(netsnmp_transport));
  bring_near(library.internal, shown_of_library);
}

void Session::Impl::bring_requests_near() const noexcept {
  for (const auto& a_try : tries) bring_near(a_try->pdu, sizeof(netsnmp_pdu));
  for (const auto& exchange : active)
    bring_near(exchange->encoded.data(), std::min(exchange->encoded.size(), begun_text));
  // Of what the library has for its own eyes the first word is where its list of requests begins.
  const void* requests = nullptr;
  std::memcpy(&requests, static_cast<const session_list*>(handle)->internal, sizeof requests);
  bring_near(requests, shown_of_library);
}

void Session::Impl::feed(std::string_view datagram, const MessageHead& head, BootTime received) {
  Work& work = engine.work;
  for (Traffic* counts : {&traffic, &engine.traffic}) counts->octets_received += datagram.size();
  work.incoming = datagram;
  work.incoming_at = received;
  work.sent_ids.clear();
  netsnmp_session* session = snmp_sess_session(handle);
  const std::uint32_t strangers = count_strangers();
  {
    LinkedEngine while_reading(*session, user.get(), clock, work.linked);
    work.took_encoded = false;
    NETSNMP_LARGE_FD_SET(any_descriptor, &engine.ready);  // reading takes it out
    snmp_sess_read2(handle, &engine.ready);
    // An authenticated answer says what its clock is; whatever else the library took may have taught it a new one.
    if (work.took_encoded && head.engine_time && clock.authenticated) {
      clock.follow(*head.engine_time, received);
    } else {
      while_reading.learn();
    }
  }
  work.incoming = {};
  work.answered_variables = {};
  if (session->s_snmp_errno != SNMPERR_SUCCESS) take_refusal(head, count_strangers() != strangers);
  const bool useful =
      !work.sent_ids.empty() || std::any_of(active.begin(), active.end(), [](const auto& e) { return e->ended; });
  for (Traffic* counts : {&traffic, &engine.traffic}) {
    if (useful) {
      ++counts->responses;
    } else if (session->s_snmp_errno != SNMPERR_SUCCESS) {
      ++counts->malformed;
    } else {
      ++counts->late;
    }
  }
  if (!useful && session->s_snmp_errno != SNMPERR_SUCCESS) {
    // Of SNMPv3 nobody knows who sent it before it is authenticated.
    if (head.version == SNMP_VERSION_3) {
      drop(head.id, datagram.size(), DroppedAnswers::Why::unauthentic);
    } else {
      take_unreadable(head.id, datagram.size(), DroppedAnswers::Why::unreadable);
    }
  }
  finish_ended();
}

void Session::Impl::drop(std::int64_t id, std::size_t octets, DroppedAnswers::Why why) {
  if (exchange_of(id) == nullptr) return;
  ++dropped.count;
  dropped.why = why;
  dropped.octets = octets;
}

/// It is as good as lost (RFC 3412 section 7.2 discards it), but is known to be: where no other try is awaited, the
/// next one need not wait for its time. Only a whole copy of the answer may be right behind.
void Session::Impl::take_unreadable(std::int64_t id, std::size_t octets, DroppedAnswers::Why why) {
  drop(id, octets, why);
  Try* const answered = awaited_try(id);
  if (answered == nullptr || options.credentials->version == SnmpVersion::v3) return;
  answered->unreadable = true;
  Exchange& exchange = *answered->exchange;
  exchange.reply.octets = octets;
  if (exchange.wake == BootTime::max() || !all_unreadable(exchange)) return;
  const BootTime soon = BootClock::now() + copy_wait;
  if (soon >= exchange.deadline) return;
  exchange.waited -= exchange.deadline - soon;
  exchange.deadline = soon;
  wake_for(exchange, soon);
}

bool Session::Impl::all_unreadable(const Exchange& exchange) const noexcept {
  const auto count = std::count_if(tries.begin(), tries.end(), [&exchange](const auto& a_try) {
    return a_try->exchange == &exchange && a_try->unreadable;
  });
  return count == static_cast<std::ptrdiff_t>(exchange.tries);
}

const StrayAnswer* Session::Impl::newest_stray() const noexcept {
  if (!dropped.since) return nullptr;
  const StrayAnswer* newest = nullptr;
  for (const StrayAnswer& stray : engine.strays) {
    if (!(stray.from == options.endpoint) || stray.received < *dropped.since) continue;
    if (newest == nullptr || newest->received < stray.received) newest = &stray;
  }
  return newest;
}

int Session::Impl::on_library(int operation, netsnmp_pdu* pdu, Try& a_try) {
  switch (operation) {
    case NETSNMP_CALLBACK_OP_RESEND:  // after a notInTimeWindow report, under a new message id
      for (const std::int64_t id : engine.work.sent_ids) {
        if (a_try.ids[1] != 0) engine.sent.erase(a_try.ids[1]);
        a_try.ids[1] = id;
      }
      a_try.sent = BootClock::now();
      return 1;
    case NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE:
    case NETSNMP_CALLBACK_OP_SEC_ERROR:
      break;
    default:  // timed out, not sent, disconnected: the library lets go of it
      a_try.gone = true;
      return 1;
  }
  // A PDU that could not be encoded comes back here as well; transmit() sees to it.
  if (engine.work.sending != nullptr) return 1;
  if (operation == NETSNMP_CALLBACK_OP_RECEIVED_MESSAGE) a_try.gone = true;
  if (a_try.exchange == nullptr || a_try.exchange->ended) return 1;
  Exchange& exchange = *a_try.exchange;
  Reply& reply = exchange.reply;
  // Stamps are of the wall clock: one that was set between stamp and reading dates an answer before its request, and
  // then it came at some time until now.
  reply.received = engine.work.incoming_at < a_try.sent ? BootClock::now() : engine.work.incoming_at;
  reply.round_trip = reply.received - a_try.sent;
  reply.octets = engine.work.incoming.size();
  if (pdu->command == SNMP_MSG_REPORT) {
    take_report(reply, pdu);
    end(exchange, reply.outcome);
    return 1;
  }
  reply.error_status = static_cast<ErrorStatus>(pdu->errstat);
  reply.error_index = pdu->errindex > 0 ? static_cast<std::uint32_t>(pdu->errindex) : 0;
  round_trips.add(reply.round_trip, reply.received);
  foreign_source = {};  // a stray copy, now: it explains no silence to come
  if (a_try.encoded) {
    reply.asked = exchange.encoded;
    reply.encoded = std::exchange(engine.work.answered_variables, {});
  } else {
    reply.variables = to_varbinds(pdu->variables);
  }
  if (exchange.purpose == Exchange::Purpose::request) proved = true;
  end(exchange, Outcome::answered);
  return 1;
}

void Session::Impl::take_report(Reply& reply, netsnmp_pdu* pdu) const {
  switch (snmpv3_get_report_type(pdu)) {
    case SNMPERR_AUTHENTICATION_FAILURE:
      reply.outcome = Outcome::wrong_digest;
      break;
    case SNMPERR_UNKNOWN_USER_NAME:
      reply.outcome = Outcome::unknown_user;
      break;
    case SNMPERR_UNSUPPORTED_SEC_LEVEL:
      reply.outcome = Outcome::unsupported_level;
      break;
    case SNMPERR_DECRYPTION_ERR:
      reply.outcome = Outcome::privacy_failed;
      break;
    case SNMPERR_NOT_IN_TIME_WINDOW:
      reply.outcome = Outcome::not_in_window;
      break;
    case SNMPERR_UNKNOWN_ENG_ID:
      reply.outcome = Outcome::no_engine;
      break;
    case SNMPERR_BAD_CONTEXT:
      reply.outcome = Outcome::unknown_context;
      break;
    default:
      reply.outcome = Outcome::report;
      break;
  }
}

/// What the library drops without a word, though it says that the agent is another one than it was: a report under a
/// new engine id, or an answer with an engine clock behind ours. Its message id is that of our request, so it is no
/// replay; waiting for the last retry would only delay the discovery that must come.
void Session::Impl::take_refusal(const MessageHead& head, bool by_stranger) {
  const bool clock_went_back =
      clock.known && head.engine_time &&
      std::pair(head.engine_time->boots, head.engine_time->time + time_window) <
          std::pair(std::int64_t{clock.boots}, std::int64_t{clock.time_at(engine.work.incoming_at)});
  if (!by_stranger && !clock_went_back) return;
  Exchange* const exchange = exchange_of(head.id);
  if (exchange != nullptr && !exchange->rediscovered)
    end(*exchange, by_stranger ? Outcome::no_engine : Outcome::not_in_window);
}

void Session::Impl::end(Exchange& exchange, Outcome outcome) {
  exchange.ended = true;
  exchange.reply.outcome = outcome;
}

void Session::Impl::finish_ended() {
  // A callback may send, never destroy; what it sends waits for the next pump.
  for (;;) {
    const auto ended = std::find_if(active.begin(), active.end(), [](const auto& exchange) { return exchange->ended; });
    if (ended == active.end()) break;
    auto exchange = std::move(*ended);
    active.erase(ended);
    leave_active(*exchange);
    for (const auto& a_try : tries) {
      if (a_try->exchange == exchange.get()) a_try->exchange = nullptr;
    }
    finish(std::move(exchange));
  }
  if (active.empty() && waiting.empty()) engine.loop.cancel(std::exchange(wake_timer, 0));
  if (!tries.empty()) sweep();
  const bool may_start = phase == Phase::undiscovered || (phase == Phase::ready && active.size() < allowed_in_flight());
  if (!waiting.empty() && may_start && !is_starved && turn_timer == 0) engine.pump_soon(*this);
}

/// A firewall on the way may hold on to a flow that it lets through no more, and each request from the same port keeps
/// it from forgetting: what goes on being silent is asked by another port, and by the first one again after as long.
void Session::Impl::note_silence(const Exchange& exchange) noexcept {
  silences = exchange.reply.outcome == Outcome::timed_out && dropped.count == 0 ? silences + 1 : 0;
  if (silences < silences_of_a_flow) return;
  silences = 0;
  detour = !detour;
}

void Session::Impl::finish(std::unique_ptr<Exchange> exchange) {
  note_silence(*exchange);
  if (exchange->purpose == Exchange::Purpose::discovery) {
    finish_discovery(*exchange);
    return;
  }
  const Exchange::Purpose purpose = exchange->purpose;
  if (purpose != Exchange::Purpose::request) {
    // An answer, of whatever error status, proves all that the check had in common with the request.
    auto original = std::move(exchange->on_behalf);
    if (exchange->reply.outcome == Outcome::answered) {
      original->reply.outcome =
          purpose == Exchange::Purpose::context_check ? Outcome::unknown_context : Outcome::privacy_failed;
    }
    exchange = std::move(original);
  }
  if (options.credentials->version == SnmpVersion::v3) {
    const Outcome outcome = exchange->reply.outcome;
    const bool lost_engine = outcome == Outcome::no_engine || outcome == Outcome::not_in_window ||
                             (outcome == Outcome::timed_out && traffic.malformed > malformed_at_discovery);
    if (lost_engine && !exchange->rediscovered) {
      rediscover(std::move(exchange));
      return;
    }
    // A probe of a device that is known to be silent stays one PDU.
    const bool brief = exchange->request.probe || exchange->request.retries.value_or(1) == 0;
    const bool may_check = purpose != Exchange::Purpose::request || !brief;
    if (const auto next = next_check(purpose); outcome == Outcome::timed_out && next && may_check) {
      auto check = std::make_unique<Exchange>();
      check->purpose = *next;
      check->request.retries = 1;
      check->on_behalf = std::move(exchange);
      // Where there is no room it goes all the same: the request that it is made for had some.
      Channel* channel = engine.channel_with_room(options.endpoint.family(), detour);
      start(std::move(check), channel != nullptr ? *channel : engine.channels(options.endpoint.family()).front());
      return;
    }
  }
  if (exchange->reply.outcome == Outcome::timed_out) {
    ++traffic.timeouts;
    ++engine.traffic.timeouts;
  }
  exchange->reply.tries = exchange->tries;
  exchange->reply.waited = exchange->waited;
  exchange->done(std::move(exchange->reply));
  engine.reuse(std::move(exchange));
}

/// The agent disowns the engine id it gave, or its clock: it was replaced, or restarted without its boots counter
/// (which RFC 3414 section 2.2.2 forbids and embedded agents do). Everything learned is forgotten and asked again.
void Session::Impl::rediscover(std::unique_ptr<Exchange> exchange) {
  clock = {};
  for (auto& other : active) {
    leave_active(*other);
    // A check has lost its ground: the request that it was made for is asked again.
    auto again = other->on_behalf ? std::move(other->on_behalf) : std::move(other);
    if (again->purpose != Exchange::Purpose::request) continue;
    again->ended = false;
    again->reply = {};
    waiting.insert(waiting.begin(), std::move(again));
  }
  active.clear();
  close_handle();
  exchange->rediscovered = true;
  exchange->ended = false;
  exchange->reply = {};
  waiting.insert(waiting.begin(), std::move(exchange));
  if (const auto opened = open_handle(); !opened) {
    Reply reply;
    reply.outcome = Outcome::not_sent;
    fail_waiting(reply);
  }
}

void Session::Impl::finish_discovery(const Exchange& exchange) {
  netsnmp_session* session = snmp_sess_session(handle);
  malformed_at_discovery = traffic.malformed;
  // Some agents answer discovery with another report than usmStatsUnknownEngineIDs (Dell EMC: unknown user names);
  // any report carries the engine id.
  if (session->securityEngineIDLen != 0) {
    user = make_usm_user(*session);
    if (user != nullptr) {
      phase = Phase::ready;
      return;
    }
  }
  phase = Phase::undiscovered;
  Reply reply;
  reply.outcome = exchange.reply.outcome;
  reply.tries = exchange.tries;
  reply.waited = exchange.waited;
  reply.undelivered = exchange.reply.undelivered;
  if (session->securityEngineIDLen != 0) {
    reply.outcome = Outcome::not_sent;
  } else if (reply.outcome == Outcome::answered || reply.outcome == Outcome::report) {
    reply.outcome = Outcome::no_engine;
  }
  fail_waiting(reply);
}

/// The check after `last` (a request: the first one) that can tell why an agent that is there meets us with silence;
/// none once any request was answered.
std::optional<Exchange::Purpose> Session::Impl::next_check(Exchange::Purpose last) const {
  if (proved || options.credentials->version != SnmpVersion::v3) return std::nullopt;
  const bool has_context = !options.credentials->context_name.empty();
  if (last == Exchange::Purpose::request && has_context) return Exchange::Purpose::context_check;
  const bool encrypts = options.credentials->level == SecurityLevel::auth_priv;
  if (last != Exchange::Purpose::auth_check && encrypts) return Exchange::Purpose::auth_check;
  return std::nullopt;
}

void Session::Impl::fail_waiting(const Reply& reply) {
  std::move(waiting.rbegin(), waiting.rend(), std::back_inserter(failed));
  waiting.clear();
  // A callback may cancel those behind it.
  while (!failed.empty()) {
    const auto exchange = std::move(failed.back());
    failed.pop_back();
    if (reply.outcome == Outcome::timed_out) {
      ++traffic.timeouts;
      ++engine.traffic.timeouts;
    }
    exchange->done(Reply(reply));
  }
}

void Session::Impl::forget(Try& a_try) {
  for (const std::int64_t id : a_try.ids) engine.sent.erase(id);
  a_try.ids = {};
}

/// Lets the library drop the tries whose exchange has ended otherwise, and forgets those it has dropped.
void Session::Impl::sweep() {
  // Of those that nobody waits for and the library still has; mostly there is none, and no clock is asked.
  const auto earliest = [this] {
    BootTime next = BootTime::max();
    for (const auto& a_try : tries) {
      if (!a_try->gone && a_try->exchange == nullptr) next = std::min(next, a_try->expires);
    }
    return next;
  };
  BootTime next = earliest(), now{};
  if (next != BootTime::max() && next < (now = BootClock::now()) && handle != nullptr) {
    const LinkedEngine while_dropping(*snmp_sess_session(handle), user.get(), clock, engine.work.linked);
    snmp_sess_timeout(handle);
    next = earliest();
  }
  std::erase_if(tries, [this](const auto& a_try) {
    if (a_try->gone) forget(*a_try);
    return a_try->gone;
  });
  if (sweep_timer != 0) engine.loop.cancel(std::exchange(sweep_timer, 0));
  if (next != BootTime::max()) {
    // The library reckons in microseconds of its own clock; a little later is surely past its deadline too.
    const auto when = std::max(next, now) + std::chrono::milliseconds(10);
    sweep_timer = engine.loop.at(when, [this] {
      sweep_timer = 0;
      sweep();
    });
  }
}

}  // namespace octopoll::snmp
