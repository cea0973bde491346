#include "cli/signals.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#include <cerrno>

namespace octopoll::cli {

namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : numbers) sigaddset(&set, number);
  return set;
}

}  // namespace

void Signals::block(std::initializer_list<int> numbers) {
  const sigset_t set = set_of(numbers);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<Signals>> Signals::watch(EventLoop& loop, std::initializer_list<int> numbers,
                                                std::function<void(int number)> on_signal) {
  block(numbers);
  const sigset_t set = set_of(numbers);
  Fd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail(ErrorKind::io, fmt::format("signalfd: {}", strerror(errno)));
  std::unique_ptr<Signals> signals(new Signals(loop, std::move(fd)));
  const auto watched =
      loop.watch(signals->fd_.get(), EPOLLIN, [raw = signals.get(), on_signal = std::move(on_signal)](std::uint32_t) {
        signalfd_siginfo info{};
        while (::read(raw->fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info))
          on_signal(static_cast<int>(info.ssi_signo));
      });
  if (!watched) return tl::make_unexpected(watched.error());
  return signals;
}

Signals::~Signals() { loop_.unwatch(fd_.get()); }

}  // namespace octopoll::cli
