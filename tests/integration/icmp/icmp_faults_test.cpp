// The prober against answers that are late, double, forged or errors: the test itself plays the network.

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "integration/icmp/bench.hpp"
#include "integration/icmp/scripted_responder.hpp"

using namespace octopoll;
using namespace octopoll::test;
using namespace std::chrono_literals;
using icmp::EchoAnswer;
using icmp::EchoPlan;
using icmp::EchoRound;

namespace {

/// A silenced namespace's loop, with the test's own responder on the other end.
struct Stage {
  Bench bench;
  ScriptedResponder responder;

  explicit Stage(int family) : responder(family) {}

  SeenRequest next_request() {
    std::optional<SeenRequest> request;
    bench.run_until([&] { return (request = responder.hear()).has_value(); });
    return *request;
  }
  void run_until_done(const Ran& ran) {
    bench.run_until([&] { return ran.done(); });
  }
  [[nodiscard]] icmp::ProberStatistics statistics() const { return bench.prober->statistics(); }
};

Netns silent_space(const std::string& kind) {
  Netns space = space_for(kind);
  silence(space);
  return space;
}

/// The addresses of one family that a test plays with; all of them are this machine.
struct Addresses {
  int family;
  std::string target, other;
};
const Addresses ipv4{AF_INET, "127.0.0.2", "127.0.0.3"};
const Addresses ipv6{AF_INET6, "2001:db8::2", "2001:db8::3"};

void add_addresses(const Netns& space) {
  add_ipv6(space, ipv6.target, "128", "lo");
  add_ipv6(space, ipv6.other, "128", "lo");
}

}  // namespace

TEST_CASE("forged answers are foreign and change nothing", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const Addresses addresses = GENERATE(ipv4, ipv6);
  CAPTURE(kind, addresses.target);
  const Netns space = silent_space(kind);
  add_addresses(space);
  space.call([&] {
    Stage stage(addresses.family);
    Ran ran;
    start(ran, *stage.bench.prober, at(addresses.target), {.count = 1, .timeout = 30s});
    const SeenRequest request = stage.next_request();
    const auto right = ScriptedResponder::answer_to(request);
    std::uint64_t foreign = 0;
    const auto expect_foreign = [&](const Endpoint& from, const std::vector<std::uint8_t>& octets) {
      stage.responder.send(from, request.from, octets);
      ++foreign;
      stage.bench.run_until([&] { return stage.statistics().foreign == foreign; });
      CHECK_FALSE(ran.done());
      CHECK(ran.answers.empty());
    };
    for (const std::size_t spoiled : {8U, 15U, 16U, 20U, 24U}) {  // cookie, slot, generation, sequence
      auto forged = right;
      forged[spoiled] ^= 1U;
      expect_foreign(request.to, forged);
    }
    auto short_one = right;
    short_one.resize(8 + icmp::min_payload - 1);
    expect_foreign(request.to, short_one);
    expect_foreign(at(addresses.other), right);  // the right octets from the wrong address

    stage.responder.answer(request);
    stage.run_until_done(ran);
    CHECK(ran.result->sent == 1);
    CHECK(ran.result->received == 1);
    CHECK(ran.result->duplicates == 0);
    CHECK_FALSE(ran.result->error.has_value());
  });
}

TEST_CASE("a repeated answer is a duplicate, also after the round is over", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const Addresses addresses = GENERATE(ipv4, ipv6);
  CAPTURE(kind, addresses.target);
  const Netns space = silent_space(kind);
  add_addresses(space);
  space.call([&] {
    Stage stage(addresses.family);
    Ran ran;
    start(ran, *stage.bench.prober, at(addresses.target), {.count = 2, .spacing = 10ms, .timeout = 30s});
    const SeenRequest first = stage.next_request();
    for (int i = 0; i < 3; ++i) stage.responder.answer(first);
    stage.bench.run_until([&] { return ran.answers.size() == 3; });
    const SeenRequest second = stage.next_request();
    stage.responder.answer(second);
    stage.run_until_done(ran);
    CHECK(ran.result->received == 2);
    CHECK(ran.result->duplicates == 2);
    CHECK(ran.result->round_trips.size() == 2);

    stage.responder.answer(second);
    stage.bench.run_until([&] { return ran.answers.size() == 5; });
    CHECK(ran.answers.back().kind == EchoAnswer::Kind::duplicate);
    CHECK(ran.answers.back().sequence == 1);
    CHECK(stage.statistics().duplicates == 3);
    CHECK(stage.statistics().foreign == 0);
  });
}

