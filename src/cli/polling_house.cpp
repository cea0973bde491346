#include "cli/polling_house.hpp"

#include <signal.h>

#include <chrono>

#include "cli/figures_text.hpp"
#include "cli/signals.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/core/memory.hpp"
#include "octopoll/store/path.hpp"

namespace octopoll::cli {

Result<std::unique_ptr<PollingHouse>> PollingHouse::open(config::Inventory inventory, HouseOptions options) {
  std::unique_ptr<PollingHouse> house(new PollingHouse);
  // Before the first thread: a signal must reach the loop's signalfd, not a thread that would die of it.
  Signals::block({SIGINT, SIGTERM, SIGHUP, SIGUSR1});

  auto path = store::default_store_path(options.db, inventory.store);
  if (!path) return tl::make_unexpected(path.error());
  house->store_path_ = std::move(*path);
  store::WriterOptions writing;
  // A commit costs a millisecond or two, whatever is in it. Who polls more than this a second waits less.
  writing.commit_interval = std::chrono::seconds(1);
  writing.batch = 5'000;
  writing.retention = inventory.retention;
  auto writer = store::Writer::open(house->store_path_, writing);
  if (!writer) return tl::make_unexpected(writer.error());
  house->writer_ = std::move(*writer);
  log::info("store: {}", house->store_path_.string());

  auto loop = EventLoop::create();
  if (!loop) return tl::make_unexpected(loop.error());
  house->loop_ = std::move(*loop);
  auto engine = snmp::Engine::create(*house->loop_, {.gather = std::chrono::milliseconds(5)});
  if (!engine) return tl::make_unexpected(engine.error());
  house->engine_ = std::move(*engine);
  if (auto prober = icmp::Prober::create(*house->loop_)) {
    house->prober_ = std::move(*prober);
  } else {
    house->no_prober_ = prober.error();
    log::warning("no latency will be measured: {}", house->no_prober_.text());
  }
  house->resolver_ = std::make_unique<poll::Resolver>(*house->loop_);

  poll::PollerOptions poller_options = std::move(options.poller);
  poller_options.last_poll_numbers = house->writer_->last_poll_numbers();
  poller_options.last_readings = house->writer_->take_last_readings();
  std::vector<Sink*> sinks{house->writer_.get()};
  if (options.keep_latest) sinks.push_back(&house->latest_);
  house->probes_ = inventory.probes.size();
  const poll::Shared shared{*house->loop_, *house->engine_, *house->resolver_, house->prober_.get(),
                            &house->no_prober_};
  house->poller_ =
      std::make_unique<poll::Poller>(shared, std::move(inventory), std::move(sinks), std::move(poller_options));
  return house;
}

void PollingHouse::run() {
  tidy_in_a_while();
  loop_->run();
}

/// Tables that are read and sums that are written leave free pages behind, which nobody needs for the next hour or the
/// next five minutes.
void PollingHouse::tidy_in_a_while() {
  loop_->after(std::chrono::minutes(1), [this] {
    give_back_memory();
    tidy_in_a_while();
  });
}

void PollingHouse::stop() {
  if (std::exchange(stopping_, true)) return;
  poller_->stop([this] { loop_->stop(); });
}

void PollingHouse::say_figures() {
  for (const std::string& line : figures_lines(poller_->take_figures(), writer_->statistics())) log::info("{}", line);
}

bool PollingHouse::close() {
  const store::WriterStatistics written = writer_->close();
  log::info("{}", figures_headline(poller_->take_figures(), written));
  return written.dropped == 0;
}

}  // namespace octopoll::cli
