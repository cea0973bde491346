// What a person is told when a request failed.

#include <catch2/catch.hpp>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {
namespace {

constexpr auto outcomes = {Outcome::answered,      Outcome::timed_out,         Outcome::unreachable,
                           Outcome::unreadable,    Outcome::no_engine,         Outcome::wrong_digest,
                           Outcome::unknown_user,  Outcome::unsupported_level, Outcome::privacy_failed,
                           Outcome::not_in_window, Outcome::unknown_context,   Outcome::report,
                           Outcome::not_sent};

SnmpCredentials community(SnmpVersion version) {
  SnmpCredentials credentials;
  credentials.version = version;
  credentials.community = Secret(std::string("Zq9-community"));
  return credentials;
}

SnmpCredentials user() {
  SnmpCredentials credentials;
  credentials.version = SnmpVersion::v3;
  credentials.username = "alice";
  credentials.context_name = "vrf-7";
  credentials.level = SecurityLevel::auth_priv;
  credentials.auth_protocol = AuthProtocol::sha256;
  credentials.password = Secret(std::string("Zq9-auth-passphrase"));
  credentials.priv_protocol = PrivProtocol::aes;
  credentials.priv_password = Secret(std::string("Zq9-priv-passphrase"));
  return credentials;
}

/// A session that has sent nothing: explain() needs to know who and how, not what came.
class Bench {
 public:
  explicit Bench(SnmpCredentials credentials, std::string label = "core-1") {
    auto loop = EventLoop::create();
    REQUIRE(loop);
    loop_ = std::move(*loop);
    auto engine = Engine::create(*loop_);
    REQUIRE(engine);
    engine_ = std::move(*engine);
    SessionOptions options;
    options.label = std::move(label);
    options.endpoint = *Endpoint::literal("127.0.0.1", 161);
    options.credentials = std::move(credentials);
    auto session = engine_->open(std::move(options));
    if (!session) FAIL(session.error().text());
    session_ = std::move(*session);
  }

  [[nodiscard]] Error explain(Outcome outcome, ErrorStatus status = ErrorStatus::gen_err) const {
    Reply reply;
    reply.outcome = outcome;
    reply.error_status = status;
    reply.tries = 3;
    reply.waited = std::chrono::seconds(7);
    return session_->explain(reply);
  }

