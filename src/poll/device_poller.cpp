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
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/ifmib/stack.hpp"
#include "octopoll/poll/wrap_risk.hpp"
#include "octopoll/rates/cache_learner.hpp"
#include "octopoll/rates/device_history.hpp"
#include "octopoll/rates/resumption.hpp"
#include "poll/echo_plan.hpp"
#include "poll/freshness_looks.hpp"
#include "poll/hourly.hpp"
#include "poll/known_addresses.hpp"
#include "poll/known_tables.hpp"
#include "poll/move_search.hpp"
#include "poll/session_options.hpp"
#include "poll/table_queue.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;

/// Facts of the device that are older are read again: agents lie about what has changed.
constexpr auto facts_stay_fresh = 1h;
/// Cycles in a row in which sysUpTime is refused before it is left out: an error may pass.
constexpr unsigned refusals_believed = 2;
/// Walks ask for one object at a time below this.
constexpr unsigned smallest_message = 300;
/// Cycles in a row without a rate, for the reason alone that counters are said to have been set anew.
constexpr unsigned discontinuities_told = 3;
/// Of one object that freshness is looked at by, in an answer.
constexpr std::size_t octets_of_a_look = 26;

}  // namespace

/// One of them for each device, day and night: what is only there now and then is held by a pointer.
struct DevicePoller::Impl {
  Shared shared;
  config::Device device;
  /// Taken over when a cycle begins: then no callback of the session, which may have to go, is on the stack.
  std::unique_ptr<config::Device> next_device;
  std::uint64_t poll_number;

  // Known over cycles.
  KnownAddresses addresses;
  Endpoint known_at;  ///< whose answers all that is known below comes from; invalid: nothing is known
  std::unique_ptr<snmp::Session> session;
  snmp::Traffic traffic_counted;  ///< of this session, in the costs of cycles
  SharedValue<DeviceFacts> facts;
  BootTime facts_read_at;
  std::optional<std::chrono::nanoseconds> announced_cache;
  rates::CacheLearner cache_learner;
  FreshnessLooks looks;
  std::optional<std::chrono::nanoseconds> period_looked_up;  ///< that the learner has of the looks
  KnownTables tables;
  std::size_t first_row = 0;  ///< of the plans: the next cycle begins with it, since the last one did not come so far
  std::optional<rates::AgentClock> clock;  ///< as last shown
  snmp::GetProfile gets;
  bool fault_told = false;  ///< of these
  bool facts_known = false;
  bool silent = false;              ///< did not answer in the cycle before, at any of its addresses
  bool silence_told = false;        ///< whether the host is there was asked when the silence began
  bool discovery_demanded = false;  ///< interfaces may have other numbers: no counters before the discovery ends
  bool answers_oddly = false;       ///< names other objects than it is asked for: read by the library
  unsigned uptime_refusals = 0;
  Hourly leap_warning, discontinuity_warning;
  unsigned discontinuities = 0;    ///< cycles in a row in which all rows had one
  ifmib::TableProfile profile;     ///< how much of its tables it gives at once
  std::uint64_t late_answers = 0;  ///< of this session, when the cycle before ended
  rates::DeviceHistory history;
  std::unique_ptr<LastReadings> last_readings;  ///< of a run before this one, until the agent answers
  std::string view;                             ///< view_of(device)
  WrapWatch wraps;

  // Of the cycle under way.
  struct Cycle {
    CycleRequest request;
    Done done;
    DeviceCycle record;
    DeviceSnapshot snapshot;
    std::vector<bool> read;  ///< of each plan: its row is in the snapshot
    std::size_t addresses_tried = 0;
    bool waits_for_name = false;
    bool waits_for_tables = false;
    bool answered = false;
    bool tables_read_twice = false;
    bool rows_doubted = false;
    std::vector<std::size_t> changed;  ///< plans whose link has changed since they were planned
    bool may_ask_facts = false;
    bool reads_facts = false;
    bool wants_stack = false;  ///< the tables were read, and some interfaces may run on others
    bool reads_stack = false;
    bool wide_checked = false;
    BootTime first_asked, last_heard;  ///< of the counters
    std::unique_ptr<MoveSearch> move_search;
    std::optional<std::chrono::nanoseconds> dated_age;  ///< of what is asked next, by a move that was seen
  };
  std::unique_ptr<Cycle> cycle;
  std::unique_ptr<ifmib::Reading> reading;
  /// Of the tables. Runs on past the cycle that began it, since a large table of a slow device takes longer than a
  /// turn.
  std::unique_ptr<ifmib::Reading> discovery;
  std::optional<TableQueue::Read> discovery_counted;  ///< as under way
  TableQueue::Place discovery_place = 0;              ///< it waits for its turn
  BootTime discovery_began;
  EventLoop::TimerId discovery_timer = 0;
  bool question_left = false;  ///< a cycle's first one stands in the session behind the silence of the discovery's
  /// What came of it while no cycle waited.
  struct Discovered {
    ifmib::Rows rows;
    ifmib::ReadEnd end;
  };
  std::unique_ptr<Discovered> discovered;
  EventLoop::TimerId budget_timer = 0;
  icmp::Prober::RoundId ping = 0;
  std::shared_ptr<bool> alive = std::make_shared<bool>(true);  // shared with posted calls, which outlive this

