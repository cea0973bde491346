#include "poll/freshness_looks.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "octopoll/ifmib/columns.hpp"
#include "octopoll/rates/cache_learner.hpp"

namespace octopoll::poll {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

/// A thousandth of the interval is enough, and none needs more than a step of sysUpTime or can be had in less looks.
constexpr nanoseconds finest_goal = 10ms;
constexpr nanoseconds coarsest_goal = 60ms;
/// Of a pair of cycles, which are not far apart.
constexpr nanoseconds longest_wait_of_pair = 8s;
/// Another PDU beside the cycles of a device that takes longer for them is no kindness.
constexpr int least_idle_share = 4;
/// One datagram in a hundred may be lost anywhere; the third is a sign.
constexpr unsigned troubles_that_end = 3;
constexpr nanoseconds pause_after_silence = 1s;

nanoseconds goal_for(nanoseconds interval) { return std::clamp(interval / 1000, finest_goal, coarsest_goal); }

/// A period that is longer than the interval shows itself in the cycles.
nanoseconds wait_for(nanoseconds interval) { return std::min(rates::doubted_silence, 2 * interval + 100ms); }

std::optional<ifmib::Column> column_of(const ifmib::RowPlan& plan, Counter counter) {
  if (plan.mute || plan.layout() == nullptr) return std::nullopt;
  return plan.layout()->column_of(counter);
}

/// Since the agent began.
rates::OctetsGained gained_in_all(const InterfaceSample& sample, nanoseconds up) {
  return {sample.counters[Counter::in_octets].value, sample.counters[Counter::out_octets].value, up};
}

}  // namespace

FreshnessLooks::FreshnessLooks(EventLoop& loop, Told told) : loop_(loop), told_(std::move(told)) {}

FreshnessLooks::~FreshnessLooks() { pause(); }

void FreshnessLooks::pause() {
  loop_.cancel(std::exchange(timer_, 0));
  ++*request_;
  session_ = nullptr;
}

void FreshnessLooks::forget() {
  pause();
  campaign_.reset();
  last_ = {};
  more_ = false;
  tried_ = std::vector<IfIndex>();
  bound_.reset();
  due_ = doubt_due_ = BootTime::min();
}

void FreshnessLooks::doubt() { due_ = std::min(due_, doubt_due_); }

void FreshnessLooks::resume(const Ended& ended) {
  const DeviceCycle& cycle = ended.cycle;
  const bool bearable = cycle.outcome == CycleOutcome::complete && cycle.cost.timeouts == 0 &&
                        cycle.cost.retries == 0 && cycle.duration < cycle.interval / least_idle_share;
  if (!bearable) return;
  if (wants_gained()) begin(ended);
  if (!campaign_) return;
  session_ = &ended.session;
  arm(BootClock::now());
}

void FreshnessLooks::begin(const Ended& ended) {
  const std::vector<Choice> chosen = choose(ended);
  if (chosen.empty()) return;
  const nanoseconds interval = ended.cycle.interval;
  rates::FreshnessProver::Settings settings;
  settings.goal = ended.in_pair ? finest_goal : goal_for(interval);
  settings.longest_wait = ended.in_pair ? longest_wait_of_pair : wait_for(interval);
  // What is known is but looked after.
  settings.most_looks = bound_ ? rates::FreshnessProver::quick_looks : most_looks_an_hour;
  std::vector<double> expected;
  std::vector<snmp::Oid> names;
  std::vector<std::string> interfaces;
  for (const Choice& choice : chosen) {
    expected.push_back(choice.octets_per_second);
    names.push_back(
        ifmib::cell_oid(*column_of(*choice.plan, choice.counter), choice.plan->index, choice.plan->x_index()));
    interfaces.emplace_back(choice.plan->interface.name());
    if (choice.unproven) tried_.push_back({choice.plan->index});
  }
  if (!more_) tried_ = std::vector<IfIndex>();
  campaign_.reset(new Campaign{rates::FreshnessProver(expected, settings), std::move(names), std::move(interfaces),
                               ended.least_between, ended.in_pair});
}

