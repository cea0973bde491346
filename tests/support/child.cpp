#include "support/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <stdexcept>
#include <system_error>
#include <tuple>

namespace octopoll::test {
namespace {

/// What the child needs between fork and exec. All of it is built before the fork: with other threads about, the child
/// may call nothing that allocates or locks.
struct Plan {
  std::vector<char*> argv;
  std::vector<char*> envp;
  const char* cwd;
  int in;
  int out;
  int err;
  int failure;  ///< errno of a failed exec is written here
  pid_t parent;
};

std::vector<std::string> merged_environment(const ChildOptions& options);
std::vector<char*> pointers(std::vector<std::string>& strings);
Fd memory_file(const char* name);
std::pair<Fd, Fd> make_pipe();
Fd open_null();
std::string contents(const Fd& file);
[[noreturn]] void become(const Plan& plan) noexcept;
ExitStatus to_exit_status(int status) noexcept;

}  // namespace

Child Child::start(std::vector<std::string> argv, const ChildOptions& options) {
  if (argv.empty()) throw std::runtime_error("no program to start");
  Child child;
  child.out_ = memory_file("stdout");
  child.err_ = memory_file("stderr");
  Fd stdin_of_child;
  if (options.input == ChildOptions::Input::pipe) {
    std::tie(stdin_of_child, child.input_) = make_pipe();
  } else {
    stdin_of_child = open_null();
  }
  auto [failure_read, failure_write] = make_pipe();

  std::vector<std::string> environment = merged_environment(options);
  const std::string cwd = options.cwd.string();
  const Plan plan{pointers(argv),
                  pointers(environment),
                  cwd.empty() ? nullptr : cwd.c_str(),
                  stdin_of_child.get(),
                  child.out_.get(),
                  child.err_.get(),
                  failure_write.get(),
                  ::getpid()};
  child.pid_ = ::fork();
  if (child.pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child.pid_ == 0) become(plan);
  // Also done by the child; whoever comes first, the group exists when either goes on.
  ::setpgid(child.pid_, child.pid_);
  // By number: the declaration in glibc 2.36 has no extern "C".
  child.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, child.pid_, 0)));
  if (!child.pidfd_) throw std::system_error(errno, std::generic_category(), "pidfd_open");

  failure_write.reset();
  int reason = 0;
  ssize_t got = 0;
  do {
    got = ::read(failure_read.get(), &reason, sizeof reason);
  } while (got < 0 && errno == EINTR);
  if (got == static_cast<ssize_t>(sizeof reason)) {
    throw std::runtime_error("cannot start " + argv.front() + ": " + std::generic_category().message(reason));
  }
  return child;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      input_(std::move(other.input_)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      ended_(other.ended_) {}

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    if (pid_ > 0) stop();
    pid_ = std::exchange(other.pid_, -1);
    pidfd_ = std::move(other.pidfd_);
    input_ = std::move(other.input_);
    out_ = std::move(other.out_);
    err_ = std::move(other.err_);
    ended_ = other.ended_;
  }
  return *this;
}

Child::~Child() {
  if (pid_ > 0) stop();
}

std::string Child::out() const { return contents(out_); }
std::string Child::err() const { return contents(err_); }

bool Child::write(std::string_view text) {
  // A child that has closed its stdin is an answer here, not a reason to die of SIGPIPE. A signal of our own making
  // is left pending for nobody: it is taken back before the mask is restored.
  sigset_t pipe_signal;
  sigset_t before;
  ::sigemptyset(&pipe_signal);
  ::sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  bool written = static_cast<bool>(input_);
  while (written && !text.empty()) {
    const ssize_t n = ::write(input_.get(), text.data(), text.size());
    if (n > 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (n < 0 && errno != EINTR) {
      if (errno == EPIPE) {
        const timespec at_once{};
        ::sigtimedwait(&pipe_signal, nullptr, &at_once);
      }
      written = false;
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return written;
}

std::optional<ExitStatus> Child::wait(std::chrono::milliseconds bound) {
  if (ended_) return ended_;
  const auto end = std::chrono::steady_clock::now() + bound;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    const int ready =
        ::poll(&waiting, 1, left.count() > 0 ? static_cast<int>(std::min<long>(left.count(), INT_MAX)) : 0);
    if (ready == 1) break;
    if (ready == 0 && left.count() <= 0) return std::nullopt;
  }
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  ended_ = to_exit_status(status);
  return ended_;
}

void Child::signal(int number) {
  if (running()) ::kill(pid_, number);
}

ExitStatus Child::stop(std::chrono::milliseconds grace) {
  if (running()) {
    ::kill(-pid_, SIGTERM);
    if (!wait(grace)) {
      ::kill(-pid_, SIGKILL);
      while (!wait(std::chrono::seconds(1))) {
      }
    }
  }
  return *ended_;
}

namespace {

std::vector<std::string> merged_environment(const ChildOptions& options) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view old(*entry);
    bool replaced = false;
    for (const auto& [name, value] : options.env) {
      replaced = replaced || (old.size() > name.size() && old.starts_with(name) && old[name.size()] == '=');
    }
    if (!replaced) merged.emplace_back(old);
  }
  for (const auto& [name, value] : options.env) merged.push_back(name + "=" + value);
  return merged;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (auto& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

Fd memory_file(const char* name) {
  Fd file(::memfd_create(name, MFD_CLOEXEC));
  // Appending: a child that truncates or reopens its own stdout must not write over what is there.
  if (!file || ::fcntl(file.get(), F_SETFL, O_APPEND) != 0) {
    throw std::system_error(errno, std::generic_category(), "memfd_create");
  }
  return file;
}

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

Fd open_null() {
  Fd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!null) throw std::system_error(errno, std::generic_category(), "/dev/null");
  return null;
}

std::string contents(const Fd& file) {
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) throw std::system_error(errno, std::generic_category(), "fstat");
  std::string text(static_cast<std::size_t>(facts.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = ::pread(file.get(), text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  return text;
}

void become(const Plan& plan) noexcept {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have died before the line above took effect.
  if (::getppid() != plan.parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGINT, SIG_DFL);
  bool ready = ::dup2(plan.in, 0) == 0 && ::dup2(plan.out, 1) == 1 && ::dup2(plan.err, 2) == 2;
  // Libraries under test open sockets without close-on-exec; none of them is the child's business.
  ready = ready && ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
  ready = ready && (plan.cwd == nullptr || ::chdir(plan.cwd) == 0);
  if (ready) ::execvpe(plan.argv[0], plan.argv.data(), plan.envp.data());
  const int reason = errno;
  [[maybe_unused]] const ssize_t told = ::write(plan.failure, &reason, sizeof reason);
  ::_exit(127);
}

ExitStatus to_exit_status(int status) noexcept {
  if (WIFSIGNALED(status)) return {0, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

}  // namespace
}  // namespace octopoll::test
