// The prober against what the kernel itself answers, and what it refuses to send.

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <string>

#include "integration/icmp/bench.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using icmp::EchoPlan;
using icmp::EchoRound;

namespace {

void check_complete(const EchoRound& round, unsigned count) {
  CHECK(round.sent == count);
  CHECK(round.received == count);
  CHECK(round.duplicates == 0);
  CHECK(round.late == 0);
  CHECK(round.round_trips.size() == count);
  for (const auto took : round.round_trips) {
    CHECK(took > 0ns);
    CHECK(took <= 10s);
  }
  if (round.error) FAIL(round.error->text());
}

}  // namespace

TEST_CASE("every probe to loopback comes back once, with a positive round trip", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const std::string target = GENERATE("127.0.0.1", "127.0.0.2", "::1");
  CAPTURE(kind, target);
  space_for(kind).call([&] {
    const Bench bench;
    const Endpoint endpoint = at(target);
    CHECK(bench.prober->socket_kind(endpoint.family()) == kind);
    check_complete(run_round(bench, endpoint, {.count = 7, .spacing = 3ms, .timeout = 10s}), 7);
    const auto statistics = bench.prober->statistics();
    CHECK(statistics.sent == 7);
    CHECK(statistics.received == 7);
    CHECK(statistics.duplicates + statistics.late + statistics.foreign + statistics.errors == 0);
  });
}

TEST_CASE("payloads from the smallest to the largest come back", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const std::string target = GENERATE("127.0.0.1", "::1");
  const unsigned payload = GENERATE(unsigned{icmp::min_payload}, 25U, 1472U, unsigned{icmp::max_payload});
  CAPTURE(kind, target, payload);
  space_for(kind).call(
      [&] { check_complete(run_round(Bench(), at(target), {.count = 1, .timeout = 10s, .payload = payload}), 1); });
}

TEST_CASE("a link-local address is reached through its interface", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  add_ipv6(here, "fe80::a1", "64", "v0");
  add_ipv6(there, "fe80::a2", "64", "v1");
  here.call([&] {
    const Bench bench;
    check_complete(run_round(bench, at("fe80::a2%v0"), {.count = 2, .spacing = 5ms, .timeout = 10s}), 2);
    if (kind == "raw") return;
    // Datagram sockets insist on the interface; raw ones go by the routes.
    const EchoRound without = run_round(bench, at("fe80::a2"), {.count = 1, .timeout = 1s});
    CHECK(without.received == 0);
    REQUIRE(without.error.has_value());
    CHECK_THAT(without.error->text(), Catch::Contains("fe80::a2") && Catch::Contains("%eth0"));
  });
}

TEST_CASE("a raw socket finds the only link of a link-local address by itself", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns here;
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  add_ipv6(here, "fe80::a1", "64", "v0");
  add_ipv6(there, "fe80::a2", "64", "v1");
  here.call(
      [] { check_complete(run_round(Bench(), at("fe80::a2"), {.count = 2, .spacing = 5ms, .timeout = 10s}), 2); });
}

TEST_CASE("five hundred targets are in flight at once", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  space_for(kind).call([&] {
    const Bench bench;
    std::deque<Ran> all(500);
    for (std::size_t i = 0; i < all.size(); ++i) {
      start(all[i], *bench.prober, at(fmt::format("127.0.{}.{}", 1 + i / 250, 1 + i % 250)),
            {.count = 3, .spacing = 20ms, .timeout = 10s});
    }
    bench.run_until([&] { return std::all_of(all.begin(), all.end(), [](const Ran& ran) { return ran.done(); }); });
    for (const Ran& ran : all) check_complete(*ran.result, 3);
    CHECK(bench.prober->statistics().received == 1500);
    CHECK(bench.prober->statistics().foreign == 0);
  });
}

