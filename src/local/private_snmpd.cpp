#include "octopoll/local/private_snmpd.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "local/agent_config.hpp"
#include "local/spawn.hpp"
#include "local/work_directory.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::local {

struct PrivateSnmpd::Impl {
  std::filesystem::path program;
  Target target;
  Secret community;
  Secret write_community;
  std::optional<WorkDirectory> directory;
  pid_t pid = -1;
  std::optional<int> wait_status;  ///< once it has ended
};

namespace {

using namespace std::chrono_literals;

constexpr auto ready_patience = 3s;
constexpr auto stop_patience = 1s;
constexpr auto glance = 5ms;

constexpr const char* config_name = "agent.conf";
constexpr const char* state_name = "state";
constexpr const char* log_name = "log";

struct BoundSocket {
  Fd fd;
  std::uint16_t port = 0;
};

tl::unexpected<Error> system_error(std::string_view what) {
  const int error = errno;
  return fail(ErrorKind::io, fmt::format("{}: {}", what, std::strerror(error)));
}

// We bind, and snmpd inherits: between learning a free port and using it nobody can take it, and requests that come
// before snmpd is ready wait in this socket.
Result<BoundSocket> bind_loopback() {
  BoundSocket bound{Fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), 0};
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!bound.fd || ::bind(bound.fd.get(), generic, length) != 0 ||
      ::getsockname(bound.fd.get(), generic, &length) != 0) {
    return system_error("no UDP port on 127.0.0.1 for a private snmpd");
  }
  bound.port = ntohs(address.sin_port);
  return bound;
}

struct ReadySocket {
  Fd fd;
  std::string name;  ///< as in $NOTIFY_SOCKET (sd_notify(3)): "@" stands for the NUL of an abstract name
};

// Abstract, since snmpd as nobody may have no way to a path below our $TMPDIR. Anybody on this machine could say
// "ready" here; that would only end our waiting early.
Result<ReadySocket> bind_ready_socket() {
  ReadySocket ready{Fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)), {}};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  constexpr auto path_offset = offsetof(sockaddr_un, sun_path);
  // Without a path the kernel chooses a free abstract name (unix(7), autobind).
  socklen_t length = sizeof address.sun_family;
  if (!ready.fd || ::bind(ready.fd.get(), generic, length) != 0) return system_error("unix socket for snmpd");
  length = sizeof address;
  if (::getsockname(ready.fd.get(), generic, &length) != 0 || length <= path_offset) {
    return system_error("unix socket for snmpd");
  }
  ready.name.assign(address.sun_path, length - path_offset);
  ready.name.front() = '@';
  return ready;
}

// Nothing of the system's is read (-C), nothing of ours is in `ps`: the communities stand in the file alone. Without
// `smux` no TCP port 199 is opened, without the sensors' modules no bus is probed at the start. No MIB texts are loaded
// (-m ""): they only name what we ask for by number. The relative paths hold wherever $TMPDIR is, also below a
// directory that `nobody` may not enter.
SpawnPlan plan_for(const std::filesystem::path& program, const WorkDirectory& directory, const Fd& log,
                   const BoundSocket& socket, const ReadySocket& ready, std::optional<Identity> identity) {
  SpawnPlan plan;
  plan.program = program;
  plan.arguments = {"snmpd", "-f",        "-r", "-LE", "4",  "-C",
                    "-c",    config_name, "-m", "",    "-I", "-smux,lmsensorsMib,hw_sensors"};
  plan.environment = {
      "PATH=/usr/bin:/bin",
      "LC_ALL=C",
      "HOME=.",
      "SNMPCONFPATH=.",
      // snmpd makes the parents of this directory, and does so rightly for absolute paths alone.
      fmt::format("SNMP_PERSISTENT_DIR=/proc/self/cwd/{}", state_name),
      "MIBS=",
      "MIBDIRS=",
      fmt::format("NOTIFY_SOCKET={}", ready.name),
  };
  plan.directory = directory.fd();
  plan.log = log.get();
  plan.socket = socket.fd.get();
  plan.identity = identity;
  return plan;
}

