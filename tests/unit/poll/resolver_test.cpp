#include "octopoll/poll/resolver.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;
using Endpoints = Result<std::vector<Endpoint>>;

class Bench {
 public:
  Bench() {
    auto loop = EventLoop::create();
    REQUIRE(loop);
    loop_ = std::move(*loop);
    resolver_ = std::make_unique<Resolver>(*loop_);
  }

  /// The answer, as soon as it is there.
  Endpoints resolve(const Target& target) {
    std::optional<Endpoints> answer;
    bool inside = true;
    resolver_->resolve(target, [&](Endpoints&& endpoints) {
      CHECK_FALSE(inside);
      CHECK_FALSE(answer);
      answer = std::move(endpoints);
      loop_->stop();
    });
    inside = false;
    loop_->run();
    REQUIRE(answer);
    return std::move(*answer);
  }

  EventLoop& loop() { return *loop_; }
  std::unique_ptr<Resolver>& resolver() { return resolver_; }

 private:
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Resolver> resolver_;
};

/// No name (RFC 1035 section 2.3.4: a label has at most 63 octets), so that nobody is asked for it.
const std::string no_name(64, 'a');

TEST_CASE("a literal resolves to itself, later") {
  Bench bench;
  const auto endpoints = bench.resolve({"127.0.0.1", 1161, AddressFamily::any});
  REQUIRE(endpoints);
  CHECK(*endpoints == std::vector<Endpoint>{*Endpoint::literal("127.0.0.1", 1161)});
}

TEST_CASE("a literal of the other family is an error, later") {
  Bench bench;
  const auto endpoints = bench.resolve({"127.0.0.1", 161, AddressFamily::ipv6});
  REQUIRE_FALSE(endpoints);
  CHECK(endpoints.error().kind == ErrorKind::resolve);
}

TEST_CASE("a name resolves beside the loop, IPv4 first") {
  Bench bench;
  const auto endpoints = bench.resolve({"localhost", 1161, AddressFamily::any});
  REQUIRE(endpoints);
  REQUIRE_FALSE(endpoints->empty());
  CHECK(std::is_partitioned(endpoints->begin(), endpoints->end(),
                            [](const Endpoint& endpoint) { return endpoint.family() == AF_INET; }));
  for (const Endpoint& endpoint : *endpoints) CHECK(endpoint.port() == 1161);
}

TEST_CASE("a name that has no address is an error") {
  Bench bench;
  const auto endpoints = bench.resolve({no_name, 161, AddressFamily::any});
  REQUIRE_FALSE(endpoints);
  CHECK(endpoints.error().kind == ErrorKind::resolve);
  CHECK_THAT(endpoints.error().message, Catch::Contains(no_name));
}

TEST_CASE("more names than threads are each answered once") {
  Bench bench;
  constexpr std::uint16_t count = 100;
  std::vector<int> answers(count, 0);
  int total = 0;
  for (std::uint16_t i = 0; i < count; ++i) {
    const bool good = i % 2 == 0;
    const Target target{good ? "localhost" : no_name, static_cast<std::uint16_t>(i + 1), AddressFamily::ipv4};
    bench.resolver()->resolve(target, [&, i, good](Endpoints&& endpoints) {
      CHECK(endpoints.has_value() == good);
      if (endpoints) CHECK(endpoints->front().port() == i + 1);
      ++answers[i];
      if (++total == count) bench.loop().stop();
    });
  }
  bench.loop().run();
  CHECK(answers == std::vector<int>(count, 1));
}

TEST_CASE("an answer may ask the next question") {
  Bench bench;
  int asked = 0;
  std::function<void()> ask = [&] {
    bench.resolver()->resolve({"localhost", 161, AddressFamily::any}, [&](Endpoints&&) {
      if (++asked == 20) {
        bench.loop().stop();
      } else {
        ask();
      }
    });
  };
  ask();
  bench.loop().run();
  CHECK(asked == 20);
}

TEST_CASE("after its end a resolver calls nobody, whatever was under way") {
  Bench bench;
  int answers = 0;
  const Target target{GENERATE("127.0.0.1", "localhost"), 161, AddressFamily::ipv4};
  for (int i = 0; i < 50; ++i) bench.resolver()->resolve(target, [&](Endpoints&&) { ++answers; });
  SECTION("before the loop had a turn") {}
  SECTION("with answers waiting for the loop") {
    // The fiftieth comes last or nearly so: of the others some are posted and not yet delivered.
    bench.resolver()->resolve(target, [&](Endpoints&&) { bench.resolver().reset(); });
    while (bench.resolver()) bench.loop().run_once(1s);
    answers = 0;
  }
  bench.resolver().reset();
  for (int i = 0; i < 10; ++i) bench.loop().run_once(1ms);
  CHECK(answers == 0);
}

TEST_CASE("IPv4 goes first and all else stays in order") {
  const auto endpoint = [](const char* host) { return *Endpoint::literal(host, 161); };
  std::vector<Endpoint> endpoints{endpoint("2001:db8::2"), endpoint("192.0.2.2"), endpoint("2001:db8::1"),
                                  endpoint("192.0.2.1")};
  prefer_ipv4(endpoints);
  CHECK(endpoints == std::vector<Endpoint>{endpoint("192.0.2.2"), endpoint("192.0.2.1"), endpoint("2001:db8::2"),
                                           endpoint("2001:db8::1")});
  std::vector<Endpoint> none;
  prefer_ipv4(none);
  CHECK(none.empty());
}

}  // namespace
}  // namespace octopoll::poll
