#include "local/spawn.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <fstream>

namespace octopoll::local {
namespace {

constexpr rlim_t largest_file = rlim_t{1} << 20;

// Where the child failed before it became the program; it says so through a pipe that exec closes.
enum class Step : std::uint8_t { descriptors, directory, limits, identity, death_signal, exec };
struct Failure {
  Step step;
  int error;
};

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// All that the child needs, made before fork: after it, only async-signal-safe calls are allowed, and malloc is none.
struct Prepared {
  const char* program;
  char** arguments;
  char** environment;
  char* listen_pid;  ///< where the digits of LISTEN_PID go, which only the child knows
  int directory;
  int log;
  int socket;
  int report;
  pid_t parent;
  bool change_identity;
  Identity identity;
};

[[noreturn]] void give_up(int report, Step step) noexcept {
  const Failure failure{step, errno};
  // Nobody is left to be told if this fails too; the parent then sees the program end at once.
  [[maybe_unused]] const auto written = ::write(report, &failure, sizeof failure);
  ::_exit(127);
}

void write_decimal(char* out, pid_t number) noexcept {
  char digits[16];
  int count = 0;
  for (auto rest = static_cast<unsigned>(number); rest != 0; rest /= 10) {
    digits[count++] = static_cast<char>('0' + rest % 10);
  }
  while (count > 0) *out++ = digits[--count];
  *out = '\0';
}

bool arrange_descriptors(Prepared& child) noexcept {
  // Above the numbers to be filled, so that no dup2 below overwrites what a later one needs (a parent that was started
  // with closed standard streams has such numbers), and none is a no-op that would keep FD_CLOEXEC.
  for (int* fd : {&child.report, &child.log, &child.socket, &child.directory}) {
    *fd = ::fcntl(*fd, F_DUPFD_CLOEXEC, 10);
    if (*fd < 0) return false;
  }
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0) return false;
  if (null == STDIN_FILENO) {
    if (::fcntl(null, F_SETFD, 0) != 0) return false;
  } else if (::dup2(null, STDIN_FILENO) < 0) {
    return false;
  }
  if (::dup2(child.log, STDOUT_FILENO) < 0 || ::dup2(child.log, STDERR_FILENO) < 0 || ::dup2(child.socket, 3) < 0) {
    return false;
  }
  // Ours are all close-on-exec; this is for those that the process got from elsewhere. A kernel without the call
  // (before 5.11) changes nothing for ours.
  ::close_range(4, ~0U, CLOSE_RANGE_CLOEXEC);
  return true;
}

void reset_signals() noexcept {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &action, nullptr);
  // A log at its limit shall fail to grow, not kill the program.
  action.sa_handler = SIG_IGN;
  ::sigaction(SIGXFSZ, &action, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool limit_resources() noexcept {
  const rlimit files{largest_file, largest_file};
  const rlimit cores{0, 0};
  return ::setrlimit(RLIMIT_FSIZE, &files) == 0 && ::setrlimit(RLIMIT_CORE, &cores) == 0;
}

bool become(const Identity& identity) noexcept {
  return ::setgroups(0, nullptr) == 0 && ::setresgid(identity.gid, identity.gid, identity.gid) == 0 &&
         ::setresuid(identity.uid, identity.uid, identity.uid) == 0;
}

[[noreturn]] void run_child(Prepared child) noexcept {
  // Ctrl-C on the terminal is for us: the agent must still answer while we finish.
  ::setsid();
  ::umask(077);
  reset_signals();
  if (!arrange_descriptors(child)) give_up(child.report, Step::descriptors);
  if (::fchdir(child.directory) != 0) give_up(child.report, Step::directory);
  if (!limit_resources()) give_up(child.report, Step::limits);
  if (child.change_identity && !become(child.identity)) give_up(child.report, Step::identity);
  // After the change of user, which clears it; and the parent may have died before it was set.
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
    give_up(child.report, Step::death_signal);
  }
  if (::getppid() != child.parent) ::_exit(127);
  write_decimal(child.listen_pid, ::getpid());
  ::execve(child.program, child.arguments, child.environment);
  give_up(child.report, Step::exec);
}

Error explain(const SpawnPlan& plan, const Failure& failure) {
  const char* cause = std::strerror(failure.error);
  const std::string program = plan.program.string();
  switch (failure.step) {
    case Step::identity:
      return {ErrorKind::permission,
              fmt::format("{} was not started: this root may not become user {}: {}", program,
                          plan.identity ? plan.identity->uid : 0, cause),
              "start octopoll as an ordinary user, or give the container CAP_SETUID and CAP_SETGID"};
    case Step::exec:
      return {ErrorKind::io, fmt::format("{} was not started: {}", program, cause),
              "is the program whole, and may everybody execute it?"};
    case Step::descriptors:
    case Step::directory:
    case Step::limits:
    case Step::death_signal:
      break;
  }
  return {ErrorKind::io, fmt::format("{} was not started: {}", program, cause), {}};
}

// True once a whole line of uid_map (inside, outside, count) covers the number.
bool is_mapped(std::uint64_t id) {
  std::ifstream map("/proc/self/uid_map");
  if (!map) return true;
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  while (map >> inside >> outside >> count) {
    if (id >= inside && id - inside < count) return true;
  }
  return false;
}

}  // namespace

Result<pid_t> spawn(const SpawnPlan& plan) {
  auto arguments = plan.arguments;
  auto environment = plan.environment;
  environment.emplace_back("LISTEN_FDS=1");
  constexpr std::string_view listen_pid = "LISTEN_PID=";
  environment.emplace_back(std::string(listen_pid) + std::string(16, '\0'));
  const std::string program = plan.program.string();
  auto argument_pointers = pointers(arguments);
  auto environment_pointers = pointers(environment);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(ErrorKind::io, fmt::format("pipe: {}", std::strerror(errno)));
  const Fd report(ends[0]);
  Fd child_report(ends[1]);

  const Prepared child{program.c_str(),
                       argument_pointers.data(),
                       environment_pointers.data(),
                       environment.back().data() + listen_pid.size(),
                       plan.directory,
                       plan.log,
                       plan.socket,
                       child_report.get(),
                       ::getpid(),
                       plan.identity.has_value(),
                       plan.identity.value_or(Identity{})};

  // No handler of ours may run in the child before it is reset: it would act on pipes and files that we share.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_child(child);
  const int fork_error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid < 0) return fail(ErrorKind::io, fmt::format("fork: {}", std::strerror(fork_error)));

  child_report.reset();
  Failure failure{};
  ssize_t got = 0;
  do {
    got = ::read(report.get(), &failure, sizeof failure);
  } while (got < 0 && errno == EINTR);
  if (got != static_cast<ssize_t>(sizeof failure)) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  return tl::make_unexpected(explain(plan, failure));
}

std::optional<Identity> unprivileged_identity() {
  if (::geteuid() != 0) return std::nullopt;
  // 65534 is the kernel's overflow user, and Debian's nobody.
  Identity identity{65534, 65534};
  if (const passwd* nobody = ::getpwnam("nobody")) identity = {nobody->pw_uid, nobody->pw_gid};
  if (!is_mapped(identity.uid)) return std::nullopt;
  return identity;
}

}  // namespace octopoll::local
