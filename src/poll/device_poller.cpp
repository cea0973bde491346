#include "octopoll/poll/device_poller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <set>

#include "octopoll/core/duration.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/identity.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/poll/wrap_risk.hpp"
#include "octopoll/rates/cache_learner.hpp"
#include "octopoll/rates/device_history.hpp"
#include "poll/look_up_times.hpp"
#include "poll/read_again.hpp"
#include "poll/session_options.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

constexpr auto tables_stay_fresh = 1h;
/// What an agent has said of its tables in so many reads in a row is what it has to say. The rows of before are missed
/// until then; where there are none yet, fewer reads must do.
constexpr unsigned reads_believed = 5;
constexpr unsigned first_reads_believed = 3;
/// An ifTableLastChange that moved so often in a row with the same tables behind it is not heeded any more.
constexpr unsigned idle_changes_believed = 3;
/// Tables that were read this long ago may tell by which other counter a stuck one is replaced.
constexpr auto stuck_pause = 1min;
/// Between two looks at a cache that has not moved yet.
constexpr auto cache_look_interval = 100ms;
/// Rows that are looked at while waiting for a cache to move; the whole table would be a load of its own.
constexpr std::size_t cache_look_rows = 32;
/// Cycles in a row in which an object is refused before it is left out: an error may pass.
constexpr unsigned refusals_believed = 2;
/// Below this a row of counters would be asked object by object.
constexpr unsigned smallest_message = 300;
/// No row's state: its facts are read with the next cycle.
constexpr std::uint32_t state_unknown_to_facts = 2;

bool same_objects(const std::vector<ifmib::RowPlan>& a, const std::vector<ifmib::RowPlan>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const ifmib::RowPlan& one, const ifmib::RowPlan& other) {
    return one.index == other.index && one.interface.name() == other.interface.name() && one.layout == other.layout;
  });
}

std::chrono::nanoseconds rounded(std::chrono::nanoseconds time) {
  return time < 1s ? std::chrono::round<std::chrono::milliseconds>(time)
                   : std::chrono::round<std::chrono::seconds>(time);
}

bool has_if_x(const ifmib::Row& row) { return row.in(ifmib::Table::if_x_table); }

bool has_if_x(const ifmib::RowPlan& plan) {
  const auto objects = plan.layout->objects();
  return std::any_of(objects.begin(), objects.end(), [](const ifmib::RowLayout::Object& object) {
    return ifmib::table_of(object.column) == ifmib::Table::if_x_table;
  });
}

/// Rows of ifTable; where an agent has none of these, all rows.
std::size_t count_rows(const ifmib::Rows& rows) {
  const auto in_if_table =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.second.in(ifmib::Table::if_table); });
  return in_if_table > 0 ? static_cast<std::size_t>(in_if_table) : rows.size();
}

}  // namespace

struct DevicePoller::Impl {
  Shared shared;
  config::Device device;
  /// Taken over when a cycle begins: then no callback of the session, which may have to go, is on the stack.
  std::optional<config::Device> next_device;
  std::uint64_t poll_number;

  // Known over cycles.
  std::vector<Endpoint> endpoints;
  std::size_t endpoint_at = 0;
  LookUpTimes look_ups;
  std::optional<Error> look_up_error;  ///< of the last one, where it failed
  Endpoint known_at;                   ///< whose answers all that is known below comes from; invalid: nothing is known
  std::optional<std::vector<Endpoint>> next_endpoints;  ///< found while a cycle used the old ones
  unsigned look_up_number = 0;                          ///< what an earlier one finds is of another name
  std::unique_ptr<snmp::Session> session;
  DeviceFacts facts;
  bool facts_known = false;
  BootTime facts_read_at;
  std::optional<std::chrono::nanoseconds> announced_cache;
  rates::CacheLearner cache_learner;
  std::vector<ifmib::RowPlan> plans;
  std::size_t first_row = 0;  ///< of the plans: the next cycle begins with it, since the last one did not come so far
  std::map<std::uint32_t, std::string> left_out;  ///< by ifIndex: names of rows that the inventory's rules do not keep
  bool tables_known = false;
  bool tables_doubted = false;
  BootTime tables_read_at;
  std::optional<Error> tables_lacking;  ///< rows that exist and cannot be read
  ReadAgain read_again;                 ///< tables that could not be read, or may not be all there is
  bool tables_failing = false;          ///< their last read was refused, or cannot be all there is
  unsigned doubted_reads = 0;           ///< in a row: those that cannot be all there is
  std::size_t rows_known = 0;           ///< of the tables as last believed, those included that the rules leave out
  std::optional<std::uint32_t> if_number_known;  ///< of that moment
  /// Of each plan, as last read: a hash of what moves when a link comes or goes. 0: not known.
  std::vector<std::uint32_t> states;
  std::set<std::uint32_t> missed;  ///< by ifIndex: planned rows that the last read did not find
  std::optional<std::uint32_t> if_number, if_table_last_change;  ///< when the tables were last read, or tried
  std::optional<rates::AgentClock> clock;                        ///< as last shown
  unsigned answerable =
      std::numeric_limits<unsigned>::max();           ///< octets of an answer that the agent proved able to give
  bool answers_oddly = false;                         ///< names other objects than it is asked for: read by the library
  std::map<ifmib::RefusedObject, unsigned> refusals;  ///< cycles in a row in which it was refused
  unsigned uptime_refusals = 0;
  ifmib::TableProfile profile;     ///< how much of its tables it gives at once
  unsigned cycles_of_plans = 0;    ///< since the tables were read
  bool silence_told = false;       ///< whether the host is there was asked when the silence began
  std::uint64_t late_answers = 0;  ///< of this session, when the cycle before ended
  bool silent = false;             ///< did not answer in the cycle before, at any of its addresses
  rates::DeviceHistory history;
  WrapWatch wraps;

