#pragma once
// What the engine's tests share: a loop with an engine in it, and requests that keep their replies.

#include <catch2/catch.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/snmp/engine.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {

inline const snmp::Oid sys_name{1, 3, 6, 1, 2, 1, 1, 5, 0};
inline const snmp::Oid sys_up_time{1, 3, 6, 1, 2, 1, 1, 3, 0};

inline Endpoint at(const std::string& address, std::uint16_t port) {
  const auto endpoint = Endpoint::literal(address, port);
  REQUIRE(endpoint.has_value());
  return *endpoint;
}

inline snmp::Request get(snmp::Oid name) {
  snmp::Request request;
  request.names.push_back(std::move(name));
  return request;
}

/// v2c with patience that a loaded machine does not exhaust.
inline snmp::SessionOptions v2c(const Endpoint& endpoint, const std::string& community = "public") {
  snmp::SessionOptions options;
  options.label = community;
  options.endpoint = endpoint;
  options.credentials.own().community = Secret(community);
  options.timeout = std::chrono::seconds(10);
  options.retries = 3;
  return options;
}

struct Bench {
  std::unique_ptr<EventLoop> loop;
  std::unique_ptr<snmp::Engine> engine;

  Bench() {
    auto made = EventLoop::create();
    REQUIRE(made);
    loop = std::move(*made);
    auto opened = snmp::Engine::create(*loop);
    REQUIRE(opened);
    engine = std::move(*opened);
  }

  [[nodiscard]] std::unique_ptr<snmp::Session> open(snmp::SessionOptions options) const {
    auto session = engine->open(std::move(options));
    if (!session) FAIL(session.error().text());
    return std::move(*session);
  }

  /// Runs the loop until `condition` holds; fails the test when that takes for ever.
  void run_until(const std::function<bool()>& condition) const {
    const auto end = std::chrono::steady_clock::now() + 4 * patience;
    while (!condition()) {
      if (std::chrono::steady_clock::now() >= end) FAIL("what the test waits for did not come");
      loop->run_once(std::chrono::milliseconds(5));
    }
  }

  /// The answer to one request; the loop runs until it is there.
  [[nodiscard]] snmp::Reply ask(snmp::Session& session, snmp::Request request) const {
    std::optional<snmp::Reply> reply;
    session.send(std::move(request), [&reply](snmp::Reply&& answer) {
      REQUIRE_FALSE(reply.has_value());
      reply = std::move(answer);
    });
    run_until([&reply] { return reply.has_value(); });
    return std::move(*reply);
  }
};

}  // namespace octopoll::test