  Impl(Shared with, config::Device which, std::uint64_t last, std::optional<LastReadings> before)
      : shared(with),
        device(std::move(which)),
        poll_number(last),
        addresses(with.resolver),
        looks(with.loop, [this](const rates::Freshness& found) { take_finding(found); }),
        last_readings(before ? std::make_unique<LastReadings>(std::move(*before)) : nullptr),
        view(view_of(device)) {
    gets = fresh_profile();
  }

  // ---- small helpers ----

  [[nodiscard]] ifmib::ReadLimits read_limits() {
    ifmib::ReadLimits limits;
    limits.max_repetitions = device.max_repetitions;
    limits.max_message_size = device.max_message_size;
    limits.gets = &gets;
    limits.in_place = !answers_oddly;
    limits.with_uptime = uptime_refusals < refusals_believed;
    return limits;
  }
  /// For walks, which have their own way with fewer columns and repetitions.
  [[nodiscard]] ifmib::ReadLimits walk_limits() {
    ifmib::ReadLimits limits = read_limits();
    const std::size_t learned = std::max<std::size_t>(gets.most().octets, smallest_message);
    limits.max_message_size = static_cast<unsigned>(std::min<std::size_t>(limits.max_message_size, learned));
    return limits;
  }
  [[nodiscard]] snmp::GetProfile fresh_profile() const {
    return snmp::GetProfile(device.max_variables.value_or(snmp::GetProfile::unlimited));
  }
  void learn(const ifmib::ReadEnd& end) {
    answers_oddly = answers_oddly || end.odd;
    if (fault_told) return;
    const std::string fault = gets.fault();
    if (fault.empty()) return;
    fault_told = true;
    log::warning(
        "{}: {}; it is asked for less from here on; octopoll doctor says what spares it the search after each start",
        device.name, fault);
  }

