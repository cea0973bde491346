// octopoll-floor: the least that polling can cost. A bare SNMPv2c client over sendmmsg and recvmmsg: requests are
// encoded once and only their request-id changes, answers are decoded in full and checked, nothing is kept.
//
// It shares no code with the poller, which is measured against it.

#include <arpa/inet.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <string>
#include <system_error>
#include <vector>

#include "bare_codec.hpp"
#include "octopoll/core/fd.hpp"
#include "workload.hpp"

namespace {

using bench::Head;
using bench::Octets;
using bench::Row;
using bench::Tally;
using bench::Template;
using bench::Usage;
using bench::Workload;
using Clock = std::chrono::steady_clock;

constexpr std::size_t batch_size = 64;
constexpr std::size_t largest_datagram = 65'536;
constexpr int most_tries = 10;

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

class Client {
 public:
  explicit Client(const Workload& workload);
  void run_cycle();
  Tally tally;
  [[nodiscard]] int granted() const { return bench::granted_receive_buffer(fd_.get()); }
  [[nodiscard]] std::uint32_t window() const { return window_; }
  /// Keeps the compiler from leaving out what nobody looks at.
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  /// One request in flight; its place in slots_ is in its request-id.
  struct Slot {
    std::uint32_t id = 0;
    std::uint32_t device = 0;
    std::uint32_t request = 0;
    int tries = 0;
    bool busy = false;
  };
  struct Deadline {
    Clock::time_point at;
    std::uint32_t slot;
    std::uint32_t id;
  };

  void fill_window();
  void start(std::uint32_t slot);
  void flush();
  void receive();
  void take(Octets datagram, const sockaddr_in& from);
  void expire();
  void wait();
  [[nodiscard]] std::uint32_t address_of(std::uint32_t device) const { return workload_.base + device; }

  const Workload& workload_;
  std::vector<Template> templates_;
  octopoll::Fd fd_;
  std::uint32_t window_ = 0;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::deque<Deadline> deadlines_;  // all of one timeout, so the order of sending is the order of time
  std::uint32_t generation_ = 0;
  std::uint32_t in_flight_ = 0;

  bench::RequestOrder order_;

  std::vector<std::uint8_t> outgoing_ = std::vector<std::uint8_t>(batch_size * bench::usual_message_size * 2);
  std::array<iovec, batch_size> outgoing_data_{};
  std::array<sockaddr_in, batch_size> outgoing_to_{};
  std::array<mmsghdr, batch_size> sending_{};
  unsigned queued_ = 0;

  std::vector<std::uint8_t> incoming_ = std::vector<std::uint8_t>(batch_size * largest_datagram);
  std::array<iovec, batch_size> incoming_data_{};
  std::array<sockaddr_in, batch_size> incoming_from_{};
  std::array<mmsghdr, batch_size> receiving_{};
  std::vector<Row> rows_;
  std::uint64_t digest_ = 0;
};

Client::Client(const Workload& workload)
    : workload_(workload),
      fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
      order_(workload),
      rows_(workload.rows) {
  if (!fd_) throw_errno("socket");
  for (std::uint32_t request = 0; request < workload.requests_a_cycle(); ++request) {
    templates_.push_back(bench::make_template(workload, request));
    if (templates_.back().datagram.size() > bench::usual_message_size * 2) {
      throw std::invalid_argument("--rows: the request gets too large");
    }
  }
  const bool stock = workload.receive_buffer != 0;
  const int room = stock ? static_cast<int>(workload.receive_buffer) : 8 << 20;
  if (stock || ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0) {
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  }
  window_ = workload.window != 0 ? workload.window : bench::answers_held(granted());
  slots_.resize(window_);
  for (std::uint32_t slot = window_; slot-- > 0;) free_.push_back(slot);
  for (std::size_t i = 0; i < batch_size; ++i) {
    outgoing_data_[i] = {outgoing_.data() + i * bench::usual_message_size * 2, 0};
    outgoing_to_[i].sin_family = AF_INET;
    outgoing_to_[i].sin_port = htons(workload.port);
    incoming_data_[i] = {incoming_.data() + i * largest_datagram, largest_datagram};
    for (auto* message : {&sending_[i].msg_hdr, &receiving_[i].msg_hdr}) {
      message->msg_iovlen = 1;
      message->msg_namelen = sizeof(sockaddr_in);
    }
    sending_[i].msg_hdr.msg_iov = &outgoing_data_[i];
    sending_[i].msg_hdr.msg_name = &outgoing_to_[i];
    receiving_[i].msg_hdr.msg_iov = &incoming_data_[i];
    receiving_[i].msg_hdr.msg_name = &incoming_from_[i];
  }
}

void Client::run_cycle() {
  order_.begin_cycle();
  fill_window();
  while (in_flight_ > 0) {
    wait();
    receive();
    expire();
    fill_window();
  }
}

void Client::fill_window() {
  while (!free_.empty()) {
    const auto next = order_.next();
    if (!next) break;
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    slots_[slot] = {0, next->device, next->request, 0, true};
    ++in_flight_;
    start(slot);
  }
  flush();
}

void Client::start(std::uint32_t slot) {
  Slot& going = slots_[slot];
  // Between 0x01000000 and 0x7fffffff an INTEGER takes four octets, so the length never changes.
  generation_ = generation_ % 0x7e00 + 1;
  going.id = 0x0100'0000 + (generation_ << 16) + slot;
  ++going.tries;
  ++tally.pdus;
  const Template& asked = templates_[going.request];
  auto* const octets = static_cast<std::uint8_t*>(outgoing_data_[queued_].iov_base);
  std::memcpy(octets, asked.datagram.data(), asked.datagram.size());
  const std::uint32_t id = htonl(going.id);
  std::memcpy(octets + asked.id_at, &id, sizeof id);
  outgoing_data_[queued_].iov_len = asked.datagram.size();
  outgoing_to_[queued_].sin_addr.s_addr = htonl(address_of(going.device));
  deadlines_.push_back({Clock::now() + workload_.timeout, slot, going.id});
  if (++queued_ == batch_size) flush();
}

void Client::flush() {
  unsigned done = 0;
  while (done < queued_) {
    const int sent = ::sendmmsg(fd_.get(), sending_.data() + done, queued_ - done, 0);
    if (sent > 0) {
      done += static_cast<unsigned>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      pollfd waiting{fd_.get(), POLLOUT, 0};
      ::poll(&waiting, 1, -1);
    } else if (errno != EINTR) {
      throw_errno("sendmmsg");
    }
  }
  queued_ = 0;
}

void Client::wait() {
  if (workload_.gather.count() > 0) {
    const timespec pause{workload_.gather / std::chrono::seconds(1),
                         (workload_.gather % std::chrono::seconds(1)).count()};
    ::nanosleep(&pause, nullptr);
  }
  const auto left = std::max(deadlines_.front().at - Clock::now(), Clock::duration::zero());
  pollfd waiting{fd_.get(), POLLIN, 0};
  ::poll(&waiting, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count()));
}

