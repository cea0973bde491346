#include "poll/known_tables.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "octopoll/core/log.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/identity.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::nanoseconds stay_fresh = 1h;
/// What an agent has said of its tables in so many reads in a row is what it has to say. The rows of before are missed
/// until then; where there are none yet, fewer reads must do.
constexpr unsigned reads_believed = 5;
constexpr unsigned first_reads_believed = 3;
/// An ifTableLastChange that moved so often in a row with the same tables behind it is not heeded any more.
constexpr unsigned idle_changes_believed = 3;
/// Tables that were read this long ago may tell by which other counter a stuck one is replaced.
constexpr auto stuck_pause = 1min;
/// Cycles in a row in which an object is refused before it is left out: an error may pass.
constexpr unsigned refusals_believed = 2;
/// Cycles for which it is left out at first.
constexpr unsigned first_rest = 5;
/// Names or octets that some rows lack are not looked for any more after so many reads in a row, but with each routine
/// read.
constexpr unsigned lesser_reads_believed = 5;
/// Names that a message has room for.
constexpr std::size_t most_named = 8;
/// Within so long a time names may move that often before nothing more is said of it.
constexpr unsigned moves_told = 3;
/// No row's state: its facts are read with the next cycle.
constexpr std::uint32_t state_unknown_to_facts = 2;

bool same_objects(const std::vector<ifmib::RowPlan>& a, const std::vector<ifmib::RowPlan>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ifmib::RowPlan& one, const ifmib::RowPlan& other) {
    return one.index == other.index && one.interface.name() == other.interface.name() && one.layout() == other.layout();
  });
}

bool same_facts(const std::vector<ifmib::RowPlan>& a, const std::vector<ifmib::RowPlan>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& one, const auto& other) { return one.interface == other.interface; });
}

bool has_if_x(const ifmib::Row& row) { return row.in(ifmib::Table::if_x_table); }

bool has_if_x(const ifmib::RowPlan& plan) {
  const auto objects = plan.layout()->objects();
  return std::any_of(objects.begin(), objects.end(), [](const ifmib::RowLayout::Object& object) {
    return ifmib::table_of(object.column) == ifmib::Table::if_x_table;
  });
}

/// The same interface as planned, but without all that ifXTable says: it would get another name.
bool same_without_if_x(const ifmib::RowPlan& plan, const ifmib::Row& row) {
  if (has_if_x(row)) return false;
  const std::string* descr = row.octets(ifmib::Column::if_descr);
  return descr == nullptr || agent_text(*descr) == plan.interface.descr().value_or(std::string_view());
}

constexpr std::array octets_counted{Counter::in_octets, Counter::out_octets};

/// Of the octets, which that row is polled for.
std::array<bool, 2> counts_octets(const ifmib::RowPlan& plan) {
  std::array<bool, 2> counts{};
  for (std::size_t i = 0; i < counts.size(); ++i) counts[i] = plan.layout()->column_of(octets_counted[i]).has_value();
  return counts;
}

/// "eth1, eth2 and 7 more".
std::string list(const std::vector<std::string>& names) {
  const std::vector<std::string> some(names.begin(),
                                      names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), most_named)));
  return fmt::format("{}{}", fmt::join(some, ", "),
                     names.size() > most_named ? fmt::format(" and {} more", names.size() - most_named) : "");
}

/// Rows of ifTable; where an agent has none of these, all rows.
std::size_t count_rows(const ifmib::Rows& rows) {
  const auto in_if_table =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.second.in(ifmib::Table::if_table); });
  return in_if_table > 0 ? static_cast<std::size_t>(in_if_table) : rows.size();
}

unsigned cycles_in(std::chrono::nanoseconds time, std::chrono::nanoseconds interval) {
  return static_cast<unsigned>(std::clamp<std::int64_t>(time / interval, 1, 1'000'000));
}

/// Of what moves when a link comes or goes. Never 0, which is unknown.
std::uint32_t state_of(const InterfaceSample& sample) {
  const std::uint64_t last_change = sample.last_change ? sample.last_change->count() + 1ULL : 0;
  const std::uint64_t status = sample.oper_status ? static_cast<std::uint64_t>(sample.oper_status->code) : 0;
  const std::uint64_t mixed = (last_change * 31 + status) * 0x9e37'79b9'7f4a'7c15ULL;
  return static_cast<std::uint32_t>(mixed >> 32U) | 1U;
}

