#include "octopoll/local/agent.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <optional>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::local {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t snmp_port = 161;

/// ifTable's first column that everybody has.
const snmp::Oid& if_descr() {
  static const snmp::Oid oid{1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
  return oid;
}

/// Asks one agent something and waits for the answer, in a loop of its own.
class Question {
 public:
  static Result<std::unique_ptr<Question>> open(const Target& target, const SnmpCredentials& credentials,
                                                std::chrono::nanoseconds timeout, unsigned retries) {
    std::unique_ptr<Question> question(new Question);
    auto loop = EventLoop::create();
    if (!loop) return tl::make_unexpected(loop.error());
    question->loop_ = std::move(*loop);
    auto engine = snmp::Engine::create(*question->loop_);
    if (!engine) return tl::make_unexpected(engine.error());
    question->engine_ = std::move(*engine);
    snmp::SessionOptions options;
    options.label = to_string(target);
    options.endpoint = *Endpoint::literal(target.host, target.port);
    options.credentials = credentials;
    options.timeout = timeout;
    options.retries = retries;
    auto session = question->engine_->open(std::move(options));
    if (!session) return tl::make_unexpected(session.error());
    question->session_ = std::move(*session);
    return question;
  }

  snmp::Reply ask(snmp::Request request) {
    std::optional<snmp::Reply> answer;
    session_->send(std::move(request), [&](snmp::Reply&& reply) {
      answer = std::move(reply);
      loop_->stop();
    });
    loop_->run();
    return std::move(*answer);
  }

  [[nodiscard]] Error explain(const snmp::Reply& reply) const { return session_->explain(reply); }

 private:
  Question() = default;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<snmp::Engine> engine_;
  std::unique_ptr<snmp::Session> session_;
};

enum class SystemAgent : std::uint8_t { serves, hides_tables, silent, absent };

struct Look {
  SystemAgent state = SystemAgent::absent;
  std::string says;
};

Result<Look> look_at_system(const Target& target, const SnmpCredentials& credentials) {
  auto question = Question::open(target, credentials, 500ms, 1);
  if (!question) return tl::make_unexpected(question.error());
  snmp::Request request;
  request.operation = snmp::Operation::get_next;
  request.names = {if_descr()};
  const snmp::Reply reply = (*question)->ask(std::move(request));
  if (reply.good() && !reply.variables.empty() && reply.variables[0].oid.starts_with(if_descr()))
    return Look{SystemAgent::serves, {}};
  if (reply.outcome == snmp::Outcome::unreachable) return Look{SystemAgent::absent, {}};
  if (reply.outcome == snmp::Outcome::answered) return Look{SystemAgent::hides_tables, {}};
  return Look{SystemAgent::silent, (*question)->explain(reply).message};
}

/// What opens the tables to these credentials. Of two lines for one community or user snmpd takes the first, so a line
/// at the end of Debian's file for the community `public` would change nothing.
std::string how_to_open(const SnmpCredentials& credentials) {
  if (credentials.version == SnmpVersion::v3) {
    return fmt::format(
        "put the line \"rouser {} {}\" into /etc/snmp/snmpd.conf, above any other for that user, and "
        "restart snmpd",
        credentials.username,
        credentials.level == SecurityLevel::auth_priv      ? "priv"
        : credentials.level == SecurityLevel::auth_no_priv ? "auth"
                                                           : "noauth");
  }
  return "add the line \"rocommunity COMMUNITY 127.0.0.1\" to /etc/snmp/snmpd.conf, with a community in place of "
         "COMMUNITY that the file does not have yet, restart snmpd, and name that community with -c";
}

std::string hides_text(const SnmpCredentials& credentials) {
  return fmt::format(
      "the system's snmpd on 127.0.0.1:161 answers, but hides ifTable from these credentials (Debian's default view "
      "shows the system group alone); to open it {}",
      how_to_open(credentials));
}

Result<Agent> start_private(std::vector<std::string> notes) {
  auto snmpd = PrivateSnmpd::start();
  if (!snmpd) return tl::make_unexpected(snmpd.error());
  Agent agent;
  agent.owned = std::move(*snmpd);
  agent.target = agent.owned->target();
  agent.credentials.version = SnmpVersion::v2c;
  agent.credentials.community = agent.owned->write_community();

  auto question = Question::open(agent.target, agent.credentials, 1s, 3);
  if (!question) return tl::make_unexpected(question.error());
  snmp::Request request;
  request.operation = snmp::Operation::set;
  request.values = {{*snmp::Oid::parse(if_table_cache_timeout_oid), snmp::Value::integer(0)}};
  const snmp::Reply reply = (*question)->ask(std::move(request));
  if (!reply.good()) {
    if (const auto alive = agent.owned->check(); !alive) return tl::make_unexpected(alive.error());
    // Its counters are then up to three seconds old, which every delta accounts for: worth a word, not the end.
    notes.push_back(fmt::format("the private snmpd keeps its ifTable cache: {}", (*question)->explain(reply).message));
  }
  agent.credentials.community = agent.owned->community();
  notes.push_back(fmt::format("asking a private snmpd on {} (gone when this ends)", to_string(agent.target)));
  agent.notes = std::move(notes);
  return agent;
}

}  // namespace

Result<Agent> find_agent(AgentChoice choice, const SnmpCredentials& credentials) {
  if (choice == AgentChoice::private_one) return start_private({});
  const Target system{"127.0.0.1", snmp_port, AddressFamily::ipv4};
  const auto look = look_at_system(system, credentials);
  if (!look) return tl::make_unexpected(look.error());
  if (look->state == SystemAgent::serves) {
    Agent agent;
    agent.target = system;
    agent.credentials = credentials;
    agent.notes = {"asking the system's snmpd on 127.0.0.1:161"};
    return agent;
  }
  std::string why;
  switch (look->state) {
    case SystemAgent::hides_tables:
      why = hides_text(credentials);
      break;
    case SystemAgent::absent:
      why = "no snmpd listens on 127.0.0.1:161";
      break;
    default:
      why = fmt::format("the system's snmpd does not serve us: {}", look->says);
      break;
  }
  if (choice == AgentChoice::system) {
    return fail(ErrorKind::agent, std::move(why), "or use --snmpd auto, which starts a private snmpd");
  }
  return start_private({std::move(why)});
}

std::string machine_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "localhost";
  std::string text(name.data());
  return text.substr(0, text.find('.'));
}

}  // namespace octopoll::local
