#pragma once
// Asking agents one thing after the other: what commands do that examine a single device.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "octopoll/core/event_loop.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/snmp/walk.hpp"

namespace octopoll::snmp {

/// A loop and an engine of its own, and calls that return when the answer is there.
///
/// Shape:  for a command, never beside a poller: it blocks, and a process has one engine.
/// Errors: create(), open(); a question that is not answered is a Reply that says so.
/// Ends:   interrupt() makes the call under way and all later ones return at once, as if the agent had fallen silent.
/// Thread: the one that created it; interrupt() from one of its loop's callbacks.
class Interview {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Interview>> create();

  /// As Engine::open(). Sessions must not outlive the interview.
  [[nodiscard]] Result<std::unique_ptr<Session>> open(SessionOptions options);

  [[nodiscard]] Reply ask(Session& session, Request request);
  /// A GET of these objects.
  [[nodiscard]] Reply get(Session& session, std::vector<Oid> names, std::optional<unsigned> retries = {});
  [[nodiscard]] WalkEnd walk(Session& session, WalkPlan plan, Walk::Found found);
  /// For readings of other rooms: `start` begins one and is given what to call at its end.
  void run(const std::function<void(std::function<void()> finished)>& start);
  void pause(std::chrono::nanoseconds time);

  void interrupt();
  [[nodiscard]] bool interrupted() const noexcept { return interrupted_; }

  [[nodiscard]] EventLoop& loop() noexcept { return *loop_; }
  /// Of all its sessions together.
  [[nodiscard]] const Traffic& traffic() const noexcept { return engine_->traffic(); }

 private:
  Interview(std::unique_ptr<EventLoop> loop, std::unique_ptr<Engine> engine);

  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Engine> engine_;
  bool interrupted_ = false;
};

}  // namespace octopoll::snmp
