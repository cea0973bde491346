#include "cli/reloader.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace octopoll::cli {
namespace {

using namespace std::chrono_literals;

/// A file that takes as long to read as the test wants.
class SlowFile {
 public:
  Reloader::Load load() {
    return [state = state_]() -> Reloader::Loaded {
      const int number = ++state->reads;
      while (state->open < number) std::this_thread::sleep_for(1ms);
      config::Inventory inventory;
      inventory.devices.resize(static_cast<std::size_t>(number));
      return inventory;
    };
  }
  /// Lets so many readings through, in all.
  void open(int count) { state_->open = count; }
  [[nodiscard]] int reads() const { return state_->reads; }

 private:
  struct State {
    std::atomic<int> reads{0}, open{0};
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();  // with the thread
};

std::unique_ptr<EventLoop> make_loop() {
  auto loop = EventLoop::create();
  REQUIRE(loop);
  return std::move(*loop);
}

TEST_CASE("the loop goes on while the inventory is read") {
  const auto loop = make_loop();
  SlowFile file;
  std::vector<std::size_t> taken;
  Reloader reloader(*loop, file.load(), [&](Reloader::Loaded&& loaded) {
    REQUIRE(loaded);
    taken.push_back(loaded->devices.size());
  });
  reloader.request();
  int turns = 0;
  std::function<void()> turn = [&] {
    if (++turns < 20) loop->after(1ms, turn);
  };
  turn();
  while (turns < 20) loop->run_once(1s);
  CHECK(taken.empty());
  file.open(1);
  while (taken.empty()) loop->run_once(1s);
  CHECK(taken == std::vector<std::size_t>{1});
}

TEST_CASE("requests during a reading make one more after it") {
  const auto loop = make_loop();
  SlowFile file;
  std::vector<std::size_t> taken;
  Reloader reloader(*loop, file.load(), [&](Reloader::Loaded&& loaded) { taken.push_back(loaded->devices.size()); });
  for (int i = 0; i < 5; ++i) reloader.request();
  file.open(2);
  while (taken.size() < 2) loop->run_once(1s);
  for (int i = 0; i < 5; ++i) loop->run_once(1ms);
  CHECK(taken == std::vector<std::size_t>{1, 2});
  CHECK(file.reads() == 2);
}

TEST_CASE("a reading that is over late calls nobody") {
  const auto loop = make_loop();
  SlowFile file;
  int calls = 0;
  SECTION("it ends while the reloader goes") {
    file.open(1);
    Reloader(*loop, file.load(), [&calls](Reloader::Loaded&&) { ++calls; }).request();
  }
  SECTION("it hangs") {
    Reloader(*loop, file.load(), [&calls](Reloader::Loaded&&) { ++calls; }).request();
    file.open(1);
  }
  for (int i = 0; i < 5; ++i) loop->run_once(1ms);
  CHECK(calls == 0);
}

}  // namespace
}  // namespace octopoll::cli
