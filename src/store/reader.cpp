#include "octopoll/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "open.hpp"

namespace octopoll::store {
namespace {

std::int64_t unix_ms(WallTime time) { return time.time_since_epoch().count(); }
WallTime wall_time(std::int64_t unix_milliseconds) { return WallTime(std::chrono::milliseconds(unix_milliseconds)); }

/// The lower one of two in the middle: a number that was measured.
template <class Number>
Number median(std::vector<Number> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>((numbers.size() - 1) / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

/// Bounds of polls.started_at whose cycles can hold a delta of the window.
struct PollRange {
  std::int64_t from;
  std::int64_t to;
};
Result<PollRange> polls_around(Database& database, const SampleQuery& query);
Result<StoredSample> sample_of(const Statement& row, const std::filesystem::path& path);
bool overlaps(const StoredSample& sample, const SampleQuery& query);

}  // namespace

struct Reader::Impl {
  Database database;
};

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& path) {
  auto database = open_for_reading(path);
  if (!database) return tl::make_unexpected(database.error());
  if (auto begun = database->execute("BEGIN"); !begun) return tl::make_unexpected(begun.error());
  // BEGIN alone takes no snapshot; the first read does.
  if (auto taken = database->integer("SELECT count(*) FROM sqlite_master"); !taken) {
    return tl::make_unexpected(taken.error());
  }
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Impl>(Impl{std::move(*database)})));
}

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

Result<std::vector<StoredDevice>> Reader::devices() {
  // Both ends come from the index polls_by_time; the last cycle's length is one row more.
  auto statement = impl_->database.prepare(
      "SELECT id, name, first, last + (SELECT max(duration_ms) FROM polls WHERE device_id = d.id AND started_at = last)"
      " FROM (SELECT id, name, (SELECT min(started_at) FROM polls WHERE device_id = devices.id) AS first,"
      "  (SELECT max(started_at) FROM polls WHERE device_id = devices.id) AS last FROM devices) d"
      " WHERE first IS NOT NULL ORDER BY name");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<StoredDevice> devices;
  for (;;) {
    const auto row = statement->next();
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return devices;
    devices.push_back({statement->integer(0), std::string(statement->text(1)), wall_time(statement->integer(2)),
                       wall_time(statement->integer(3))});
  }
}

Result<std::vector<StoredInterface>> Reader::interfaces(std::int64_t device_id) {
  auto statement = impl_->database.prepare(
      "SELECT i.id, i.name, i.alias, i.in_speed_bps, i.out_speed_bps, i.first_seen, coalesce(l.read_at, i.first_seen)"
      " FROM interfaces i LEFT JOIN interface_latest l ON l.interface_id = i.id WHERE i.device_id = ? ORDER BY i.id");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<StoredInterface> interfaces;
  for (auto row = statement->first(device_id);; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return interfaces;
    interfaces.push_back({statement->integer(0), std::string(statement->text(1)), statement->maybe_text(2),
                          statement->maybe_unsigned(3), statement->maybe_unsigned(4), wall_time(statement->integer(5)),
                          wall_time(statement->integer(6))});
  }
}

Result<std::optional<TypicalCost>> Reader::typical_cost(const std::string& device) {
  // Enough for a median that one read of the tables, once an hour, does not move.
  auto statement = impl_->database.prepare(
      "SELECT p.requests, p.octets_sent, p.octets_received, p.duration_ms,"
      " (SELECT count(*) FROM samples WHERE poll_id = p.id)"
      " FROM polls p JOIN devices d ON d.id = p.device_id"
      " WHERE d.name = ? AND p.outcome = 'complete' ORDER BY p.poll_number DESC LIMIT 15");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<std::uint64_t> requests, sent, received;
  std::vector<double> milliseconds;
  TypicalCost cost;
  for (auto row = statement->first(device);; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) break;
    requests.push_back(statement->unsigned_integer(0));
    sent.push_back(statement->unsigned_integer(1));
    received.push_back(statement->unsigned_integer(2));
    milliseconds.push_back(statement->real(3));
    if (cost.polls++ == 0) cost.interfaces = statement->unsigned_integer(4);
  }
  if (cost.polls == 0) return std::nullopt;
  cost.requests = median(std::move(requests));
  cost.octets_sent = median(std::move(sent));
  cost.octets_received = median(std::move(received));
  cost.duration = std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::duration<double, std::milli>(median(std::move(milliseconds))));
  return cost;
}

