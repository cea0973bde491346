#include "latest_readings.hpp"

#include <array>
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

constexpr std::array<std::uint64_t, 20> powers_of_ten = [] {
  std::array<std::uint64_t, 20> powers{};
  powers[0] = 1;
  for (std::size_t place = 1; place < powers.size(); ++place) powers[place] = powers[place - 1] * 10;
  return powers;
}();

constexpr std::array<char, 200> pairs_of_digits = [] {
  std::array<char, 200> pairs{};
  for (std::size_t number = 0; number < 100; ++number) {
    pairs[2 * number] = static_cast<char>('0' + number / 10);
    pairs[2 * number + 1] = static_cast<char>('0' + number % 10);
  }
  return pairs;
}();

// std::to_chars and fmt::format_int both take twice the time, and a row has twenty numbers: they find the length by
// dividing, or copy the digits to their place afterwards.
char* write_decimal(char* begin, std::uint64_t number) {
  if (number < 10) {
    *begin = static_cast<char>('0' + number);
    return begin + 1;
  }
  const auto about = static_cast<std::size_t>(std::bit_width(number)) * 1233 >> 12U;  // log10(2) is 1233/4096, nearly
  char* const end = begin + about + (number >= powers_of_ten[about] ? 1 : 0);
  char* at = end;
  while (number >= 100) {
    at -= 2;
    std::memcpy(at, &pairs_of_digits[number % 100 * 2], 2);
    number /= 100;
  }
  if (number >= 10) {
    std::memcpy(at - 2, &pairs_of_digits[number * 2], 2);
  } else {
    at[-1] = static_cast<char>('0' + number);
  }
  return end;
}

/// Writes where room was made before.
class Numbers {
 public:
  explicit Numbers(char* begin) : at_(begin) {}
  [[nodiscard]] char* end() const { return at_; }
  void put(char sign) { *at_++ = sign; }
  void add(std::int64_t number) {
    if (number < 0) put('-');
    // The absolute value of the lowest number is one more than the highest.
    const auto bits = static_cast<std::uint64_t>(number);
    at_ = write_decimal(at_, number < 0 ? 0 - bits : bits);
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
