#include "cli/reach.hpp"

#include "octopoll/icmp/prober.hpp"
#include "octopoll/poll/resolver.hpp"

namespace octopoll::cli {
namespace {

bool is_denial(const snmp::Reply& reply) noexcept {
  return reply.error_status == snmp::ErrorStatus::authorization_error ||
         reply.error_status == snmp::ErrorStatus::no_access;
}

}  // namespace

snmp::SessionOptions session_options(const Target& target, const Endpoint& endpoint, const SnmpArguments& arguments) {
  snmp::SessionOptions options;
  options.endpoint = endpoint;
  options.label = to_string(target) == endpoint.text() ? endpoint.text() : target.host;
  options.credentials = arguments.credentials;
  options.timeout = arguments.timeout;
  options.retries = arguments.retries;
  options.max_outstanding = 1;
  options.max_requests_per_second = arguments.max_requests_per_second;
  options.short_request_ids = arguments.short_request_ids;
  for (const Target& source : arguments.answers_from) {
    const std::uint16_t port = source.port != 0 ? source.port : endpoint.port();
    if (const auto from = Endpoint::literal(source.host, port)) options.answers_from.push_back(*from);
  }
  return options;
}

Result<std::unique_ptr<snmp::Session>> reach(snmp::Interview& interview, const Target& target,
                                             const SnmpArguments& arguments) {
  auto endpoints = resolve_blocking(target);
  if (!endpoints) return tl::make_unexpected(endpoints.error());
  poll::prefer_ipv4(*endpoints);
  for (std::size_t i = 0;; ++i) {
    auto session = interview.open(session_options(target, (*endpoints)[i], arguments));
    if (!session) return tl::make_unexpected(session.error());
    const snmp::Reply reply = interview.get(**session, {snmp::sys_up_time()});
    if (reply.outcome == snmp::Outcome::answered && !is_denial(reply)) return std::move(*session);
    if (interview.interrupted()) return fail(ErrorKind::partial, (*session)->options().label + ": interrupted");
    const bool nobody = reply.outcome == snmp::Outcome::timed_out || reply.outcome == snmp::Outcome::unreachable;
    if (nobody && i + 1 < endpoints->size()) continue;
    Error error = (*session)->explain(reply);
    if (reply.outcome == snmp::Outcome::timed_out) add_echo(interview.loop(), (*endpoints)[i], error);
    return tl::make_unexpected(std::move(error));
  }
}

void add_echo(EventLoop& loop, const Endpoint& endpoint, Error& error) {
  auto prober = icmp::Prober::create(loop);
  if (!prober) return;
  icmp::EchoPlan plan;
  plan.count = 3;
  plan.spacing = std::chrono::milliseconds(50);
  plan.timeout = std::chrono::milliseconds(700);
  bool alive = false;
  (*prober)->start(endpoint, plan, [&](icmp::EchoRound&& round) {
    alive = round.received > 0;
    loop.stop();
  });
  loop.run();
  error.message += alive ? "; the host answers ping" : "; the host does not answer ping";
}

}  // namespace octopoll::cli
