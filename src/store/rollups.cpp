#include "rollups.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "cycle_rows.hpp"
#include "octopoll/core/retention.hpp"
#include "rate_counts.hpp"
#include "sealed_levels.hpp"
#include "spread.hpp"
#include "statements.hpp"

namespace octopoll::store {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// An hour is summed so long after its end, a day so long; and the devices over so long after that, each at its own
/// time, for the first minute of an hour has enough to do. A day waits for the last of its hours.
struct Wait {
  seconds first, over;
};
constexpr Wait wait_of_hours{minutes(10), minutes(40)};
constexpr Wait wait_of_days{minutes(70), hours(4)};

constexpr std::size_t rows_at_once = 2000;       // interfaces summed up in one transaction
constexpr std::int64_t samples_at_once = 10000;  // of the backlog, about
constexpr std::size_t put_off_at_once = 10000;   // rows of 5 minutes

constexpr std::int64_t hour_s = traffic_levels[1].length.count();
constexpr std::int64_t day_s = traffic_levels[2].length.count();
constexpr std::int64_t bins_of_an_hour = hour_s / bin_length.count();

std::int64_t due_time(std::int64_t device_id, seconds step, std::int64_t begins_at) {
  const Wait& wait = step == hours(1) ? wait_of_hours : wait_of_days;
  return begins_at + (step + wait.first + spread(device_id, wait.over)).count();
}

}  // namespace