  /// For callbacks that belong to this cycle: none comes through once it has ended, not into the next one either.
  template <class F>
  auto of_this_cycle(F f) {
    return [this, still = alive, number = poll_number, f = std::move(f)](auto&&... arguments) mutable {
      if (*still && cycle && poll_number == number) f(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void close_session() {
    looks.pause();
    drop_discovery();
    session.reset();
  }

  /// What it has learned of the agent's sizes stays.
  void drop_discovery() {
    if (discovery) profile = discovery->profile();
    discovery.reset();
    discovery_counted.reset();
    discovered.reset();
    question_left = false;
    if (const auto place = std::exchange(discovery_place, 0)) shared.table_queue->leave(place);
    shared.loop.cancel(std::exchange(discovery_timer, 0));
  }

  // ---- the steps, in their order ----

  void begin(const CycleRequest& request, Done done) {
    if (next_device) apply(std::move(*std::exchange(next_device, nullptr)));
    cycle = std::make_unique<Cycle>();
    cycle->request = request;
    cycle->done = std::move(done);
    // It was only slower than our patience: it is asked as one that is there.
    if (session && session->traffic().late != late_answers) silent = false;
    if (silent && addresses.count() > 1) {
      // One address a cycle: a dead device costs one probe, however many addresses its name has.
      close_session();
      addresses.next();
    }
    looks.pause();
    DeviceCycle& record = cycle->record;
    add_cost();  // of what went on beside the cycles
    record.cost.looks = looks.take_count();
    record.device = device.name;
    record.poll_number = ++poll_number;
    record.slot = request.slot;
    record.interval = wraps.interval(device);
    record.view = view;
    record.started_at = wall_now();
    record.started = BootClock::now();
    budget_timer = shared.loop.after(request.budget, [this] {
      budget_timer = 0;
      out_of_time();
    });
    adopt_addresses();
    addresses.look_up(device.address, device.dns_cache, [this] { looked_up(); });
    cycle->waits_for_name = addresses.count() == 0 && addresses.looking_up();
    if (cycle->waits_for_name) return;
    shared.loop.post(of_this_cycle([this] { connect_or_fail(); }));
  }

  void looked_up() {
    if (!cycle || !std::exchange(cycle->waits_for_name, false)) return;
    adopt_addresses();
    connect_or_fail();
  }

  void connect_or_fail() {
    if (addresses.count() > 0) return connect();
    const Error error = *addresses.error();
    fail_cycle(Error{error.kind, fmt::format("{}: {}", device.name, error.message), error.remedy});
  }

  void adopt_addresses() {
    if (addresses.adopt()) close_session();
  }

  /// Whether these credentials show the same objects: RFC 3415 section 3.2 chooses the view by model, name, level and
  /// context; in SNMPv1 and v2c the community stands for name and context. Keys play no part.
  [[nodiscard]] static bool same_view(const SnmpCredentials& a, const SnmpCredentials& b) {
    return a.version == b.version && a.community == b.community && a.username == b.username && a.level == b.level &&
           a.context_name == b.context_name;
  }

  /// The same for who begins anew, by what may be written down: where only the community is another one under the same
  /// name, it is taken for a secret that was changed, and the objects for the same.
  [[nodiscard]] static std::string view_of(const config::Device& device) {
    const SnmpCredentials& auth = *device.auth;
    if (auth.version != SnmpVersion::v3) {
      return fmt::format("{} {}", auth.version == SnmpVersion::v1 ? "v1" : "v2c", device.auth_name);
    }
    return fmt::format("v3 {} {} {}", auth.username, to_string(auth.level), auth.context_name);
  }

  /// Another address may be another agent, and another view another set of interfaces: nothing that was learned of the
  /// one before is held against its counters.
  void forget_agent() {
    drop_discovery();
    facts_known = false;
    announced_cache.reset();
    gets = fresh_profile();
    fault_told = false;
    answers_oddly = false;
    uptime_refusals = 0;
    tables = {};
    clock.reset();
    history = {};
    last_readings.reset();
    cache_learner = {};
    forget_looks();
    profile = {};
    known_at = {};
  }

  void connect() {
    cycle->record.address = addresses.current().text();
    if (!session) {
      auto opened = shared.engine.open(session_options(device, addresses.current()));
      if (!opened) {
        // No socket of that family here (a name with an IPv6 address, a host without): the others may do.
        const bool last = ++cycle->addresses_tried >= addresses.count() || opened.error().kind != ErrorKind::io;
        if (last) return fail_cycle(opened.error());
        return try_next_address();
      }
      session = std::move(*opened);
      traffic_counted = {};
    }
    // Another one would wait behind that, and all of them take the place of the discovery's own.
    if (question_left && discovery) {
      cycle->waits_for_tables = true;
      return;
    }
    ask_scalars();
  }

  void ask_scalars() {
    ifmib::ReadLimits limits = read_limits();
    limits.probe = silent;
    limits.stranger = !facts_known && addresses.count() == 1;
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
      gets.gone();
      drop_discovery();  // its requests have gone with these
      if (nobody && !silent && ++cycle->addresses_tried < addresses.count()) {
        shared.loop.post(of_this_cycle([this] { try_next_address(); }));
        return;
      }
      silent = nobody;
      if (end.outcome == snmp::Outcome::timed_out) return diagnose_silence(std::move(*end.error));
      return fail_cycle(std::move(*end.error));
    }
    cycle->answered = true;
    silent = silence_told = false;
    if (!(known_at == addresses.current())) {
      if (known_at.valid()) forget_agent();
      known_at = addresses.current();
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
    } else if (!facts_known || may_have_restarted(scalars) || BootClock::now() - facts_read_at > facts_stay_fresh) {
      facts_known = false;
      if (may_have_restarted(scalars)) {  // perhaps into other firmware
        profile = {};
        gets = fresh_profile();
      }
      return ask_scalars();  // once more, for the facts
    }
    cycle->record.engine_boots = scalars.engine_boots;
    cycle->record.engine_time = scalars.engine_time;
    cycle->record.clock_read_at = scalars.received;
    if (last_readings) go_on_from(std::move(*std::exchange(last_readings, nullptr)), scalars);
    if (may_have_restarted(scalars)) {
      drop_discovery();
      forget_looks();
      tables.restarted();
    }
    const bool under_way = reads_tables() || discovered;
    const KnownTables::Read wanted =
        under_way ? KnownTables::Read::no : tables.why_read(scalars, may_have_restarted(scalars), BootClock::now());
    clock = clock_of(scalars);
    if (discovered) {
      const auto found = std::exchange(discovered, nullptr);
      return take_tables(std::move(found->rows), std::move(found->end));
    }
    if (reads_tables() && (!tables.known() || discovery_demanded)) {
      cycle->waits_for_tables = true;
      return;
    }
    if (wanted == KnownTables::Read::no) return tables.known() ? ask_counters() : fail_cycle(*tables.lacking());
    tables.begin_read(scalars, wanted);
    read_tables(wanted != KnownTables::Read::routine);
  }

  /// Where the run before this one stopped, if it asked the same agent in the same way, and somebody vouches for what
  /// passed between.
  void go_on_from(LastReadings&& last, const ifmib::Scalars& scalars) {
    if (last.address != cycle->record.address || last.view != view) return;
    // Of no known age, they would make no rate for minutes.
    if (!last.cache_known) return;
    const std::string boot = boot_name();
    const rates::AgentClock now = clock_of(scalars);
    const auto found = rates::resumption(last, now, {boot, cycle->record.started_at + age_of(now.received)});
    if (!found) return log::debug("{}: nothing shows that its counters ran on since the last run", device.name);
    std::map<std::uint32_t, std::string> names;
    for (InterfaceSample& sample : last.interfaces) {
      sample.time.received += found->shift;
      sample.time.age_bound += found->error;
      names.emplace(sample.interface.if_index().value, sample.interface.name());
    }
    tables.remember(std::move(names));
    const bool learned = !announced_cache && last.cache_period > 0ns;
    cache_learner.settle(learned ? std::optional(last.cache_period) : std::nullopt);
    const rates::AgentClock before{
        last.clock_read_at + found->shift, {}, last.sys_uptime, last.engine_boots, last.engine_time};
    history.resume(std::move(last.interfaces), before, now.received);
  }

  /// Since this cycle began.
  [[nodiscard]] std::chrono::milliseconds age_of(BootTime when) const {
    return std::chrono::round<std::chrono::milliseconds>(when - cycle->record.started);
  }

  /// Not from inside a callback of the session that goes.
  void try_next_address() {
    add_cost();
    close_session();
    addresses.next();
    connect();
  }

  void remember_facts(const ifmib::Scalars& scalars) {
    DeviceFacts now = ifmib::facts_of(scalars);
    if (now.sys_object_id != facts->sys_object_id) profile = {};  // another device: what was too much may suit this one
    if (!(now == *facts)) facts = std::move(now);
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

  void read_tables_again() {
    cycle->tables_read_twice = true;
    tables.begin_read();
    read_tables(true);
  }

  /// Or waits for its turn to.
  [[nodiscard]] bool reads_tables() const noexcept { return discovery || discovery_place != 0; }

  void read_tables(bool demanded) {
    cycle->waits_for_tables = true;
    discovery_demanded = demanded;
    const auto budget = cycle->request.table_budget;
    if (shared.table_queue == nullptr) return begin_discovery(budget);
    discovery_place = shared.table_queue->enter([this, budget] {
      discovery_place = 0;
      begin_discovery(budget);
    });
    const bool can_wait = discovery_place != 0 && !demanded && tables.known();
    if (!can_wait) return;
    cycle->waits_for_tables = false;
    ask_counters();
  }

  void begin_discovery(std::chrono::nanoseconds budget) {
    discovery_began = BootClock::now();
    if (shared.table_queue != nullptr) discovery_counted.emplace(*shared.table_queue);
    ifmib::ReadLimits limits = walk_limits();
    limits.if_number = tables.if_number();
    limits.profile = profile;
    discovery_timer = shared.loop.after(budget, [this, budget] {
      discovery_timer = 0;
      give_up_tables(budget);
    });
    discovery = ifmib::read_tables(
        *session, ifmib::polled_columns(), limits,
        [this](ifmib::Rows&& rows, ifmib::ReadEnd&& end) { end_discovery(std::move(rows), std::move(end)); });
  }

  void end_discovery(ifmib::Rows&& rows, ifmib::ReadEnd&& end) {
    discovery.reset();
    discovery_counted.reset();
    shared.loop.cancel(std::exchange(discovery_timer, 0));
    question_left = false;
    const bool waits = cycle && std::exchange(cycle->waits_for_tables, false);
    if (waits && cycle->answered) return take_tables(std::move(rows), std::move(end));
    const bool took_all = end.outcome != snmp::Outcome::answered;
    discovered = std::make_unique<Discovered>(Discovered{std::move(rows), std::move(end)});
    if (waits) return ask_scalars();
    // The device has gone, and what this cycle had asked it went with the walk.
    if (cycle && reading && took_all) stop_short(discovered->end.error->message);
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
    if (end.error) {
      silent = end.outcome == snmp::Outcome::timed_out || end.outcome == snmp::Outcome::unreachable;
      tables.fail_read(*end.error, BootClock::now() - discovery_began, wraps.interval(device));
      // Half a table has other names than the whole one (ifName is in the second half), so it makes no identities. And
      // to ask a device that has just gone for its counters would cost another row of timeouts.
      if (!tables.known() || end.outcome != snmp::Outcome::answered) return fail_cycle(std::move(*end.error));
      cycle->record.error = std::move(end.error);
      return ask_counters();
    }
    auto taken = tables.take(rows, end, device, wraps.interval(device), BootClock::now());
    if (taken.nothing) return fail_cycle(std::move(*taken.nothing));
    for (const std::string& name : taken.in_doubt) history.doubt(name);
    // Other counters than before make another fingerprint, which is no sign that the agent's cache has moved.
    if (taken.other_objects) cache_learner.interrupt();
    if (taken.rows) {
      cycle->wide_checked = true;  // the tables show both widths
      cycle->wants_stack = std::any_of(tables.plans().begin(), tables.plans().end(), [](const ifmib::RowPlan& plan) {
        return is_logical_if_type(plan.interface.type());
      });
      wraps.look_at(tables.plans(), device);
    }
    ask_counters();
  }

  void ask_counters() {
    const auto period = cache_period();
    // A snapshot with a date is of use beside another one alone.
    const bool dates = cycle->request.date_snapshot && (announced_cache || cache_learner.period() != period_looked_up);
    if (dates && period > 0ns && !cycle->dated_age) return look_for_move();
    cycle->snapshot.interfaces.clear();
    cycle->record.lender = tables.lender();
    const auto& plans = tables.plans();
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
    const auto seen = tables.see(row);
    if (seen == KnownTables::Seen::other || seen == KnownTables::Seen::lesser) cycle->rows_doubted = true;
    if (seen == KnownTables::Seen::other || seen == KnownTables::Seen::nobody) return;
    cycle->last_heard = row.sample.time.received;
    row.sample.time.age_bound += cache_period();
    const std::size_t place = tables.place_of(*row.plan);
    cycle->read[place] = true;
    if (tables.note_state(place, row.sample)) cycle->changed.push_back(place);
    cycle->snapshot.interfaces.push_back(std::move(row.sample));
  }

  void take_counters(ifmib::ReadEnd&& end) {
    learn(end);
    if (end.outcome != snmp::Outcome::answered) drop_discovery();  // its requests have gone with these
    if (!end.error) {
      if (end.refuses_uptime) ++uptime_refusals;
      tables.leave_out(end, device, wraps.interval(device));
    }
    if (end.error && !cycle->record.error) cycle->record.error = std::move(end.error);
    if (cycle->rows_doubted) {
      tables.doubt();
      if (!cycle->tables_read_twice && !end.error && !reads_tables() && !tables.waits()) {
        // Another interface sits at that ifIndex now: no delta before the table was read again.
        return read_tables_again();
      }
    }
    cycle->may_ask_facts = end.outcome == snmp::Outcome::answered;
    if (!end.error && !std::exchange(cycle->wide_checked, true)) {
      if (const auto rows = tables.rows_in_doubt(cycle->snapshot.interfaces); !rows.empty()) return check_wide(rows);
    }
    look_at_changes();
  }

  void look_at_changes() {
    if (!cycle->changed.empty() && cycle->may_ask_facts) return ask_facts();
    complete();
  }

  /// A link that went down and came back may have another speed now: the rows that changed are asked for it before
  /// their rates are put against the old one.
  void ask_facts() {
    std::vector<ifmib::RowPlace> rows;
    for (const std::size_t place : cycle->changed)
      rows.push_back({tables.plans()[place].index, tables.plans()[place].x_index()});
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
      const ifmib::RowPlan& plan = tables.plans()[place];
      const auto row = rows.find(plan.index);
      if (row == rows.end()) {
        tables.forget_state(place);  // asked again with the next cycle
      } else if (tables.renew(place, row->second, device)) {
        renewed.emplace(plan.index, &plan.interface);
      }
    }
    for (InterfaceSample& sample : cycle->snapshot.interfaces) {
      const auto found = renewed.find(sample.interface.if_index().value);
      if (found != renewed.end()) sample.interface = *found->second;
    }
    complete();
  }

  void check_wide(const std::vector<const ifmib::RowPlan*>& rows) {
    reading = ifmib::check_wide_octets(*session, rows, read_limits(), [this](bool dead) {
      reading.reset();
      if (!dead || discovery) return look_at_changes();
      log::debug("{}: its 64-bit counters stand at 0 while those of 32 bits count", device.name);
      read_tables_again();
    });
  }

  /// Of all rows or none: a reading without some of them looks like a cache that has moved.
  void look_for_cache(bool whole) {
    auto& interfaces = cycle->snapshot.interfaces;
    const bool known = cache_period() > 0ns;
    if (whole) {
      const bool in_one_answer = interfaces.front().time.received == interfaces.back().time.received;
      cache_learner.see(cycle->first_asked, cycle->last_heard, rates::fingerprint(interfaces),
                        rates::octets_of(interfaces), in_one_answer);
    } else {
      cache_learner.see_part(BootClock::now());
    }
    if (known || announced_cache) return;
    if (!cache_learner.settled()) looks.doubt();
    if (const auto bound = cache_learner.age_of_earlier()) history.limit_ages(*bound);
    // Two readings are all there will be of a pair, and only standing still is a sign.
    if (cycle->request.date_snapshot && !cache_learner.repeats()) return doubt_unproven();
    for (InterfaceSample& sample : interfaces) sample.time.age_bound += cache_learner.age();
  }

  /// Where a row stood still before the looks, others may have been reloaded with it: only what they saw move counts.
  void doubt_unproven() {
    const auto shown = looks.shown();
    if (!shown.stood_still) return;
    for (InterfaceSample& sample : cycle->snapshot.interfaces) {
      const auto& fresh = shown.fresh;
      const bool proven = std::find(fresh.begin(), fresh.end(), sample.interface.name()) != fresh.end();
      if (!proven) sample.time.age_bound += rates::doubted_silence;
    }
  }

  /// What looks beside the cycles have found.
  void take_finding(const rates::Freshness& found) {
    for (const std::string& name : looks.shown().fresh) history.prove_fresh(name);
    const auto learned = cache_learner.period();
    if (announced_cache || !found.bound) return;
    // What the cycles show is surer, but of all rows together: cards that are reloaded by turns look quicker than each.
    const bool by_cycles = learned && learned != period_looked_up;
    if (by_cycles && !(found.caches && *found.bound > *learned)) return;
    log::debug("{}: {} {}", device.name, found.caches ? "caches for at most" : "no reading is older than",
               format_measured(*found.bound));
    if (found.caches) {
      cache_learner.settle(found.bound);
      period_looked_up = cache_learner.period();
      history.limit_ages(*found.bound);
    } else if (learned || (!cache_learner.settled() && *found.bound <= wraps.interval(device) / 10)) {
      cache_learner.settle(std::nullopt);
      period_looked_up.reset();
      history.limit_ages(0ns);
    }
  }

  void forget_looks() {
    looks.forget();
    period_looked_up.reset();
  }

  /// How old readings may have been though nothing says so.
  [[nodiscard]] std::chrono::nanoseconds unseen_age() const {
    if (announced_cache || cache_learner.period()) return 0ns;
    return std::min(cache_learner.unseen(), looks.bound().value_or(rates::longest_known_cache));
  }

  /// For totals that count nothing twice. Asked last, since nothing waits for it.
  void ask_stack() {
    cycle->reads_stack = true;
    reading = ifmib::read_stack(*session, walk_limits(), [this](auto&& found) {
      reading.reset();
      cycle->reads_stack = false;
      if (found) cycle->record.stack = tables.names_of(*found);
      complete();
    });
  }

  void complete() {
    if (std::exchange(cycle->wants_stack, false) && cycle->may_ask_facts && !discovery) return ask_stack();
    auto& interfaces = cycle->snapshot.interfaces;
    const auto& plans = tables.plans();
    const std::size_t mute = tables.mute_rows();
    const std::size_t asked = plans.size() - mute;
    if (cycle->dated_age) {
      const auto age = std::min(*cycle->dated_age + (cycle->last_heard - cycle->first_asked), cache_period());
      for (InterfaceSample& sample : interfaces) sample.time.age_bound += age - cache_period();
    } else {
      look_for_cache(!interfaces.empty() && interfaces.size() == asked && !cycle->record.error);
    }
    if (!cycle->record.error) cycle->record.error = tables.lacking();
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

  void look_for_move() {
    cycle->move_search = std::make_unique<MoveSearch>(shared.loop, *session, tables.plans(), read_limits(),
                                                      cache_period(), [this](std::chrono::nanoseconds age) {
                                                        cycle->move_search.reset();
                                                        cycle->dated_age = age;
                                                        ask_counters();
                                                      });
  }

  // ---- ends ----

  /// Nothing came back: says whether the host is there at all (a wrong community and a dead host are the same silence).
  /// Once, since what stays silent shall cost one PDU a cycle and nothing else.
  void diagnose_silence(Error error) {
    if (shared.prober == nullptr || !device.ping || std::exchange(silence_told, true))
      return fail_cycle(std::move(error));
    cycle->record.error = std::move(error);
    icmp::EchoPlan plan = echo_plan_of(*device.echo);
    plan.count = 2;
    plan.spacing = 50ms;
    ping = shared.prober->start(addresses.current(), plan, of_this_cycle([this](const icmp::EchoRound& round) {
                                  if (std::exchange(ping, 0) == 0) return;  // given up
                                  Error said = std::move(*cycle->record.error);
                                  said.message += round.received > 0 ? "; the host answers ping"
                                                  : round.sent > 0   ? "; the host does not answer ping"
                                                                     : "; the host could not be pinged";
                                  fail_cycle(std::move(said));
                                }));
  }

  void out_of_time() {
    if (std::exchange(cycle->reads_facts, false)) {
      abandon();
      for (const std::size_t place : cycle->changed) tables.forget_state(place);
      return complete();
    }
    if (std::exchange(cycle->reads_stack, false)) {
      abandon();
      return complete();
    }
    const std::string budget = format_duration(cycle->request.budget);
    if (cycle->waits_for_tables && !discovery) {
      return fail_cycle(Error{ErrorKind::partial,
                              fmt::format("{}: its tables are not read yet: {} are to be read before or after them, "
                                          "and this machine is short of processor time",
                                          device.name, format_counted(shared.table_queue->waiting() - 1, "device")),
                              "fewer devices, a longer interval, or a quicker machine"});
    }
    if (cycle->waits_for_tables) return fail_cycle(still_reads_tables());
    if (cycle->answered) {
      return stop_short(fmt::format("{}: not all rows were read within {}", device.name, budget), governor_advice());
    }
    if (discovery && !tables.known() && !cycle->waits_for_name) {
      // The question of this cycle waited behind those of the tables, whose silence is theirs: whether anybody is there
      // the walks will find out.
      question_left = true;
      abandon();
      return fail_cycle(still_reads_tables());
    }
    if (session) session->give_up_all();
    drop_discovery();
    abandon();
    if (!heard_of_it()) gets.gone();
    if (cycle->waits_for_name) {
      return fail_cycle(
          Error{ErrorKind::resolve,
                fmt::format("{}: {} was not resolved within {}", device.name, device.address.host, budget),
                "see whether the name servers of /etc/resolv.conf answer, or write the address"});
    }
    silent = true;
    if (cycle->record.error) return fail_cycle(std::move(*cycle->record.error));
    fail_cycle(unanswered());
  }

  [[nodiscard]] Error still_reads_tables() const {
    std::string advice = governor_advice();
    if (advice.empty()) {
      advice =
          "many rows, a slow agent, or one that is silent to some requests take several cycles, once: octopoll "
          "doctor tells what would spare it the search";
    }
    return {ErrorKind::partial,
            fmt::format("{}: its tables are still being read, for {} now: {} rows so far", device.name,
                        format_measured(BootClock::now() - discovery_began), discovery->rows()),
            std::move(advice)};
  }

  /// In this cycle.
  [[nodiscard]] bool heard_of_it() const { return session && (session->traffic() - traffic_counted).responses > 0; }

  /// The turn ended before the last try had its time (timeouts and retries do not fit into the interval).
  [[nodiscard]] Error unanswered() {
    snmp::Reply none;
    none.tries = session ? static_cast<unsigned>((session->traffic() - traffic_counted).requests) : 0;
    none.waited = BootClock::now() - cycle->record.started;
    if (none.tries > 0) return session->explain(none);
    return {ErrorKind::timeout,
            fmt::format("{}: no answer within {}", device.name, format_duration(cycle->request.budget)),
            governor_advice()};
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
    look_for_cache(false);
    finish(cycle->answered ? CycleOutcome::partial : CycleOutcome::failed);
  }

  /// Drops what is under way without an answer.
  void abandon() {
    reading.reset();
    cycle->move_search.reset();
    // What this cycle has still to hear is small beside a discovery under way.
    if (session && !discovery) session->cancel_all();
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
    record.cache_known = announced_cache || cache_learner.settled();
    add_cost();
    remember_place();
    late_answers = session ? session->traffic().late : 0;
    const rates::Judgement judged = outcome == CycleOutcome::failed ? rates::Judgement() : judge(record);
    record.duration = BootClock::now() - record.started;
    if (may_look()) {
      looks.resume({*session, record, judged, tables.plans(), cycle->request.date_snapshot, least_between_looks(),
                    gets.most().objects(octets_of_a_look)});
    }
    auto ended = std::move(cycle);
    // Out of whatever callback this is, for `done` may start the next cycle or destroy the poller.
    shared.loop.post([still = alive, done = std::move(ended->done),
                      finished = std::make_shared<DeviceCycle>(std::move(ended->record))] {
      if (*still) done(std::move(*finished));
    });
  }

  /// Rows at the end of a device that is too slow for all of them have their turn in the next cycle.
  void remember_place() {
    const auto& plans = tables.plans();
    if (cycle->read.empty() || cycle->read.size() != plans.size()) return;
    for (std::size_t asked = 0; asked < plans.size(); ++asked) {
      const std::size_t row = (first_row + asked) % plans.size();
      if (cycle->read[row] || plans[row].mute) continue;
      first_row = asked == 0 ? 0 : row;
      return;
    }
    first_row = 0;
  }

  [[nodiscard]] bool may_look() const { return session && !discovery && !announced_cache; }

  /// Its rows go into the record.
  rates::Judgement judge(DeviceCycle& record) {
    auto& interfaces = cycle->snapshot.interfaces;
    const auto by_index = [](const InterfaceSample& a, const InterfaceSample& b) {
      return a.interface.if_index() < b.interface.if_index();
    };
    if (!std::is_sorted(interfaces.begin(), interfaces.end(), by_index)) {
      std::sort(interfaces.begin(), interfaces.end(), by_index);
    }
    rates::JudgeSettings settings;
    settings.unseen_age = unseen_age();
    // Two readings are all there will be of a pair.
    const bool by_rows = !announced_cache && !cycle->request.date_snapshot;
    settings.watch_rows = by_rows && record.interval < rates::doubted_silence;
    settings.unproven_age = by_rows && !cache_learner.period() ? rates::longest_known_cache : 0ns;
    settings.tell_gained =
        may_look() && record.outcome == CycleOutcome::complete && !cycle->request.date_snapshot && looks.wants_gained();
    settings.cache_period = cache_period();
    settings.speeds = [this](const InterfaceSample& sample) -> rates::Speeds {
      if (const auto known = device.interfaces->speed(sample.interface)) return {known->in_bps, known->out_bps};
      const auto stated = link_speed(sample.interface);
      return {stated, stated};
    };
    rates::Judgement judgement = history.judge(std::move(cycle->snapshot), settings);
    record.interfaces = std::move(judgement.interfaces);
    record.rebooted = judgement.restart == rates::Restart::yes;
    if (!judgement.held_back.empty()) looks.doubt();
    if (judgement.uptime_leapt) tell_leap();
    watch_discontinuities(record);
    for (const std::string& name : judgement.speeds_refuted) {
      log::warning(
          "{}: {} carries more than its stated speed: its utilisation is not known; give its speed in the inventory: "
          "interfaces: {{speed: [{{name: RE, speed: 1Gbit}}]}}",
          device.name, one_line(name));
    }
    if (record.outcome == CycleOutcome::partial) add_gaps(record);
    return judgement;
  }

  /// Rows that this cycle has not read.
  void add_gaps(DeviceCycle& record) {
    const auto& plans = tables.plans();
    for (std::size_t row = 0; row < plans.size(); ++row) {
      if (row < cycle->read.size() && cycle->read[row]) continue;
      if (auto gap = history.gap(plans[row].interface.name())) {
        gap->sample.interface = plans[row].interface;
        record.interfaces.push_back(std::move(*gap));
      }
    }
  }

  /// So that the next cycle finds room for its own.
  [[nodiscard]] std::chrono::nanoseconds least_between_looks() const {
    return device.max_requests_per_second ? std::chrono::nanoseconds(4s) / *device.max_requests_per_second : 0ns;
  }

  /// An agent that gives the time of now there never has a rate, and nothing else says why.
  void watch_discontinuities(const DeviceCycle& record) {
    const auto& rows = record.interfaces;
    const bool all = !rows.empty() && std::all_of(rows.begin(), rows.end(), [](const InterfaceRecord& row) {
      return row.quality() == Quality::discontinuity;
    });
    discontinuities = all ? std::min(discontinuities + 1, discontinuities_told) : 0;
    if (discontinuities < discontinuities_told || !discontinuity_warning.due(BootClock::now())) return;
    log::warning(
        "{}: ifCounterDiscontinuityTime of all its interfaces moves from reading to reading, so that no counter "
        "makes a rate (RFC 2863): see whether a newer firmware does better",
        device.name);
  }

  /// Two agents behind one address take turns.
  void tell_leap() {
    if (!leap_warning.due(BootClock::now())) return;
    log::warning(
        "{}: its sysUpTime leapt ahead: another agent answers at {}, its clock was set, or this machine stood "
        "still; no rate spans that",
        device.name, addresses.current().text());
  }

  void add_cost() {
    if (!session) return;
    const snmp::Traffic traffic = session->traffic() - traffic_counted;
    PollCost& cost = cycle->record.cost;
    cost.requests += static_cast<std::uint32_t>(traffic.requests);
    cost.responses += static_cast<std::uint32_t>(traffic.responses);
    cost.retries += static_cast<std::uint32_t>(traffic.retries);
    cost.timeouts += static_cast<std::uint32_t>(traffic.timeouts);
    cost.octets_sent += traffic.octets_sent;
    cost.octets_received += traffic.octets_received;
    traffic_counted = session->traffic();
  }

  void apply(config::Device next) {
    const bool moved = !(next.address == device.address);
    const bool other_view = !same_view(*next.auth, *device.auth);
    const bool other_session = moved || !(next.auth == device.auth) || next.timeout != device.timeout ||
                               next.retries != device.retries || next.max_outstanding != device.max_outstanding ||
                               next.max_requests_per_second != device.max_requests_per_second ||
                               next.short_request_ids != device.short_request_ids ||
                               next.answers_from != device.answers_from;
    // Only other rules cost a read of the tables: a reload that left this device alone is no load on it.
    if (device.interfaces->describe() != next.interfaces->describe() || !(device.counters == next.counters)) {
      tables.demand();
    }
    if (device.max_variables != next.max_variables) {
      device.max_variables = next.max_variables;
      gets = fresh_profile();
    }
    device = std::move(next);
    view = view_of(device);
    wraps.look_at(tables.plans(), device);
    if (other_session) {
      close_session();
      silent = silence_told = false;
    }
    if (other_view) forget_agent();
    if (!moved) return;
    addresses.forget();
    forget_agent();
  }
};

DevicePoller::DevicePoller(Shared shared, config::Device device, std::uint64_t last_poll_number,
                           std::optional<LastReadings> last_readings)
    : impl_(std::make_unique<Impl>(shared, std::move(device), last_poll_number, std::move(last_readings))) {
  assert(impl_->device.interfaces != nullptr);
}

DevicePoller::~DevicePoller() {
  *impl_->alive = false;
  impl_->shared.loop.cancel(impl_->budget_timer);
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
  impl_->next_device = std::make_unique<config::Device>(std::move(device));
}

std::uint64_t DevicePoller::poll_number() const noexcept { return impl_->poll_number; }

KnownAddresses& DevicePoller::addresses() noexcept { return impl_->addresses; }

std::string DevicePoller::engine_id() const { return impl_->session ? impl_->session->engine_id() : std::string(); }

}  // namespace octopoll::poll