  // Of the cycle under way.
  struct Cycle {
    CycleRequest request;
    Done done;
    DeviceCycle record;
    DeviceSnapshot snapshot;
    std::vector<bool> read;  ///< of each plan: its row is in the snapshot
    snmp::Traffic traffic_before;
    std::size_t addresses_tried = 0;
    bool waits_for_name = false;
    bool waits_for_tables = false;
    bool answered = false;
    bool tables_read_twice = false;
    bool rows_doubted = false;
    std::vector<std::size_t> changed;  ///< plans whose link has changed since they were planned
    bool may_ask_facts = false;
    bool reads_facts = false;
    bool wide_checked = false;
    BootTime first_asked, last_heard;  ///< of the counters
    // Dating a cache.
    BootTime look_began;     ///< when the search for the moment began
    BootTime unmoved_since;  ///< the last look that showed the old counters was asked then
    std::uint64_t look_fingerprint = 0;
    bool looked = false;
    std::optional<std::chrono::nanoseconds> dated_age;
    std::vector<ifmib::RowPlan> look_plans;
    std::vector<InterfaceSample> look_rows;
  };
  std::unique_ptr<Cycle> cycle;
  std::unique_ptr<ifmib::Reading> reading;
  /// Of the tables. Runs on past the cycle that began it, since a large table of a slow device takes longer than a
  /// turn.
  std::unique_ptr<ifmib::Reading> discovery;
  BootTime discovery_began;
  bool discovery_by_last_change = false;  ///< ifTableLastChange alone asked for it
  unsigned idle_changes = 0;              ///< in a row: moves of ifTableLastChange with the same tables after them
  bool discovery_demanded = false;        ///< interfaces may have other numbers: no counters before it ends
  EventLoop::TimerId discovery_timer = 0;
  /// What came of it while no cycle waited.
  std::optional<std::pair<ifmib::Rows, ifmib::ReadEnd>> discovered;
  EventLoop::TimerId budget_timer = 0;
  EventLoop::TimerId pause_timer = 0;
  icmp::Prober::RoundId ping = 0;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive this

  Impl(Shared with, config::Device which, std::uint64_t last)
      : shared(with), device(std::move(which)), poll_number(last) {}

  // ---- small helpers ----

  [[nodiscard]] ifmib::ReadLimits read_limits() const {
    ifmib::ReadLimits limits;
    limits.max_repetitions = device.max_repetitions;
    limits.max_message_size = std::min(device.max_message_size, answerable);
    limits.in_place = !answers_oddly;
    limits.with_uptime = uptime_refusals < refusals_believed;
    return limits;
  }
  /// PDUs that proved too large for this agent are not asked again: each would cost a row of timeouts.
  void learn(const ifmib::ReadEnd& end) {
    answers_oddly = answers_oddly || end.odd;
    if (!end.message_size) return;
    answerable = std::max(*end.message_size, smallest_message);
    log::debug("{}: answers of at most {} octets from here on", device.name, answerable);
  }

  /// What costs each cycle a PDU or a row of timeouts is left out until the tables are read again.
  void learn_to_leave_out(const ifmib::ReadEnd& end) {
    if (end.error) return;
    if (end.refuses_uptime) ++uptime_refusals;
    auto before = std::exchange(refusals, {});
    for (const ifmib::RefusedObject& object : end.refused) {
      const unsigned times = before[object] + 1;
      if (times < refusals_believed) {
        refusals[object] = times;
        continue;
      }
      for (ifmib::RowPlan& plan : plans) {
        if (plan.index == object.index) ifmib::leave_out(plan, object.column);
      }
      log::debug("{}: {} of ifIndex {} is refused and left out", device.name, ifmib::to_string(object.column),
                 object.index);
    }
    for (const std::uint32_t index : end.mute_rows) {
      for (ifmib::RowPlan& plan : plans) plan.mute = plan.mute || plan.index == index;
      log::warning("{}: no answer to a request for ifIndex {}: it is left out until the tables are read again",
                   device.name, index);
    }
  }