TEST_CASE("an answer after the timeout is late, and its probe is lost", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const Addresses addresses = GENERATE(ipv4, ipv6);
  CAPTURE(kind, addresses.target);
  const Netns space = silent_space(kind);
  add_addresses(space);
  space.call([&] {
    Stage stage(addresses.family);
    Ran ran;
    start(ran, *stage.bench.prober, at(addresses.target), {.count = 2, .spacing = 200ms, .timeout = 50ms});
    const SeenRequest first = stage.next_request();
    std::this_thread::sleep_for(60ms);
    stage.responder.answer(first);
    const SeenRequest second = stage.next_request();
    stage.run_until_done(ran);
    CHECK(ran.result->sent == 2);
    CHECK(ran.result->received == 0);
    CHECK(ran.result->late == 1);
    CHECK(ran.result->round_trips.empty());
    REQUIRE(ran.answers.size() == 1);
    CHECK(ran.answers[0].kind == EchoAnswer::Kind::late);
    CHECK(ran.answers[0].sequence == 0);
    CHECK(ran.answers[0].round_trip > 50ms);

    // The round is over, and still on record.
    stage.responder.answer(second);
    stage.bench.run_until([&] { return ran.answers.size() == 2; });
    CHECK(ran.answers[1].kind == EchoAnswer::Kind::late);
    CHECK(stage.statistics().late == 2);
    CHECK(stage.statistics().received == 0);
  });
}

TEST_CASE("what answers a round that is no longer on record is foreign", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space = silent_space("datagram");
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 1, .spacing = 5ms, .timeout = 5ms});
    const SeenRequest request = stage.next_request();
    stage.run_until_done(ran);
    bool forgotten = false;
    stage.bench.loop->after(50ms, [&] { forgotten = true; });
    stage.bench.run_until([&] { return forgotten; });
    stage.responder.answer(request);
    stage.bench.run_until([&] { return stage.statistics().foreign == 1; });
    CHECK(ran.answers.empty());

    // Its place is taken by another round, which the old answer must not touch either.
    Ran next;
    start(next, *stage.bench.prober, at("127.0.0.2"), {.count = 1, .timeout = 30s});
    const SeenRequest new_request = stage.next_request();
    stage.responder.answer(request);
    stage.bench.run_until([&] { return stage.statistics().foreign == 2; });
    CHECK_FALSE(next.done());
    stage.responder.answer(new_request);
    stage.run_until_done(next);
    CHECK(next.result->received == 1);
  });
}

TEST_CASE("an answer that came in time is in time, even if the timer looks first", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns space = silent_space(kind);
  space.call([&] {
    const KernelStamps stamps;
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 1, .timeout = 1s});
    const SeenRequest request = stage.next_request();
    // Another descriptor's callback holds the loop from the answer to beyond the timeout: the loop's next business is
    // the timer, before it asks the kernel again what can be read.
    const Fd busy(::eventfd(1, EFD_CLOEXEC));
    REQUIRE(stage.bench.loop->watch(busy.get(), EPOLLIN, [&](std::uint32_t) {
      stage.bench.loop->unwatch(busy.get());
      stage.responder.answer(request);
      std::this_thread::sleep_for(1100ms);
    }));
    stage.run_until_done(ran);
    CHECK(ran.result->received == 1);
    CHECK(ran.result->late == 0);
  });
}

TEST_CASE("an ICMP error is told with the one who says so, and the probe is waited for all the same", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  // RFC 792 asks for 8 octets of the original: our tag is then not among what is quoted.
  const std::size_t quoted = GENERATE(std::size_t{8}, std::size_t{64});
  const auto [addresses, type, code, reason] = GENERATE(table<Addresses, int, int, std::string>({
      {ipv4, 3, 1, "host unreachable"},
      {ipv4, 3, 13, "administratively prohibited by a filter"},
      {ipv4, 11, 0, "time to live exceeded"},
      {ipv6, 1, 0, "no route"},
      {ipv6, 3, 0, "time to live exceeded"},
  }));
  CAPTURE(kind, quoted, addresses.target, reason);
  const Netns space = silent_space(kind);
  add_addresses(space);
  space.call([&, &a = addresses, error_type = static_cast<std::uint8_t>(type),
              error_code = static_cast<std::uint8_t>(code), &words = reason] {
    Stage stage(a.family);
    Ran ran, neighbour;
    start(ran, *stage.bench.prober, at(a.target), {.count = 1, .timeout = 30s});
    const SeenRequest request = stage.next_request();
    // The error comes in one timer's callback, the next request goes to somebody else in the following one: the loop
    // does not look at the socket in between, so that request meets the pending error.
    stage.bench.loop->after(0ns, [&] {
      stage.responder.send(at(a.other), request.from,
                           ScriptedResponder::error_about(request, error_type, error_code, quoted));
    });
    start(neighbour, *stage.bench.prober, at(a.other), {.count = 1, .timeout = 30s});
    const SeenRequest next = stage.next_request();
    stage.bench.run_until([&] { return stage.statistics().errors == 1; });
    CHECK_FALSE(ran.done());
    stage.responder.answer(request);
    stage.responder.answer(next);
    stage.run_until_done(ran);
    stage.run_until_done(neighbour);
    CHECK(ran.result->received == 1);
    REQUIRE(ran.result->error.has_value());
    CHECK(ran.result->error->kind == ErrorKind::unreachable);
    CHECK(ran.result->error->message == a.target + ": " + words + ", says " + a.other);
    CHECK(neighbour.result->received == 1);
    CHECK_FALSE(neighbour.result->error.has_value());
    CHECK(stage.statistics().errors == 1);
  });
}

