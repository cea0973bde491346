// What reports ask of the sums of traffic.

#include "reader_traffic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string>
#include <string_view>

#include "cycle_rows.hpp"
#include "sealed_levels.hpp"
#include "statements.hpp"
#include "traffic_rows.hpp"
#include "unix_time.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t bin_ms = std::chrono::milliseconds(bin_length).count();

/// Reports of a longer window read sums, even where its samples are there: a fifth of the rows or less.
constexpr std::chrono::hours long_window{24};

StoredTraffic::Direction direction_of(const TrafficBin& bin, std::size_t way) {
  const TrafficBin::Direction& from = bin.directions[way];
  StoredTraffic::Direction to;
  to.octets = from.octets;
  to.covered = std::chrono::microseconds(from.covered_us);
  to.bps_max = from.bps_max;
  to.packets = from.packets;
  to.errors = from.errors;
  to.discards = from.discards;
  if (const auto sum = bin.utilization(way)) {
    to.utilization_covered = std::chrono::microseconds(sum->covered_us);
    to.utilization = sum->share_us / static_cast<double>(sum->covered_us);
    to.utilization_max = sum->max;
  }
  return to;
}

StoredTraffic traffic_of(std::int64_t number, std::int64_t interface_id, const TrafficBin& bin) {
  return {interface_id, wall_time(number * bin_ms), bin_length, direction_of(bin, 0), direction_of(bin, 1)};
}

/// Interfaces whose plain rows are read together: those of one time stand beside each other.
constexpr std::size_t most_ids_at_once = 64;

}  // namespace

Result<bool> Reader::prefers_sums(WallTime since, WallTime until, std::chrono::seconds step) {
  Database& database = impl_->database;
  const auto backlog = database.integer("SELECT count(*) FROM rollup_backlog");
  if (!backlog) return tl::make_unexpected(backlog.error());
  if (*backlog != 0) return false;
  const auto put_off = database.integer("SELECT count(*) FROM rollups_put_off");
  if (!put_off) return tl::make_unexpected(put_off.error());
  const auto gone_before = database.integer("SELECT ifnull(max(begins_at), -1) FROM kept_from WHERE what = 'samples'");
  if (!gone_before) return tl::make_unexpected(gone_before.error());
  if (unix_ms(since) < *gone_before) return true;
  if (*put_off != 0) return false;
  return step % bin_length == std::chrono::seconds(0) && until - since > long_window;
}