TEST_CASE("thousands of rounds that are due at one moment lose no answer to a full receive buffer", "[icmp]") {
  if (skip_without_netns()) return;
  space_for("datagram").call([&] {
    const Bench bench;
    constexpr unsigned targets = 20'000;  // the largest receive buffer has room for some 12,000 answers
    unsigned done = 0;
    unsigned received = 0;
    for (unsigned i = 0; i < targets; ++i) {
      bench.prober->start(*Endpoint::literal(fmt::format("127.1.{}.{}", i / 250, 1 + i % 250), 0),
                          {.count = 1, .timeout = 20s}, [&](const EchoRound& round) {
                            ++done;
                            received += round.received;
                          });
    }
    bench.run_until([&] { return done == targets; });
    CHECK(received == targets);
  });
}

TEST_CASE("a silent target loses every probe, and a lost probe has no round trip", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const std::string target = GENERATE("127.0.0.1", "::1");
  CAPTURE(kind, target);
  const Netns space = space_for(kind);
  silence(space);
  space.call([&] {
    const EchoRound round = run_round(Bench(), at(target), {.count = 4, .spacing = 5ms, .timeout = 40ms});
    CHECK(round.sent == 4);
    CHECK(round.received == 0);
    CHECK(round.late == 0);
    CHECK(round.round_trips.empty());
    CHECK_FALSE(round.error.has_value());
  });
}

TEST_CASE("where the kernel refuses to send, the probes are lost and the round says why", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const auto [route, reason] = GENERATE(table<std::string, std::string>({
      {"unreachable", "No route to host"},
      {"blackhole", "Invalid argument"},
      {"prohibit", "Permission denied"},
      {"throw", "Network is unreachable"},
  }));
  const auto [prefix, target] = GENERATE(table<std::string, std::string>({
      {"198.51.100.0/24", "198.51.100.7"},
      {"2001:db8:7::/48", "2001:db8:7::7"},
  }));
  CAPTURE(kind, route, target);
  const Netns space = space_for(kind);
  space.must({"ip", "route", "add", route, prefix});
  space.call([&address = target, &words = reason] {
    const Bench bench;
    const EchoRound round = run_round(bench, at(address), {.count = 3, .spacing = 2ms, .timeout = 10s});
    CHECK(round.sent == 3);
    CHECK(round.received == 0);
    CHECK(round.round_trips.empty());
    REQUIRE(round.error.has_value());
    CHECK(round.error->kind == ErrorKind::unreachable);
    CHECK_THAT(round.error->message, Catch::Contains(address) && Catch::Contains(words));
    CHECK_FALSE(round.error->remedy.empty());
    CHECK(bench.prober->statistics().sent == 0);
    CHECK(bench.prober->statistics().errors == 3);
  });
}

TEST_CASE("a neighbour that is not there is host unreachable, says this machine", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  set_sysctl(here, "net.ipv4.neigh.v0.mcast_solicit", "1");
  set_sysctl(here, "net.ipv4.neigh.v0.retrans_time_ms", "20");
  here.call([&] {
    const Bench bench;
    Ran ran;
    start(ran, *bench.prober, at("10.9.0.77"), {.count = 1000, .spacing = 20ms, .timeout = 10s});
    bench.run_until([&] { return bench.prober->statistics().errors > 0; });
    bench.prober->finish(ran.id);
    REQUIRE(ran.done());
    REQUIRE(ran.result->error.has_value());
    CHECK(ran.result->error->kind == ErrorKind::unreachable);
    CHECK(ran.result->error->message == "10.9.0.77: host unreachable, says 10.9.0.1");
  });
}

