// octopoll-engine-bench: the work of octopoll-floor through octopoll's own SNMP engine, v2c or v3.

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/snmp/variables.hpp"
#include "workload.hpp"

namespace {

using bench::Tally;
using bench::Usage;
using bench::Workload;
namespace snmp = octopoll::snmp;

using Row = std::array<std::uint64_t, bench::column_count>;

/// How the engine is asked for rows: the one place that knows its calls.
class Asker {
 public:
  /// What came of a request; `why` says what went wrong where it was not answered.
  struct Outcome {
    bool answered = false;
    bool right = false;
    std::size_t octets = 0;
    std::string why;
  };
  using Done = std::function<void(const Outcome&)>;

  explicit Asker(const Workload& workload) {
    const snmp::RowNames names(columns());
    for (std::uint32_t request = 0; request < workload.requests_a_cycle(); ++request) {
      std::string& made = requests_.emplace_back();
      for (std::uint32_t row = 0; row < workload.rows_of(request); ++row) {
        const std::uint32_t if_index = request * workload.rows + row + 1;
        names.append(made, if_index, if_index);
      }
    }
    rows_.resize(workload.rows);
  }

  void ask(snmp::Session& session, std::uint32_t request, Done done) {
    session.send_encoded(requests_[request], std::nullopt,
                         [this, &session, done = std::move(done)](snmp::Reply&& reply) {
                           Outcome outcome;
                           outcome.answered = reply.good();
                           outcome.octets = reply.octets;
                           outcome.right = outcome.answered && take(reply);
                           if (!outcome.answered) outcome.why = session.explain(reply).message;
                           done(outcome);
                         });
  }
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  static std::vector<snmp::RowNames::Column> columns() {
    std::vector<snmp::RowNames::Column> all;
    for (const auto& column : bench::columns()) all.push_back({snmp::Oid(column)});
    return all;
  }

  /// Every name is checked and every number read, as the floor does; nothing is kept.
  bool take(const snmp::Reply& reply) {
    snmp::AnswerReader variables(reply.asked, reply.encoded);
    snmp::WireVariable variable;
    std::size_t at = 0;
    for (; variables.next(variable); ++at) {
      const auto number = variable.number();
      if (!number) return false;
      rows_[at / bench::column_count][at % bench::column_count] = *number;
      digest_ += *number;
    }
    return variables.finished();
  }

  std::vector<std::string> requests_;
  std::vector<Row> rows_;
  std::uint64_t digest_ = 0;
};

/// Keeps `window` requests under way over all devices, as the floor does.
class Client {
 public:
  Client(const Workload& workload, octopoll::EventLoop& loop, snmp::Engine& engine)
      : workload_(workload), loop_(loop), asker_(workload), order_(workload) {
    const int granted = snmp::EngineOptions().receive_buffer;  // where that may be had
    window_ = workload.window != 0 ? workload.window : bench::answers_held(granted);
    sessions_.reserve(workload.devices);
    for (std::uint32_t device = 0; device < workload.devices; ++device) sessions_.push_back(open(engine, device));
  }

  void run_cycle() {
    order_.begin_cycle();
    fill_window();
    if (in_flight_ > 0) loop_.run();
  }

  Tally tally;
  [[nodiscard]] std::uint32_t window() const { return window_; }
  [[nodiscard]] std::uint64_t digest() const { return asker_.digest(); }
  [[nodiscard]] const std::string& first_failure() const { return first_failure_; }

 private:
  std::unique_ptr<snmp::Session> open(snmp::Engine& engine, std::uint32_t device) {
    const in_addr address{htonl(workload_.base + device)};
    std::array<char, INET_ADDRSTRLEN> text{};
    ::inet_ntop(AF_INET, &address, text.data(), text.size());
    snmp::SessionOptions options;
    options.label = text.data();
    options.endpoint = *octopoll::Endpoint::literal(text.data(), workload_.port);
    options.credentials = credentials();
    options.timeout = workload_.timeout;
    options.max_outstanding = bench::most_outstanding;
    auto session = engine.open(std::move(options));
    if (!session) throw std::runtime_error(session.error().message);
    return std::move(*session);
  }

  [[nodiscard]] octopoll::SnmpCredentials credentials() const;

  void fill_window() {
    while (in_flight_ < window_) {
      const auto next = order_.next();
      if (!next) return;
      ++in_flight_;
      asker_.ask(*sessions_[next->device], next->request,
                 [this, now = *next](const Asker::Outcome& outcome) { take(now.device, now.request, outcome); });
    }
  }

