#include "latest_readings.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstring>
#include <optional>

#include "cycle_rows.hpp"

namespace octopoll::store {
namespace {

/// "-9223372036854775808,"
constexpr std::size_t longest_number = 21;
constexpr std::size_t numbers_a_row = 8 + counter_count;
constexpr std::size_t brackets = 3;

/// Writes where room was made before.
class Numbers {
 public:
  explicit Numbers(char* begin) : at_(begin) {}
  [[nodiscard]] char* end() const { return at_; }
  void put(char sign) { *at_++ = sign; }
  void add(std::int64_t number) {
    const fmt::format_int text(number);
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
    put(',');
  }
  void add_null() {
    std::memcpy(at_, "null,", 5);
    at_ += 5;
  }
  template <class T>
  void add(const std::optional<T>& number) {
    if (number) {
      add(static_cast<std::int64_t>(*number));
    } else {
      add_null();
    }
  }
  /// Puts the sign in place of the last comma.
  void close(char sign) { at_[-1] = sign; }

 private:
  char* at_;
};

std::optional<std::int64_t> code_of(const std::optional<IfStatus>& status) {
  return status ? std::optional(status->code) : std::nullopt;
}

std::optional<std::uint32_t> ticks(const std::optional<TimeTicks>& time) {
  return time ? std::optional(time->count()) : std::nullopt;
}

std::int64_t width_bits(const PerCounter<CounterReading>& counters) {
  std::int64_t bits = 0;
  for (std::size_t place = 0; place < counter_count; ++place) {
    bits |= static_cast<std::int64_t>(counters.items[place].bits == 32) << place;
  }
  return bits;
}

}  // namespace

std::string_view LatestReadings::write(const DeviceCycle& cycle, const std::vector<std::int64_t>& interface_ids) {
  const std::size_t most = 2 + cycle.interfaces.size() * (numbers_a_row * longest_number + brackets);
  if (text_.size() < most) text_.resize(most);
  Numbers json(text_.data());
  json.put('[');
  for (std::size_t place = 0; place < cycle.interfaces.size(); ++place) {
    const InterfaceSample& sample = cycle.interfaces[place].sample;
    json.put('[');
    json.add(interface_ids[place]);
    json.add(read_after_ms(cycle, sample));
    json.add(code_of(sample.admin_status));
    json.add(code_of(sample.oper_status));
    json.add(ticks(sample.time.sys_uptime));
    json.add(ticks(sample.last_change));
    json.add(ticks(sample.discontinuity_time));
    json.add(width_bits(sample.counters));
    for (const CounterReading& one : sample.counters.items) {
      if (one.present()) {
        json.add(std::bit_cast<std::int64_t>(one.value));
      } else {
        json.add_null();
      }
    }
    json.close(']');
    json.put(',');
  }
  if (!cycle.interfaces.empty()) json.close(']');
  if (cycle.interfaces.empty()) json.put(']');
  return {text_.data(), static_cast<std::size_t>(json.end() - text_.data())};
}

}  // namespace octopoll::store
