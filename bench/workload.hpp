#pragma once
// The work that the benchmarks have in common, and the line of JSON that says what it cost.

#include <netinet/in.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// Each of `devices` agents, at addresses that go up by one from `base`, is asked for `interfaces` rows of the columns
/// below, `rows` to a request, in each of `cycles` cycles that follow each other without a pause.
struct Workload {
  std::uint32_t base = 0;  ///< IPv4, host byte order
  std::uint16_t port = 0;
  std::string community;
  std::uint32_t devices = 0;
  std::uint32_t interfaces = 0;
  std::uint32_t rows = 0;
  std::uint32_t cycles = 0;
  std::uint32_t warm_up = 0;          ///< cycles before, not measured
  std::uint32_t window = 0;           ///< requests in flight over all devices; 0: what the receive buffer holds
  std::uint32_t receive_buffer = 0;   ///< octets; 0: 8 MiB
  std::chrono::nanoseconds gather{};  ///< pause before each read
  std::chrono::nanoseconds timeout{};
  std::string security;  ///< v3: "user:auth protocol:auth passphrase:priv protocol:priv passphrase"

  [[nodiscard]] std::uint32_t requests_a_cycle() const noexcept { return (interfaces + rows - 1) / rows; }
  [[nodiscard]] std::uint32_t rows_of(std::uint32_t request) const noexcept {
    const std::uint32_t before = request * rows;
    return interfaces - before < rows ? interfaces - before : rows;
  }
};

/// At most so many of a device's requests are in flight (docs/design.md, politeness).
inline constexpr std::uint32_t most_outstanding = 2;
/// RFC 3417 section 3.2: what an answer should keep to.
inline constexpr std::size_t usual_message_size = 1472;

/// What a row is: six Counter64, four Counter32 and one INTEGER.
inline constexpr std::size_t column_count = 11;
inline constexpr std::size_t status_column = 10;
/// The column's OID; the ifIndex follows.
[[nodiscard]] const std::array<std::vector<std::uint32_t>, column_count>& columns();

/// `extra`: whether the option for v3 makes sense. Empty after --help. Errors: exits with 2.
[[nodiscard]] std::optional<Workload> parse_workload(int argc, char** argv, const char* about, bool has_v3);

/// In which order a cycle's requests go out. A device that had an answer goes on before another one begins, so that a
/// device's cycle is short; at most most_outstanding of its requests are under way.
class RequestOrder {
 public:
  struct Next {
    std::uint32_t device;
    std::uint32_t request;
  };
  explicit RequestOrder(const Workload& workload) : workload_(workload), asked_(workload.devices) {}

  void begin_cycle();
  /// Empty when nothing is left to ask, or nothing before another request has ended.
  [[nodiscard]] std::optional<Next> next();
  /// One of the device's requests is no longer under way.
  void ended(std::uint32_t device) { released_.push_back(device); }

 private:
  const Workload& workload_;
  std::vector<std::uint32_t> asked_;     // by device: requests begun in this cycle
  std::vector<std::uint32_t> released_;  // devices that may be asked again
  std::uint32_t begun_ = 0;              // places given out: each device has most_outstanding of them
};

/// Of the measured cycles.
struct Tally {
  std::uint64_t interface_polls = 0;
  std::uint64_t pdus = 0;            ///< sent, retransmissions included
  std::uint64_t answers = 0;         ///< that came in time and were right
  std::uint64_t lost = 0;            ///< requests that had to be sent again
  std::uint64_t failed = 0;          ///< requests without any answer
  std::uint64_t wrong = 0;           ///< answers that were not what was asked for
  std::uint64_t reads = 0;           ///< wake-ups that brought answers, where they are counted
  std::uint64_t largest_answer = 0;  ///< octets of UDP payload, where it is known
};

/// Both clocks at once: what the process has used, and how long it took.
struct Usage {
  std::chrono::microseconds user{};
  std::chrono::microseconds system{};
  std::chrono::steady_clock::time_point at;
  [[nodiscard]] static Usage now();
};

/// The receive buffer that was really granted, as the kernel accounts it.
[[nodiscard]] int granted_receive_buffer(int fd);
/// How many answers of the usual size that buffer holds: the kernel charges each with its skb, which is larger.
[[nodiscard]] std::uint32_t answers_held(int granted) noexcept;

/// Prints the line. `start` is when the process began, `warm` when the measured cycles began.
void print_result(const std::string& client, const Workload& workload, const Tally& tally, const Usage& warm,
                  const Usage& end, nlohmann::ordered_json more);

}  // namespace bench