/// Interfaces that are at another ifIndex now.
std::vector<std::string> moves_between(const std::map<std::uint32_t, std::string>& before,
                                       const std::map<std::uint32_t, std::string>& now) {
  std::map<std::string_view, std::uint32_t> places;
  for (const auto& [index, name] : before) places.emplace(name, index);
  std::vector<std::string> moves;
  for (const auto& [index, name] : now) {
    const auto place = places.find(name);
    if (place == places.end() || place->second == index) continue;
    moves.push_back(fmt::format("{} ({}, now {})", one_line(name), place->second, index));
  }
  return moves;
}

}  // namespace

std::size_t KnownTables::mute_rows() const noexcept {
  return static_cast<std::size_t>(std::count_if(planned_->plans.begin(), planned_->plans.end(),
                                                [](const ifmib::RowPlan& plan) { return plan.mute; }));
}

std::shared_ptr<const void> KnownTables::lender() {
  // Links that come and go all the time: most of these are of cycles that have long been stored.
  if (planned_->replaced.size() > planned_->plans.size()) {
    planned_ = std::make_shared<Planned>(Planned{planned_->plans, {}});
  }
  return planned_;
}

// ---- when they are read ----

KnownTables::Read KnownTables::why_read(const ifmib::Scalars& scalars, bool restarted, BootTime now) {
  const bool waits = read_again_.must_wait();
  if (!lost_octets_) octets_again_.settled();
  (void)octets_again_.must_wait();
  // RFC 2863 section 3.1.5: after a restart interfaces may be renumbered.
  if (scalars.if_number != if_number_ || restarted) return Read::demanded;
  if (waits && failing_) return Read::no;
  if (!known_ || doubted_) return Read::demanded;
  if (!waits && read_again_.reads() > 0) return Read::routine;
  // Some agents give sysUpTime for it.
  if (scalars.if_table_last_change != if_last_change_ && idle_changes_ < idle_changes_believed)
    return Read::last_change;
  if (leaves_out_ && !leave_in_again_.must_wait()) return Read::routine;
  return now - read_at_ > stay_fresh ? Read::routine : Read::no;
}

void KnownTables::begin_read(const ifmib::Scalars& scalars, Read why) {
  if_number_ = scalars.if_number;
  if_last_change_ = scalars.if_table_last_change;
  begin_read();
  by_last_change_ = why == Read::last_change;
}

void KnownTables::begin_read() noexcept {
  doubted_ = true;  // until they are read: they may never be
  by_last_change_ = false;
}

/// `span`: of the read; as much time as it took passes at least until the next one, and twice that the time after.
void KnownTables::put_off(bool failing, std::chrono::nanoseconds span, std::chrono::nanoseconds interval) {
  if (std::exchange(failing_, failing) != failing) read_again_.settled();
  const std::chrono::nanoseconds most = span > interval ? 24 * stay_fresh : stay_fresh;
  read_again_.put_off(cycles_in(span, interval), cycles_in(most, interval));
}

void KnownTables::fail_read(const Error& error, std::chrono::nanoseconds span, std::chrono::nanoseconds interval) {
  doubted_ = true;
  put_off(true, span, interval);
  if (!known_) lacking_.emplace(error);
}

// ---- what came of it ----