  void take(std::uint32_t device, std::uint32_t request, const Asker::Outcome& outcome) {
    --in_flight_;
    if (!outcome.answered) {
      ++tally.failed;
      if (first_failure_.empty()) first_failure_ = outcome.why;
    } else if (!outcome.right) {
      ++tally.wrong;
    } else {
      ++tally.answers;
      tally.interface_polls += workload_.rows_of(request);
      tally.largest_answer = std::max<std::uint64_t>(tally.largest_answer, outcome.octets);
    }
    order_.ended(device);
    fill_window();
    if (in_flight_ == 0) loop_.stop();
  }

  const Workload& workload_;
  octopoll::EventLoop& loop_;
  Asker asker_;
  std::vector<std::unique_ptr<snmp::Session>> sessions_;
  bench::RequestOrder order_;
  std::uint32_t in_flight_ = 0;
  std::uint32_t window_ = 0;
  std::string first_failure_;
};

/// The words of the inventory.
template <class Protocol>
Protocol protocol_named(const std::string& word, std::initializer_list<Protocol> all) {
  for (const Protocol protocol : all) {
    if (to_string(protocol) == word) return protocol;
  }
  throw std::invalid_argument("--v3: no protocol " + word);
}

octopoll::SnmpCredentials Client::credentials() const {
  octopoll::SnmpCredentials credentials;
  if (workload_.security.empty()) {
    credentials.community = octopoll::Secret(workload_.community);
    return credentials;
  }
  std::vector<std::string> parts(1);
  for (const char c : workload_.security) {
    if (c == ':') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  if (parts.size() != 5) {
    throw std::invalid_argument("--v3: USER:AUTH-PROTOCOL:PASSPHRASE:PRIV-PROTOCOL:PASSPHRASE is expected");
  }
  using enum octopoll::AuthProtocol;
  using enum octopoll::PrivProtocol;
  credentials.version = octopoll::SnmpVersion::v3;
  credentials.level = octopoll::SecurityLevel::auth_priv;
  credentials.username = parts[0];
  credentials.auth_protocol = protocol_named(parts[1], {md5, sha, sha224, sha256, sha384, sha512});
  credentials.password = octopoll::Secret(parts[2]);
  credentials.priv_protocol = protocol_named(parts[3], {des, aes, aes192, aes256, aes192c, aes256c});
  credentials.priv_password = octopoll::Secret(parts[4]);
  return credentials;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto workload = bench::parse_workload(
        argc, argv,
        "octopoll-engine-bench: what polling interfaces costs through octopoll's SNMP engine; prints one line of "
        "JSON.\n\n"
        "  octopoll-fleet --devices 1000 --port 16100 --no-stdin &\n"
        "  octopoll-engine-bench --devices 1000 --cycles 10\n\n"
        "Exit codes: 0 done, 1 not everything was answered, 2 bad usage.",
        true);
    if (!workload) return 0;
    if (workload->gather.count() > 0 || workload->receive_buffer != 0) {
      throw std::invalid_argument("--gather and --rcvbuf are the engine's own affair");
    }
    auto loop = octopoll::EventLoop::create();
    if (!loop) throw std::runtime_error(loop.error().message);
    auto engine = snmp::Engine::create(**loop);
    if (!engine) throw std::runtime_error(engine.error().message);
    Client client(*workload, **loop, **engine);
    for (std::uint32_t cycle = 0; cycle < workload->warm_up; ++cycle) client.run_cycle();
    client.tally = {};
    const snmp::Traffic before = (*engine)->traffic();
    const Usage warm = Usage::now();
    for (std::uint32_t cycle = 0; cycle < workload->cycles; ++cycle) client.run_cycle();
    const Usage end = Usage::now();
    const snmp::Traffic& after = (*engine)->traffic();
    client.tally.pdus = after.requests - before.requests;
    client.tally.lost = after.retries - before.retries;
    bench::print_result(workload->security.empty() ? "engine" : "engine-v3", *workload, client.tally, warm, end,
                        {{"window", client.window()}, {"digest", client.digest()}});
    if (!client.first_failure().empty()) {
      fmt::print(stderr, "octopoll-engine-bench: {} requests failed, the first: {}\n", client.tally.failed,
                 client.first_failure());
    }
    return client.tally.failed == 0 && client.tally.wrong == 0 ? 0 : 1;
  } catch (const std::invalid_argument& error) {
    fmt::print(stderr, "octopoll-engine-bench: {}; see --help\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "octopoll-engine-bench: {}\n", error.what());
    return 1;
  }
}
