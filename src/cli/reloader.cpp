#include "cli/reloader.hpp"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "octopoll/core/log.hpp"

namespace octopoll::cli {
namespace {

/// A parse of ten thousand devices is over by then; a file system that hangs is not.
constexpr auto longest_wait = std::chrono::seconds(3);

}  // namespace

struct Reloader::Shared {
  std::mutex mutex;
  std::condition_variable over;
  bool running = false;
  EventLoop* loop = nullptr;  ///< null when nobody waits any more
  bool gone = false;          ///< the same, for a result that waits in the loop; touched on its thread alone
};

Reloader::Reloader(EventLoop& loop, Load load, Take take)
    : loop_(loop), load_(std::move(load)), take_(std::move(take)), shared_(std::make_shared<Shared>()) {
  shared_->loop = &loop;
}

Reloader::~Reloader() {
  shared_->gone = true;
  std::unique_lock lock(shared_->mutex);
  shared_->loop = nullptr;
  shared_->over.wait_for(lock, longest_wait, [this] { return !shared_->running; });
}

void Reloader::request() {
  if (reading_) {
    again_ = true;
    return;
  }
  start();
}

void Reloader::start() {
  reading_ = true;
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->running = true;
  }
  try {
    std::thread([this, shared = shared_, load = load_] {
      auto loaded = std::make_shared<Loaded>(load());
      const std::lock_guard lock(shared->mutex);
      shared->running = false;
      if (shared->loop != nullptr) {
        shared->loop->post([this, shared, loaded = std::move(loaded)] {
          if (!shared->gone) ended(std::move(*loaded));
        });
      }
      shared->over.notify_all();
    }).detach();
  } catch (const std::system_error& error) {
    const std::lock_guard lock(shared_->mutex);
    shared_->running = reading_ = false;
    log::error("the inventory is not read again: no thread for it: {}", error.what());
  }
}

void Reloader::ended(Loaded&& loaded) {
  reading_ = false;
  take_(std::move(loaded));
  if (std::exchange(again_, false)) start();
}

}  // namespace octopoll::cli