KnownTables::Taken KnownTables::take(const ifmib::Rows& rows, const ifmib::ReadEnd& end, const config::Device& device,
                                     std::chrono::nanoseconds interval, BootTime now) {
  doubted_ = false;
  Taken taken;
  const std::size_t there = count_rows(rows);
  std::optional<Error> doubt = doubt_about(rows, end, device.name);
  const bool lacks_some = if_number_ && there < *if_number_;
  doubted_reads_ = doubt ? doubted_reads_ + 1 : 0;
  const bool unsettled = doubt || lacks_some;
  if (unsettled) put_off(doubt.has_value(), {}, interval);
  // Where the tables go on to show octets that GET does not find, each read would only bring the same.
  if (std::exchange(lost_octets_, false)) octets_again_.put_off(1, cycles_in(stay_fresh, interval));
  const bool believed = doubted_reads_ == 0 || doubted_reads_ >= (known_ ? reads_believed : first_reads_believed);
  // Without a row there is nothing to believe, as long as the agent says that it has some, or does not say.
  const bool none_of_some = there == 0 && (end.columns_refused || if_number_.value_or(0) > 0);
  // What GET has proved to be there, and no walk gives, is missed for good: the rest is polled.
  const bool proven = end.lacking && !end.columns_refused;
  if (!known_ && doubt && !proven && (!believed || none_of_some)) {
    taken.nothing = doubt;
    lacking_ = OwnCopy(std::move(doubt));
    return taken;
  }
  // A column that was refused may be the one that tells who a row is, or its counters of 64 bits.
  if (believed || !end.columns_refused) plan(rows, believed && !none_of_some, device, now, taken);
  const bool lesser = taken.rows && believed && look_for_lesser_rows(rows, device.name, now);
  if (!unsettled && lesser) {
    put_off(false, {}, interval);
  } else if (!unsettled) {
    read_again_.settled();
    failing_ = false;
  }
  lacking_ = OwnCopy(believed && !none_of_some && !proven ? std::nullopt : std::move(doubt));
  known_ = true;
  read_at_ = now;
  return taken;
}

/// Why these cannot be all rows: GET proved it, the agent refused some, or there are fewer than at the last read
/// although ifNumber has not fallen. Agents whose ifNumber was never the number of their rows are not doubted aloud.
std::optional<Error> KnownTables::doubt_about(const ifmib::Rows& rows, const ifmib::ReadEnd& end,
                                              const std::string& device) const {
  if (end.lacking) return end.lacking;
  const std::size_t there = count_rows(rows);
  const std::string by_if_number =
      if_number_ ? fmt::format("{} by ifNumber", *if_number_) : fmt::format("{} before", rows_believed_);
  const std::string remedy = "its tables are read again in a while";
  if (there == 0 && (if_number_ ? *if_number_ > 0 : rows_believed_ > 0)) {
    return Error{ErrorKind::agent, fmt::format("{}: {} interfaces, and none in its tables", device, by_if_number),
                 remedy + "; may these credentials see them?"};
  }
  const bool said_so =
      if_number_ && (there >= *if_number_ || (if_number_believed_ && *if_number_ < *if_number_believed_));
  if (there < rows_believed_ && !said_so) {
    return Error{ErrorKind::agent,
                 fmt::format("{}: {} of {} interfaces are gone from its tables{}", device, rows_believed_ - there,
                             rows_believed_, if_number_ ? fmt::format(" ({})", by_if_number) : std::string()),
                 remedy};
  }
  const auto lost = std::count_if(planned_->plans.begin(), planned_->plans.end(), [&](const ifmib::RowPlan& plan) {
    const auto row = rows.find(plan.index);
    return row != rows.end() && lost_if_x(plan, row->second);
  });
  if (lost > 0) {
    return Error{
        ErrorKind::agent,
        fmt::format("{}: {} interfaces are gone from its ifXTable, and are still in its ifTable", device, lost),
        remedy};
  }
  const std::size_t narrowed = rows_that_lack_wide(rows).size();
  if (narrowed == 0) return std::nullopt;
  return Error{ErrorKind::agent,
               fmt::format("{}: the 64-bit counters of {} are gone, and those of 32 bits are there", device,
                           format_counted(narrowed, "interface")),
               remedy};
}

