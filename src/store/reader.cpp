#include "octopoll/store/reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "cycle_rows.hpp"
#include "open.hpp"
#include "reader_impl.hpp"
#include "reader_rates.hpp"
#include "reader_traffic.hpp"
#include "sample_exceptions.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

/// The lower one of two in the middle: a number that was measured.
template <class Number>
Number median(std::vector<Number> numbers) {
  const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>((numbers.size() - 1) / 2);
  std::nth_element(numbers.begin(), middle, numbers.end());
  return *middle;
}

/// Enough for a median that one read of the tables, once an hour, does not move.
constexpr std::size_t polls_of_a_median = 15;
/// Of the newest polls in that table.
Result<std::optional<TypicalCost>> cost_of_polls(Database& database, const std::string& device, std::string_view polls);

/// Bounds of polls.started_at whose cycles can hold a delta of the window.
struct PollRange {
  std::int64_t from;
  std::int64_t to;
};
Result<PollRange> polls_around(Database& database, const SampleQuery& query);
Result<StoredSample> sample_of(const Statement& row, const std::filesystem::path& path);
std::optional<double> share_of(const StoredSample::Direction& direction, const std::optional<std::uint64_t>& span_us,
                               const std::optional<std::uint64_t>& speed_bps);
bool overlaps(WallTime read_at, std::chrono::microseconds elapsed, const SampleQuery& query);
StoredCounts counts_of(const Statement& row);

}  // namespace

Result<std::unique_ptr<Reader>> Reader::open(const std::filesystem::path& path) {
  auto database = open_for_reading(path);
  if (!database) return tl::make_unexpected(database.error());
  if (auto begun = database->execute("BEGIN"); !begun) return tl::make_unexpected(begun.error());
  // BEGIN alone takes no snapshot; the first read does.
  if (auto taken = database->integer("SELECT count(*) FROM sqlite_master"); !taken) {
    return tl::make_unexpected(taken.error());
  }
  auto damage = std::make_shared<OnDamage>(OnDamage{true, {}});
  if (auto united = unite_where_sealed(*database, Unite::tables, damage); !united)
    return tl::make_unexpected(united.error());
  return std::unique_ptr<Reader>(new Reader(std::make_unique<Impl>(std::move(*database), std::move(damage))));
}

Reader::Impl::Impl(Database opened, std::shared_ptr<OnDamage> met)
    : database(std::move(opened)), damage(std::move(met)) {}
Reader::Impl::~Impl() = default;

Reader::Reader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Reader::~Reader() = default;

std::span<const DamagedBlock> Reader::damaged() const noexcept { return impl_->damage->met.all(); }

Result<std::vector<StoredDevice>> Reader::devices() {
  // Both ends come from the index polls_by_time and from what blocks say of themselves; the last cycle's length is one
  // row more. A store that has lost pages may have sealed polls of a device alone, or of the last one that it was.
  auto statement = impl_->database.prepare(
      "SELECT id, name, first,"
      " last + ifnull((SELECT max(duration_ms) FROM polls WHERE device_id = d.id AND started_at = last), 0)"
      " FROM (SELECT id, name, min(ifnull(first_polled, 9e15),"
      "   ifnull((SELECT min(started_at) FROM main.polls WHERE device_id = devices.id), 9e15),"
      "   ifnull((SELECT min(first_at) FROM sealed_polls WHERE device_id = devices.id), 9e15)) AS first,"
      "  max(ifnull((SELECT max(started_at) FROM main.polls WHERE device_id = devices.id), -9e15),"
      "   ifnull((SELECT max(last_at) FROM sealed_polls WHERE device_id = devices.id), -9e15)) AS last FROM devices) d"
      " WHERE last > -9e15 ORDER BY name");
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
  // The rows of newest readings are never sealed (Sealer::keep_newest), so the file's own table has them.
  auto statement = impl_->database.prepare(
      "SELECT i.id, i.name, i.alias, i.type, i.in_speed_bps, i.out_speed_bps, i.first_seen,"
      " coalesce(ifnull(o.started_at, l.started_at) + s.read_after_ms, i.first_seen)"
      " FROM interfaces i LEFT JOIN device_latest l ON l.device_id = i.device_id"
      " LEFT JOIN older_readings o ON o.interface_id = i.id"
      " LEFT JOIN main.sample_rows s ON s.id = ifnull(o.poll_id, l.poll_id) * ?2 + i.id"
      " WHERE i.device_id = ?1 ORDER BY i.id");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<StoredInterface> interfaces;
  for (auto row = statement->first(device_id, most_interfaces);; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return interfaces;
    const auto type = statement->is_null(3) ? std::nullopt : std::optional(statement->integer(3));
    interfaces.push_back({statement->integer(0), std::string(statement->text(1)), statement->maybe_text(2), type,
                          statement->maybe_unsigned(4), statement->maybe_unsigned(5), wall_time(statement->integer(6)),
                          wall_time(statement->integer(7))});
  }
}