std::vector<FreshnessLooks::Choice> FreshnessLooks::choose(const Ended& ended) {
  std::array<Choice, rows_looked_at> best{};
  const std::vector<IfIndex>& held_back = ended.judged.held_back;
  const std::vector<IfIndex>& unproven = ended.judged.unproven;
  std::ptrdiff_t untried = 0;
  const auto& records = ended.cycle.interfaces;
  const nanoseconds up = ended.cycle.sys_uptime ? nanoseconds(*ended.cycle.sys_uptime) : nanoseconds(1h);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const InterfaceSample& sample = records[i].sample;
    rates::OctetsGained gained;
    if (ended.in_pair) {
      gained = gained_in_all(sample, up);
    } else if (i < ended.judged.gained.size()) {
      gained = ended.judged.gained[i];
    }
    if (gained.span < 0ns) continue;
    const IfIndex row = sample.interface.if_index();
    const double seconds = std::max(std::chrono::duration<double>(gained.span).count(), 1e-3);
    const Choice choice{nullptr, gained.in >= gained.out ? Counter::in_octets : Counter::out_octets,
                        std::binary_search(held_back.begin(), held_back.end(), row),
                        std::binary_search(unproven.begin(), unproven.end(), row) &&
                            std::find(tried_.begin(), tried_.end(), row) == tried_.end(),
                        static_cast<double>(std::max(gained.in, gained.out)) / seconds};
    untried += choice.unproven ? 1 : 0;
    const auto all = static_cast<double>(
        std::max(sample.counters[Counter::in_octets].value, sample.counters[Counter::out_octets].value));
    const bool was_busy = all >= rates::busy_octets_per_second * std::chrono::duration<double>(up).count();
    // A row that is reloaded as often as it is read shall have had the time to move.
    const bool hasty = !ended.in_pair && gained.span < ended.cycle.interval * 3 / 4;
    if (hasty && was_busy && choice.octets_per_second <= 0.0) return {};
    Choice& place = best[i * rows_looked_at / records.size()];
    if (choice.octets_per_second <= 0.0 || !choice.better_than(place)) continue;
    const ifmib::RowPlan* const plan = ifmib::plan_of(ended.plans, row.value);
    if (plan == nullptr || !column_of(*plan, choice.counter)) continue;
    place = choice;
    place.plan = plan;
  }
  std::vector<Choice> chosen;
  std::copy_if(best.begin(), best.end(), std::back_inserter(chosen), [](const Choice& c) { return c.plan != nullptr; });
  if (chosen.size() > ended.most_objects) {
    std::sort(chosen.begin(), chosen.end(), [](const Choice& a, const Choice& b) { return a.better_than(b); });
    chosen.resize(ended.most_objects);
  }
  more_ = untried > std::count_if(chosen.begin(), chosen.end(), [](const Choice& c) { return c.unproven; });
  return chosen;
}

void FreshnessLooks::arm(BootTime soonest) {
  const auto next = campaign_->prover.next();
  if (!next) return end();
  timer_ = loop_.at(std::max(*next, soonest), [this] {
    timer_ = 0;
    ask();
  });
}

void FreshnessLooks::ask() {
  snmp::Request request;
  request.names = campaign_->names;
  request.retries = 0;
  asked_ = BootClock::now();
  ++looks_asked_;
  session_->send(std::move(request), [this, current = request_, number = ++*request_](snmp::Reply&& reply) {
    if (*current == number) take(reply);
  });
}

void FreshnessLooks::take(const snmp::Reply& reply) {
  Campaign& campaign = *campaign_;
  const bool silence = reply.outcome == snmp::Outcome::timed_out;
  std::vector<std::uint64_t> counters;
  if (reply.good() && reply.variables.size() == campaign.names.size()) {
    for (std::size_t i = 0; i < campaign.names.size(); ++i) {
      const auto counter = reply.variables[i].value.as_unsigned();
      if (counter && reply.variables[i].oid == campaign.names[i]) counters.push_back(*counter);
    }
  }
  const bool whole = counters.size() == campaign.names.size();
  const auto shortest = std::min(campaign.shortest_trip.value_or(reply.round_trip), reply.round_trip);
  if (!whole || reply.round_trip > 10 * shortest + 100ms) ++campaign.troubles;
  if ((!whole && !silence) || campaign.troubles == troubles_that_end) {
    put_off(most_looks_an_hour);
    campaign_.reset();
    return;
  }
  if (silence) return arm(BootClock::now() + pause_after_silence);
  campaign.shortest_trip = shortest;
  campaign.prover.see(asked_, reply.received, counters);
  arm(asked_ + campaign.least_between);
}

void FreshnessLooks::end() {
  const rates::Freshness found = campaign_->prover.finding();
  const unsigned looks = campaign_->prover.looks();
  const bool in_pair = campaign_->in_pair;
  last_ = shown();
  campaign_.reset();
  // What sparse traffic shows is no better than what was known, and no worse.
  if (found.stood_still || !bound_) {
    bound_ = found.bound;
  } else if (found.bound) {
    bound_ = std::min(*bound_, *found.bound);
  }
  put_off(looks);
  told_({bound_, found.caches, found.stood_still});
  if (!in_pair) last_.fresh = std::vector<std::string>();  // by {} it would keep its memory
}

FreshnessLooks::Shown FreshnessLooks::shown() const {
  if (!campaign_) return last_;
  Shown shown{campaign_->prover.finding().stood_still};
  for (std::size_t i = 0; i < campaign_->interfaces.size(); ++i) {
    if (campaign_->prover.fresh(i)) shown.fresh.push_back(campaign_->interfaces[i]);
  }
  return shown;
}

void FreshnessLooks::put_off(unsigned looks) {
  const BootTime now = BootClock::now();
  doubt_due_ = now + looks * nanoseconds(1h) / most_looks_an_hour;
  due_ = bound_ && !more_ ? now + 1h : doubt_due_;
}

}  // namespace octopoll::poll
