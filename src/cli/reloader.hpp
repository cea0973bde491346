#pragma once
// The inventory, read again beside the loop.

#include <filesystem>
#include <functional>
#include <memory>
#include <tl/expected.hpp>
#include <vector>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/event_loop.hpp"

namespace octopoll::cli {

/// Reads an inventory on a thread of its own, so that neither a slow file system nor ten thousand devices hold up the
/// polling, and hands the result to the loop.
///
/// Thread: request() and the callback on the loop's. The destructor waits for a reading under way, but not longer than
/// a moment: one that hangs is left behind, and nobody is called any more.
class Reloader {
 public:
  using Loaded = tl::expected<config::Inventory, std::vector<config::Problem>>;
  using Load = std::function<Loaded()>;  ///< runs on the thread
  using Take = std::function<void(Loaded&&)>;

  Reloader(EventLoop& loop, Load load, Take take);
  ~Reloader();
  Reloader(const Reloader&) = delete;
  Reloader& operator=(const Reloader&) = delete;

  /// Reads soon. While a reading is under way, any number of requests make one more after it: the file may have
  /// changed after it was read.
  void request();

 private:
  struct Shared;
  void start();
  void ended(Loaded&& loaded);

  EventLoop& loop_;
  Load load_;
  Take take_;
  std::shared_ptr<Shared> shared_;  // with the thread, which may outlive this where the file system hangs
  bool reading_ = false;
  bool again_ = false;
};

}  // namespace octopoll::cli