TEST_CASE("an error about a request that we did not send is nobody's", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns space = silent_space(kind);
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 1, .timeout = 30s});
    const SeenRequest request = stage.next_request();
    auto forged = request;
    forged.icmp[8] ^= 1U;  // the cookie
    stage.responder.send(at("127.0.0.3"), request.from, ScriptedResponder::error_about(forged, 3, 1, 64));
    auto elsewhere = request;
    elsewhere.ip_header[19] = 9;  // quotes another destination
    stage.responder.send(at("127.0.0.3"), request.from, ScriptedResponder::error_about(elsewhere, 3, 1, 8));
    stage.responder.send(at("127.0.0.3"), request.from, ScriptedResponder::error_about(request, 5, 1, 64));  // redirect
    stage.responder.answer(request);
    stage.run_until_done(ran);
    CHECK(ran.result->received == 1);
    CHECK_FALSE(ran.result->error.has_value());
    CHECK(stage.statistics().errors == 0);
  });
}

TEST_CASE("a finished round counts neither what was not sent nor what may still be answered", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns space = silent_space(kind);
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 100, .spacing = 10ms, .timeout = 30s});
    stage.responder.answer(stage.next_request());
    const SeenRequest waiting = stage.next_request();
    stage.bench.run_until([&] { return ran.answers.size() == 1; });
    stage.bench.prober->finish(ran.id);
    REQUIRE(ran.done());  // from within
    CHECK(ran.result->sent == 1);
    CHECK(ran.result->received == 1);

    stage.responder.answer(waiting);
    stage.bench.run_until([&] { return ran.answers.size() == 2; });
    CHECK(ran.answers[1].kind == EchoAnswer::Kind::late);
    CHECK(stage.statistics().received == 1);
  });
}

TEST_CASE("a finished round has the answers that lay in the socket at its end", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns space = silent_space(kind);
  space.call([&] {
    Stage stage(AF_INET);
    Ran in_time;
    start(in_time, *stage.bench.prober, at("127.0.0.2"), {.count = 2, .spacing = 1h, .timeout = 30s});
    stage.responder.answer(stage.next_request());
    stage.bench.prober->finish(in_time.id);
    REQUIRE(in_time.done());
    CHECK(in_time.result->sent == 1);
    CHECK(in_time.result->received == 1);
    CHECK(stage.statistics().late == 0);
  });
}

TEST_CASE("a round that is finished from within an answer claims no loss of what was not read yet", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space = silent_space("datagram");
  space.call([&] {
    const KernelStamps stamps;
    Stage stage(AF_INET);
    const EchoPlan plan{.count = 2, .spacing = 1h, .timeout = 100ms};
    Ran other;
    std::optional<EchoRound> first;
    start(other, *stage.bench.prober, at("127.0.0.3"), plan);
    stage.bench.prober->start(
        at("127.0.0.2"), {.count = 2, .spacing = 1h, .timeout = 30s},
        [&](EchoRound round) { first = std::move(round); },
        [&](const EchoAnswer&) { stage.bench.prober->finish(other.id); });
    std::optional<SeenRequest> to_first, to_other;
    while (!to_first || !to_other) {
      const SeenRequest request = stage.next_request();
      (request.to == at("127.0.0.2") ? to_first : to_other) = request;
    }
    // Both answers come in time, and are read when the other's timeout has come.
    stage.responder.answer(*to_first);
    stage.responder.answer(*to_other);
    std::this_thread::sleep_for(120ms);
    stage.bench.run_until([&] { return other.done(); });
    CHECK(other.result->sent == other.result->received);
  });
}