void Client::receive() {
  for (;;) {
    const int count = ::recvmmsg(fd_.get(), receiving_.data(), batch_size, MSG_DONTWAIT, nullptr);
    if (count <= 0) return;
    ++tally.reads;
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
      take({static_cast<const std::uint8_t*>(incoming_data_[i].iov_base), receiving_[i].msg_len}, incoming_from_[i]);
    }
    // What has come is answered by the next requests before more is read: the agents are never without work.
    if (static_cast<std::size_t>(count) < batch_size) return;
    fill_window();
  }
}

void Client::take(Octets datagram, const sockaddr_in& from) {
  Head head;
  if (!bench::read_head(datagram, workload_.community, head)) {
    ++tally.wrong;
    return;
  }
  const std::uint32_t at = head.id & 0xffff;
  if (at >= slots_.size() || !slots_[at].busy || slots_[at].id != head.id) return;  // late, or a duplicate
  Slot& slot = slots_[at];
  const bool right = ntohl(from.sin_addr.s_addr) == address_of(slot.device) && from.sin_port == htons(workload_.port) &&
                     bench::read_rows(head.bindings, templates_[slot.request], rows_);
  if (!right) {
    ++tally.wrong;
    return;
  }
  const std::uint32_t rows = workload_.rows_of(slot.request);
  for (std::uint32_t row = 0; row < rows; ++row) {
    for (const std::uint64_t number : rows_[row]) digest_ += number;
  }
  ++tally.answers;
  tally.interface_polls += rows;
  tally.largest_answer = std::max<std::uint64_t>(tally.largest_answer, datagram.size());
  slot.busy = false;
  --in_flight_;
  free_.push_back(at);
  order_.ended(slot.device);
}

void Client::expire() {
  const auto now = Clock::now();
  while (!deadlines_.empty()) {
    const Deadline due = deadlines_.front();
    Slot& slot = slots_[due.slot];
    const bool answered = !slot.busy || slot.id != due.id;
    if (!answered && due.at > now) return;
    deadlines_.pop_front();
    if (answered) continue;
    if (slot.tries < most_tries) {
      ++tally.lost;
      start(due.slot);
      continue;
    }
    ++tally.failed;
    slot.busy = false;
    --in_flight_;
    free_.push_back(due.slot);
    order_.ended(slot.device);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto workload = bench::parse_workload(
        argc, argv,
        "octopoll-floor: the least that polling interfaces over SNMPv2c can cost; prints one line of JSON.\n\n"
        "  octopoll-fleet --devices 1000 --port 16100 --no-stdin &\n"
        "  octopoll-floor --devices 1000 --cycles 10\n\n"
        "Exit codes: 0 done, 1 not everything was answered, 2 bad usage.",
        false);
    if (!workload) return 0;
    Client client(*workload);
    for (std::uint32_t cycle = 0; cycle < workload->warm_up; ++cycle) client.run_cycle();
    client.tally = {};
    const Usage warm = Usage::now();
    for (std::uint32_t cycle = 0; cycle < workload->cycles; ++cycle) client.run_cycle();
    const Usage end = Usage::now();
    bench::print_result(
        "floor", *workload, client.tally, warm, end,
        {{"window", client.window()}, {"receive_buffer", client.granted()}, {"digest", client.digest()}});
    return client.tally.failed == 0 && client.tally.wrong == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    fmt::print(stderr, "octopoll-floor: {}\n", error.what());
    return 1;
  }
}
