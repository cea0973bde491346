#include "fleet/fleet.hpp"

#include <time.h>

#include <future>
#include <stdexcept>

namespace fleet {
namespace {

Instant boot_clock() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Fleet::Fleet(FleetOptions options)
    : clock_(options.clock ? std::move(options.clock) : boot_clock),
      listen_(std::move(options.listen)),
      server_(registry_, clock_, options.seed, [this] { run_calls(); }) {}

Fleet::~Fleet() { stop(); }

void Fleet::add(DeviceSpec device) {
  call([&] { registry_.add(std::move(device), clock_()); });
}

void Fleet::add(std::vector<DeviceSpec> devices) {
  call([&] {
    for (auto& device : devices) registry_.add(std::move(device), clock_());
  });
}

void Fleet::start() {
  server_.open(listen_);
  thread_ = std::thread([this] { server_.run(); });
}

void Fleet::stop() {
  if (!thread_.joinable()) return;
  server_.stop();
  thread_.join();
}

std::string Fleet::target() const { return "127.0.0.1:" + std::to_string(port()); }

Json Fleet::command(const Json& command) {
  Json reply;
  call([&] { reply = execute(registry_, server_.stats(), command, clock_()); });
  return reply;
}

void Fleet::set(const std::string& name, const Json& faults) {
  call([&] { device(name).change_faults(faults, clock_()); });
}

Truth Fleet::truth(const std::string& name) {
  Truth truth;
  call([&] { truth = synthetic(name).truth(clock_()); });
  return truth;
}

Truth Fleet::truth(const std::string& name, Instant at) {
  Truth truth;
  call([&] { truth = synthetic(name).truth(at); });
  return truth;
}

void Fleet::reboot(const std::string& name, const RebootOptions& options) {
  call([&] { synthetic(name).reboot(options, clock_()); });
}

void Fleet::add_interface(const std::string& name, const InterfaceSpec& interface) {
  call([&] { synthetic(name).add_interface(interface, clock_()); });
}

void Fleet::remove_interface(const std::string& name, const std::string& interface) {
  call([&] { synthetic(name).remove_interface(interface, clock_()); });
}

void Fleet::change_interface(const std::string& name, const std::string& interface, const InterfaceChange& change) {
  call([&] { synthetic(name).change_interface(interface, change, clock_()); });
}

DeviceStats Fleet::stats(const std::string& name) {
  DeviceStats stats;
  call([&] { stats = device(name).stats; });
  return stats;
}

FleetStats Fleet::stats() {
  FleetStats stats;
  call([&] { stats = server_.stats(); });
  return stats;
}

/// On the fleet's thread while it runs, else here; what it throws is thrown here.
void Fleet::call(const std::function<void()>& work) {
  if (!thread_.joinable()) {
    work();
    return;
  }
  std::packaged_task<void()> task(work);
  std::future<void> done = task.get_future();
  {
    const std::lock_guard lock(mutex_);
    calls_.emplace_back([&task] { task(); });
  }
  server_.wake();
  done.get();
}

void Fleet::run_calls() {
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(mutex_);
    calls.swap(calls_);
  }
  for (const auto& call : calls) call();
}

Device& Fleet::device(const std::string& name) {
  Device* device = registry_.find(name);
  if (device == nullptr) throw std::invalid_argument("no device is called \"" + name + "\"");
  return *device;
}

SyntheticModel& Fleet::synthetic(const std::string& name) {
  auto* model = dynamic_cast<SyntheticModel*>(&device(name).model());
  if (model == nullptr) throw std::invalid_argument(name + " is a recording: it stands still");
  return *model;
}

}  // namespace fleet