Result<std::unique_ptr<Reader::Impl::Traffic>> Reader::Impl::Traffic::create(Impl& impl) {
  Database& database = impl.database;
  const std::array<std::string, 5> sql = {
      "SELECT id FROM interfaces WHERE device_id = ? AND id BETWEEN ? AND ? ORDER BY id",
      "SELECT id FROM main.traffic_5m WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 1",
      fmt::format("SELECT {} FROM main.{} WHERE id BETWEEN ? AND ?", traffic_columns, traffic_levels[0].table),
      "SELECT open_bin, from_poll FROM rollup_state WHERE device_id = ?",
      open_traffic_sql(),
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto blocks = BlockReader::create(database);
  if (!blocks) return tl::make_unexpected(blocks.error());
  return std::unique_ptr<Traffic>(new Traffic(impl, std::move(*statements), std::move(*blocks)));
}

Result<> Reader::Impl::Traffic::for_each(const SampleQuery& query, const Callback& callback) {
  const auto ids = ids_of(query);
  if (!ids) return tl::make_unexpected(ids.error());
  const Numbers numbers{bin_of(unix_ms(query.since) * 1000), bin_of(unix_ms(query.until) * 1000 - 1)};
  for (std::size_t first = 0; first < ids->size(); first += most_ids_at_once) {
    const std::size_t end = std::min(ids->size(), first + most_ids_at_once);
    std::vector<IdRun> runs;
    for (std::size_t place = first; place < end; ++place) add_id(runs, (*ids)[place]);
    if (auto read = read_plain(numbers, runs); !read) return read;
    for (std::size_t place = first; place < end; ++place) {
      if (auto read = read_interface((*ids)[place], numbers, callback); !read) return read;
    }
  }
  return read_open(query, callback);
}

Result<std::vector<std::int64_t>> Reader::Impl::Traffic::ids_of(const SampleQuery& query) {
  std::vector<std::int64_t> ids;
  Statement& read = statements_.ids;
  auto done = each_row(
      read,
      [&]() -> Result<> {
        ids.push_back(read.integer(0));
        return {};
      },
      query.device_id, query.first_interface, query.last_interface);
  if (!done) return tl::make_unexpected(done.error());
  return ids;
}

// Most times of a long window have no plain row: from one that has none it goes on at the next one that has.
Result<> Reader::Impl::Traffic::read_plain(const Numbers& numbers, const std::vector<IdRun>& runs) {
  plain_.clear();
  Statement& read = statements_.plain;
  for (std::int64_t number = numbers.first; number <= numbers.last; ++number) {
    const std::size_t before = plain_.size();
    for (const IdRun& run : runs) {
      auto done = each_row(
          read,
          [&]() -> Result<> {
            plain_.push_back({read.integer(0) & (most_interfaces - 1), number, read_traffic(read, traffic_levels[0])});
            return {};
          },
          sample_id(number, run.first), sample_id(number, run.last));
      if (!done) return done;
    }
    if (plain_.size() != before) continue;
    const auto next = one(statements_.next_plain, sample_id(number + 1, 0), sample_id(numbers.last + 1, 0));
    if (!next) return tl::make_unexpected(next.error());
    if (!*next) break;
    number = (**next >> 24) - 1;
  }
  std::sort(plain_.begin(), plain_.end(), [](const PlainRow& a, const PlainRow& b) {
    return std::pair(a.interface_id, a.number) < std::pair(b.interface_id, b.number);
  });
  return {};
}

Result<> Reader::Impl::Traffic::read_interface(std::int64_t interface_id, const Numbers& numbers,
                                               const Callback& callback) {
  auto plain = std::partition_point(plain_.begin(), plain_.end(),
                                    [&](const PlainRow& row) { return row.interface_id < interface_id; });
  const auto say_plain_until = [&](std::int64_t number) {
    for (; plain != plain_.end() && plain->interface_id == interface_id && plain->number < number; ++plain)
      callback(traffic_of(plain->number, interface_id, plain->bin));
  };
  const SealedLevel& level = sealed_level(bin_length.count());
  for (std::int64_t span = begin_of(numbers.first * bin_ms, level.span_ms); span <= numbers.last * bin_ms;
       span += level.span_ms) {
    const auto found = unpack(interface_id, span);
    if (!found) return tl::make_unexpected(found.error());
    if (!*found) continue;
    for (std::size_t row = place_of(block_.rows, numbers.first); row < block_.rows.rows; ++row) {
      const std::int64_t number = block_.rows.columns[0].number(row);
      if (number > numbers.last) break;
      say_plain_until(number);
      callback(traffic_of(number, interface_id, read_traffic(block_.rows, row, traffic_levels[0])));
    }
  }
  say_plain_until(numbers.last + 1);
  return {};
}

// A block that is damaged has no rows for anybody, and is told of once.
Result<bool> Reader::Impl::Traffic::unpack(std::int64_t interface_id, std::int64_t begins_at) try {
  const SealedLevel& level = sealed_level(bin_length.count());
  auto read = blocks_.read(level, begins_at, interface_id);
  if (!read) return tl::make_unexpected(read.error());
  if (!*read) {
    impl_.damage->met.add(impl_.database.native(), {level.level, interface_id, begins_at}, std::move(read->error()));
    return false;
  }
  const bool any = (**read).has_value();
  if (any) block_ = std::move(***read);
  return any;
} catch (const std::bad_alloc&) {
  return out_of_memory(sealed_level(bin_length.count()), interface_id, begins_at);
}

Result<> Reader::Impl::Traffic::read_open(const SampleQuery& query, const Callback& callback) {
  if (open_.device_id != query.device_id) {
    open_ = {};
    Statement& state = statements_.open_bin;
    const ResetLater open(state);
    const auto found = state.first(query.device_id);
    if (!found) return tl::make_unexpected(found.error());
    if (*found) open_.of = OpenBinOf{state.integer(0), state.integer(1)};
    open_.device_id = query.device_id;
  }
  if (!open_.of) return {};
  const WallTime begin = wall_time(open_.of->number * bin_ms);
  if (begin >= query.until || begin + bin_length <= query.since) return {};
  if (!open_.bins) {
    const auto bins = read_open_bin(statements_.open_samples, query.device_id, open_.of->from_poll, open_.of->number);
    if (!bins) return tl::make_unexpected(bins.error());
    open_.bins.emplace();
    for (const auto& [id, bin] : *bins) open_.bins->emplace(id, bin.whole().as_row());
  }
  const auto end = open_.bins->upper_bound(query.last_interface);
  for (auto one = open_.bins->lower_bound(query.first_interface); one != end; ++one) {
    if (!one->second.empty()) callback(traffic_of(open_.of->number, one->first, one->second));
  }
  return {};
}

Result<> Reader::for_each_traffic(const SampleQuery& query, const std::function<void(const StoredTraffic&)>& callback) {
  if (!impl_->traffic) {
    auto traffic = Impl::Traffic::create(*impl_);
    if (!traffic) return tl::make_unexpected(traffic.error());
    impl_->traffic = std::move(*traffic);
  }
  return impl_->traffic->for_each(query, callback);
}

}  // namespace octopoll::store
