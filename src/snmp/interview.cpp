#include "octopoll/snmp/interview.hpp"

#include <utility>

namespace octopoll::snmp {

Interview::Interview(std::unique_ptr<EventLoop> loop, std::unique_ptr<Engine> engine)
    : loop_(std::move(loop)), engine_(std::move(engine)) {}

Result<std::unique_ptr<Interview>> Interview::create() {
  auto loop = EventLoop::create();
  if (!loop) return tl::make_unexpected(loop.error());
  auto engine = Engine::create(**loop);
  if (!engine) return tl::make_unexpected(engine.error());
  return std::unique_ptr<Interview>(new Interview(std::move(*loop), std::move(*engine)));
}

Result<std::unique_ptr<Session>> Interview::open(SessionOptions options) { return engine_->open(std::move(options)); }

Reply Interview::ask(Session& session, Request request) {
  Reply answer;
  run([&](std::function<void()> finished) {
    session.send(std::move(request), [&answer, finished = std::move(finished)](Reply&& reply) {
      answer = std::move(reply);
      finished();
    });
  });
  // What an interrupted question leaves behind must not call into a stack that is gone.
  if (interrupted_) session.cancel_all();
  return answer;
}

Reply Interview::get(Session& session, std::vector<Oid> names, std::optional<unsigned> retries) {
  Request request;
  request.names = std::move(names);
  request.retries = retries;
  return ask(session, std::move(request));
}

WalkEnd Interview::walk(Session& session, WalkPlan plan, Walk::Found found) {
  WalkEnd end;
  std::unique_ptr<Walk> walk;
  run([&](std::function<void()> finished) {
    walk =
        Walk::start(session, std::move(plan), std::move(found), [&end, finished = std::move(finished)](WalkEnd&& how) {
          end = std::move(how);
          finished();
        });
  });
  if (interrupted_) {
    session.cancel_all();
    if (!end.error) end.error = Error{ErrorKind::partial, session.options().label + ": interrupted", {}};
  }
  return end;
}

void Interview::run(const std::function<void(std::function<void()> finished)>& start) {
  if (interrupted_) return;
  start([this] { loop_->stop(); });
  loop_->run();
}

void Interview::pause(std::chrono::nanoseconds time) {
  if (interrupted_) return;
  const EventLoop::TimerId timer = loop_->after(time, [this] { loop_->stop(); });
  loop_->run();
  loop_->cancel(timer);
}

void Interview::interrupt() {
  interrupted_ = true;
  loop_->stop();
}

}  // namespace octopoll::snmp