TEST_CASE("a finished round keeps the probes whose timeout had come", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space = silent_space("datagram");
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 2, .spacing = 1h, .timeout = 20ms});
    static_cast<void>(stage.next_request());
    std::this_thread::sleep_for(25ms);
    stage.bench.prober->finish(ran.id);
    REQUIRE(ran.done());
    CHECK(ran.result->sent == 1);
    CHECK(ran.result->received == 0);
  });
}

TEST_CASE("a full queue of this machine delays probes and loses none", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  here.call([] {
    // Both sides know each other's link address from now on: ARP shall not wait in the queue as well.
    REQUIRE(run_round(Bench(), at("10.9.0.2"), {.count = 1, .timeout = 20s}).received == 1);
  });
  // Room for one packet of ours at a time, 125 of them a second: sends beyond that fail with ENOBUFS.
  here.must({"tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "100kbit", "burst", "120", "limit", "120"});
  here.call([&] {
    const Bench bench;
    std::deque<Ran> all(10);
    for (Ran& ran : all) start(ran, *bench.prober, at("10.9.0.2"), {.count = 3, .spacing = 10ms, .timeout = 20s});
    bench.run_until([&] { return std::all_of(all.begin(), all.end(), [](const Ran& ran) { return ran.done(); }); });
    for (const Ran& ran : all) {
      CHECK(ran.result->sent == 3);
      CHECK(ran.result->received == 3);
      CHECK_FALSE(ran.result->error.has_value());
    }
    CHECK(bench.prober->statistics().errors == 0);
  });
  // The queue was full indeed.
  CHECK_THAT(here.must({"tc", "-s", "qdisc", "show", "dev", "v0"}), !Catch::Contains("(dropped 0,"));
}

TEST_CASE("a probe that finds this machine's queue full until it is too late is not sent, and no loss", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  here.call([] { REQUIRE(run_round(Bench(), at("10.9.0.2"), {.count = 1, .timeout = 20s}).received == 1); });
  // One packet may leave, one may wait (for minutes), and there is no room for more.
  here.must({"tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "8bit", "burst", "120", "limit", "120"});
  here.call([&] {
    const Bench bench;
    const auto round = run_round(bench, at("10.9.0.2"), {.count = 5, .spacing = 10ms, .timeout = 50ms});
    // What else this machine sends there (router solicitations) may take a place of ours.
    CHECK(round.not_sent >= 3);
    CHECK(round.sent + round.not_sent == 5);
    CHECK(round.errors == 0);
    REQUIRE(round.error.has_value());
    CHECK_THAT(round.error->text(), Catch::Contains("send queue is full"));
    CHECK(bench.prober->statistics().not_sent == round.not_sent);
    CHECK(bench.prober->statistics().errors == 0);
  });
}

TEST_CASE("answers that a full receive buffer turned away are known for what they are", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const Addresses addresses = GENERATE(ipv4, ipv6);
  CAPTURE(kind, addresses.target);
  const Netns space = silent_space(kind);
  add_addresses(space);
  space.call([&] {
    Stage stage(addresses.family);
    Ran ran;
    start(ran, *stage.bench.prober, at(addresses.target), {.count = 1, .timeout = 30s, .payload = 1400});
    const SeenRequest request = stage.next_request();
    CHECK(stage.statistics().overflowed == 0);
    // Nobody reads meanwhile; the kernel charges 2 KiB or more for each, and grants twice the 4 MiB that are asked for.
    for (int i = 0; i < 6000; ++i) stage.responder.answer(request);
    CHECK(stage.statistics().overflowed > 0);
    stage.run_until_done(ran);
    CHECK(ran.result->received == 1);
    const auto seen = [&] {
      const auto statistics = stage.statistics();
      return statistics.received + statistics.duplicates + statistics.overflowed;
    };
    stage.bench.run_until([&] { return seen() == 6000; });
  });
}

TEST_CASE("an error that found no room in the queue of errors fails nobody else's probe", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  CAPTURE(kind);
  const Netns space = silent_space(kind);
  space.call([&] {
    Stage stage(AF_INET);
    Ran first, second;
    start(first, *stage.bench.prober, at("127.0.0.2"), {.count = 1, .timeout = 30s, .payload = 1400});
    const SeenRequest request = stage.next_request();
    for (int i = 0; i < 6000; ++i) stage.responder.answer(request);
    REQUIRE(stage.statistics().overflowed > 0);
    // The kernel drops what it would tell us, and leaves the error on the socket.
    for (int i = 0; i < 10; ++i) {
      stage.responder.send(request.to, request.from, ScriptedResponder::error_about(request, 3, 1, 64));
    }
    start(second, *stage.bench.prober, at("127.0.0.3"), {.count = 1, .timeout = 30s});
    std::optional<SeenRequest> asked;
    while (!asked || !(asked->to == at("127.0.0.3"))) asked = stage.next_request();
    stage.responder.answer(*asked);
    stage.run_until_done(second);
    CHECK(second.result->received == 1);
    CHECK_FALSE(second.result->error.has_value());
  });
}

TEST_CASE("the time in this machine's own queue is not the network's", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string kind = GENERATE("datagram", "raw");
  const std::string far = GENERATE("10.9.0.2", "2001:db8::2");
  CAPTURE(kind, far);
  const Netns here = space_for(kind);
  const Netns there;
  connect(here, {"v0", "10.9.0.1/24"}, there, {"v1", "10.9.0.2/24"});
  add_ipv6(here, "2001:db8::1", "64", "v0");
  add_ipv6(there, "2001:db8::2", "64", "v1");
  here.call([&] {
    REQUIRE(run_round(Bench(), at(far), {.count = 1, .timeout = 20s}).received == 1);  // the neighbours are known now
  });
  here.must({"tc", "qdisc", "add", "dev", "v0", "root", "tbf", "rate", "100kbit", "burst", "120", "limit", "100000"});
  here.call([&] {
    const KernelStamps stamps;
    const Bench bench;
    std::deque<Ran> all(8);
    for (Ran& ran : all) start(ran, *bench.prober, at(far), {.count = 4, .spacing = 1ms, .timeout = 20s});
    bench.run_until([&] { return std::all_of(all.begin(), all.end(), [](const Ran& ran) { return ran.done(); }); });
    std::vector<std::chrono::nanoseconds> round_trips;
    for (const Ran& ran : all) {
      CHECK(ran.result->received == 4);
      round_trips.insert(round_trips.end(), ran.result->round_trips.begin(), ran.result->round_trips.end());
    }
    // 32 packets of 98 octets or more, 8 ms each, stood in line: half of them for longer than 120 ms.
    std::sort(round_trips.begin(), round_trips.end());
    CHECK(round_trips.at(round_trips.size() / 2) < 60ms);
  });
}

TEST_CASE("a loop that fell behind sends no burst to catch up", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space = silent_space("datagram");
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 100, .spacing = 50ms, .timeout = 30s});
    static_cast<void>(stage.next_request());
    std::this_thread::sleep_for(500ms);  // ten probes' time
    const BootTime back = BootClock::now();
    static_cast<void>(stage.next_request());
    static_cast<void>(stage.next_request());
    CHECK(BootClock::now() - back >= 50ms);
    stage.bench.prober->finish(ran.id);
  });
}

