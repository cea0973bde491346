#include "octopoll/snmp/engine.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstdint>
#include <utility>

#include "snmp/ber.hpp"
#include "snmp/library.hpp"
#include "snmp/nearby.hpp"
#include "snmp/session_impl.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {
namespace {

/// What the kernel reckons for one answer of up to 1,472 octets: the buffer's size class and the sk_buff.
constexpr std::size_t octets_an_answer = 2304;
constexpr int most_pump_passes = 16;
constexpr std::size_t most_spare = 1024;
/// Answers: what they need together stays in the second cache, and half of it in the first.
constexpr std::size_t fetched_together = 16;

using Why = DroppedAnswers::Why;

/// As messages have it.
std::int64_t on_wire(SnmpVersion version) {
  switch (version) {
    case SnmpVersion::v1:
      return 0;
    case SnmpVersion::v2c:
      return 1;
    case SnmpVersion::v3:
      break;
  }
  return 3;
}

/// Answers that the receive buffer holds if all come at once; an eighth is left for late ones and ICMP errors.
std::size_t answers_held(const UdpSocket& socket) {
  return std::max<std::size_t>(1, socket.receive_buffer() * 7 / 8 / octets_an_answer);
}

}  // namespace

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(EventLoop& loop, EngineOptions options) {
  initialize_library();
  claim_library();
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(loop, options)));
}

