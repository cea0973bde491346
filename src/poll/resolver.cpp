#include "octopoll/poll/resolver.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <system_error>
#include <thread>

namespace octopoll::poll {
namespace {

/// Look-ups that may hang at once before the others wait. A thread that waits for a name server costs its stack alone.
constexpr unsigned most_threads = 32;

}  // namespace

struct Resolver::Shared {
  struct Job {
    Target target;
    Resolved done;
  };
  std::mutex mutex;
  std::condition_variable ready;
  std::deque<Job> jobs;
  EventLoop* loop;     ///< null when nobody waits any more
  bool ended = false;  ///< the same, for answers that wait in the loop; touched on its thread alone
  unsigned threads = 0;
  std::size_t looking = 0;  ///< threads that are busy

  void work() {
    for (;;) {
      Job job;
      {
        std::unique_lock lock(mutex);
        ready.wait(lock, [this] { return loop == nullptr || !jobs.empty(); });
        if (loop == nullptr) return;
        job = std::move(jobs.front());
        jobs.pop_front();
        ++looking;
      }
      auto endpoints = resolve_blocking(job.target);
      if (endpoints) prefer_ipv4(*endpoints);
      const std::lock_guard lock(mutex);
      --looking;
      if (loop == nullptr) return;
      loop->post([done = std::move(job.done), result = std::move(endpoints)]() mutable { done(std::move(result)); });
    }
  }
};

Resolver::Resolver(EventLoop& loop) : loop_(loop), shared_(std::make_shared<Shared>()) { shared_->loop = &loop; }

Resolver::~Resolver() {
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->loop = nullptr;
    shared_->jobs.clear();
  }
  shared_->ended = true;
  shared_->ready.notify_all();
}

void Resolver::resolve(const Target& target, Resolved resolved) {
  Resolved done = [shared = shared_, resolved = std::move(resolved)](Result<std::vector<Endpoint>>&& endpoints) {
    if (!shared->ended) resolved(std::move(endpoints));
  };
  if (Endpoint::literal(target.host, target.port)) {
    loop_.post([target, done = std::move(done)] { done(resolve_blocking(target)); });  // does not block on a literal
    return;
  }
  const std::lock_guard lock(shared_->mutex);
  shared_->jobs.push_back({target, std::move(done)});
  if (shared_->looking + shared_->jobs.size() > shared_->threads) add_thread();
  shared_->ready.notify_one();
}

void Resolver::add_thread() {
  if (shared_->threads == most_threads) return;
  try {
    // Detached: getaddrinfo() cannot be interrupted, and stopping must not wait for a name server.
    std::thread([shared = shared_] { shared->work(); }).detach();
    ++shared_->threads;
  } catch (const std::system_error& error) {
    if (shared_->threads > 0) return;  // those that there are will come to it
    const Shared::Job job = std::move(shared_->jobs.back());
    shared_->jobs.pop_back();
    loop_.post(
        [done = job.done,
         failed = Error{ErrorKind::io, fmt::format("{}: no thread to resolve it: {}", job.target.host, error.what()),
                        "raise the limit of tasks (systemd: TasksMax)"}] { done(tl::make_unexpected(failed)); });
  }
}

void prefer_ipv4(std::vector<Endpoint>& endpoints) {
  std::stable_partition(endpoints.begin(), endpoints.end(), [](const Endpoint& e) { return e.family() == AF_INET; });
}

}  // namespace octopoll::poll