Result<> Reader::for_each_sample(const SampleQuery& query, const std::function<void(const StoredSample&)>& callback) {
  Database& database = impl_->database;
  const auto range = polls_around(database, query);
  if (!range) return tl::make_unexpected(range.error());
  auto statement = database.prepare(
      "SELECT s.interface_id, p.started_at + s.read_after_ms, s.elapsed_us, s.in_octets, s.in_quality, "
      "s.in_utilization,"
      " s.out_octets, s.out_quality, s.out_utilization"
      " FROM polls p CROSS JOIN samples s ON s.poll_id = p.id AND s.interface_id BETWEEN ? AND ?"
      " WHERE p.device_id = ? AND p.started_at BETWEEN ? AND ? ORDER BY p.started_at, p.id, s.interface_id");
  if (!statement) return tl::make_unexpected(statement.error());
  for (auto row =
           statement->first(query.first_interface, query.last_interface, query.device_id, range->from, range->to);
       ; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    const auto sample = sample_of(*statement, database.path());
    if (!sample) return tl::make_unexpected(sample.error());
    if (overlaps(*sample, query)) callback(*sample);
  }
}

namespace {

// A cycle takes time and a delta reaches back, so the window's own cycles are not all: the last one that began before
// the window may have read rows inside it, and the first complete one after it has, for every interface, the delta
// that straddles its end.
Result<PollRange> polls_around(Database& database, const SampleQuery& query) {
  auto before = database.prepare("SELECT max(started_at) FROM polls WHERE device_id = ? AND started_at < ?");
  if (!before) return tl::make_unexpected(before.error());
  auto after = database.prepare(
      "SELECT started_at FROM polls WHERE device_id = ? AND started_at >= ? AND outcome = 'complete'"
      " ORDER BY started_at LIMIT 1");
  if (!after) return tl::make_unexpected(after.error());

  PollRange range{unix_ms(query.since), std::numeric_limits<std::int64_t>::max()};
  const auto earlier = before->first(query.device_id, range.from);
  if (!earlier) return tl::make_unexpected(earlier.error());
  if (*earlier && !before->is_null(0)) range.from = before->integer(0);
  const auto later = after->first(query.device_id, unix_ms(query.until));
  if (!later) return tl::make_unexpected(later.error());
  if (*later) range.to = after->integer(0);
  return range;
}

Result<StoredSample> sample_of(const Statement& row, const std::filesystem::path& path) {
  const auto in_quality = quality_from(row.text(4));
  const auto out_quality = quality_from(row.text(7));
  if (!in_quality || !out_quality) {
    return fail(ErrorKind::store,
                fmt::format("{}: \"{}\" is no quality of a sample", path.string(), row.text(in_quality ? 7 : 4)),
                "the file was changed by another program, or is damaged");
  }
  StoredSample sample;
  sample.interface_id = row.integer(0);
  sample.read_at = wall_time(row.integer(1));
  sample.elapsed = std::chrono::microseconds(row.integer(2));
  sample.in = {row.maybe_unsigned(3), *in_quality, row.maybe_real(5)};
  sample.out = {row.maybe_unsigned(6), *out_quality, row.maybe_real(8)};
  return sample;
}

bool overlaps(const StoredSample& sample, const SampleQuery& query) {
  return sample.read_at > query.since && sample.read_at - sample.elapsed < query.until;
}

}  // namespace
}  // namespace octopoll::store