Result<std::unique_ptr<Session>> Engine::open(SessionOptions options) {
  assert(owns_library());
  const int family = options.endpoint.family();
  if (impl_->channels(family).empty()) {
    if (const auto opened = impl_->open_channel(family); !opened) return tl::make_unexpected(opened.error());
  }
  auto impl = std::make_unique<Session::Impl>(*impl_, std::move(options));
  if (auto opened = impl->open_handle(); !opened) return tl::make_unexpected(opened.error());
  impl_->enter(*impl);
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

const Traffic& Engine::traffic() const noexcept {
  impl_->traffic.kernel_drops = 0;
  for (const auto* channels : {&impl_->channels4, &impl_->channels6}) {
    for (const Channel& channel : *channels) impl_->traffic.kernel_drops += channel.socket->kernel_drops();
  }
  return impl_->traffic;
}
std::size_t Engine::in_flight() const noexcept { return impl_->in_flight; }
std::size_t Engine::starved() const noexcept { return impl_->starved.size(); }

Engine::Impl::Impl(EventLoop& event_loop, EngineOptions with)
    : loop(event_loop), options(with), pump_hook(loop.before_wait([this] { pump_all(); })) {
  netsnmp_large_fd_set_init(&ready, FD_SETSIZE);
}

Engine::Impl::~Impl() {
  *alive = false;
  loop.remove_hook(pump_hook);
  netsnmp_large_fd_set_cleanup(&ready);
}

Traffic operator-(const Traffic& after, const Traffic& before) noexcept {
  Traffic between = after;
  for (auto member : {&Traffic::requests, &Traffic::responses, &Traffic::retries, &Traffic::timeouts, &Traffic::late,
                      &Traffic::foreign, &Traffic::malformed, &Traffic::unreadable_values, &Traffic::octets_sent,
                      &Traffic::octets_received, &Traffic::kernel_drops}) {
    between.*member -= before.*member;
  }
  return between;
}

std::string library_version() { return netsnmp_get_version(); }

Result<Channel*> Engine::Impl::open_channel(int family) {
  UdpSocket::Handlers handlers;
  handlers.datagrams = [this](std::span<const Datagram> datagrams) { on_datagrams(datagrams); };
  handlers.undelivered = [this](const Undelivered& lost) {
    const auto head = read_head(lost.datagram);
    // Comes from inside a send as well, that is from inside the library: acted upon when the loop is back outside.
    loop.post([this, still = alive, destination = lost.destination, id = head ? head->id : -1, reason = lost.reason,
               word = lost.word] {
      if (*still) on_undelivered(destination, id, reason, word);
    });
  };
  auto opened = UdpSocket::open(loop, family, options.receive_buffer, options.gather, std::move(handlers));
  if (!opened) return tl::make_unexpected(opened.error());
  Channel& channel = channels(family).emplace_back();
  channel.socket = std::move(*opened);
  return &channel;
}

Channel* Engine::Impl::channel_with_room(int family, bool detour) {
  std::deque<Channel>& all = channels(family);
  const auto room = [](const Channel& channel) { return channel.awaited < answers_held(*channel.socket); };
  if (detour && all.size() == 1 && options.max_sockets > 1) (void)open_channel(family);
  if (detour && all.size() > 1 && room(all[1])) return &all[1];
  const auto found = std::find_if(all.begin(), all.end(), room);
  if (found != all.end()) return &*found;
  if (all.size() >= options.max_sockets) return nullptr;
  const auto opened = open_channel(family);
  return opened ? *opened : nullptr;
}

void Engine::Impl::release(Channel& channel) {
  channel.socket->set_awaited(--channel.awaited);
  ++released;
}

/// As many as places were given back; one more where there is room all the same, since one that was told may have had
/// nothing to send any more. True where more could be told.
bool Engine::Impl::wake_starved() {
  for (std::size_t places = std::max<std::size_t>(std::exchange(released, 0), 1); !starved.empty(); --places) {
    Session::Impl& next = *starved.front();
    if (channel_with_room(next.options.endpoint.family()) == nullptr) return false;
    if (places == 0) return true;
    starved.pop_front();
    next.is_starved = false;
    pump_soon(next);
  }
  return false;
}

std::unique_ptr<Exchange> Engine::Impl::new_exchange() {
  if (spare.empty()) return std::make_unique<Exchange>();
  auto exchange = std::move(spare.back());
  spare.pop_back();
  return exchange;
}

void Engine::Impl::reuse(std::unique_ptr<Exchange> exchange) {
  if (spare.size() >= most_spare) return;
  std::string encoded = std::move(exchange->encoded);
  encoded.clear();
  std::destroy_at(exchange.get());
  std::construct_at(exchange.get());
  exchange->encoded = std::move(encoded);
  spare.push_back(std::move(exchange));
}

void Engine::Impl::pump_soon(Session::Impl& session) {
  if (!std::exchange(session.pump_pending, true)) to_pump.push_back(&session);
}

void Engine::Impl::pump_all() {
  bool more = wake_starved();
  // A callback on the way may have something to send again.
  for (int pass = 0; !to_pump.empty() && pass < most_pump_passes; ++pass) {
    pumping.swap(to_pump);
    for (Session::Impl*& session : pumping) {
      if (session == nullptr) continue;
      session->pump_pending = false;
      session->pump();
    }
    pumping.clear();
    more = wake_starved();
  }
  if (more || !to_pump.empty()) loop.post([] {});  // in the next round, after the others have had theirs
}

void Engine::Impl::enter(Session::Impl& session) {
  session.place = sessions.size();
  sessions.push_back(&session);
}

void Engine::Impl::leave(Session::Impl& session) {
  if (session.pump_pending) {
    std::replace(to_pump.begin(), to_pump.end(), &session, static_cast<Session::Impl*>(nullptr));
    std::replace(pumping.begin(), pumping.end(), &session, static_cast<Session::Impl*>(nullptr));
  }
  if (session.is_starved) std::erase(starved, &session);
  sessions.back()->place = session.place;
  sessions[session.place] = sessions.back();
  sessions.pop_back();
}

/// Between a request and its answer come those of thousands of other sessions, and then the processor has nothing of
/// this one near: for a few answers at once all is fetched that they lead to, step by step, before the first is read.
void Engine::Impl::on_datagrams(std::span<const Datagram> datagrams) {
  std::array<std::optional<MessageHead>, fetched_together> heads;
  std::array<Session::Impl*, fetched_together> asked{};
  while (!datagrams.empty()) {
    const std::size_t count = std::min(datagrams.size(), fetched_together);
    for (std::size_t i = 0; i < count; ++i) {
      heads[i] = read_head(datagrams[i].octets);
      asked[i] = heads[i] ? sent.find(heads[i]->id) : nullptr;
      bring_near(asked[i], asked[i] != nullptr ? sizeof(Session::Impl) : 0);
    }
    for (const auto step :
         {&Session::Impl::bring_lists_near, &Session::Impl::bring_parts_near, &Session::Impl::bring_requests_near}) {
      for (std::size_t i = 0; i < count; ++i) {
        if (asked[i] != nullptr) (asked[i]->*step)();
      }
    }
    for (std::size_t i = 0; i < count; ++i) on_datagram(datagrams[i], heads[i]);
    datagrams = datagrams.subspan(count);
  }
}

void Engine::Impl::on_datagram(const Datagram& came, std::optional<MessageHead>& head) {
  const auto& [from, datagram, received] = came;
  const bool whole = head.has_value();
  if (!whole) {
    ++traffic.malformed;
    head = read_cut_head(datagram);
    if (!head) return;
  }
  Session::Impl* const asked = sent.find(head->id);
  if (asked == nullptr) {
    ++traffic.late;
    strays[stray_count++ % strays.size()] = {from, head->id, received};
    return;
  }
  Session::Impl& session = *asked;
  const bool community_differs = session.options.credentials->version != SnmpVersion::v3 &&
                                 head->community != session.options.credentials->community.reveal();
  const bool known_source = session.takes_answers_from(from);
  if (!known_source || community_differs) {
    ++traffic.foreign;
    ++session.traffic.foreign;
    if (!community_differs && session.exchange_of(head->id) != nullptr) session.foreign_source = from;
    // Somebody else may have made it up, so it ends nothing.
    if (known_source) session.drop(head->id, datagram.size(), Why::other_community);
    return;
  }
  if (!whole) {
    ++session.traffic.malformed;
    session.take_unreadable(head->id, datagram.size(), head->indefinite ? Why::indefinite_length : Why::unreadable);
    return;
  }
  if (head->version != on_wire(session.options.credentials->version)) {
    ++traffic.malformed;
    ++session.traffic.malformed;
    session.take_unreadable(head->id, datagram.size(), Why::other_version);
    return;
  }
  if (head->version != on_wire(SnmpVersion::v3) && head->pdu_tag != ber::response_tag) {
    ++traffic.malformed;
    ++session.traffic.malformed;
    session.drop(head->id, datagram.size(), Why::other_pdu);
    return;
  }
  session.feed(datagram, *head, received);
}

void Engine::Impl::on_undelivered(const Endpoint& destination, std::int64_t id, const std::string& reason,
                                  Undelivered::Word word) {
  const auto tell_active = [&reason, word](Session::Impl& session, auto&& concerned) {
    for (const auto& a_try : session.tries) {
      if (a_try->exchange == nullptr || a_try->exchange->ended || !concerned(*a_try)) continue;
      a_try->exchange->reply.undelivered = reason;
      a_try->exchange->too_large = word == Undelivered::Word::too_large;
      if (word == Undelivered::Word::final) session.end(*a_try->exchange, Outcome::unreachable);
    }
  };
  if (Session::Impl* const found = sent.find(id); found != nullptr) {
    Session::Impl& session = *found;
    if (!(session.options.endpoint == destination)) return;
    tell_active(session, [id](const Try& a_try) { return a_try.went_out_as(id); });
    session.finish_ended();
    return;
  }
  if (id >= 0) return;  // of a request that has ended
  // A router need not quote more than the UDP header (RFC 792): then it concerns all that is on its way to that
  // address.
  const auto all = sessions;
  for (Session::Impl* session : all) {
    if (!(session->options.endpoint == destination)) continue;
    tell_active(*session, [](const Try&) { return true; });
    session->finish_ended();
  }
}

}  // namespace octopoll::snmp
