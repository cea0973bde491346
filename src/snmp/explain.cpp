#include <fmt/format.h>

#include <string>
#include <utility>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/snmp/key_form.hpp"
#include "snmp/session_impl.hpp"

namespace octopoll::snmp {
namespace {

struct Explanation {
  std::string why;
  std::string remedy;
};

Explanation explain(const DroppedAnswers& dropped, const SnmpCredentials& credentials) {
  const std::string last = fmt::format("the last one, of {},", format_counted(dropped.octets, "octet"));
  switch (dropped.why) {
    case DroppedAnswers::Why::unreadable:
      break;
    case DroppedAnswers::Why::indefinite_length:
      return {last + " does not say how long it is: BER's indefinite form, which RFC 3417 section 8 forbids",
              "the agent builds them wrong: is there a newer version of its software?"};
    case DroppedAnswers::Why::other_version:
      return {last + " is of another SNMP version than the request",
              credentials.version == SnmpVersion::v2c ? "try SNMPv1 (-v 1; in the inventory version: 1)"
                                                      : "try SNMPv2c (-v 2c; in the inventory version: 2c)"};
    case DroppedAnswers::Why::other_pdu:
      return {last + " is no Response-PDU",
              "is it an SNMP agent that listens there, or something that sends back what it gets?"};
    case DroppedAnswers::Why::other_community:
      return {
          last + " carries another community than the request",
          "is the community right? If it is, the agent, or a proxy before it, must answer with the one it was asked "
          "with: others may be forged. A capture (tcpdump) shows which it is: poll with that one, if it serves"};
    case DroppedAnswers::Why::unauthentic:
      return {last + " cannot be read or authenticated",
              "is the passphrase of this very device (another may have its address), does its clock run?"};
  }
  return {last + " is cut short or built wrong",
          "the agent builds it wrong, or something on the way cuts it: octopoll doctor asks in other ways"};
}

std::string remedy_of_silence(const Session& session) {
  if (const auto source = session.foreign_source())
    return fmt::format("an answer came from {} instead: poll that address, or list it under answers_from",
                       source->text());
  if (session.cuts_request_ids()) return "answers came whose request ids are cut to 16 bits: set short_request_ids";
  // Address and credentials are right, then.
  if (session.traffic().responses > 0)
    return "it answered before: is it restarting, overloaded, or limiting requests; does the network on the way lose "
           "them?";
  const SnmpVersion version = session.options().credentials->version;
  if (version == SnmpVersion::v3)
    return "is the address right, is an agent running there with SNMPv3, does a filter let UDP pass?";
  std::string remedy =
      "is the community right (an agent is silent where it is wrong), is an agent running there, does a filter let UDP "
      "pass?";
  if (version == SnmpVersion::v2c)
    remedy += " An agent that knows SNMPv1 alone is silent, too: try that (-v 1; in the inventory version: 1)";
  return remedy;
}

}  // namespace

std::string to_string(ErrorStatus status) {
  switch (status) {
    case ErrorStatus::no_error:
      return "noError";
    case ErrorStatus::too_big:
      return "tooBig";
    case ErrorStatus::no_such_name:
      return "noSuchName";
    case ErrorStatus::bad_value:
      return "badValue";
    case ErrorStatus::read_only:
      return "readOnly";
    case ErrorStatus::gen_err:
      return "genErr";
    case ErrorStatus::no_access:
      return "noAccess";
    case ErrorStatus::authorization_error:
      return "authorizationError";
    case ErrorStatus::not_writable:
      return "notWritable";
  }
  return fmt::format("error-status {}", static_cast<std::int32_t>(status));
}

Error Session::explain(const Reply& reply) const {
  const SessionOptions& options = impl_->options;
  const SnmpCredentials& credentials = *options.credentials;
  const std::string address = options.endpoint.text();
  const std::string who = options.label == address ? address : fmt::format("{} ({})", options.label, address);
  switch (reply.outcome) {
    case Outcome::answered:
      if (reply.error_status == ErrorStatus::authorization_error || reply.error_status == ErrorStatus::no_access) {
        return {ErrorKind::auth,
                fmt::format("{}: the agent answered {}: it knows these credentials, but they may not read this", who,
                            to_string(reply.error_status)),
                credentials.version == SnmpVersion::v3
                    ? "on the device, does the user need a higher security level, or a view?"
                    : "on the device, give the community a view of the interface tables"};
      }
      return {ErrorKind::agent, fmt::format("{}: the agent answered {}", who, to_string(reply.error_status)), {}};
    case Outcome::timed_out: {
      const std::string asked =
          fmt::format("{} within {}{}{}", format_counted(reply.tries, "request"), format_measured(reply.waited),
                      reply.undelivered.empty() ? "" : "; ", reply.undelivered);
      if (impl_->dropped.count > 0) {
        auto [why, remedy] = snmp::explain(impl_->dropped, credentials);
        const bool one = impl_->dropped.count == 1;
        return {ErrorKind::timeout,
                fmt::format("{}: {} came to {}, and {} dropped: {}", who,
                            format_counted(impl_->dropped.count, "answer"), asked, one ? "was" : "were", why),
                std::move(remedy)};
      }
      const StrayAnswer* const stray = impl_->newest_stray();
      if (stray != nullptr && !cuts_request_ids()) {
        return {ErrorKind::timeout,
                fmt::format("{}: answers came to {}, but under request ids of no request on its way (the last one: {})",
                            who, asked, stray->id),
                "does the agent change request ids (then it needs mending), or does it answer later than all tries "
                "wait: raise timeout?"};
      }
      return {ErrorKind::timeout, fmt::format("{}: no answer to {}", who, asked), remedy_of_silence(*this)};
    }
    case Outcome::unreachable:
      return {ErrorKind::unreachable,
              fmt::format("{}: {}", who, reply.undelivered.empty() ? "unreachable" : reply.undelivered),
              reply.undelivered.starts_with("port closed")
                  ? "no SNMP agent listens on that port: start it, or name its port"
                  : "check the address and the route to it"};
    case Outcome::unreadable: {
      auto [why, remedy] = snmp::explain(impl_->dropped, credentials);
      return {ErrorKind::agent, fmt::format("{}: its answers cannot be read ({})", who, why), std::move(remedy)};
    }
    case Outcome::no_engine:
      return {ErrorKind::engine, fmt::format("{}: the agent gives no usable SNMP engine id", who),
              "is SNMPv3 set up on the device?"};
    case Outcome::wrong_digest:
      return {
          ErrorKind::auth,
          fmt::format("{}: the agent refuses the authentication of user \"{}\"", who, credentials.username),
          fmt::format("the authentication passphrase or protocol ({}) is wrong", to_string(credentials.auth_protocol))};
    case Outcome::unknown_user:
      return {ErrorKind::unknown_user,
              fmt::format("{}: the agent does not know the user \"{}\"", who, credentials.username),
              "check the user name, or create it on the device"};
    case Outcome::unsupported_level:
      return {ErrorKind::auth,
              fmt::format("{}: user \"{}\" may not be used at this security level", who, credentials.username),
              "the user on the device has no keys for it: choose another security_level, or give it keys"};
    case Outcome::privacy_failed: {
      std::string remedy =
          fmt::format("the privacy passphrase or protocol ({}) is wrong", to_string(credentials.priv_protocol));
      if (const auto other = other_key_form(credentials)) {
        remedy += fmt::format("; devices make this key in two ways: try {} as well", to_string(*other));
      }
      return {ErrorKind::privacy,
              fmt::format("{}: user \"{}\" authenticates, but encrypted requests are not understood", who,
                          credentials.username),
              std::move(remedy)};
    }
    case Outcome::not_in_window:
      return {ErrorKind::engine, fmt::format("{}: the agent's clock and ours do not agree (notInTimeWindow)", who),
              "does the device keep its engine boots counter over restarts?"};
    case Outcome::unknown_context:
      return {ErrorKind::agent,
              fmt::format("{}: the agent does not know the context \"{}\"", who, credentials.context_name),
              "check context_name"};
    case Outcome::report:
      return {ErrorKind::engine,
              fmt::format("{}: the agent answers with an SNMPv3 report that octopoll does not know", who),
              {}};
    case Outcome::not_sent:
      return {ErrorKind::config, fmt::format("{}: Net-SNMP cannot encode the request", who),
              credentials.version == SnmpVersion::v3 ? "do the protocols fit each other and the security level?" : ""};
  }
  return {ErrorKind::internal, who, {}};
}

}  // namespace octopoll::snmp