// True while it runs. ECHILD: somebody else waited for it (SIGCHLD is ignored), so it has ended.
bool running(pid_t pid, std::optional<int>& wait_status) {
  if (wait_status) return false;
  int status = 0;
  const pid_t ended = ::waitpid(pid, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return true;
  wait_status = ended == pid ? status : 0;
  return false;
}

bool says_ready(const Fd& socket) {
  std::array<char, 256> message{};
  for (;;) {
    const auto got = ::recv(socket.get(), message.data(), message.size(), 0);
    if (got <= 0) return false;
    const std::string_view text(message.data(), static_cast<std::size_t>(got));
    if (text.find("READY=1") != std::string_view::npos) return true;
  }
}

std::string describe_end(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("was killed by signal {}", WTERMSIG(wait_status));
  return fmt::format("ended with exit status {}", WEXITSTATUS(wait_status));
}

void blank(std::string& text, const Secret& secret) {
  for (auto at = text.find(secret.reveal()); at != std::string::npos; at = text.find(secret.reveal(), at)) {
    text.replace(at, secret.reveal().size(), "***");
  }
}

// The last lines of the log as one; the first of what was read may be half a line.
std::string last_words(const WorkDirectory& directory) {
  constexpr std::size_t enough = 1024;
  auto text = directory.tail(log_name, enough);
  if (text.size() == enough) text.erase(0, text.find('\n') + 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::string result;
  for (const char c : text) {
    if (c == '\n') {
      result += " / ";
    } else {
      result += c;
    }
  }
  return agent_text(result);
}

Error ended_error(const std::filesystem::path& program, int wait_status, const std::string& words) {
  return {ErrorKind::io,
          fmt::format("the private {} {}; {}", program.string(), describe_end(wait_status),
                      words.empty() ? std::string("it logged nothing") : "it logged: " + words),
          "octopoll local --snmpd system uses the one of this machine instead"};
}

}  // namespace

Result<std::unique_ptr<PrivateSnmpd>> PrivateSnmpd::start() {
  if (::gettid() != ::getpid()) {
    return fail(ErrorKind::internal, "a private snmpd must be started by the main thread, for it dies with the thread");
  }
  auto impl = std::make_unique<Impl>();
  auto program = find_snmpd();
  if (!program) return tl::make_unexpected(std::move(program.error()));
  impl->program = *std::move(program);

  const auto identity = unprivileged_identity();
  auto socket = bind_loopback();
  if (!socket) return tl::make_unexpected(std::move(socket.error()));
  auto ready = bind_ready_socket();
  if (!ready) return tl::make_unexpected(std::move(ready.error()));
  for (auto* community : {&impl->community, &impl->write_community}) {
    auto made = random_community();
    if (!made) return tl::make_unexpected(std::move(made.error()));
    *community = *std::move(made);
  }
  impl->target = {"127.0.0.1", socket->port, AddressFamily::ipv4};

  auto directory = WorkDirectory::create(identity);
  if (!directory) return tl::make_unexpected(std::move(directory.error()));
  impl->directory.emplace(*std::move(directory));
  if (auto made = impl->directory->make_directory(state_name); !made) {
    return tl::make_unexpected(std::move(made.error()));
  }
  const auto config = agent_config(socket->port, impl->community, impl->write_community);
  if (auto written = impl->directory->write_file(config_name, config); !written) {
    return tl::make_unexpected(std::move(written.error()));
  }
  auto log = impl->directory->create_log(log_name);
  if (!log) return tl::make_unexpected(std::move(log.error()));

  auto pid = spawn(plan_for(impl->program, *impl->directory, *log, *socket, *ready, identity));
  if (!pid) return tl::make_unexpected(std::move(pid.error()));
  impl->pid = *pid;
  // snmpd alone holds the port from here on: when it dies, requests are refused at once instead of lost in our copy.
  socket->fd.reset();

  std::unique_ptr<PrivateSnmpd> started(new PrivateSnmpd(std::move(impl)));
  const auto deadline = BootClock::now() + ready_patience;
  while (!says_ready(ready->fd) && BootClock::now() < deadline) {
    if (auto alive = started->check(); !alive) return tl::make_unexpected(std::move(alive.error()));
    pollfd readable{ready->fd.get(), POLLIN, 0};
    ::poll(&readable, 1, static_cast<int>(glance.count()));
  }
  return started;
}

PrivateSnmpd::PrivateSnmpd(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PrivateSnmpd::~PrivateSnmpd() {
  if (!running(impl_->pid, impl_->wait_status)) return;
  ::kill(impl_->pid, SIGTERM);
  const auto deadline = BootClock::now() + stop_patience;
  while (running(impl_->pid, impl_->wait_status)) {
    if (BootClock::now() >= deadline) {
      ::kill(impl_->pid, SIGKILL);
      while (::waitpid(impl_->pid, nullptr, 0) < 0 && errno == EINTR) {
      }
      return;
    }
    std::this_thread::sleep_for(glance);
  }
}

const Target& PrivateSnmpd::target() const noexcept { return impl_->target; }
const Secret& PrivateSnmpd::community() const noexcept { return impl_->community; }
const Secret& PrivateSnmpd::write_community() const noexcept { return impl_->write_community; }
pid_t PrivateSnmpd::pid() const noexcept { return impl_->pid; }
const std::filesystem::path& PrivateSnmpd::directory() const noexcept { return impl_->directory->path(); }

Result<> PrivateSnmpd::check() {
  if (running(impl_->pid, impl_->wait_status)) return {};
  auto words = last_words(*impl_->directory);
  blank(words, impl_->community);
  blank(words, impl_->write_community);
  return tl::make_unexpected(ended_error(impl_->program, *impl_->wait_status, words));
}

}  // namespace octopoll::local