 private:
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Session> session_;
};

TEST_CASE("every outcome is explained: who, why, and no secret") {
  const SnmpCredentials credentials = GENERATE(community(SnmpVersion::v1), community(SnmpVersion::v2c), user());
  const Bench bench(credentials);
  std::set<std::string> messages;
  for (const Outcome outcome : outcomes) {
    CAPTURE(static_cast<int>(outcome));
    const Error error = bench.explain(outcome);
    CHECK_THAT(error.message, Catch::StartsWith("core-1 (127.0.0.1:161): "));
    CHECK(error.message.size() > std::string("core-1 (127.0.0.1:161): ").size() + 10);
    CHECK(error.kind != ErrorKind::internal);
    CHECK_THAT(error.text(), !Catch::Contains("Zq9"));
    messages.insert(error.message);
  }
  CHECK(messages.size() == outcomes.size());
}

TEST_CASE("every outcome that its owner can mend has a remedy") {
  const Bench bench(user());
  for (const Outcome outcome : outcomes) {
    // An agent's error status, and a report that we do not know, speak for themselves.
    if (outcome == Outcome::answered || outcome == Outcome::report) continue;
    CAPTURE(static_cast<int>(outcome));
    CHECK_FALSE(bench.explain(outcome).remedy.empty());
  }
}

TEST_CASE("outcomes decide the kind of error") {
  const auto [outcome, kind] = GENERATE(table<Outcome, ErrorKind>({
      {Outcome::timed_out, ErrorKind::timeout},
      {Outcome::unreachable, ErrorKind::unreachable},
      {Outcome::unreadable, ErrorKind::agent},
      {Outcome::no_engine, ErrorKind::engine},
      {Outcome::wrong_digest, ErrorKind::auth},
      {Outcome::unknown_user, ErrorKind::unknown_user},
      {Outcome::unsupported_level, ErrorKind::auth},
      {Outcome::privacy_failed, ErrorKind::privacy},
      {Outcome::not_in_window, ErrorKind::engine},
      {Outcome::unknown_context, ErrorKind::agent},
      {Outcome::report, ErrorKind::engine},
      {Outcome::not_sent, ErrorKind::config},
  }));
  CHECK(Bench(user()).explain(outcome).kind == kind);
}

TEST_CASE("the words name what there is to check") {
  const Bench bench(user());
  CHECK_THAT(bench.explain(Outcome::wrong_digest).text(), Catch::Contains("alice") && Catch::Contains("SHA256"));
  CHECK_THAT(bench.explain(Outcome::unknown_user).text(), Catch::Contains("alice"));
  CHECK_THAT(bench.explain(Outcome::privacy_failed).text(), Catch::Contains("alice") && Catch::Contains("AES"));
  CHECK_THAT(bench.explain(Outcome::unknown_context).text(), Catch::Contains("vrf-7"));
  CHECK_THAT(bench.explain(Outcome::not_in_window).text(), Catch::Contains("notInTimeWindow"));
  CHECK_THAT(bench.explain(Outcome::timed_out).text(), Catch::Contains("3 requests") && Catch::Contains("SNMPv3"));
  CHECK_THAT(Bench(community(SnmpVersion::v2c)).explain(Outcome::timed_out).text(), Catch::Contains("community"));
}

TEST_CASE("where devices make a long key in two ways the other one is named") {
  using enum AuthProtocol;
  using enum PrivProtocol;
  const auto remedy = [](AuthProtocol auth, PrivProtocol priv) {
    SnmpCredentials credentials = user();
    credentials.auth_protocol = auth;
    credentials.priv_protocol = priv;
    return Bench(std::move(credentials)).explain(Outcome::privacy_failed).remedy;
  };
  CHECK_THAT(remedy(md5, aes192), Catch::Contains("try AES192C as well"));
  CHECK_THAT(remedy(sha, aes192c), Catch::Contains("try AES192 as well"));
  CHECK_THAT(remedy(sha, aes256), Catch::Contains("try AES256C as well"));
  CHECK_THAT(remedy(sha224, aes256c), Catch::Contains("try AES256 as well"));
  // Here both ways lead to one key.
  CHECK_THAT(remedy(sha224, aes192), !Catch::Contains("as well"));
  CHECK_THAT(remedy(sha256, aes256), !Catch::Contains("as well"));
  CHECK_THAT(remedy(md5, aes), !Catch::Contains("as well"));
  CHECK_THAT(remedy(sha, des), !Catch::Contains("as well"));
}

TEST_CASE("an address is not said twice") {
  CHECK_THAT(Bench(community(SnmpVersion::v2c), "127.0.0.1:161").explain(Outcome::timed_out).message,
             Catch::StartsWith("127.0.0.1:161: "));
}

TEST_CASE("an error status has its word, and tells of a missing view") {
  const Bench v2(community(SnmpVersion::v2c));
  CHECK(v2.explain(Outcome::answered, ErrorStatus::gen_err).kind == ErrorKind::agent);
  CHECK_THAT(v2.explain(Outcome::answered, ErrorStatus::gen_err).message, Catch::Contains("genErr"));
  for (const auto status : {ErrorStatus::authorization_error, ErrorStatus::no_access}) {
    const Error error = v2.explain(Outcome::answered, status);
    CHECK(error.kind == ErrorKind::auth);
    CHECK_THAT(error.message, Catch::Contains(to_string(status)));
    CHECK_THAT(error.remedy, Catch::Contains("view"));
    CHECK_THAT(Bench(user()).explain(Outcome::answered, status).remedy, Catch::Contains("security level"));
  }
}

TEST_CASE("error statuses have the words of RFC 3416, or their number") {
  const auto [status, word] = GENERATE(table<int, std::string>({
      {0, "noError"},
      {1, "tooBig"},
      {2, "noSuchName"},
      {3, "badValue"},
      {4, "readOnly"},
      {5, "genErr"},
      {6, "noAccess"},
      {16, "authorizationError"},
      {17, "notWritable"},
      {255, "error-status 255"},
      {-1, "error-status -1"},
  }));
  CHECK(to_string(static_cast<ErrorStatus>(status)) == word);
}

}  // namespace
}  // namespace octopoll::snmp
