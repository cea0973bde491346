// An agent that answers with arbitrary octets: the datagram goes all the way of a real one, from the socket through
// read_head(), Net-SNMP's decoder and the conversion to values, and ends the request or is counted and dropped.
//
// No fuzzer guesses ids of 31 random bits, so two placeholders in the input stand for the right ones: the id by which a
// message is matched (request-id; SNMPv3: msgID), and for SNMPv3 the request-id of the PDU inside.

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/snmp/variables.hpp"
#include "require.hpp"
#include "snmp/wire.hpp"

namespace {

using namespace octopoll;

constexpr std::string_view message_id("\x02\x04\x7f\x5e\xed\x01", 6);
constexpr std::string_view request_id("\x02\x04\x7f\x5e\xed\x02", 6);

/// An agent's answer to SNMPv3 discovery (RFC 3414 section 4): the report usmStatsUnknownEngineIDs, octet by octet.
constexpr std::string_view discovery_report(
    "\x30\x69\x02\x01\x03\x30\x11\x02\x04\x7f\x5e\xed\x01\x02\x03\x00\xff\xe3\x04\x01\x00\x02\x01\x03\x04\x1d\x30"
    "\x1b\x04\x0d\x80\x00\x1f\x88\x80\xe9\x63\x00\x00\xd6\x1f\xf4\x49\x02\x01\x01\x02\x01\x64\x04\x00\x04\x00\x04"
    "\x00\x30\x32\x04\x0d\x80\x00\x1f\x88\x80\xe9\x63\x00\x00\xd6\x1f\xf4\x49\x04\x00\xa8\x1f\x02\x04\x7f\x5e\xed"
    "\x02\x02\x01\x00\x02\x01\x00\x30\x11\x30\x0f\x06\x0a\x2b\x06\x01\x06\x03\x0f\x01\x01\x04\x00\x41\x01\x01",
    107);

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size())
    text.replace(at, what.size(), by);
}

/// Where the request-id begins: the last number of four octets that is followed by one of one octet.
std::optional<std::size_t> find_request_id(std::string_view query) {
  std::optional<std::size_t> last;
  for (std::size_t at = query.find("\x02\x04"); at != std::string_view::npos; at = query.find("\x02\x04", at + 1)) {
    if (at + 8 <= query.size() && query.substr(at + 6, 2) == "\x02\x01") last = at;
  }
  return last;
}

/// The input as an answer to this message of ours.
std::string answer_to(std::string_view query, std::string_view input) {
  const std::size_t first = query.find("\x02\x04");
  require(first != std::string_view::npos);
  std::string answer(input);
  replace_all(answer, message_id, query.substr(first, 6));
  // A report, with which Net-SNMP answers a message that asks for one, has no request-id of ours.
  if (const auto last = find_request_id(query)) replace_all(answer, request_id, query.substr(*last, 6));
  return answer;
}

SnmpCredentials credentials_for(const std::optional<snmp::MessageHead>& head) {
  SnmpCredentials credentials;
  if (head && head->version == 0) credentials.version = SnmpVersion::v1;
  if (head && head->version == 3) {
    credentials.version = SnmpVersion::v3;
    credentials.username = "fuzz";
  }
  return credentials;
}

void check(const snmp::Reply& reply, const snmp::Session& session) {
  for (const snmp::VarBind& variable : reply.variables) {
    require(variable.oid.size() <= snmp::Oid::max_length);
    require(to_string(variable.value.type()) != "unknown");
    if (const auto number = variable.value.as_unsigned(); number && variable.value.bits() == 32) {
      require(*number <= 0xffffffffU || variable.value.type() == snmp::Type::integer);
    }
    require(variable.value.octets() == nullptr || variable.value.octets()->size() <= reply.octets);
  }
  snmp::VariableReader variables(reply.encoded);
  snmp::WireVariable variable;
  while (variables.next(variable)) {
    require(!variable.number() || variable.bits() != 0);
    require(!variable.number() || variable.bits() == 64 || *variable.number() <= 0xffffffffU);
  }
  if (!reply.good()) require(!session.explain(reply).message.empty());
}

class Agent {
 public:
  Agent() {
    auto loop = EventLoop::create();
    require(loop.has_value());
    loop_ = std::move(*loop);
    auto engine = snmp::Engine::create(*loop_);
    require(engine.has_value());
    engine_ = std::move(*engine);
    socket_ = Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto any_port = Endpoint::literal("127.0.0.1", 0);
    require(socket_ && ::bind(socket_.get(), any_port->address(), any_port->length()) == 0);
    sockaddr_storage bound{};
    socklen_t length = sizeof bound;
    require(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&bound), &length) == 0);
    endpoint_ = *Endpoint::from(reinterpret_cast<const sockaddr*>(&bound), length);
  }

  /// Is asked, and answers each request with one of these, from the last one on always with that.
  void answer(std::span<const std::string_view> inputs, bool encoded) {
    snmp::SessionOptions options;
    options.label = "fuzz";
    options.endpoint = endpoint_;
    options.credentials = credentials_for(snmp::read_head(inputs.back()));
    options.retries = 0;
    const auto session = engine_->open(std::move(options));
    require(session.has_value());
    int answers = 0;
    const snmp::Oid column{1, 3, 6, 1, 2, 1, 2, 2, 1, 10};
    const auto done = [&](snmp::Reply&& reply) {
      ++answers;
      check(reply, **session);
    };
    if (encoded) {
      std::string variables;
      snmp::append_variable(variables, column);
      (*session)->send_encoded(variables, std::nullopt, done);
    } else {
      snmp::Request request;
      request.operation = snmp::Operation::get_bulk;
      request.names = {column};
      request.max_repetitions = 10;
      (*session)->send(std::move(request), done);
    }
    loop_->run_once(std::chrono::milliseconds(0));
    for (std::size_t i = 0; i < 4 && answer_one(inputs[std::min(i, inputs.size() - 1)]); ++i) {
      loop_->run_once(std::chrono::milliseconds(0));  // takes the answer
      loop_->run_once(std::chrono::milliseconds(0));  // sends what follows from it
    }
    require(answers <= 1);
  }

 private:
  bool answer_one(std::string_view input) {
    std::array<char, 2048> query{};
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    const ssize_t got =
        ::recvfrom(socket_.get(), query.data(), query.size(), 0, reinterpret_cast<sockaddr*>(&from), &length);
    if (got < 0) return false;
    const std::string datagram = answer_to({query.data(), static_cast<std::size_t>(got)}, input);
    // An input longer than a datagram can be is not sent, and the request stays unanswered.
    (void)::sendto(socket_.get(), datagram.data(), datagram.size(), 0, reinterpret_cast<const sockaddr*>(&from),
                   length);
    return true;
  }

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<snmp::Engine> engine_;
  Fd socket_;
  Endpoint endpoint_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Agent agent;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto head = octopoll::snmp::read_head(input);
  if (head && !head->community.empty()) {
    require(head->community.data() > input.data() &&
            head->community.data() + head->community.size() <= input.data() + input.size());
  }
  if (const auto cut = octopoll::snmp::read_cut_head(input); cut && !cut->community.empty())
    require(cut->community.data() + cut->community.size() <= input.data() + input.size());
  for (const bool encoded : {false, true}) agent.answer({&input, 1}, encoded);
  // With SNMPv3 that was the answer to discovery. Now one that comes after it.
  const std::array<std::string_view, 2> discovered{discovery_report, input};
  if (head && head->version == 3) {
    for (const bool encoded : {false, true}) agent.answer(discovered, encoded);
  }
  return 0;
}
