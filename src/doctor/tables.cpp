#include "doctor/tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/identity.hpp"

namespace octopoll::doctor {
namespace {

using ifmib::Column;
using ifmib::Row;
using ifmib::Rows;
using ifmib::Table;

/// "3 of 28 (Gi0/1, Gi0/2, Vl1)", "12 of 28 (a, b, c, ...)".
std::string counted(const std::vector<std::string>& names, std::size_t of) {
  constexpr std::size_t shown = 3;
  const auto first = names.begin();
  const auto last = first + static_cast<std::ptrdiff_t>(std::min(shown, names.size()));
  return fmt::format("{} of {} ({}{})", names.size(), of, fmt::join(first, last, ", "),
                     names.size() > shown ? ", ..." : "");
}

std::string label_of(std::uint32_t index, const Row& row) {
  return one_line(ifmib::name_of(row).text.value_or(fmt::format("#{}", index)));
}

std::set<std::uint32_t> indexes_in(const Rows& rows, Table table) {
  std::set<std::uint32_t> indexes;
  for (const auto& [index, row] : rows) {
    if (row.in(table)) indexes.insert(index);
  }
  return indexes;
}

}  // namespace

Finding judge_indexes(const Rows& rows, std::optional<std::uint32_t> if_number, std::optional<std::int64_t> joined_by) {
  const auto plain = indexes_in(rows, Table::if_table);
  const auto extended = indexes_in(rows, Table::if_x_table);
  Finding finding{
      "index", Severity::ok, fmt::format("{} rows in ifTable, {} in ifXTable", plain.size(), extended.size()), {}};
  if (rows.empty()) {
    finding.severity = Severity::problem;
    finding.meaning = "there is nothing to poll: give the community, or the user, a view of 1.3.6.1.2.1.2 and .31";
    return finding;
  }
  if (if_number && *if_number != rows.size()) finding.measured += fmt::format(", ifNumber says {}", *if_number);
  if (joined_by) {
    finding.severity = Severity::note;
    finding.measured += fmt::format(", whose indexes are those of ifTable {:+}", *joined_by);
    finding.meaning =
        "names or counters prove which rows belong together, and octopoll joins them (UniFi switches do so); other "
        "pollers show each interface twice, half of it each time";
    return finding;
  }
  if (plain == extended || extended.empty()) return finding;
  const bool same_count = plain.size() == extended.size() && !plain.empty();
  if (same_count) {
    const std::int64_t offset = std::int64_t{*extended.begin()} - std::int64_t{*plain.begin()};
    const bool constant = std::equal(plain.begin(), plain.end(), extended.begin(),
                                     [offset](auto a, auto b) { return std::int64_t{b} - std::int64_t{a} == offset; });
    if (constant) {
      finding.severity = Severity::problem;
      finding.measured += fmt::format(", whose indexes are those of ifTable {:+}", offset);
      finding.meaning =
          "neither names nor counters prove that these rows belong together: each interface appears twice, half of "
          "it each time; ask the vendor for a firmware that follows RFC 2863";
      return finding;
    }
  }
  std::vector<std::uint32_t> only_plain;
  std::vector<std::uint32_t> only_extended;
  std::set_difference(plain.begin(), plain.end(), extended.begin(), extended.end(), std::back_inserter(only_plain));
  std::set_difference(extended.begin(), extended.end(), plain.begin(), plain.end(), std::back_inserter(only_extended));
  finding.severity = Severity::note;
  finding.measured +=
      fmt::format("; {} rows are in ifTable alone, {} in ifXTable alone", only_plain.size(), only_extended.size());
  finding.meaning = "each row is polled with what it has";
  return finding;
}

Finding judge_wide_counters(const Rows& first, const Rows& second) {
  Finding finding{"counters", Severity::ok, {}, {}};
  std::vector<std::string> missing_on_fast, stuck, dead;
  std::size_t wide = 0;
  std::uint64_t fastest_without = 0;
  for (const auto& [index, row] : second) {
    const auto narrow = row.number(Column::if_in_octets);
    const auto in = row.number(Column::if_hc_in_octets);
    const auto out = row.number(Column::if_hc_out_octets);
    const std::string name = label_of(index, row);
    if (!in && !out) {
      const std::uint64_t speed = ifmib::speed_of(row).bits_per_second.value_or(0);
      // RFC 2863 section 3.1.6: up to 20 Mb/s 32 bits are right.
      if (narrow && speed > 20'000'000) {
        missing_on_fast.push_back(name);
        fastest_without = std::max(fastest_without, speed);
      }
      continue;
    }
    ++wide;
    if (in == std::numeric_limits<std::uint64_t>::max() || out == std::numeric_limits<std::uint64_t>::max()) {
      stuck.push_back(name);
      continue;
    }
    const auto before = first.find(index);
    const bool zero_beside_count = in == 0U && narrow.value_or(0) != 0;
    const bool stands_still = before != first.end() && before->second.number(Column::if_hc_in_octets) == in &&
                              before->second.number(Column::if_in_octets) != narrow;
    if (zero_beside_count || stands_still) dead.push_back(name);
  }
  finding.measured = fmt::format("64-bit octets on {} of {} rows", wide, second.size());
  if (!stuck.empty()) {
    finding.severity = Severity::note;
    finding.measured += fmt::format("; stuck at 2^64-1 on {}", counted(stuck, wide));
    finding.meaning = "octopoll takes the 32-bit counters there";
  }
  if (!dead.empty()) {
    finding.severity = Severity::note;
    finding.measured += fmt::format("; they stand still while the 32-bit ones count on {}", counted(dead, wide));
    finding.meaning = "octopoll takes the 32-bit counters where the 64-bit ones are 0";
  }
  if (!missing_on_fast.empty()) {
    const double wraps_s = 4'294'967'296.0 * 8.0 / static_cast<double>(fastest_without);
    finding.severity = std::max(finding.severity, wraps_s < 60.0 ? Severity::problem : Severity::note);
    finding.measured += fmt::format("; none on {} faster than 20 Mb/s", counted(missing_on_fast, second.size()));
    finding.meaning += fmt::format(
        "{}32-bit octets at {} wrap in {:.0f} s: poll those rows with a shorter interval, or ask with SNMP v2c or v3",
        finding.meaning.empty() ? "" : "; ", format_speed(fastest_without), wraps_s);
  }
  return finding;
}

Finding judge_speeds(const Rows& rows, Profile& profile) {
  constexpr std::uint64_t mega = 1'000'000;
  constexpr std::uint64_t pinned = 4'294'967'294;
  std::vector<std::string> megabits, bits, other, unknown;
  const auto names = ifmib::identify(rows, {});
  for (const auto& [index, row] : rows) {
    const auto speed = row.number(Column::if_speed);
    const auto high = row.number(Column::if_high_speed);
    const std::string name = label_of(index, row);
    const bool up = row.number(Column::if_oper_status) == 1U;
    const bool loopback = row.number(Column::if_type) == 24U;
    if (up && !loopback && ifmib::speed_of(row).bits_per_second.value_or(0) == 0) unknown.push_back(name);
    if (!speed || !high || *speed == 0 || *high == 0 || *speed >= pinned) continue;
    // Half a Mb/s either way is rounding (RFC 2863, ifHighSpeed).
    const std::uint64_t stated = *high <= pinned ? *high * mega : std::numeric_limits<std::uint64_t>::max();
    const std::uint64_t apart = stated > *speed ? stated - *speed : *speed - stated;
    if (apart <= mega / 2 || *speed == (stated & 0xffff'ffffU)) continue;
    if (*speed == *high && *speed < mega) {
      megabits.push_back(name);
      profile.speeds.push_back({names.at(index), stated});
    } else if (*speed == *high) {
      bits.push_back(name);
    } else {
      other.push_back(fmt::format("{}: {} and {}", name, format_speed(*speed), format_speed(stated)));
    }
  }
  Finding finding{"speeds", Severity::ok, "ifSpeed and ifHighSpeed agree", {}};
  if (megabits.empty() && bits.empty() && other.empty() && unknown.empty()) return finding;
  std::vector<std::string> measured, meaning;
  if (!megabits.empty()) {
    finding.severity = Severity::problem;
    measured.push_back(fmt::format("ifSpeed is in Mb/s on {}", counted(megabits, rows.size())));
    meaning.emplace_back("utilisation would be a million times too high: the profile sets the speeds");
  }
  if (!bits.empty()) {
    finding.severity = std::max(finding.severity, Severity::note);
    measured.push_back(fmt::format("ifHighSpeed is in bit/s on {}", counted(bits, rows.size())));
    meaning.emplace_back("octopoll believes ifSpeed");
  }
  if (!other.empty()) {
    finding.severity = std::max(finding.severity, Severity::note);
    measured.push_back(fmt::format("ifSpeed and ifHighSpeed contradict each other on {}", counted(other, rows.size())));
    meaning.emplace_back("octopoll believes ifSpeed; where that is wrong set `speed` under `interfaces`");
  }
  if (!unknown.empty()) {
    finding.severity = std::max(finding.severity, Severity::note);
    measured.push_back(fmt::format("up, and without a speed: {}", counted(unknown, rows.size())));
    meaning.emplace_back("these have rates but no utilisation, unless `speed` under `interfaces` says what they carry");
  }
  finding.measured = fmt::format("{}", fmt::join(measured, "; "));
  finding.meaning = fmt::format("{}", fmt::join(meaning, "; "));
  return finding;
}

Finding judge_names(const Rows& rows) {
  std::map<std::string, std::size_t> uses;
  std::vector<std::string> missing, broken, repeated;
  for (const auto& [index, row] : rows) {
    const auto name = ifmib::name_of(row);
    if (!name.text) {
      missing.push_back(fmt::format("#{}", index));
      continue;
    }
    if (uses[*name.text]++ == 1) repeated.push_back(one_line(*name.text));
    const Column column = name.source == NameSource::if_name ? Column::if_name : Column::if_descr;
    const std::string* octets = row.octets(column);
    // Trailing NULs are dropped and cost nothing.
    const std::string trimmed = octets == nullptr ? "" : octets->substr(0, octets->find_last_not_of('\0') + 1);
    if (needs_raw(trimmed)) broken.push_back(one_line(*name.text));
  }
  Finding finding{"names", Severity::ok, fmt::format("{} rows, each with a name of its own", rows.size()), {}};
  std::vector<std::string> measured;
  if (!missing.empty()) measured.push_back(fmt::format("no name on {}", counted(missing, rows.size())));
  if (!repeated.empty()) measured.push_back(fmt::format("names on several rows: {}", counted(repeated, rows.size())));
  if (!broken.empty()) measured.push_back(fmt::format("names that are not text: {}", counted(broken, rows.size())));
  if (measured.empty()) return finding;
  finding.severity = Severity::note;
  finding.measured = fmt::format("{}", fmt::join(measured, "; "));
  finding.meaning = "such rows are told apart by ifIndex, which may change when the device restarts";
  if (missing.empty() && repeated.empty()) finding.meaning = "octets that are no text are shown as \\xNN";
  return finding;
}

Finding judge_types(const Rows& rows) {
  std::map<Column, std::map<snmp::Type, std::size_t>> wrong;
  for (const auto& [index, row] : rows) {
    for (const auto& [column, value] : row.cells()) {
      if (value.type() != ifmib::mib_type(column)) ++wrong[column][value.type()];
    }
  }
  Finding finding{"types", Severity::ok, "all columns have the types of the MIB", {}};
  if (wrong.empty()) return finding;
  std::vector<std::string> measured;
  for (const auto& [column, types] : wrong) {
    for (const auto& [type, count] : types) {
      measured.push_back(fmt::format("{} is {} instead of {} on {} rows", ifmib::to_string(column),
                                     snmp::to_string(type), snmp::to_string(ifmib::mib_type(column)), count));
    }
  }
  constexpr std::size_t shown = 4;
  const std::size_t all = measured.size();
  if (all > shown) measured.resize(shown);
  finding.severity = Severity::note;
  finding.measured =
      fmt::format("{}{}", fmt::join(measured, "; "), all > shown ? fmt::format("; {} more columns", all - shown) : "");
  finding.meaning = "the numbers are taken all the same; a counter that came with 32 bits wraps at 2^32";
  return finding;
}

}  // namespace octopoll::doctor