Result<Rollups> Rollups::create(Database& database) {
  std::vector<Level> levels;
  for (const TrafficLevel& level : traffic_levels) {
    auto insert = database.prepare(traffic_insert_sql(level, "INSERT", "ON CONFLICT (id) DO NOTHING"));
    if (!insert) return tl::make_unexpected(insert.error());
    auto replace = database.prepare(traffic_insert_sql(level, "INSERT OR REPLACE"));
    if (!replace) return tl::make_unexpected(replace.error());
    auto missing =
        database.prepare(fmt::format("SELECT in_missing_us + out_missing_us FROM {} WHERE id = ?", level.table));
    if (!missing) return tl::make_unexpected(missing.error());
    auto one = database.prepare(fmt::format("SELECT {} FROM {} WHERE id = ?", traffic_columns, level.table));
    if (!one) return tl::make_unexpected(one.error());
    auto range =
        database.prepare(fmt::format("SELECT {} FROM {} WHERE id BETWEEN ? AND ?", traffic_columns, level.table));
    if (!range) return tl::make_unexpected(range.error());
    auto time = database.prepare("INSERT INTO traffic_times (step_s, begins_at) VALUES (?, ?) ON CONFLICT DO NOTHING");
    if (!time) return tl::make_unexpected(time.error());
    levels.push_back({level, std::move(*insert), std::move(*replace), std::move(*missing), std::move(*one),
                      std::move(*range), std::move(*time), no_bin, 0});
  }
  const std::string kept(kept_traffic_sql);
  const std::array<std::string, 21> sql = {
      "SELECT open_bin, from_poll FROM rollup_state WHERE device_id = ?",
      "INSERT INTO rollup_state (device_id, open_bin, from_poll) VALUES (?1, ?2, ?3)"
      " ON CONFLICT (device_id) DO UPDATE SET open_bin = ?2, from_poll = ?3",
      "DELETE FROM rollup_state WHERE device_id = ?",
      "SELECT d.name FROM rollup_state r JOIN devices d ON d.id = r.device_id WHERE r.open_bin < ? LIMIT 20",
      open_traffic_sql(),
      "INSERT INTO rollups_due (due_at, device_id, step_s, begins_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
      "SELECT due_at, device_id, step_s, begins_at FROM rollups_due WHERE due_at <= ? ORDER BY due_at LIMIT 1",
      "DELETE FROM rollups_due WHERE due_at = ? AND device_id = ? AND step_s = ? AND begins_at = ?",
      "SELECT id FROM interfaces WHERE device_id = ? ORDER BY id",
      "SELECT next_poll_id, last_poll_id FROM rollup_backlog",
      kept + " WHERE p.id BETWEEN ? AND ? ORDER BY p.id, s.id",
      "UPDATE rollup_backlog SET next_poll_id = ?",
      "DELETE FROM rollup_backlog",
      "INSERT INTO rollups_put_off (poll_id, next_bin, end_bin) VALUES (?, ?, ?)",
      "SELECT poll_id, next_bin, end_bin FROM rollups_put_off ORDER BY poll_id LIMIT 1",
      kept + " WHERE p.id = ? ORDER BY s.id",
      "UPDATE rollups_put_off SET next_bin = ?2 WHERE poll_id = ?1",
      "DELETE FROM rollups_put_off WHERE poll_id = ?",
      "INSERT OR REPLACE INTO rate_histograms (step_s, begins_at, device_id, rounded, packed) VALUES (?, ?, ?, ?, ?)",
      "SELECT packed FROM rate_histograms WHERE step_s = ? AND begins_at = ? AND device_id = ?",
      "DELETE FROM rate_histograms WHERE step_s = ? AND begins_at = ? AND device_id = ?",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  auto unsealer = Unsealer::create(database);
  if (!unsealer) return tl::make_unexpected(unsealer.error());
  return Rollups(std::move(levels), std::move(*statements), std::move(*unsealer));
}

Result<> Rollups::restore(Device& device) {
  Statement& state = statements_.state;
  const auto found = state.first(device.id);
  const bool open = found && *found;
  const std::int64_t open_bin = open ? state.integer(0) : no_bin;
  const std::int64_t from_poll = open ? state.integer(1) : 0;
  state.reset();
  if (!found) return tl::make_unexpected(found.error());
  if (!open) return {};
  device.open_bin = open_bin;

  auto bins = read_open_bin(statements_.samples_from, device.id, from_poll, open_bin);
  if (!bins) return tl::make_unexpected(bins.error());
  if (!bins->empty()) device.restored = std::make_unique<Device::Restored>(std::move(*bins));
  return {};
}

Result<> Rollups::add(Device& device, OpenBin& open, std::int64_t interface_id, const TrafficSample& sample,
                      std::int64_t newest) {
  const std::int64_t last = sample.last_bin();
  std::int64_t first = sample.first_bin();
  if (sample.is_long()) {
    put_off(device, {first, newest});
    first = newest;
  }
  for (std::int64_t bin = first; bin <= last; ++bin) {
    const TrafficShare share = share_of(sample, bin);
    if (bin != newest && (open.empty() || open.bin() != bin)) {
      TrafficBin whole;
      whole.add(share);
      if (auto stored = put_5m(device, bin, interface_id, whole); !stored) return stored;
      continue;
    }
    if (bin == newest && (open.empty() || open.bin() != newest)) {
      if (auto closed = close(device, open, interface_id, newest); !closed) return closed;
      open.start(newest);
    }
    if (open.add(share)) continue;
    if (auto stored = put_5m(device, bin, interface_id, open.whole()); !stored) return stored;
    open.start(bin);
    if (!open.add(share)) {  // a number too large even alone
      TrafficBin whole;
      whole.add(share);
      if (auto stored = put_5m(device, bin, interface_id, whole); !stored) return stored;
    }
  }
  return {};
}

Result<> Rollups::add_late(Device& device, std::int64_t interface_id, const TrafficSample& sample) {
  if (sample.is_long()) {
    put_off(device, {sample.first_bin(), sample.last_bin() + 1});
    return {};
  }
  for (std::int64_t bin = sample.first_bin(); bin <= sample.last_bin(); ++bin) {
    TrafficBin whole;
    whole.add(share_of(sample, bin));
    if (auto stored = put_5m(device, bin, interface_id, whole); !stored) return stored;
  }
  return {};
}

Result<> Rollups::close(Device& device, OpenBin& open, std::int64_t interface_id, std::int64_t newest) {
  if (open.empty() || open.bin() == newest) return {};
  if (auto stored = put_5m(device, open.bin(), interface_id, open.whole()); !stored) return stored;
  open.start(open.bin());
  return {};
}

OpenBin Rollups::take_restored(Device& device, std::int64_t interface_id) {
  if (!device.restored) return {};
  auto found = device.restored->extract(interface_id);
  if (device.restored->empty()) device.restored.reset();
  return found ? std::move(found.mapped()) : OpenBin();
}

Result<> Rollups::close_restored(Device& device, std::int64_t newest) {
  if (!device.restored) return {};
  for (auto& [interface_id, open] : *device.restored) {
    if (auto closed = close(device, open, interface_id, newest); !closed) return closed;
  }
  device.restored.reset();
  return {};
}

Result<> Rollups::move(Device& device, std::int64_t newest, std::uint64_t poll_number) {
  if (auto closed = close_restored(device, newest); !closed) return closed;
  device.open_bin = newest;
  return statements_.put_state.run(device.id, newest, poll_number);
}

void Rollups::put_off(Device& device, const Bins& bins) noexcept {
  Bins& all = device.put_off ? *device.put_off : device.put_off.emplace(bins);
  all = {std::min(all.next, bins.next), std::max(all.end, bins.end)};
}

Result<> Rollups::note_put_off(Device& device, std::int64_t poll_id) {
  const auto bins = std::exchange(device.put_off, std::nullopt);
  return bins ? statements_.put_off.run(poll_id, bins->next, bins->end) : Result<>();
}

Result<> Rollups::settle(Device& device) {
  if (auto closed = close_restored(device, no_bin); !closed) return closed;
  device.open_bin = no_bin;
  return statements_.drop_state.run(device.id);
}

Result<std::vector<std::string>> Rollups::left_open(std::int64_t before) {
  std::vector<std::string> names;
  Statement& read = statements_.left_open;
  auto done = each_row(
      read,
      [&]() -> Result<> {
        names.emplace_back(read.text(0));
        return {};
      },
      before);
  if (!done) return tl::make_unexpected(done.error());
  return names;
}

Result<> Rollups::put_5m(Device& device, std::int64_t number, std::int64_t interface_id, const TrafficBin& bin) {
  if (bin.empty()) return {};
  if (auto marked = mark(device, number / bins_of_an_hour); !marked) return marked;
  return put(0, number, interface_id, bin);
}

Result<> Rollups::put(std::size_t level, std::int64_t number, std::int64_t interface_id, const TrafficBin& samples) {
  if (auto noted = note_time(level, number); !noted) return noted;
  Level& to = levels_[level];
  const std::int64_t id = sample_id(number, interface_id);
  if (auto taken = unsealer_.take_out(to.of.length.count(), number, number, interface_id); !taken) return taken;
  if (auto stored = write_traffic(to.insert, to.of, id, samples.as_row()); !stored) return stored;
  if (to.insert.changes() != 0) return {};

  const auto found = to.read_one.first(id);
  TrafficBin known;
  if (found && *found) known = read_traffic(to.read_one, to.of);
  to.read_one.reset();
  if (!found) return tl::make_unexpected(found.error());
  known.add(samples);
  return write_traffic(to.replace, to.of, id, known.as_row());
}

Result<> Rollups::note_time(std::size_t level, std::int64_t number) {
  Level& to = levels_[level];
  const std::int64_t begins_at = number * to.of.length.count();
  if (to.noted == begins_at && to.noted_at == marks_) return {};
  to.noted = begins_at;
  to.noted_at = marks_;
  return to.note_time.run(to.of.length.count(), begins_at * 1000);
}

Result<> Rollups::mark(Device& device, std::int64_t hour) {
  if (device.marked_hour == hour && device.marked_at == marks_) return {};
  device.marked_hour = hour;
  device.marked_at = marks_;
  const std::int64_t begins_at = hour * hour_s;
  return statements_.mark_due.run(due_time(device.id, hours(1), begins_at), device.id, hour_s, begins_at);
}

Result<> Rollups::catch_up(std::int64_t now_s) {
  auto done = sum_up_due(now_s);
  unsealer_.forget();  // rows are sealed between this and what comes next
  return done;
}

Result<> Rollups::sum_up_due(std::int64_t now_s) {
  // First: an hour is summed of its 5 minutes.
  const auto all_put = catch_up_put_off();
  if (!all_put) return tl::make_unexpected(all_put.error());
  if (!*all_put) return {};
  for (std::size_t rows = 0; rows < rows_at_once;) {
    Statement& next = statements_.next_due;
    const auto found = next.first(now_s);
    Due due{};
    if (found && *found) due = {next.integer(0), next.integer(1), next.integer(2), next.integer(3)};
    next.reset();
    if (!found) return tl::make_unexpected(found.error());
    if (!*found) return replay_backlog();
    const auto summed = sum_up(due, now_s);
    if (!summed) return tl::make_unexpected(summed.error());
    rows += *summed + 1;
  }
  return {};
}

// True where nothing is left.
Result<bool> Rollups::catch_up_put_off() {
  for (std::size_t rows = 0; rows < put_off_at_once;) {
    Statement& next = statements_.next_put_off;
    const auto found = next.first();
    const bool any = found && *found;
    const std::int64_t poll_id = any ? next.integer(0) : 0;
    Bins bins = any ? Bins{next.integer(1), next.integer(2)} : Bins{};
    next.reset();
    if (!found) return tl::make_unexpected(found.error());
    if (!any) return true;

    Device device;
    std::vector<KeptTraffic> samples;
    Statement& read = statements_.samples_of;
    const auto kept_long = each_row(
        read,
        [&]() -> Result<> {
          KeptTraffic kept = read_kept_traffic(read);
          device.id = kept.device_id;
          if (kept.sample.is_long()) samples.push_back(std::move(kept));
          return {};
        },
        poll_id);
    if (!kept_long) return tl::make_unexpected(kept_long.error());
    for (; bins.next < bins.end && rows < put_off_at_once; ++bins.next) {
      for (const KeptTraffic& kept : samples) {
        TrafficBin whole;
        whole.add(share_of(kept.sample, bins.next));
        if (auto stored = put_5m(device, bins.next, kept.interface_id, whole); !stored)
          return tl::make_unexpected(stored.error());
      }
      rows += samples.size() + 1;
    }
    const auto noted =
        bins.next < bins.end ? statements_.move_put_off.run(poll_id, bins.next) : statements_.drop_put_off.run(poll_id);
    if (!noted) return tl::make_unexpected(noted.error());
  }
  return false;
}

Result<std::size_t> Rollups::sum_up(const Due& due, std::int64_t now_s) {
  const std::size_t to = due.step_s == traffic_levels[1].length.count() ? 1 : 2;
  Level& from = levels_[to - 1];
  const seconds part = from.of.length;
  const std::int64_t first = due.begins_at / part.count();
  const std::int64_t parts = due.step_s / part.count();
  if (auto read = read_ids(due.device_id); !read) return tl::make_unexpected(read.error());
  if (auto taken = take_out(due, part); !taken) return tl::make_unexpected(taken.error());
  sums_.assign(ids_.size(), TrafficBin{});
  rates_.resize(ids_.size());
  for (RateTally& tally : rates_) tally.clear();
  std::vector<std::int64_t> parts_there;
  for (std::int64_t number = first; number < first + parts; ++number) {
    for (const IdRun& run : runs_) {
      auto place = std::lower_bound(ids_.begin(), ids_.end(), run.first);
      Statement& read = from.read_range;
      auto added = each_row(
          read,
          [&]() -> Result<> {
            const std::int64_t id = read.integer(0) & (most_interfaces - 1);
            while (place != ids_.end() && *place < id) ++place;
            if (place == ids_.end() || *place != id) return {};
            const auto at = static_cast<std::size_t>(place - ids_.begin());
            const TrafficBin bin = read_traffic(read, from.of);
            sums_[at].add(bin);
            if (to == 1) count_rates(bin, rates_[at]);
            if (parts_there.empty() || parts_there.back() != number) parts_there.push_back(number);
            return {};
          },
          sample_id(number, run.first), sample_id(number, run.last));
      if (!added) return tl::make_unexpected(added.error());
    }
  }
  if (auto noted = note_time(to, due.begins_at / due.step_s); !noted) return tl::make_unexpected(noted.error());
  std::size_t rows = 0;
  for (std::size_t place = 0; place < ids_.size(); ++place) {
    if (sums_[place].empty()) continue;
    const std::int64_t id = sample_id(due.begins_at / due.step_s, ids_[place]);
    const auto worse = knows_less(levels_[to], id, sums_[place]);
    if (!worse) return tl::make_unexpected(worse.error());
    if (*worse) continue;
    if (auto stored = write_traffic(levels_[to].replace, levels_[to].of, id, sums_[place]); !stored)
      return tl::make_unexpected(stored.error());
    ++rows;
  }
  const auto counted = to == 1 ? Result<bool>(true) : gather_rates(due, parts_there);
  if (!counted) return tl::make_unexpected(counted.error());
  // Hours may be kept for less long than the five minutes that they are of: then an old day does not know what it
  // lacks.
  const bool all_kept =
      to == 1 || now_s - due.begins_at <= least_kept.count() || parts_there.size() == static_cast<std::size_t>(parts);
  const bool whole = *counted && all_kept && !parts_there.empty();
  if (auto put = whole ? put_rates(due) : drop_rates(due); !put) return tl::make_unexpected(put.error());
  if (to == 1) {
    const std::int64_t begins_at = begin_of(due.begins_at, day_s);
    auto marked =
        statements_.mark_due.run(due_time(due.device_id, hours(24), begins_at), due.device_id, day_s, begins_at);
    if (!marked) return tl::make_unexpected(marked.error());
  }
  auto done = statements_.done_due.run(due.due_at, due.device_id, due.step_s, due.begins_at);
  if (!done) return tl::make_unexpected(done.error());
  ++marks_;  // whatever comes to this hour later is to be noted again
  return rows;
}

Result<> Rollups::put_rates(const Due& due) {
  RatePacker rounded, packer;
  for (std::size_t place = 0; place < ids_.size(); ++place) {
    RateTally up = rates_[place].rounded_up();
    rounded.add(ids_[place], up);
    packer.add(ids_[place], rates_[place]);
  }
  return statements_.put_rates.run(due.step_s, due.begins_at * 1000, due.device_id, rounded.packed(), packer.packed());
}

Result<> Rollups::drop_rates(const Due& due) {
  return statements_.drop_rates.run(due.step_s, due.begins_at * 1000, due.device_id);
}

// False where an hour that has sums has no histogram: it was made by an older octopoll, or is taken already.
Result<bool> Rollups::gather_rates(const Due& due, const std::vector<std::int64_t>& hours) {
  if (auto dropped = drop_old_rates(due); !dropped) return tl::make_unexpected(dropped.error());
  for (const std::int64_t hour : hours) {
    Statement& read = statements_.rates;
    const ResetLater open(read);
    const auto found = read.first(hour_s, hour * hour_s * 1000, due.device_id);
    if (!found) return tl::make_unexpected(found.error());
    if (!*found) return false;
    auto place = ids_.begin();
    const bool sane = RateUnpacker(read.blob(0)).for_each([&](std::int64_t id, const RateCount& count) {
      while (place != ids_.end() && *place < id) ++place;
      if (place != ids_.end() && *place == id) rates_[static_cast<std::size_t>(place - ids_.begin())].add(count);
    });
    if (!sane) return false;
  }
  return true;
}

Result<> Rollups::drop_old_rates(const Due& due) {
  const std::int64_t end = due.begins_at - day_s;
  for (std::int64_t begin = end - day_s; begin < end; begin += hour_s) {
    if (auto done = statements_.drop_rates.run(hour_s, begin * 1000, due.device_id); !done) return done;
  }
  return {};
}

// What came late may have come for sums that are sealed.
Result<> Rollups::take_out(const Due& due, std::chrono::seconds part) {
  const std::int64_t whole = due.begins_at / due.step_s;
  const std::int64_t first = due.begins_at / part.count();
  const std::int64_t last = first + due.step_s / part.count() - 1;
  for (const std::int64_t id : ids_) {
    if (auto taken = unsealer_.take_out(part.count(), first, last, id); !taken) return taken;
    if (due.step_s != hour_s) continue;  // days are not sealed
    if (auto taken = unsealer_.take_out(due.step_s, whole, whole, id); !taken) return taken;
  }
  return {};
}

// Where retention has taken some of the parts meanwhile, the row that was made of all of them says more than those that
// are left: a clock far back leads there.
Result<bool> Rollups::knows_less(Level& level, std::int64_t id, const TrafficBin& bin) {
  const auto found = level.missing.first(id);
  const bool there = found && *found;
  const std::int64_t missing = there ? level.missing.integer(0) : 0;
  level.missing.reset();
  if (!found) return tl::make_unexpected(found.error());
  const std::int64_t length = std::chrono::microseconds(level.of.length).count();
  // What came late for a row of 5 minutes may have taken half a ms off each direction, as it is kept to the ms.
  const std::int64_t rounded = level.of.length / bin_length * covered_step_us;
  return there && 2 * length - bin.directions[0].covered_us - bin.directions[1].covered_us > missing + rounded;
}

Result<> Rollups::read_ids(std::int64_t device_id) {
  ids_.clear();
  runs_.clear();
  Statement& read = statements_.interface_ids;
  return each_row(
      read,
      [&]() -> Result<> {
        const std::int64_t id = read.integer(0);
        add_id(runs_, id);
        ids_.push_back(id);
        return {};
      },
      device_id);
}

Result<> Rollups::replay_backlog() {
  Statement& backlog = statements_.backlog;
  const auto found = backlog.first();
  const bool any = found && *found;
  const std::int64_t next = any ? backlog.integer(0) : 0;
  const std::int64_t last = any ? backlog.integer(1) : 0;
  backlog.reset();
  if (!found) return tl::make_unexpected(found.error());
  if (!any) return {};

  std::map<std::pair<std::int64_t, std::int64_t>, TrafficBin> bins;  // by bin and interface, as the rows are
  std::map<std::pair<std::int64_t, std::int64_t>, Device> devices;   // by hour and device
  std::int64_t until = last;
  std::int64_t samples = 0;
  Statement& read = statements_.backlog_samples;
  auto counted = each_row(
      read,
      [&]() -> Result<Rows> {
        const KeptTraffic kept = read_kept_traffic(read);
        if (kept.poll_id > until) return Rows::enough;
        if (++samples == samples_at_once) until = kept.poll_id;
        for (std::int64_t bin = kept.sample.first_bin(); bin <= kept.sample.last_bin(); ++bin) {
          bins[{bin, kept.interface_id}].add(share_of(kept.sample, bin));
          devices[{bin / bins_of_an_hour, kept.device_id}].id = kept.device_id;
        }
        return Rows::more;
      },
      next, last);
  if (!counted) return counted;
  for (auto& [key, device] : devices) {
    if (auto marked = mark(device, key.first); !marked) return marked;
  }
  for (const auto& [key, bin] : bins) {
    if (auto stored = put(0, key.first, key.second, bin); !stored) return stored;
  }
  return until == last ? statements_.drop_backlog.run() : statements_.move_backlog.run(until + 1);
}

}  // namespace octopoll::store