/// Plans what these rows need. Unless they are believed, what they lack of the rows planned before stays planned:
/// either it comes back, or it is missed in each cycle.
void KnownTables::plan(const ifmib::Rows& rows, bool believed, const config::Device& device, BootTime at,
                       Taken& taken) {
  const auto before = names();
  auto now = ifmib::identify(rows, before);
  // To SNMPv1 each object that is not there is a round trip of its own.
  const bool may_ask = device.auth->version != SnmpVersion::v1;
  const auto kept = believed ? std::map<std::uint32_t, const ifmib::RowPlan*>() : missing_from(rows, may_ask);
  IfIndexes lacks_if_x = keep_names(kept, now);
  IfIndexes lacks_wide = believed ? IfIndexes() : rows_that_lack_wide(rows);
  taken.rows = true;
  taken.in_doubt = ifmib::moved_in_doubt(rows, now, before);
  tell_moves(moves_between(before, now), device.name, at);
  const ifmib::WideZero zero = ifmib::wide_zero_of(rows);
  cycles_ = 0;
  leaves_out_ = false;
  missed_.clear();
  std::vector<ifmib::RowPlan> read;
  std::set<std::string_view> taken_names;
  std::map<std::uint32_t, std::string> others;
  for (const auto& [index, row] : rows) {
    ifmib::RowPlan plan = ifmib::plan_row(index, now.at(index), row, device.counters, zero);
    // Of a row that lacks its ifXTable what ifTable has is polled; it stays who it was.
    if (lacks_if_x.contains(index)) plan.interface = kept.at(index)->interface;
    if (device.interfaces->keeps(plan.interface)) {
      if (!kept.empty()) taken_names.insert(plan.interface.name());
      read.push_back(std::move(plan));
    } else {
      others.emplace(index, std::move(now.at(index)));
    }
  }
  for (const auto& [index, plan] : kept) {
    if (now.contains(index)) continue;
    // One that is at another ifIndex now is not gone.
    if (taken_names.contains(plan->interface.name()) || !device.interfaces->keeps(plan->interface)) continue;
    missed_.insert(index);
    read.push_back(*plan);
  }
  if (!kept.empty()) {
    std::sort(read.begin(), read.end(), [](const auto& a, const auto& b) { return a.index < b.index; });
  }
  adopt(std::move(read), taken);
  if (lacks_if_x_.empty() && !lacks_if_x.empty() && no_if_x_warning_.due(at))
    log::warning("{}: its ifXTable is gone; what its ifTable has is polled, with counters of 32 bits", device.name);
  lacks_if_x_ = std::move(lacks_if_x);
  if (lacks_wide_.empty() && !lacks_wide.empty() && no_wide_warning_.due(at)) {
    log::warning("{}: the 64-bit counters of {} are gone; those of 32 bits are polled", device.name,
                 format_counted(lacks_wide.size(), "interface"));
  }
  lacks_wide_ = std::move(lacks_wide);
  left_out_ = std::move(others);
  if (!believed) return;
  rows_believed_ = count_rows(rows);
  if_number_believed_ = if_number_;
}

/// Rows of which nobody believes yet that they have no ifXTable get the names that they had, unless another one has
/// that now.
KnownTables::IfIndexes KnownTables::keep_names(const std::map<std::uint32_t, const ifmib::RowPlan*>& kept,
                                               std::map<std::uint32_t, std::string>& now) {
  std::set<std::string_view> of_others;
  for (const auto& [index, name] : now) {
    if (!kept.contains(index)) of_others.insert(name);
  }
  IfIndexes rows;
  for (const auto& [index, plan] : kept) {
    const auto row = now.find(index);
    if (row == now.end() || of_others.contains(plan->interface.name())) continue;
    row->second = plan->interface.name();
    rows.insert(index);
  }
  return rows;
}

/// Nobody believes yet that the row has no ifXTable.
bool KnownTables::lost_if_x(const ifmib::RowPlan& plan, const ifmib::Row& row) const {
  return (has_if_x(plan) || lacks_if_x_.contains(plan.index)) && same_without_if_x(plan, row);
}

/// Rows that were polled for octets of 64 bits and have those of 32 bits alone. Another name means another interface,
/// which owes nothing.
KnownTables::IfIndexes KnownTables::rows_that_lack_wide(const ifmib::Rows& rows) const {
  IfIndexes lacking;
  for (const ifmib::RowPlan& plan : planned_->plans) {
    const auto found = rows.find(plan.index);
    if (found == rows.end() || !has_if_x(found->second)) continue;
    const ifmib::Row& row = found->second;
    if (const auto column = plan.name_column()) {
      const std::string* name = row.octets(*column);
      if (name == nullptr || *name != plan.name_octets()) continue;
    }
    for (const Counter counter : octets_counted) {
      const ifmib::CounterColumns columns = ifmib::columns_of(counter);
      const bool was_wide = lacks_wide_.contains(plan.index) || plan.layout()->column_of(counter) == columns.wide;
      if (was_wide && row.find(*columns.wide) == nullptr && row.number(columns.narrow)) lacking.insert(plan.index);
    }
  }
  return lacking;
}