  /// For callbacks that belong to this cycle: none comes through once it has ended, not into the next one either.
  template <class F>
  auto of_this_cycle(F f) {
    return [this, still = alive, number = poll_number, f = std::move(f)](auto&&... arguments) mutable {
      if (*still && cycle && poll_number == number) f(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void close_session() {
    drop_discovery();
    session.reset();
  }

  /// What it has learned of the agent's sizes stays.
  void drop_discovery() {
    if (discovery) profile = discovery->profile();
    discovery.reset();
    discovered.reset();
    shared.loop.cancel(std::exchange(discovery_timer, 0));
  }

  // ---- the steps, in their order ----

  void begin(const CycleRequest& request, Done done) {
    if (next_device) apply(std::move(*std::exchange(next_device, std::nullopt)));
    cycle = std::make_unique<Cycle>();
    cycle->request = request;
    cycle->done = std::move(done);
    // It was only slower than our patience: it is asked as one that is there.
    if (session && session->traffic().late != late_answers) silent = false;
    if (silent && endpoints.size() > 1) {
      // One address a cycle: a dead device costs one probe, however many addresses its name has.
      close_session();
      endpoint_at = (endpoint_at + 1) % endpoints.size();
    }
    if (session) cycle->traffic_before = session->traffic();
    DeviceCycle& record = cycle->record;
    record.device = device.name;
    record.poll_number = ++poll_number;
    record.slot = request.slot;
    record.interval = wraps.interval(device);
    record.started_at = wall_now();
    record.started = BootClock::now();
    budget_timer = shared.loop.after(request.budget, [this] {
      budget_timer = 0;
      out_of_time();
    });
    adopt_addresses();
    if (look_ups.due(BootClock::now(), device.dns_cache)) look_up();
    cycle->waits_for_name = endpoints.empty() && look_ups.under_way();
    if (cycle->waits_for_name) return;
    shared.loop.post(of_this_cycle([this] {
      if (endpoints.empty()) return fail_unresolved();
      connect();
    }));
  }

  /// One at a time, however many cycles pass meanwhile: a name server that hangs piles up nothing. A device whose
  /// address is known does not wait for it.
  void look_up() {
    look_ups.began();
    shared.resolver.resolve(device.address, [this, still = alive, number = look_up_number](auto&& result) {
      if (!*still || number != look_up_number) return;
      take_addresses(std::forward<decltype(result)>(result));
    });
  }

  void take_addresses(Result<std::vector<Endpoint>>&& result) {
    if (result) {
      next_endpoints = std::move(*result);
      look_ups.succeeded(BootClock::now());
    } else {
      look_up_error = std::move(result.error());
      look_ups.failed(BootClock::now());
    }
    if (!cycle || !cycle->waits_for_name) return;
    cycle->waits_for_name = false;
    adopt_addresses();
    if (!endpoints.empty()) return connect();
    fail_unresolved();
  }

  void fail_unresolved() {
    fail_cycle(
        Error{look_up_error->kind, fmt::format("{}: {}", device.name, look_up_error->message), look_up_error->remedy});
  }

  void adopt_addresses() {
    if (!next_endpoints) return;
    const Endpoint current = endpoint();
    endpoints = std::move(*std::exchange(next_endpoints, std::nullopt));
    const auto same = std::find(endpoints.begin(), endpoints.end(), current);
    endpoint_at = same == endpoints.end() ? 0 : static_cast<std::size_t>(same - endpoints.begin());
    if (same == endpoints.end()) close_session();
  }

  /// Whether these credentials show the same objects: RFC 3415 section 3.2 chooses the view by model, name, level and
  /// context; in SNMPv1 and v2c the community stands for name and context. Keys play no part.
  [[nodiscard]] static bool same_view(const SnmpCredentials& a, const SnmpCredentials& b) {
    return a.version == b.version && a.community == b.community && a.username == b.username && a.level == b.level &&
           a.context_name == b.context_name;
  }

  /// Another address may be another agent, and another view another set of interfaces: nothing that was learned of the
  /// one before is held against its counters.
  void forget_agent() {
    drop_discovery();
    facts_known = false;
    announced_cache.reset();
    answerable = std::numeric_limits<unsigned>::max();
    answers_oddly = false;
    refusals.clear();
    uptime_refusals = 0;
    tables_known = false;
    tables_lacking.reset();
    read_again.settled();
    tables_failing = false;
    doubted_reads = 0;
    rows_known = 0;
    if_number_known.reset();
    missed.clear();
    plans.clear();
    states.clear();
    left_out.clear();
    clock.reset();
    history = {};
    cache_learner = {};
    profile = {};
    known_at = {};
  }

  [[nodiscard]] const Endpoint& endpoint() const noexcept {
    static const Endpoint none;
    return endpoints.empty() ? none : endpoints[endpoint_at];
  }

  void connect() {
    cycle->record.address = endpoint().text();
    if (!session) {
      auto opened = shared.engine.open(session_options(device, endpoint()));
      if (!opened) {
        // No socket of that family here (a name with an IPv6 address, a host without): the others may do.
        const bool last = ++cycle->addresses_tried >= endpoints.size() || opened.error().kind != ErrorKind::io;
        if (last) return fail_cycle(opened.error());
        return try_next_address();
      }
      session = std::move(*opened);
      cycle->traffic_before = {};
    }
    ask_scalars();
  }

  void ask_scalars() {
    ifmib::ReadLimits limits = read_limits();
    limits.probe = silent;
    const auto set = facts_known || silent ? ifmib::ScalarSet::changing : ifmib::ScalarSet::all;
    reading = ifmib::read_scalars(*session, set, limits, [this, set](ifmib::Scalars&& scalars, ifmib::ReadEnd&& end) {
      reading.reset();
      take_scalars(std::move(scalars), std::move(end), set);
    });
  }

  void take_scalars(ifmib::Scalars&& scalars, ifmib::ReadEnd&& end, ifmib::ScalarSet set) {
    learn(end);
    const bool nobody = end.outcome == snmp::Outcome::timed_out || end.outcome == snmp::Outcome::unreachable;
    if (end.error && end.outcome != snmp::Outcome::answered) {
      drop_discovery();  // its requests have gone with these
      if (nobody && !silent && ++cycle->addresses_tried < endpoints.size()) {
        shared.loop.post(of_this_cycle([this] { try_next_address(); }));
        return;
      }
      silent = nobody;
      if (end.outcome == snmp::Outcome::timed_out) return diagnose_silence(std::move(*end.error));
      return fail_cycle(std::move(*end.error));
    }
    cycle->answered = true;
    silent = silence_told = false;
    if (!(known_at == endpoint())) {
      if (known_at.valid()) forget_agent();
      known_at = endpoint();
    }
    DeviceSnapshot& snapshot = cycle->snapshot;
    snapshot.if_number = scalars.if_number;
    snapshot.engine_boots = scalars.engine_boots;
    snapshot.engine_time = scalars.engine_time;
    snapshot.read_at = scalars.received;
    if (scalars.sys_uptime) snapshot.sys_uptime = TimeTicks(*scalars.sys_uptime);
    if (scalars.if_table_last_change) snapshot.if_table_last_change = TimeTicks(*scalars.if_table_last_change);
    cycle->record.sys_uptime = snapshot.sys_uptime;
    if (set == ifmib::ScalarSet::all) {
      remember_facts(scalars);
    } else if (!facts_known || may_have_restarted(scalars) || BootClock::now() - facts_read_at > tables_stay_fresh) {
      facts_known = false;
      answerable = std::numeric_limits<unsigned>::max();
      if (may_have_restarted(scalars)) profile = {};  // perhaps into other firmware
      return ask_scalars();                           // once more, for the facts
    }
    snapshot.facts = facts;
    if (may_have_restarted(scalars)) {
      drop_discovery();
      idle_changes = 0;
    }
    const bool under_way = discovery || discovered;
    const ReadTables wanted = under_way ? ReadTables::no : why_read_tables(scalars);
    clock = clock_of(scalars);
    if (discovered) {
      auto found = std::move(*std::exchange(discovered, std::nullopt));
      return take_tables(std::move(found.first), std::move(found.second));
    }
    if (discovery && (!tables_known || discovery_demanded)) {
      cycle->waits_for_tables = true;
      return;
    }
    if (wanted == ReadTables::no) return tables_known ? ask_counters() : fail_cycle(*tables_lacking);
    if_number = scalars.if_number;
    if_table_last_change = scalars.if_table_last_change;
    read_tables(wanted);
  }

  /// Not from inside a callback of the session that goes.
  void try_next_address() {
    add_cost();
    close_session();
    endpoint_at = (endpoint_at + 1) % endpoints.size();
    connect();
  }

  void remember_facts(const ifmib::Scalars& scalars) {
    DeviceFacts now = ifmib::facts_of(scalars);
    if (now.sys_object_id != facts.sys_object_id) profile = {};  // another device: what was too much may suit this one
    facts = std::move(now);
    facts_known = true;
    facts_read_at = BootClock::now();
    uptime_refusals = 0;
    announced_cache = ifmib::announced_cache(scalars);
  }

  [[nodiscard]] static rates::AgentClock clock_of(const ifmib::Scalars& scalars) {
    rates::AgentClock shown{scalars.received, scalars.round_trip, std::nullopt, scalars.engine_boots,
                            scalars.engine_time};
    if (scalars.sys_uptime) shown.sys_uptime = TimeTicks(*scalars.sys_uptime);
    return shown;
  }

  /// A sysUpTime that fell counts even where it may have wrapped: that costs one superfluous read in 497 days.
  [[nodiscard]] bool may_have_restarted(const ifmib::Scalars& scalars) const {
    if (!clock) return false;
    const rates::AgentClock now = clock_of(scalars);
    if (clock->sys_uptime && now.sys_uptime && *now.sys_uptime < *clock->sys_uptime) return true;
    return rates::restart_between(*clock, now) == rates::Restart::yes;
  }

  /// Whether the tables are read in this cycle. `demanded`: interfaces may have other numbers or names now.
  enum class ReadTables : std::uint8_t { no, routine, last_change, demanded };

  [[nodiscard]] ReadTables why_read_tables(const ifmib::Scalars& scalars) {
    const bool waits = read_again.must_wait();
    // RFC 2863 section 3.1.5: after a restart interfaces may be renumbered.
    if (scalars.if_number != if_number || may_have_restarted(scalars)) return ReadTables::demanded;
    if (waits && tables_failing) return ReadTables::no;
    if (!tables_known || tables_doubted) return ReadTables::demanded;
    if (!waits && read_again.reads() > 0) return ReadTables::routine;
    // Some agents give sysUpTime for it.
    if (scalars.if_table_last_change != if_table_last_change && idle_changes < idle_changes_believed)
      return ReadTables::last_change;
    return BootClock::now() - tables_read_at > tables_stay_fresh ? ReadTables::routine : ReadTables::no;
  }

  /// `span`: of the read; as much time as it took passes at least until the next one, and twice that the time after.
  void put_tables_off(bool failing, std::chrono::nanoseconds span = {}) {
    if (std::exchange(tables_failing, failing) != failing) read_again.settled();
    const auto cycles = [&](std::chrono::nanoseconds time) {
      return static_cast<unsigned>(std::clamp<std::int64_t>(time / device.interval, 1, 1'000'000));
    };
    const std::chrono::nanoseconds most = span > device.interval ? 24 * tables_stay_fresh : tables_stay_fresh;
    read_again.put_off(cycles(span), cycles(most));
  }

  void read_tables(ReadTables why) {
    tables_doubted = true;  // until they are read: they may never be
    cycle->waits_for_tables = true;
    discovery_demanded = why != ReadTables::routine;
    discovery_by_last_change = why == ReadTables::last_change;
    discovery_began = BootClock::now();
    ifmib::ReadLimits limits = read_limits();
    limits.if_number = if_number;
    limits.profile = profile;
    discovery_timer = shared.loop.after(cycle->request.table_budget, [this, budget = cycle->request.table_budget] {
      discovery_timer = 0;
      give_up_tables(budget);
    });
    discovery = ifmib::read_tables(
        *session, ifmib::polled_columns(), limits,
        [this](ifmib::Rows&& rows, ifmib::ReadEnd&& end) { end_discovery(std::move(rows), std::move(end)); });
  }

  void end_discovery(ifmib::Rows&& rows, ifmib::ReadEnd&& end) {
    discovery.reset();
    shared.loop.cancel(std::exchange(discovery_timer, 0));
    if (cycle && std::exchange(cycle->waits_for_tables, false)) return take_tables(std::move(rows), std::move(end));
    const bool took_all = end.outcome != snmp::Outcome::answered;
    discovered.emplace(std::move(rows), std::move(end));
    // The device has gone, and what this cycle had asked it went with the walk.
    if (cycle && reading && took_all) stop_short(discovered->second.error->message);
  }

  void give_up_tables(std::chrono::nanoseconds budget) {
    ifmib::ReadEnd end;
    end.profile = discovery->profile();
    end.error = Error{ErrorKind::agent,
                      fmt::format("{}: its tables did not end within {}: {} rows so far", device.name,
                                  format_duration(budget), discovery->rows()),
                      "the agent is too slow for so many rows, or invents them; octopoll walk shows which"};
    end_discovery({}, std::move(end));
  }

  void take_tables(ifmib::Rows&& rows, ifmib::ReadEnd&& end) {
    for (const std::string& note : end.notes) log::debug("{}: {}", device.name, note);
    if (end.ifx_offset) log::debug("{}: ifXTable's indexes are ifTable's {:+}: joined", device.name, *end.ifx_offset);
    profile = std::move(end.profile);
    learn(end);
    tables_doubted = end.error.has_value();
    if (end.error) {
      silent = end.outcome == snmp::Outcome::timed_out || end.outcome == snmp::Outcome::unreachable;
      put_tables_off(true, BootClock::now() - discovery_began);
      if (!tables_known) tables_lacking = end.error;
      // Half a table has other names than the whole one (ifName is in the second half), so it makes no identities. And
      // to ask a device that has just gone for its counters would cost another row of timeouts.
      if (!tables_known || end.outcome != snmp::Outcome::answered) return fail_cycle(std::move(*end.error));
      cycle->record.error = std::move(end.error);
      return ask_counters();
    }
    const std::size_t there = count_rows(rows);
    std::optional<Error> doubt = doubt_about(rows, end);
    const bool lacks_some = if_number && there < *if_number;
    doubted_reads = doubt ? doubted_reads + 1 : 0;
    if (doubt || lacks_some) {
      put_tables_off(doubt.has_value());
    } else {
      read_again.settled();
      tables_failing = false;
    }
    const bool believed = doubted_reads == 0 || doubted_reads >= (tables_known ? reads_believed : first_reads_believed);
    // Without a row there is nothing to believe, as long as the agent says that it has some, or does not say.
    const bool none_of_some = there == 0 && (end.columns_refused || if_number.value_or(0) > 0);
    // What GET has proved to be there, and no walk gives, is missed for good: the rest is polled.
    const bool proven = end.lacking && !end.columns_refused;
    if (!tables_known && doubt && !proven && (!believed || none_of_some)) {
      tables_lacking = std::move(doubt);
      return fail_cycle(*tables_lacking);
    }
    // A column that was refused may be the one that tells who a row is, or its counters of 64 bits.
    if (believed || !end.columns_refused) take_rows(rows, believed && !none_of_some);
    tables_lacking = believed && !none_of_some && !proven ? std::nullopt : std::move(doubt);
    tables_known = true;
    tables_read_at = BootClock::now();
    ask_counters();
  }

  /// Why these cannot be all rows: GET proved it, the agent refused some, or there are fewer than at the last read
  /// although ifNumber has not fallen. Agents whose ifNumber was never the number of their rows are not doubted aloud.
  [[nodiscard]] std::optional<Error> doubt_about(const ifmib::Rows& rows, const ifmib::ReadEnd& end) const {
    if (end.lacking) return end.lacking;
    const std::size_t there = count_rows(rows);
    const std::string by_if_number =
        if_number ? fmt::format("{} by ifNumber", *if_number) : fmt::format("{} before", rows_known);
    const std::string remedy = "its tables are read again in a while";
    if (there == 0 && (if_number ? *if_number > 0 : rows_known > 0)) {
      return Error{ErrorKind::agent,
                   fmt::format("{}: {} interfaces, and none in its tables", device.name, by_if_number),
                   remedy + "; may these credentials see them?"};
    }
    const bool said_so = if_number && (there >= *if_number || (if_number_known && *if_number < *if_number_known));
    if (there < rows_known && !said_so) {
      return Error{ErrorKind::agent,
                   fmt::format("{}: {} of {} interfaces are gone from its tables{}", device.name, rows_known - there,
                               rows_known, if_number ? fmt::format(" ({})", by_if_number) : std::string()),
                   remedy};
    }
    const auto lost = std::count_if(plans.begin(), plans.end(), [&](const ifmib::RowPlan& plan) {
      const auto row = rows.find(plan.index);
      return row != rows.end() && lost_if_x(plan, row->second);
    });
    if (lost == 0) return std::nullopt;
    return Error{
        ErrorKind::agent,
        fmt::format("{}: {} interfaces are gone from its ifXTable, and are still in its ifTable", device.name, lost),
        remedy};
  }

  /// The same interface as planned, but without all that ifXTable says: it would get another name, and counters of 32
  /// bits.
  [[nodiscard]] static bool lost_if_x(const ifmib::RowPlan& plan, const ifmib::Row& row) {
    if (!has_if_x(plan) || has_if_x(row)) return false;
    const std::string* descr = row.octets(ifmib::Column::if_descr);
    return descr == nullptr || agent_text(*descr) == plan.interface.descr().value_or(std::string_view());
  }

  /// Plans what these rows need. Unless they are believed, what they lack of the rows planned before stays planned:
  /// either it comes back, or it is missed in each cycle.
  void take_rows(const ifmib::Rows& rows, bool believed) {
    const auto before = known_names();
    auto names = ifmib::identify(rows, before);
    for (const std::string& name : ifmib::moved_in_doubt(rows, names, before)) history.doubt(name);
    const ifmib::WideZero zero = ifmib::wide_zero_of(rows);
    cycles_of_plans = 0;
    cycle->wide_checked = true;  // the tables show both widths
    std::map<std::uint32_t, const ifmib::RowPlan*> kept;
    missed.clear();
    if (!believed) {
      // To SNMPv1 each object that is not there is a round trip of its own.
      const bool may_ask = device.auth.version != SnmpVersion::v1;
      for (const ifmib::RowPlan& plan : plans) {
        const auto row = rows.find(plan.index);
        const bool gone = row == rows.end() && may_ask;
        if (!gone && (row == rows.end() || !lost_if_x(plan, row->second))) continue;
        kept.emplace(plan.index, &plan);
        missed.insert(plan.index);
      }
    }
    std::vector<ifmib::RowPlan> read;
    std::set<std::string_view> taken;
    std::map<std::uint32_t, std::string> others;
    for (const auto& [index, row] : rows) {
      if (kept.contains(index)) continue;
      ifmib::RowPlan plan = ifmib::plan_row(index, names.at(index), row, device.counters, zero);
      if (device.interfaces->keeps(plan.interface)) {
        if (!kept.empty()) taken.insert(plan.interface.name());
        read.push_back(std::move(plan));
      } else {
        others.emplace(index, std::move(names.at(index)));
      }
    }
    for (const auto& [index, plan] : kept) {
      // One that is at another ifIndex now is not gone.
      if (taken.contains(plan->interface.name()) || !device.interfaces->keeps(plan->interface)) {
        missed.erase(index);
      } else {
        read.push_back(*plan);
      }
    }
    if (!kept.empty()) {
      std::sort(read.begin(), read.end(),
                [](const ifmib::RowPlan& a, const ifmib::RowPlan& b) { return a.index < b.index; });
    }
    read.shrink_to_fit();
    // Other counters than before make another fingerprint, which is no sign that the agent's cache has moved.
    const bool same = same_objects(read, plans);
    if (!same) cache_learner.interrupt();
    const bool same_facts = same && std::equal(read.begin(), read.end(), plans.begin(),
                                               [](const auto& a, const auto& b) { return a.interface == b.interface; });
    if (!same_facts) {
      idle_changes = 0;
    } else if (discovery_by_last_change) {
      ++idle_changes;
    }
    plans = std::move(read);
    wraps.look_at(plans, device);
    states.assign(plans.size(), 0);
    left_out = std::move(others);
    if (!believed) return;
    rows_known = count_rows(rows);
    if_number_known = if_number;
  }

  /// Who had which ifIndex when the tables were last read.
  [[nodiscard]] std::map<std::uint32_t, std::string> known_names() const {
    auto names = left_out;
    for (const ifmib::RowPlan& plan : plans) names.emplace(plan.index, plan.interface.name());
    return names;
  }

  void ask_counters() {
    const auto period = cache_period();
    if (cycle->request.date_snapshot && period > 0ns && !cycle->dated_age) return look_for_move();
    cycle->snapshot.interfaces.clear();
    cycle->read.assign(plans.size(), false);
    cycle->snapshot.interfaces.reserve(plans.size());
    cycle->rows_doubted = false;
    cycle->changed.clear();
    cycle->first_asked = BootClock::now();
    if (first_row >= plans.size()) first_row = 0;
    ifmib::ReadLimits limits = read_limits();
    limits.first_row = first_row;
    reading = ifmib::read_counters(
        *session, plans, limits, [this](ifmib::RowReading&& row) { take_row(std::move(row)); },
        [this](ifmib::ReadEnd&& end) {
          reading.reset();
          take_counters(std::move(end));
        });
  }

  void take_row(ifmib::RowReading&& row) {
    const bool was_missed = !missed.empty() && missed.contains(row.plan->index);
    if (row.vanished || row.renamed) {
      if (!was_missed) cycle->rows_doubted = true;
      return;
    }
    if (was_missed) {  // it is back
      tables_doubted = true;
      read_again.now();
    }
    if (row.stuck && BootClock::now() - tables_read_at > stuck_pause) tables_doubted = true;
    cycle->last_heard = row.sample.time.received;
    row.sample.time.age_bound += cache_period();
    const auto place = static_cast<std::size_t>(row.plan - plans.data());
    cycle->read[place] = true;
    const std::uint32_t state = state_of(row.sample);
    if (const std::uint32_t before = std::exchange(states[place], state); before != 0 && before != state)
      cycle->changed.push_back(place);
    cycle->snapshot.interfaces.push_back(std::move(row.sample));
  }

  void take_counters(ifmib::ReadEnd&& end) {
    learn(end);
    if (end.outcome != snmp::Outcome::answered) drop_discovery();  // its requests have gone with these
    learn_to_leave_out(end);
    if (end.error && !cycle->record.error) cycle->record.error = std::move(end.error);
    if (cycle->rows_doubted) {
      tables_doubted = true;
      if (!cycle->tables_read_twice && !end.error && !discovery && !(tables_failing && read_again.waiting())) {
        // Another interface sits at that ifIndex now: no delta before the table was read again.
        cycle->tables_read_twice = true;
        return read_tables(ReadTables::demanded);
      }
    }
    cycle->may_ask_facts = end.outcome == snmp::Outcome::answered;
    if (!end.error && !std::exchange(cycle->wide_checked, true)) {
      if (const auto rows = rows_in_doubt(); !rows.empty()) return check_wide(rows);
    }
    look_at_changes();
  }

  void look_at_changes() {
    if (!cycle->changed.empty() && cycle->may_ask_facts) return ask_facts();
    complete();
  }

  /// Of what moves when a link comes or goes. Never 0, which is unknown.
  [[nodiscard]] static std::uint32_t state_of(const InterfaceSample& sample) {
    const std::uint64_t last_change = sample.last_change ? sample.last_change->count() + 1ULL : 0;
    const std::uint64_t status = sample.oper_status ? static_cast<std::uint64_t>(sample.oper_status->code) : 0;
    const std::uint64_t mixed = (last_change * 31 + status) * 0x9e37'79b9'7f4a'7c15ULL;
    return static_cast<std::uint32_t>(mixed >> 32U) | 1U;
  }

  /// A link that went down and came back may have another speed now: the rows that changed are asked for it before
  /// their rates are put against the old one.
  void ask_facts() {
    std::vector<ifmib::RowPlace> rows;
    for (const std::size_t place : cycle->changed) rows.push_back({plans[place].index, plans[place].x_index});
    cycle->reads_facts = true;
    reading = ifmib::read_facts(*session, std::move(rows), read_limits(), [this](ifmib::Rows&& found) {
      reading.reset();
      take_facts(found);
    });
  }

  void take_facts(const ifmib::Rows& rows) {
    cycle->reads_facts = false;
    std::map<std::uint32_t, const Interface*> renewed;
    for (const std::size_t place : cycle->changed) {
      ifmib::RowPlan& plan = plans[place];
      const auto row = rows.find(plan.index);
      if (row == rows.end()) {
        states[place] = state_unknown_to_facts;  // asked again with the next cycle
        continue;
      }
      const InterfaceFacts now = ifmib::renewed(plan.interface.facts(), row->second);
      if (now == plan.interface.facts()) continue;
      plan.interface = Interface(plan.interface.name(), now);
      renewed.emplace(plan.index, &plan.interface);
      if (!device.interfaces->keeps(plan.interface)) tables_doubted = true;
    }
    for (InterfaceSample& sample : cycle->snapshot.interfaces) {
      const auto found = renewed.find(sample.interface.if_index().value);
      if (found != renewed.end()) sample.interface = *found->second;
    }
    complete();
  }

  /// Rows whose 64-bit octets are both 0, so that nobody knows whether they count: some agents fill the 32-bit columns
  /// alone (D-Link), and just after a restart all is 0. One row that counts speaks for the agent, and then the others
  /// are looked at ever more rarely, until the tables are read again; without one, in each cycle.
  [[nodiscard]] std::vector<const ifmib::RowPlan*> rows_in_doubt() {
    std::vector<const ifmib::RowPlan*> rows;
    bool counts = false;
    for (const InterfaceSample& sample : cycle->snapshot.interfaces) {
      const auto& in = sample.counters[Counter::in_octets];
      const auto& out = sample.counters[Counter::out_octets];
      if (in.bits == 32 || out.bits == 32 || (in.bits == 0 && out.bits == 0)) continue;
      counts = counts || in.value != 0 || out.value != 0;
      if (in.value != 0 || out.value != 0 || sample.oper_status == status_down) continue;
      const std::uint32_t index = sample.interface.if_index().value;
      const auto plan =
          std::lower_bound(plans.begin(), plans.end(), index,
                           [](const ifmib::RowPlan& each, std::uint32_t wanted) { return each.index < wanted; });
      if (plan != plans.end() && plan->index == index) rows.push_back(&*plan);
    }
    const unsigned number = ++cycles_of_plans;
    const bool rarely = (number & (number - 1)) != 0;  // the cycles 1, 2, 4, 8, ...
    if (counts && rarely) rows.clear();
    return rows;
  }

  void check_wide(const std::vector<const ifmib::RowPlan*>& rows) {
    reading = ifmib::check_wide_octets(*session, rows, read_limits(), [this](bool dead) {
      reading.reset();
      if (!dead || discovery) return look_at_changes();
      log::debug("{}: its 64-bit counters stand at 0 while those of 32 bits count", device.name);
      cycle->tables_read_twice = true;
      read_tables(ReadTables::demanded);
    });
  }

  void complete() {
    auto& interfaces = cycle->snapshot.interfaces;
    const auto mute = static_cast<std::size_t>(
        std::count_if(plans.begin(), plans.end(), [](const ifmib::RowPlan& plan) { return plan.mute; }));
    const std::size_t asked = plans.size() - mute;
    if (cycle->dated_age) {
      const auto age = std::min(*cycle->dated_age + (cycle->last_heard - cycle->first_asked), cache_period());
      for (InterfaceSample& sample : interfaces) sample.time.age_bound += age - cache_period();
    } else if (!interfaces.empty() && interfaces.size() == asked && !cycle->record.error) {
      // Of all rows or none: a reading without some of them looks like a cache that has moved.
      cache_learner.see(cycle->first_asked, cycle->last_heard, rates::fingerprint(interfaces));
    }
    if (!cycle->record.error) cycle->record.error = tables_lacking;
    if (interfaces.size() < asked && !cycle->record.error) {
      cycle->record.error = Error{ErrorKind::agent,
                                  fmt::format("{}: {} of {} interfaces changed while they were read", device.name,
                                              asked - interfaces.size(), plans.size()),
                                  "its tables are read again with the next poll"};
    }
    if (mute > 0 && !cycle->record.error) {
      cycle->record.error = Error{ErrorKind::agent,
                                  fmt::format("{}: the agent does not answer requests for {} of {}", device.name, mute,
                                              format_counted(plans.size(), "interface")),
                                  "its tables are read again within the hour, and then they are asked for again"};
    }
    if (interfaces.empty() && !plans.empty()) return fail_cycle(std::move(*cycle->record.error));
    finish(cycle->record.error ? CycleOutcome::partial : CycleOutcome::complete);
  }

  // ---- a cache that is to be dated ----

  [[nodiscard]] std::chrono::nanoseconds cache_period() const {
    if (announced_cache) return *announced_cache;
    return cache_learner.period().value_or(0ns);
  }

  /// Reads some rows every 100 ms until one counter moves: then all that is read right afterwards is as old as the time
  /// since the last look that had not moved, instead of as old as the cache may be.
  void look_for_move() {
    Cycle& c = *cycle;
    const BootTime now = BootClock::now();
    if (!c.looked) {
      c.look_began = c.unmoved_since = now;
      for (const ifmib::RowPlan& plan : plans) {
        if (c.look_plans.size() < cache_look_rows) c.look_plans.push_back(plan);
      }
    }
    const auto longest_look =
        std::min<std::chrono::nanoseconds>(cache_period(), 1min);  // the period is an agent's word
    if (now - c.look_began > longest_look + cache_look_interval || c.look_plans.empty()) {
      c.dated_age = cache_period();  // nothing moves here; its age stays what it may be
      return ask_counters();
    }
    c.look_rows.clear();
    reading = ifmib::read_counters(
        *session, c.look_plans, read_limits(),
        [this](ifmib::RowReading&& row) { cycle->look_rows.push_back(std::move(row.sample)); },
        [this, asked = now](ifmib::ReadEnd&& end) {
          reading.reset();
          take_look(asked, end);
        });
  }

  void take_look(BootTime asked, const ifmib::ReadEnd& end) {
    Cycle& c = *cycle;
    if (end.error) {
      c.dated_age = cache_period();
      return ask_counters();
    }
    const std::uint64_t fingerprint = rates::fingerprint(c.look_rows);
    if (c.looked && fingerprint != c.look_fingerprint) {
      c.dated_age = BootClock::now() - c.unmoved_since;
      return ask_counters();
    }
    c.looked = true;
    c.look_fingerprint = fingerprint;
    c.unmoved_since = asked;
    pause_timer = shared.loop.after(cache_look_interval, [this] {
      pause_timer = 0;
      look_for_move();
    });
  }

  // ---- ends ----

  /// Nothing came back: says whether the host is there at all (a wrong community and a dead host are the same silence).
  /// Once, since what stays silent shall cost one PDU a cycle and nothing else.
  void diagnose_silence(Error error) {
    if (shared.prober == nullptr || !device.ping || std::exchange(silence_told, true))
      return fail_cycle(std::move(error));
    cycle->record.error = std::move(error);
    icmp::EchoPlan plan;
    plan.count = 2;
    plan.spacing = 50ms;
    plan.timeout = 500ms;
    ping = shared.prober->start(endpoint(), plan, of_this_cycle([this](const icmp::EchoRound& round) {
                                  if (std::exchange(ping, 0) == 0) return;  // given up
                                  Error said = std::move(*cycle->record.error);
                                  said.message += round.received > 0 ? "; the host answers ping"
                                                                     : "; the host does not answer ping";
                                  fail_cycle(std::move(said));
                                }));
  }

  void out_of_time() {
    if (std::exchange(cycle->reads_facts, false)) {
      abandon();
      for (const std::size_t place : cycle->changed) states[place] = state_unknown_to_facts;
      return complete();
    }
    const std::string budget = format_duration(cycle->request.budget);
    if (cycle->waits_for_tables) {
      return fail_cycle(
          Error{ErrorKind::partial,
                fmt::format("{}: its tables are still being read, for {} now: {} rows so far", device.name,
                            format_duration(rounded(BootClock::now() - discovery_began)), discovery->rows()),
                governor_advice()});
    }
    if (cycle->answered) {
      return stop_short(fmt::format("{}: not all rows were read within {}", device.name, budget), governor_advice());
    }
    drop_discovery();
    abandon();
    if (cycle->waits_for_name) {
      return fail_cycle(
          Error{ErrorKind::resolve,
                fmt::format("{}: {} was not resolved within {}", device.name, device.address.host, budget),
                "see whether the name servers of /etc/resolv.conf answer, or write the address"});
    }
    silent = true;
    if (cycle->record.error) return fail_cycle(std::move(*cycle->record.error));
    fail_cycle(Error{ErrorKind::timeout, fmt::format("{}: no answer within {}", device.name, budget), {}});
  }

  [[nodiscard]] std::string governor_advice() const {
    if (!device.max_requests_per_second) return {};
    return fmt::format("max_requests_per_second: {} lets no more through: raise it, or the interval",
                       *device.max_requests_per_second);
  }

  /// What has arrived is kept; where nothing has, the device was not there for this cycle.
  void stop_short(std::string message, std::string remedy = {}) {
    abandon();
    if (!cycle->record.error) {
      cycle->record.error = Error{ErrorKind::partial, std::move(message), std::move(remedy)};
    }
    finish(cycle->answered ? CycleOutcome::partial : CycleOutcome::failed);
  }

  /// Drops what is under way without an answer.
  void abandon() {
    reading.reset();
    // What this cycle has still to hear is small beside a discovery under way.
    if (session && !discovery) session->cancel_all();
    shared.loop.cancel(std::exchange(pause_timer, 0));
    if (ping != 0) shared.prober->finish(std::exchange(ping, 0));
  }

  void fail_cycle(Error error) {
    cycle->record.error = std::move(error);
    finish(CycleOutcome::failed);
  }

  void finish(CycleOutcome outcome) {
    shared.loop.cancel(std::exchange(budget_timer, 0));
    DeviceCycle& record = cycle->record;
    record.outcome = outcome;
    record.facts = facts;
    record.cache_period = cache_period();
    add_cost();
    remember_place();
    late_answers = session ? session->traffic().late : 0;
    if (outcome != CycleOutcome::failed) judge(record);
    record.duration = BootClock::now() - record.started;
    auto ended = std::move(cycle);
    // Out of whatever callback this is, for `done` may start the next cycle or destroy the poller.
    shared.loop.post([still = alive, done = std::move(ended->done),
                      finished = std::make_shared<DeviceCycle>(std::move(ended->record))] {
      if (*still) done(std::move(*finished));
    });
  }

  /// Rows at the end of a device that is too slow for all of them have their turn in the next cycle.
  void remember_place() {
    if (cycle->read.empty() || cycle->read.size() != plans.size()) return;
    for (std::size_t asked = 0; asked < plans.size(); ++asked) {
      const std::size_t row = (first_row + asked) % plans.size();
      if (cycle->read[row] || plans[row].mute) continue;
      first_row = asked == 0 ? 0 : row;
      return;
    }
    first_row = 0;
  }

  void judge(DeviceCycle& record) {
    auto& interfaces = cycle->snapshot.interfaces;
    const auto by_index = [](const InterfaceSample& a, const InterfaceSample& b) {
      return a.interface.if_index() < b.interface.if_index();
    };
    if (!std::is_sorted(interfaces.begin(), interfaces.end(), by_index)) {
      std::sort(interfaces.begin(), interfaces.end(), by_index);
    }
    rates::JudgeSettings settings;
    settings.speeds = [this](const InterfaceSample& sample) -> rates::Speeds {
      if (const auto known = device.interfaces->speed(sample.interface)) return {known->in_bps, known->out_bps};
      return {sample.interface.speed_bps(), sample.interface.speed_bps()};
    };
    auto judgement = history.judge(std::move(cycle->snapshot), settings);
    record.interfaces = std::move(judgement.interfaces);
    record.rebooted = judgement.restart == rates::Restart::yes;
    if (record.outcome != CycleOutcome::partial) return;
    for (std::size_t row = 0; row < plans.size(); ++row) {
      if (row < cycle->read.size() && cycle->read[row]) continue;
      if (auto gap = history.gap(plans[row].interface.name())) {
        gap->sample.interface = plans[row].interface;
        record.interfaces.push_back(std::move(*gap));
      }
    }
  }

  void add_cost() {
    if (!session) return;
    const snmp::Traffic traffic = session->traffic() - cycle->traffic_before;
    PollCost& cost = cycle->record.cost;
    cost.requests += static_cast<std::uint32_t>(traffic.requests);
    cost.responses += static_cast<std::uint32_t>(traffic.responses);
    cost.retries += static_cast<std::uint32_t>(traffic.retries);
    cost.timeouts += static_cast<std::uint32_t>(traffic.timeouts);
    cost.octets_sent += traffic.octets_sent;
    cost.octets_received += traffic.octets_received;
    cycle->traffic_before = session->traffic();
  }

  void apply(config::Device next) {
    const bool moved = !(next.address == device.address);
    const bool other_view = !same_view(next.auth, device.auth);
    const bool other_session = moved || !(next.auth == device.auth) || next.timeout != device.timeout ||
                               next.retries != device.retries || next.max_outstanding != device.max_outstanding ||
                               next.max_requests_per_second != device.max_requests_per_second ||
                               next.short_request_ids != device.short_request_ids ||
                               next.answers_from != device.answers_from;
    // Only other rules cost a read of the tables: a reload that left this device alone is no load on it.
    if (device.interfaces->describe() != next.interfaces->describe() || !(device.counters == next.counters)) {
      tables_doubted = true;
      read_again.now();
    }
    device = std::move(next);
    wraps.look_at(plans, device);
    if (other_session) {
      close_session();
      silent = silence_told = false;
    }
    if (other_view) forget_agent();
    if (!moved) return;
    ++look_up_number;
    look_ups = {};
    next_endpoints.reset();
    endpoints.clear();
    forget_agent();
  }
};

DevicePoller::DevicePoller(Shared shared, config::Device device, std::uint64_t last_poll_number)
    : impl_(std::make_unique<Impl>(shared, std::move(device), last_poll_number)) {
  assert(impl_->device.interfaces != nullptr);
}

DevicePoller::~DevicePoller() {
  *impl_->alive = false;
  impl_->shared.loop.cancel(impl_->budget_timer);
  impl_->shared.loop.cancel(impl_->pause_timer);
  impl_->drop_discovery();
  if (impl_->ping != 0) impl_->shared.prober->finish(impl_->ping);
}

void DevicePoller::start(const CycleRequest& request, Done done) {
  assert(!busy());
  impl_->begin(request, std::move(done));
}

std::chrono::nanoseconds DevicePoller::interval() const noexcept { return impl_->wraps.interval(impl_->device); }

bool DevicePoller::busy() const noexcept { return impl_->cycle != nullptr; }

void DevicePoller::finish_now() {
  impl_->drop_discovery();
  if (impl_->cycle)
    impl_->stop_short(fmt::format("{}: octopoll was stopped before all answers were there", impl_->device.name));
}

void DevicePoller::reconfigure(config::Device device) {
  assert(device.interfaces != nullptr);
  impl_->next_device = std::move(device);
}

std::uint64_t DevicePoller::poll_number() const noexcept { return impl_->poll_number; }

std::string DevicePoller::engine_id() const { return impl_->session ? impl_->session->engine_id() : std::string(); }

}  // namespace octopoll::poll
