#pragma once
// The asking side of the agent's tests: requests as octets, answers as values.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fleet/device.hpp"
#include "fleet/fleet.hpp"
#include "fleet/responder.hpp"
#include "octopoll/core/fd.hpp"

namespace fleet::testing {

struct Ask {
  Tag type = Tag::get_request;
  std::vector<std::string> names{};
  Version version = Version::v2c;
  std::string community = "public";
  std::int32_t request_id = 1234;
  std::int32_t non_repeaters = 0;
  std::int32_t max_repetitions = 0;
};

/// A whole message with a NULL for each value.
std::vector<std::uint8_t> encode(const Ask& ask);

struct Binding {
  std::string name;
  Tag tag{};
  std::vector<std::uint8_t> content;
  std::uint64_t number() const { return decode_unsigned(content).value(); }
  std::int64_t signed_number() const { return decode_integer(content).value(); }
  std::string text() const { return {content.begin(), content.end()}; }
};

struct Response {
  int version = -1;
  std::string community{};
  Tag type{};
  std::int64_t request_id = 0;
  std::int64_t error_status = 0;
  std::int64_t error_index = 0;
  std::vector<Binding> bindings{};
  std::size_t size = 0;

  std::vector<std::string> names() const;
};

/// Empty when the octets are not one whole message.
std::optional<Response> decode_response(Octets octets);

/// A device without sockets, and a clock that the test moves.
class Bench {
 public:
  explicit Bench(const std::string& recording_text);
  explicit Bench(SyntheticSpec spec);

  /// Empty: silence.
  std::optional<Response> ask(const Ask& ask);
  /// All bindings of one request must come back without an error.
  std::vector<Binding> get(std::vector<std::string> names);
  Binding get(const std::string& name) { return get(std::vector{name}).front(); }
  /// The names that GETNEXT finds from `from` on, at most `limit` of them.
  std::vector<std::string> walk(const std::string& from, std::size_t limit = 1000);
  void set(const Json& faults) { device_->change_faults(faults, now); }
  Device& device() { return *device_; }
  SyntheticModel& model() { return dynamic_cast<SyntheticModel&>(device_->model()); }
  const Answer& last_answer() const { return answer_; }

  Instant now = std::chrono::hours(1);

 private:
  std::unique_ptr<Device> device_;
  Responder responder_{7};
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(Responder::buffer_size);
  Answer answer_;
};

/// A UDP socket that asks.
class Client {
 public:
  explicit Client(const std::string& address, std::uint16_t port);
  void send(const std::vector<std::uint8_t>& octets);
  struct Packet {
    std::vector<std::uint8_t> octets;
    std::string from;
    std::uint16_t from_port;
  };
  /// Empty when nothing comes within `bound`.
  std::optional<Packet> receive(std::chrono::milliseconds bound = std::chrono::seconds(30));
  /// Asks and decodes the answer.
  std::optional<Response> ask(const Ask& ask);

 private:
  int family_;
  std::string address_;
  std::uint16_t port_;
  octopoll::Fd socket_;
};

/// Names of objects, to keep the cases short.
inline const std::string sys_descr = "1.3.6.1.2.1.1.1.0";
inline const std::string sys_uptime = "1.3.6.1.2.1.1.3.0";
inline const std::string if_table = "1.3.6.1.2.1.2.2.1";
inline const std::string if_x_table = "1.3.6.1.2.1.31.1.1.1";
std::string column(const std::string& table, int number, std::uint32_t row);

}  // namespace fleet::testing
