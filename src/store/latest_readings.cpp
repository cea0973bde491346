#include "latest_readings.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>

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

constexpr std::size_t doubts_from = 16;
constexpr std::int64_t stale_bit = std::int64_t{1} << 30;
constexpr std::int64_t bits_of_counters = (std::int64_t{1} << counter_count) - 1;
static_assert(counter_count <= 14);

constexpr bool is_doubtful(Quality quality) noexcept {
  return quality == Quality::reset || quality == Quality::implausible || quality == Quality::ambiguous;
}

std::int64_t flags_of(const InterfaceRecord& row) {
  std::int64_t bits = is_stale(row) ? stale_bit : 0;
  for (const Counter counter : all_counters()) {
    const auto place = static_cast<unsigned>(counter);
    bits |= static_cast<std::int64_t>(row.sample.counters[counter].bits == 32) << place;
    bits |= static_cast<std::int64_t>(is_doubtful(row.deltas[counter].quality)) << (place + doubts_from);
  }
  return bits;
}

/// The numbers of one array after the other.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  [[nodiscard]] bool skip(char sign) {
    if (text_.empty() || text_.front() != sign) return false;
    text_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] bool at_end() const { return text_.empty(); }
  /// False where neither a number nor null stands here.
  [[nodiscard]] bool number(std::optional<std::int64_t>& value) {
    constexpr std::string_view null = "null";
    if (text_.substr(0, null.size()) == null) {
      text_.remove_prefix(null.size());
      value.reset();
      return true;
    }
    std::int64_t read = 0;
    const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), read);
    if (problem != std::errc()) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    value = read;
    return true;
  }

 private:
  std::string_view text_;
};

/// Before version 5 there were twelve counters.
constexpr std::size_t numbers_before_counters = 8;
constexpr std::size_t fewest_numbers = numbers_before_counters + 12;
using RowNumbers = std::array<std::optional<std::int64_t>, numbers_a_row>;

std::optional<KeptReading> reading_of(const RowNumbers& numbers) {
  const auto status = [](const std::optional<std::int64_t>& code) {
    return code ? std::optional(IfStatus{*code}) : std::nullopt;
  };
  const auto time = [](const std::optional<std::int64_t>& ticks) {
    return ticks ? std::optional(TimeTicks(static_cast<std::uint32_t>(*ticks))) : std::nullopt;
  };
  if (!numbers[0] || !numbers[1] || !numbers[7]) return std::nullopt;
  KeptReading reading;
  reading.interface_id = *numbers[0];
  reading.read_after = std::chrono::milliseconds(*numbers[1]);
  reading.admin_status = status(numbers[2]);
  reading.oper_status = status(numbers[3]);
  reading.sys_uptime = time(numbers[4]);
  reading.last_change = time(numbers[5]);
  reading.discontinuity_time = time(numbers[6]);
  const std::int64_t flags = *numbers[7];
  for (std::size_t place = 0; place < counter_count; ++place) {
    const auto& value = numbers[numbers_before_counters + place];
    if (!value) continue;
    const bool narrow = (flags >> place & 1) != 0;
    reading.counters.set(static_cast<Counter>(place),
                         {std::bit_cast<std::uint64_t>(*value), static_cast<std::uint8_t>(narrow ? 32 : 64)});
  }
  reading.doubted = static_cast<std::uint32_t>(flags >> doubts_from & bits_of_counters);
  reading.stale = (flags & stale_bit) != 0;
  return reading;
}

}  // namespace

std::string_view LatestReadings::write(const DeviceCycle& cycle, const std::vector<std::int64_t>& interface_ids) {
  const std::size_t most = 2 + cycle.interfaces.size() * (numbers_a_row * longest_number + brackets);
  if (text_.size() < most) text_.resize(most);
  Numbers json(text_.data());
  json.put('[');
  bool any = false;
  for (std::size_t place = 0; place < cycle.interfaces.size(); ++place) {
    const InterfaceSample& sample = cycle.interfaces[place].sample;
    if (!was_read(sample)) continue;
    any = true;
    json.put('[');
    json.add(interface_ids[place]);
    json.add(read_after_ms(cycle, sample));
    json.add(code_of(sample.admin_status));
    json.add(code_of(sample.oper_status));
    json.add(ticks(sample.time.sys_uptime));
    json.add(ticks(sample.last_change));
    json.add(ticks(sample.discontinuity_time));
    json.add(flags_of(cycle.interfaces[place]));
    for (const Counter counter : all_counters()) {
      const CounterReading one = sample.counters[counter];
      if (one.present()) {
        json.add(std::bit_cast<std::int64_t>(one.value));
      } else {
        json.add_null();
      }
    }
    json.close(']');
    json.put(',');
  }
  if (any) {
    json.close(']');
  } else {
    json.put(']');
  }
  return {text_.data(), static_cast<std::size_t>(json.end() - text_.data())};
}

bool read_readings(std::string_view text, const std::function<void(const KeptReading&)>& take) {
  Scanner scan(text);
  if (!scan.skip('[')) return false;
  if (scan.skip(']')) return scan.at_end();
  do {
    if (!scan.skip('[')) return false;
    RowNumbers numbers;
    std::size_t count = 0;
    do {
      if (count == numbers.size() || !scan.number(numbers[count])) return false;
      ++count;
    } while (scan.skip(','));
    if (!scan.skip(']') || count < fewest_numbers) return false;
    const auto reading = reading_of(numbers);
    if (!reading) return false;
    take(*reading);
  } while (scan.skip(','));
  return scan.skip(']') && scan.at_end();
}

bool is_stale(const InterfaceRecord& row) noexcept { return row.deltas.any(Quality::stale); }

}  // namespace octopoll::store