TEST_CASE("hundreds of dead neighbours cost a live one nothing", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/16"}, there, {"v1", "10.9.0.2/16"});
  // The errors about all of them come back while probes go out, so that many sends meet a pending one.
  set_sysctl(here, "net.ipv4.neigh.v0.mcast_solicit", "1");
  set_sysctl(here, "net.ipv4.neigh.v0.retrans_time_ms", "20");
  here.call([&] {
    const Bench bench;
    std::deque<Ran> dead(400);
    for (std::size_t i = 0; i < dead.size(); ++i) {
      start(dead[i], *bench.prober, at(fmt::format("10.9.{}.{}", 1 + i / 200, 1 + i % 200)),
            {.count = 8, .spacing = 11ms, .timeout = 100ms});
    }
    Ran live;
    start(live, *bench.prober, at("10.9.0.2"), {.count = 100, .spacing = 3ms, .timeout = 10s});
    bench.run_until([&] {
      return live.done() && std::all_of(dead.begin(), dead.end(), [](const Ran& ran) { return ran.done(); });
    });
    check_complete(*live.result, 100);
    CHECK(bench.prober->statistics().errors > 0);
    for (const Ran& ran : dead) {
      CHECK(ran.result->sent == 8);
      CHECK(ran.result->received == 0);
    }
  });
}

TEST_CASE("a plan that makes no sense is refused with nothing sent", "[icmp]") {
  if (skip_without_netns()) return;
  const auto [plan, word] = GENERATE(table<EchoPlan, std::string>({
      {{.count = 0}, "no probes"},
      {{.timeout = 0ns}, "timeout"},
      {{.spacing = -1s}, "spacing"},
      {{.payload = icmp::min_payload - 1}, "23 octets"},
      {{.payload = icmp::max_payload + 1}, "65508 octets"},
  }));
  space_for("raw").call([&, &refused = plan, &expected = word] {
    const Bench bench;
    Ran ran;
    start(ran, *bench.prober, at("127.0.0.1"), refused);
    CHECK_FALSE(ran.done());  // never from within start()
    bench.run_until([&] { return ran.done(); });
    CHECK(ran.result->sent == 0);
    REQUIRE(ran.result->error.has_value());
    CHECK(ran.result->error->kind == ErrorKind::usage);
    CHECK_THAT(ran.result->error->message, Catch::Contains(expected));
    CHECK(bench.prober->statistics().sent == 0);
  });
}

TEST_CASE("an answer that lay in the socket while the loop was away was in time", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  space_for(kind).call([&] {
    const Bench bench;
    const KernelStamps stamps;
    Ran ran;
    start(ran, *bench.prober, at("127.0.0.1"), {.count = 1, .timeout = 1s});
    // The loop is held up right after the request, beyond the timeout; then the timer fires along with the answer.
    bench.loop->after(0ns, [] { std::this_thread::sleep_for(1200ms); });
    bench.run_until([&] { return ran.done(); });
    check_complete(*ran.result, 1);
    CHECK(ran.result->round_trips.at(0) < 1s);  // the network's time, not the loop's
  });
}

TEST_CASE("rounds may be started and finished from callbacks", "[icmp]") {
  if (skip_without_netns()) return;
  space_for("datagram").call([&] {
    const Bench bench;
    const EchoPlan plan{.count = 1, .spacing = 1ms, .timeout = 10s};
    unsigned rounds = 0;
    icmp::Prober::Done again = [&](const EchoRound& round) {
      CHECK(round.received == 1);
      if (++rounds < 50) bench.prober->start(at("127.0.0.1"), plan, again);
    };
    bench.prober->start(at("127.0.0.1"), plan, again);
    bench.run_until([&] { return rounds == 50; });

    Ran finished;
    icmp::Prober::RoundId id = 0;
    id = bench.prober->start(
        at("127.0.0.1"), {.count = 10, .spacing = 1ms, .timeout = 10s},
        [&](EchoRound round) { finished.result = std::move(round); },
        [&](const icmp::EchoAnswer& answer) {
          if (answer.sequence == 2) bench.prober->finish(id);
        });
    bench.run_until([&] { return finished.done(); });
    check_complete(*finished.result, 3);
    bench.prober->finish(id);  // over: left alone
    bench.prober->finish(0);   // never was
  });
}