/// Rows of these plans without a name, or without octets that others of their type have: perhaps the agent, or a walk,
/// was wrong for a moment. True while the tables are to be read again for them.
bool KnownTables::look_for_lesser_rows(const ifmib::Rows& rows, const std::string& device, BootTime now) {
  std::map<std::optional<std::int64_t>, std::array<bool, 2>> of_type;
  for (const ifmib::RowPlan& plan : planned_->plans) {
    auto& counted = of_type[plan.interface.type()];
    const auto counts = counts_octets(plan);
    for (std::size_t i = 0; i < counts.size(); ++i) counted[i] = counted[i] || counts[i];
  }
  IfIndexes lesser;
  std::vector<std::string> found;
  for (const ifmib::RowPlan& plan : planned_->plans) {
    const auto row = rows.find(plan.index);
    if (row == rows.end()) continue;
    if (ifmib::name_of(row->second).text && counts_octets(plan) == of_type.at(plan.interface.type())) continue;
    lesser.insert(plan.index);
    if (!lesser_.contains(plan.index)) found.push_back(one_line(plan.interface.name()));
  }
  if (!found.empty()) lesser_reads_ = 0;
  if (!found.empty() && lesser_warning_.due(now)) {
    log::warning(
        "{}: {} of {} without a name, or without octets that others of their type have: {}; its tables are "
        "read again in a while",
        device, found.size(), format_counted(planned_->plans.size(), "interface"), list(found));
  }
  lesser_ = std::move(lesser);
  return !lesser_.empty() && ++lesser_reads_ < lesser_reads_believed;
}

/// History follows the name: who reads the log shall know that what was at one ifIndex is at another.
void KnownTables::tell_moves(const std::vector<std::string>& moves, const std::string& device, BootTime now) {
  if (moves.empty()) return;
  if (now - moved_at_ > stay_fresh) moves_in_a_row_ = 0;
  moved_at_ = now;
  if (moves_in_a_row_ > moves_told) return;
  if (++moves_in_a_row_ <= moves_told)
    return log::info("{}: {} at another ifIndex: {}", device, format_counted(moves.size(), "interface"), list(moves));
  log::warning(
      "{}: its names do not stay with their ifIndex: {} at another one again; more is said of it when they "
      "have stayed for an hour",
      device, format_counted(moves.size(), "interface"));
}

/// Plans that these rows do not have, or not all of. `may_ask`: for those that are not there at all.
std::map<std::uint32_t, const ifmib::RowPlan*> KnownTables::missing_from(const ifmib::Rows& rows, bool may_ask) const {
  std::map<std::uint32_t, const ifmib::RowPlan*> missing;
  for (const ifmib::RowPlan& plan : planned_->plans) {
    const auto row = rows.find(plan.index);
    if (row == rows.end() ? may_ask : lost_if_x(plan, row->second)) missing.emplace(plan.index, &plan);
  }
  return missing;
}

void KnownTables::adopt(std::vector<ifmib::RowPlan>&& read, Taken& taken) {
  read.shrink_to_fit();
  taken.other_objects = !same_objects(read, planned_->plans);
  if (taken.other_objects || !same_facts(read, planned_->plans)) {
    idle_changes_ = 0;
  } else if (by_last_change_) {
    ++idle_changes_;
  }
  planned_ = std::make_shared<Planned>(Planned{std::move(read), {}});
  states_.assign(planned_->plans.size(), 0);
}

/// Who had which ifIndex when the tables were last read.
std::map<std::uint32_t, std::string> KnownTables::names() const {
  auto all = left_out_;
  for (const ifmib::RowPlan& plan : planned_->plans) all.emplace(plan.index, plan.interface.name());
  return all;
}

