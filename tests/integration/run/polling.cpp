#include "polling.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <thread>

#include "support/binaries.hpp"
#include "support/sqlite_query.hpp"
#include "support/wait_until.hpp"

namespace octopoll::test {
namespace {

/// Counters are whole octets, at both ends and in both directions of rounding.
constexpr double rounding_octets = 4;

std::string text(const SqlValue& value) {
  const auto* string = std::get_if<std::string>(&value);
  return string == nullptr ? std::string() : *string;
}

std::optional<std::int64_t> integer(const SqlValue& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

std::optional<double> real(const SqlValue& value) {
  if (const auto whole = integer(value)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value);
  return number == nullptr ? std::nullopt : std::optional(*number);
}

}  // namespace

Site::Site(const std::string& yaml) { rewrite(yaml); }

void Site::rewrite(const std::string& yaml) const { write_file(inventory(), yaml + "\nstore: store.db\n"); }

std::vector<std::string> Site::run(const std::vector<std::string>& arguments) const {
  std::vector<std::string> argv{octopoll_binary().string(), "run", "-c", inventory().string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

Child start_polling(std::vector<std::string> argv, const ChildOptions& options) {
  Child run = Child::start(std::move(argv), options);
  const bool begun =
      wait_until([&run] { return run.err().find("octopoll: polling ") != std::string::npos || !run.running(); });
  INFO(run.err());
  REQUIRE(begun);
  REQUIRE(run.running());
  return run;
}

void stop_polling(Child& run) {
  run.signal(SIGTERM);
  const auto ended = run.wait(patience);
  INFO(run.err());
  REQUIRE(ended);
  CHECK(ended->ok());
}

std::vector<StoredCycle> cycles_of(const std::filesystem::path& store, const std::string& device) {
  const auto rows = sqlite_query(
      store, fmt::format("SELECT p.poll_number, p.slot, p.outcome, p.error_kind, p.error, p.rebooted, p.requests,"
                         " (SELECT count(*) FROM samples s WHERE s.poll_id = p.id), p.duration_ms"
                         " FROM polls p JOIN devices d ON d.id = p.device_id WHERE d.name = '{}' ORDER BY poll_number",
                         device));
  std::vector<StoredCycle> cycles;
  for (const SqlRow& row : rows) {
    cycles.push_back({integer(row[0]).value(), integer(row[1]).value(), text(row[2]), text(row[3]), text(row[4]),
                      integer(row[5]).value() != 0, integer(row[6]).value(), integer(row[7]).value(),
                      real(row[8]).value()});
  }
  return cycles;
}

std::vector<StoredDelta> deltas_of(const std::filesystem::path& store, const std::string& device,
                                   const std::string& interface) {
  const auto rows = sqlite_query(
      store, fmt::format("SELECT p.poll_number, s.in_quality, s.out_quality, s.in_octets, s.out_octets, s.in_bps,"
                         " s.elapsed_us / 1e6, s.time_error FROM samples s JOIN polls p ON p.id = s.poll_id"
                         " JOIN devices d ON d.id = p.device_id JOIN interfaces i ON i.id = s.interface_id"
                         " WHERE d.name = '{}' AND i.name = '{}' ORDER BY p.poll_number",
                         device, interface));
  std::vector<StoredDelta> deltas;
  for (const SqlRow& row : rows) {
    deltas.push_back({integer(row[0]).value(), text(row[1]), text(row[2]), integer(row[3]), integer(row[4]),
                      real(row[5]), real(row[6]).value(), real(row[7]).value()});
  }
  return deltas;
}

std::vector<StoredDelta> after_beginning(std::vector<StoredDelta> deltas) {
  if (deltas.empty() || deltas.front().in_quality != "first") return deltas;
  const auto known =
      std::find_if(deltas.begin() + 1, deltas.end(), [](const auto& d) { return d.in_quality != "stale"; });
  deltas.erase(deltas.begin() + 1, known);
  return deltas;
}

std::optional<StoredDelta> last_rate_of(const std::vector<StoredDelta>& deltas) {
  const auto last = std::find_if(deltas.rbegin(), deltas.rend(), [](const auto& delta) { return delta.makes_rate(); });
  return last == deltas.rend() ? std::nullopt : std::optional(*last);
}

std::optional<std::uint64_t> latest_in_octets(const std::filesystem::path& store, const std::string& device,
                                              const std::string& interface) {
  const auto rows = sqlite_query(
      store, fmt::format("SELECT l.in_octets FROM interface_latest l JOIN interfaces i ON i.id = l.interface_id"
                         " JOIN devices d ON d.id = i.device_id WHERE d.name = '{}' AND i.name = '{}'",
                         device, interface));
  if (rows.empty()) return std::nullopt;
  const auto value = integer(rows[0][0]);
  return value ? std::optional(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::int64_t counted_after(const std::vector<StoredDelta>& deltas, std::int64_t poll_number) {
  std::int64_t sum = 0;
  for (const StoredDelta& delta : deltas) {
    if (delta.poll_number > poll_number && delta.makes_rate()) sum += delta.in_octets.value();
  }
  return sum;
}

void await(const std::string& what, const std::function<bool()>& condition, std::chrono::seconds bound) {
  const auto end = std::chrono::steady_clock::now() + bound;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) FAIL("did not come: " << what);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void await_cycles(const std::filesystem::path& store, const std::string& device, std::size_t count) {
  const std::size_t wanted = cycles_of(store, device).size() + count;
  await(fmt::format("{} cycles of {}", wanted, device), [&] { return cycles_of(store, device).size() >= wanted; });
}

void check_rate(const StoredDelta& delta, double true_bps) {
  CAPTURE(delta.poll_number, delta.in_quality, delta.seconds, delta.time_error);
  REQUIRE(delta.in_bps);
  CHECK(std::abs(*delta.in_bps - true_bps) <= true_bps * delta.time_error + rounding_octets * 8 / delta.seconds);
}

}  // namespace octopoll::test