Result<std::optional<TypicalCost>> Reader::typical_cost(const std::string& device) {
  // Sealed ones are many, and asked for only where those that are not sealed are too few.
  auto cost = cost_of_polls(impl_->database, device, "main.polls");
  if (!cost || (*cost && (**cost).polls == polls_of_a_median)) return cost;
  return cost_of_polls(impl_->database, device, "polls");
}

namespace {

Result<std::optional<TypicalCost>> cost_of_polls(Database& database, const std::string& device,
                                                 std::string_view polls) {
  auto statement =
      database.prepare(fmt::format("SELECT p.requests, p.octets_sent, p.octets_received, p.duration_ms,"
                                   " (SELECT count(*) FROM sample_rows WHERE id >= p.id * ?2 AND id < (p.id + 1) * ?2)"
                                   " FROM {} p JOIN devices d ON d.id = p.device_id"
                                   " WHERE d.name = ?1 AND p.outcome = 'complete' ORDER BY p.poll_number DESC LIMIT {}",
                                   polls, polls_of_a_median));
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<std::uint64_t> requests, sent, received;
  std::vector<double> milliseconds;
  TypicalCost cost;
  for (auto row = statement->first(device, most_interfaces);; row = statement->next()) {
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

}  // namespace

Result<std::vector<NarrowInterface>> Reader::narrow_interfaces(const std::string& device) {
  auto statement = impl_->database.prepare(
      "SELECT i.name, max(ifnull(i.in_speed_bps, 0), ifnull(i.out_speed_bps, 0)) AS speed"
      " FROM devices d JOIN device_latest l ON l.device_id = d.id JOIN json_each(l.readings) r"
      " JOIN interfaces i ON i.id = r.value ->> 0"
      " WHERE d.name = ?1 AND speed > 0 AND r.value ->> 7 & 3");  // the view interface_latest names the places
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<NarrowInterface> narrow;
  for (auto row = statement->first(device);; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return narrow;
    narrow.push_back({std::string(statement->text(0)), statement->unsigned_integer(1)});
  }
}

namespace {

/// Hands `take` each row that the query may mean: interface, unix ms of its reading, elapsed microseconds, `columns`.
template <class Take>
Result<> for_each_row(Database& database, const SampleQuery& query, std::string_view columns, Take&& take) {
  const auto range = polls_around(database, query);
  if (!range) return tl::make_unexpected(range.error());
  // Of a poll they come in the order of their key by themselves; asked for, united tables would have all of them
  // sorted.
  auto statement = database.prepare(
      fmt::format("SELECT s.id % ?1, p.started_at + s.read_after_ms, s.elapsed_us, {}"
                  " FROM main.polls p CROSS JOIN sample_rows s ON s.id BETWEEN p.id * ?1 + ?2 AND p.id * ?1 + ?3"
                  " LEFT JOIN sample_exceptions x ON x.id = iif(s.states > 65535, s.id, NULL)"
                  " WHERE p.device_id = ?4 AND p.started_at BETWEEN ?5 AND ?6 ORDER BY p.started_at, p.id",
                  columns));
  if (!statement) return tl::make_unexpected(statement.error());
  for (auto row = statement->first(most_interfaces, query.first_interface, query.last_interface, query.device_id,
                                   range->from, range->to);
       ; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    if (Result<> taken = take(*statement); !taken) return taken;
  }
}

}  // namespace

Result<> Reader::for_each_sample(const SampleQuery& query, const std::function<void(const StoredSample&)>& callback) {
  constexpr std::string_view columns =
      "s.states, s.in_octets, s.out_octets,"
      " ifnull(x.in_elapsed_us, s.elapsed_us), ifnull(x.out_elapsed_us, s.elapsed_us),"
      " ifnull(s.speed_mbps * 1000000, x.in_speed_bps), ifnull(s.speed_mbps * 1000000, x.out_speed_bps)";
  Database& database = impl_->database;
  return for_each_row(database, query, columns, [&](const Statement& row) -> Result<> {
    const auto sample = sample_of(row, database.path());
    if (!sample) return tl::make_unexpected(sample.error());
    if (overlaps(sample->read_at, std::max(sample->in.elapsed, sample->out.elapsed), query)) callback(*sample);
    return {};
  });
}

Result<> Reader::for_each_counts(const SampleQuery& query, const std::function<void(const StoredCounts&)>& callback) {
  constexpr std::string_view columns =
      "s.ucast_pkts, s.multicast_pkts, s.broadcast_pkts, s.faults, x.flapped_at, x.in_ucast_pkts, x.out_ucast_pkts,"
      " x.in_multicast_pkts, x.out_multicast_pkts, x.in_broadcast_pkts, x.out_broadcast_pkts, x.in_errors,"
      " x.out_errors, x.in_discards, x.out_discards, x.in_unknown_protos, s.states";
  return for_each_row(impl_->database, query, columns, [&](const Statement& row) -> Result<> {
    const StoredCounts counts = counts_of(row);
    if (overlaps(counts.read_at, counts.elapsed, query)) callback(counts);
    return {};
  });
}

Result<std::vector<std::pair<std::int64_t, std::int64_t>>> Reader::stack(std::int64_t device_id) {
  auto statement = impl_->database.prepare(
      "SELECT s.higher_id, s.lower_id FROM interfaces i JOIN interface_stack s ON s.higher_id = i.id"
      " WHERE i.device_id = ? ORDER BY s.higher_id, s.lower_id");
  if (!statement) return tl::make_unexpected(statement.error());
  std::vector<std::pair<std::int64_t, std::int64_t>> pairs;
  for (auto row = statement->first(device_id);; row = statement->next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return pairs;
    pairs.emplace_back(statement->integer(0), statement->integer(1));
  }
}

namespace {

// Polls that have samples are not sealed. A cycle takes time and a delta reaches back, so the window's own cycles are
// not all: the last one that began before the window may have read rows inside it, and a complete one after it has, for
// every interface, the delta that straddles its end: the first one, but for agents that cache, whose deltas may take
// ten minutes until they are dated.
Result<PollRange> polls_around(Database& database, const SampleQuery& query) {
  constexpr std::chrono::minutes longest_delta{15};
  auto before = database.prepare("SELECT max(started_at) FROM main.polls WHERE device_id = ? AND started_at < ?");
  if (!before) return tl::make_unexpected(before.error());
  auto after = database.prepare(
      "SELECT started_at FROM main.polls WHERE device_id = ? AND started_at >= ? AND outcome = 'complete'"
      " ORDER BY started_at LIMIT 1");
  if (!after) return tl::make_unexpected(after.error());

  PollRange range{unix_ms(query.since), std::numeric_limits<std::int64_t>::max()};
  const auto earlier = before->first(query.device_id, range.from);
  if (!earlier) return tl::make_unexpected(earlier.error());
  if (*earlier && !before->is_null(0)) range.from = before->integer(0);
  const auto later = after->first(query.device_id, unix_ms(query.until + longest_delta));
  if (!later) return tl::make_unexpected(later.error());
  if (*later) range.to = after->integer(0);
  return range;
}

Result<StoredSample> sample_of(const Statement& row, const std::filesystem::path& path) {
  const std::int64_t states = row.integer(3);
  const auto in_quality = in_quality_of(states);
  const auto out_quality = out_quality_of(states);
  if (!in_quality || !out_quality) {
    return fail(ErrorKind::store,
                fmt::format("{}: a sample has states {}, whose qualities are not known", path.string(), states),
                "the file was changed by another program, or is damaged");
  }
  StoredSample sample;
  sample.interface_id = row.integer(0);
  sample.read_at = wall_time(row.integer(1));
  sample.in = {row.maybe_unsigned(4), std::chrono::microseconds(row.integer(6)), *in_quality, std::nullopt};
  sample.out = {row.maybe_unsigned(5), std::chrono::microseconds(row.integer(7)), *out_quality, std::nullopt};
  sample.in.utilization = share_of(sample.in, row.maybe_unsigned(6), row.maybe_unsigned(8));
  sample.out.utilization = share_of(sample.out, row.maybe_unsigned(7), row.maybe_unsigned(9));
  return sample;
}

// In the order of operations that the rates room has, so that the same numbers come out.
std::optional<double> share_of(const StoredSample::Direction& direction, const std::optional<std::uint64_t>& span_us,
                               const std::optional<std::uint64_t>& speed_bps) {
  if (!makes_rate(direction.quality) || !direction.octets || !span_us || *span_us == 0) return std::nullopt;
  if (!speed_bps || *speed_bps == 0) return std::nullopt;
  const double seconds = std::chrono::duration<double>(std::chrono::microseconds(*span_us)).count();
  return static_cast<double>(*direction.octets) / seconds * 8.0 / static_cast<double>(*speed_bps);
}

bool overlaps(WallTime read_at, std::chrono::microseconds elapsed, const SampleQuery& query) {
  return read_at > query.since && read_at - elapsed < query.until;
}

// Both places of a delta: packed with others in its row, or by itself in sample_exceptions.
StoredCounts counts_of(const Statement& row) {
  constexpr int first_packed = 3;
  constexpr int flapped_at = 7;
  constexpr int first_alone = 8;
  StoredCounts counts;
  counts.interface_id = row.integer(0);
  counts.read_at = wall_time(row.integer(1));
  counts.elapsed = std::chrono::microseconds(row.integer(2));
  counts.flapped = !row.is_null(flapped_at);
  for (std::size_t group = 0; group < packed_deltas.size(); ++group) {
    const int column = first_packed + static_cast<int>(group);
    if (!row.is_null(column)) unpack(row.unsigned_integer(column), packed_deltas[group], counts.deltas);
  }
  const auto first = static_cast<std::size_t>(packed_deltas.front().first);
  for (std::size_t counter = first; counter < counter_count; ++counter) {
    auto& delta = counts.deltas.items[counter];
    if (!delta) delta = row.maybe_unsigned(first_alone + static_cast<int>(counter - first));
  }
  if (no_unknown_protos(row.integer(first_alone + static_cast<int>(counter_count - first))))
    counts.deltas[Counter::in_unknown_protos] = 0;
  return counts;
}

}  // namespace
}  // namespace octopoll::store