std::vector<StackedInterfaces> KnownTables::names_of(
    const std::vector<std::pair<std::uint32_t, std::uint32_t>>& stacked) const {
  std::vector<StackedInterfaces> pairs;
  for (const auto& [higher, lower] : stacked) {
    const ifmib::RowPlan* above = ifmib::plan_of(plans(), higher);
    const ifmib::RowPlan* below = ifmib::plan_of(plans(), lower);
    if (above == nullptr || below == nullptr) continue;
    pairs.push_back({std::string(above->interface.name()), std::string(below->interface.name())});
  }
  return pairs;
}

// ---- what the rows say of them ----

KnownTables::Seen KnownTables::see(const ifmib::RowReading& row) {
  const bool was_missed = !missed_.empty() && missed_.contains(row.plan->index);
  if (row.vanished || row.renamed) return was_missed ? Seen::nobody : Seen::other;
  if (was_missed) demand();  // it is back
  if (row.lost_octets) {
    lost_octets_ = true;
    if (!octets_again_.waiting()) return Seen::lesser;
  }
  if (row.stuck && row.sample.time.received - read_at_ > stuck_pause) doubt();
  // Numbers grow, and with them the answers, until they would be too large.
  ifmib::RowPlan& plan = planned_->plans[place_of(*row.plan)];
  if (row.value_octets > plan.value_octets) plan.note_octets(row.value_octets);
  return Seen::row;
}

bool KnownTables::note_state(std::size_t place, const InterfaceSample& sample) {
  const std::uint32_t state = state_of(sample);
  const std::uint32_t before = std::exchange(states_[place], state);
  return before != 0 && before != state;
}

void KnownTables::forget_state(std::size_t place) noexcept { states_[place] = state_unknown_to_facts; }

bool KnownTables::renew(std::size_t place, const ifmib::Row& row, const config::Device& device) {
  ifmib::RowPlan& plan = planned_->plans[place];
  const InterfaceFacts now = ifmib::renewed(plan.interface.facts(), row);
  if (now == plan.interface.facts()) return false;
  planned_->replaced.push_back(std::exchange(plan.interface, Interface(plan.interface.name(), now)));
  if (!device.interfaces->keeps(plan.interface)) doubt();
  return true;
}

std::vector<const ifmib::RowPlan*> KnownTables::rows_in_doubt(const std::vector<InterfaceSample>& samples) {
  std::vector<const ifmib::RowPlan*> rows;
  bool counts = false;
  for (const InterfaceSample& sample : samples) {
    const auto in = sample.counters[Counter::in_octets];
    const auto out = sample.counters[Counter::out_octets];
    if (in.bits == 32 || out.bits == 32 || (in.bits == 0 && out.bits == 0)) continue;
    counts = counts || in.value != 0 || out.value != 0;
    if (in.value != 0 || out.value != 0 || sample.oper_status == status_down) continue;
    if (const auto* const plan = ifmib::plan_of(plans(), sample.interface.if_index().value)) rows.push_back(plan);
  }
  const unsigned number = ++cycles_;
  const bool rarely = (number & (number - 1)) != 0;  // the cycles 1, 2, 4, 8, ...
  if (counts && rarely) rows.clear();
  return rows;
}

void KnownTables::leave_out(const ifmib::ReadEnd& end, const config::Device& device,
                            std::chrono::nanoseconds interval) {
  const bool before_this = leaves_out_;
  auto before = std::exchange(refusals_, {});
  for (const ifmib::RefusedObject& object : end.refused) {
    const unsigned times = before[object] + 1;
    if (times < refusals_believed) {
      refusals_[object] = times;
      continue;
    }
    for (ifmib::RowPlan& plan : planned_->plans) {
      if (plan.index == object.index) ifmib::leave_out(plan, object.column);
    }
    leaves_out_ = true;
    log::debug("{}: {} of ifIndex {} is refused and left out", device.name, ifmib::to_string(object.column),
               object.index);
  }
  for (const std::uint32_t index : end.mute_rows) {
    for (ifmib::RowPlan& plan : planned_->plans) plan.mute = plan.mute || plan.index == index;
    leaves_out_ = true;
    log::warning("{}: no answer to a request for ifIndex {}: it is left out until the tables are read again",
                 device.name, index);
  }
  if (leaves_out_ && !before_this) leave_in_again_.put_off(first_rest, cycles_in(stay_fresh, interval));
}

}  // namespace octopoll::poll