TEST_CASE("two probers on raw sockets do not hear each other", "[icmp]") {
  if (skip_without_netns()) return;
  const std::string host = GENERATE("127.0.0.1", "::1");
  space_for("raw").call([&] {
    const Bench bench;
    const auto other = bench.another_prober();
    const unsigned count = 5;
    Ran ran, others;
    start(ran, *bench.prober, at(host), {.count = count, .spacing = 1ms, .timeout = 30s});
    start(others, *other, at(host), {.count = count, .spacing = 1ms, .timeout = 30s});
    bench.run_until([&] { return ran.done() && others.done(); });
    // On loopback each answer is in both queues before the request's send returns.
    Ran last;
    start(last, *bench.prober, at(host), {.count = 1, .spacing = 1ms, .timeout = 30s});
    bench.run_until([&] { return last.done(); });
    CHECK(ran.result->received == count);
    CHECK(others.result->received == count);
    CHECK(ran.result->duplicates + others.result->duplicates == 0);
    CHECK(bench.prober->statistics().foreign == 0);
    CHECK(other->statistics().foreign == 0);
  });
}

TEST_CASE("a prober that goes with rounds in flight leaves nothing behind in the loop", "[icmp]") {
  if (skip_without_netns()) return;
  const Netns space = silent_space("datagram");
  space.call([&] {
    Stage stage(AF_INET);
    Ran ran;
    start(ran, *stage.bench.prober, at("127.0.0.2"), {.count = 3, .spacing = 1ms, .timeout = 20ms});
    stage.responder.answer(stage.next_request());
    stage.bench.prober.reset();
    bool later = false;
    stage.bench.loop->after(60ms, [&] { later = true; });
    stage.bench.run_until([&] { return later; });
    CHECK_FALSE(ran.done());
  });
}
