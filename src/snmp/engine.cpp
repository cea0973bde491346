#include "octopoll/snmp/engine.hpp"

#include <fmt/format.h>

#include <cassert>

#include "snmp/library.hpp"
#include "snmp/session_impl.hpp"
#include "snmp/wire.hpp"

namespace octopoll::snmp {

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::create(EventLoop& loop) {
  initialize_library();
  claim_library();
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(loop)));
}

Result<std::unique_ptr<Session>> Engine::open(SessionOptions options) {
  assert(owns_library());
  const auto socket = impl_->socket_for(options.endpoint.family());
  if (!socket) return tl::make_unexpected(socket.error());
  auto impl = std::make_unique<Session::Impl>(*impl_, std::move(options));
  impl->socket = *socket;
  if (auto opened = impl->open_handle(); !opened) return tl::make_unexpected(opened.error());
  impl_->sessions.push_back(impl.get());
  return std::unique_ptr<Session>(new Session(std::move(impl)));
}

const Traffic& Engine::traffic() const noexcept { return impl_->traffic; }
std::size_t Engine::in_flight() const noexcept { return impl_->in_flight; }
std::string library_version() { return netsnmp_get_version(); }

Result<UdpSocket*> Engine::Impl::socket_for(int family) {
  auto& socket = family == AF_INET6 ? socket6 : socket4;
  if (!socket) {
    UdpSocket::Handlers handlers;
    handlers.datagram = [this](const Endpoint& from, std::string_view datagram, BootTime received) {
      on_datagram(from, datagram, received);
    };
    handlers.icmp = [this](const IcmpReport& report) {
      const auto head = read_head(report.datagram);
      // Comes from inside a send as well, that is from inside the library: acted upon when the loop is back outside.
      loop.post([this, destination = report.destination, id = head ? head->id : -1, reason = report.reason] {
        on_icmp(destination, id, reason);
      });
    };
    auto opened = UdpSocket::open(loop, family, std::move(handlers));
    if (!opened) return tl::make_unexpected(opened.error());
    socket = std::move(*opened);
  }
  return socket.get();
}

void Engine::Impl::on_datagram(const Endpoint& from, std::string_view datagram, BootTime received) {
  const auto head = read_head(datagram);
  if (!head) {
    ++traffic.malformed;
    return;
  }
  const auto found = sent.find(head->id);
  if (found == sent.end()) {
    ++traffic.late;
    return;
  }
  Session::Impl& session = *found->second;
  const bool community_differs = session.options.credentials.version != SnmpVersion::v3 &&
                                 head->community != session.options.credentials.community.reveal();
  if (!(from == session.options.endpoint) || community_differs) {
    ++traffic.foreign;
    ++session.traffic.foreign;
    if (!community_differs) session.foreign_source = from.text();
    return;
  }
  session.feed(datagram, *head, received);
}

void Engine::Impl::on_icmp(const Endpoint& destination, std::int64_t id, const std::string& reason) {
  const auto end_active = [&reason](Session::Impl& session, auto&& concerned) {
    session.icmp_reason = reason;
    for (const auto& a_try : session.tries) {
      if (a_try->exchange != nullptr && !a_try->exchange->ended && concerned(*a_try)) {
        session.end(*a_try->exchange, Outcome::unreachable);
      }
    }
  };
  if (const auto found = sent.find(id); found != sent.end()) {
    Session::Impl& session = *found->second;
    if (!(session.options.endpoint == destination)) return;
    end_active(session,
               [id](const Try& a_try) { return std::find(a_try.ids.begin(), a_try.ids.end(), id) != a_try.ids.end(); });
    session.finish_ended();
    return;
  }
  if (id >= 0) return;  // of a request that has ended
  // A router need not quote more than the UDP header (RFC 792): then it concerns all that is on its way to that
  // address.
  const auto all = sessions;
  for (Session::Impl* session : all) {
    if (!(session->options.endpoint == destination)) continue;
    end_active(*session, [](const Try&) { return true; });
    session->finish_ended();
  }
}

}  // namespace octopoll::snmp
