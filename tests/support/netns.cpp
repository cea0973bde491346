#include "support/netns.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace octopoll::test {
namespace {

constexpr std::string_view name_prefix = "octopoll-test-";

std::optional<std::string> find_obstacle();
std::string must_run(std::vector<std::string> argv);
void sweep_once();
bool left_behind(std::string_view name);

}  // namespace

std::optional<std::string> netns_skip_reason() {
  static const std::optional<std::string> obstacle = find_obstacle();
  const char* required = std::getenv("OCTOPOLL_REQUIRE_NETNS");
  if (obstacle && required != nullptr && std::string_view(required) == "1") {
    throw std::runtime_error("OCTOPOLL_REQUIRE_NETNS=1, but there are no network namespaces here: " + *obstacle);
  }
  return obstacle;
}

bool skip_without_netns() {
  const auto reason = netns_skip_reason();
  if (reason) std::cout << "SKIPPED: needs network namespaces: " << *reason << std::endl;
  return reason.has_value();
}

Netns::Netns() {
  static std::atomic<unsigned> count{0};
  sweep_once();
  const std::string name = fmt::format("{}{}-{}", name_prefix, ::getpid(), count++);
  must_run({"ip", "netns", "add", name});
  name_ = name;
  must({"ip", "link", "set", "lo", "up"});
}

Netns::Netns(Netns&& other) noexcept : name_(std::exchange(other.name_, {})) {}

Netns::~Netns() {
  if (name_.empty()) return;
  try {
    const CommandResult result = run_command({"ip", "netns", "del", name_});
    if (!result.ok()) std::cerr << "cannot delete namespace " << name_ << ": " << result.err << std::endl;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
}

std::vector<std::string> Netns::inside(std::vector<std::string> argv) const {
  std::vector<std::string> whole{"ip", "netns", "exec", name_};
  whole.insert(whole.end(), std::make_move_iterator(argv.begin()), std::make_move_iterator(argv.end()));
  return whole;
}

CommandResult Netns::run(std::vector<std::string> argv) const { return run_command(inside(std::move(argv))); }

std::string Netns::must(std::vector<std::string> argv) const { return must_run(inside(std::move(argv))); }

void Netns::call(const std::function<void()>& work) const {
  std::exception_ptr failure;
  std::thread([&] {
    try {
      const Fd space(::open(("/run/netns/" + name_).c_str(), O_RDONLY | O_CLOEXEC));
      if (!space || ::setns(space.get(), CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "entering namespace " + name_);
      }
      work();
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

void connect(const Netns& a, const VethEnd& end_a, const Netns& b, const VethEnd& end_b) {
  must_run({"ip", "link", "add", end_a.name, "netns", a.name(), "type", "veth", "peer", "name", end_b.name, "netns",
            b.name()});
  for (const auto& [space, end] : {std::pair(&a, &end_a), std::pair(&b, &end_b)}) {
    space->must({"ip", "address", "add", end->address, "dev", end->name});
    space->must({"ip", "link", "set", end->name, "up"});
  }
}

namespace {

std::optional<std::string> find_obstacle() {
  if (::geteuid() != 0) return "not root";
  try {
    const std::string probe = fmt::format("{}{}-probe", name_prefix, ::getpid());
    const CommandResult added = run_command({"ip", "netns", "add", probe});
    if (!added.ok()) return "`ip netns add` failed: " + added.err;
    const CommandResult entered = run_command({"ip", "netns", "exec", probe, "ip", "link", "set", "lo", "up"});
    const CommandResult deleted = run_command({"ip", "netns", "del", probe});
    if (!entered.ok()) return "`ip netns exec` failed: " + entered.err;
    if (!deleted.ok()) return "`ip netns del` failed: " + deleted.err;
    return std::nullopt;
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::string must_run(std::vector<std::string> argv) {
  const std::string shown = fmt::format("{}", fmt::join(argv, " "));
  CommandResult result = run_command(std::move(argv));
  if (!result.ok()) throw std::runtime_error(shown + ": " + result.describe());
  return std::move(result.out);
}

void sweep_once() {
  static const bool swept = [] {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/run/netns", none)) {
      const std::string name = entry.path().filename().string();
      if (left_behind(name)) static_cast<void>(run_command({"ip", "netns", "del", name}));
    }
    return true;
  }();
  static_cast<void>(swept);
}

bool left_behind(std::string_view name) {
  if (!name.starts_with(name_prefix)) return false;
  name.remove_prefix(name_prefix.size());
  pid_t owner = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), owner);
  return error == std::errc{} && *end == '-' && ::kill(owner, 0) != 0 && errno == ESRCH;
}

}  // namespace
}  // namespace octopoll::test
