#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <memory>

#include "doctor/bulk.hpp"
#include "doctor/tables.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/interview.hpp"
#include "octopoll/snmp/key_form.hpp"

namespace octopoll::doctor {
namespace {

using namespace std::chrono_literals;
using snmp::Oid;
using snmp::Outcome;
using snmp::Reply;

const Oid& snmp_engine_id() {
  static const Oid oid{1, 3, 6, 1, 6, 3, 10, 2, 1, 1, 0};
  return oid;
}

constexpr unsigned contacts = 21;  // versions or key forms, scalars, engine id, the second look at the clock, silences

/// Below this the step of sysUpTime, 10 ms or more, says nothing of its rate.
constexpr auto shortest_clock_span = 1s;
constexpr double tolerated_drift = 0.03;

std::string_view word_of(SnmpVersion version) noexcept {
  return version == SnmpVersion::v1 ? "v1" : version == SnmpVersion::v2c ? "v2c" : "v3";
}

class Examiner {
 public:
  Examiner(snmp::Interview& interview, const Patient& patient, const std::function<void(std::string_view)>& progress)
      : interview_(interview),
        patient_(patient),
        progress_(progress),
        before_(interview.traffic()),
        how_(patient.session) {
    result_.target = to_string(patient.target);
    result_.endpoint = patient.session.endpoint.text();
    result_.credentials = *patient.session.credentials;
  }

  Examination run() {
    if (make_contact()) {
      for (const Step& step : steps) {
        if (!take(step)) break;
      }
    }
    judge_traffic();
    result_.profile.short_request_ids = how_.short_request_ids;
    for (const Endpoint& source : how_.answers_from) result_.profile.answers_from.push_back(text_of(source));
    return std::move(result_);
  }

 private:
  struct Step {
    void (Examiner::*run)();
    std::string_view looks_at;
  };
  static const std::array<Step, 5> steps;

  /// False where the agent has fallen silent altogether: what the step made of that is no finding.
  bool take(const Step& step) {
    const auto profile = result_.profile;
    const std::size_t findings = result_.findings.size();
    const auto timeouts = session_->traffic().timeouts;
    (this->*step.run)();
    if (session_->traffic().timeouts == timeouts || interview_.interrupted()) return true;
    if (interview_.get(*session_, {snmp::sys_up_time()}).outcome != Outcome::timed_out) return true;
    result_.profile = profile;
    result_.findings.resize(findings);
    add({"silence", Severity::problem,
         fmt::format("fell silent while its {} looked at, after {}", step.looks_at,
                     format_counted((interview_.traffic() - before_).responses, "answer")),
         "it limits requests, is overloaded, or has stopped: see its log and limits and examine it again; "
         "max_requests_per_second spaces what it is asked"});
    return false;
  }

  void add(Finding finding) { result_.findings.push_back(std::move(finding)); }

  // ---- versions and keys ----

  bool make_contact() {
    progress_("versions");
    return patient_.session.credentials->version == SnmpVersion::v3 ? contact_v3() : contact_community();
  }

  /// Asked with what the agent has been found to need; where it meets us with silence for a reason that shows, again
  /// with what that asks for.
  std::unique_ptr<snmp::Session> open(const SnmpCredentials& credentials, Reply& reply, std::optional<Error>& error) {
    for (;;) {
      how_.credentials = credentials;
      auto session = interview_.open(how_);
      if (!session) {
        error = session.error();
        return nullptr;
      }
      reply = interview_.get(**session, {snmp::sys_up_time()});
      if (reply.outcome == Outcome::answered) {
        error.reset();
        return std::move(*session);
      }
      error = (*session)->explain(reply);
      if (reply.outcome != Outcome::timed_out || interview_.interrupted() || !adapt(**session))
        return std::move(*session);
    }
  }

  /// True where there is something else to try, once each.
  bool adapt(const snmp::Session& session) {
    const auto source = session.foreign_source();
    if (source && how_.answers_from.size() == patient_.session.answers_from.size()) {
      how_.answers_from.push_back(*source);
      return true;
    }
    const bool cut = session.cuts_request_ids();
    how_.short_request_ids = how_.short_request_ids || cut;
    return cut;
  }

  [[nodiscard]] std::string text_of(const Endpoint& source) const {
    return source.port() == patient_.session.endpoint.port() ? source.host_text() : source.text();
  }

  void judge_adaptations() {
    if (how_.answers_from.size() > patient_.session.answers_from.size()) {
      add({"source", Severity::problem,
           fmt::format("answers come from {}, not from the address asked", how_.answers_from.back().text()),
           fmt::format("such answers are not taken: poll that address, or set answers_from: [{}]",
                       text_of(how_.answers_from.back()))});
    }
    if (how_.short_request_ids && !patient_.session.short_request_ids) {
      add({"request ids", Severity::problem, "answers come with the last 16 bits of the request's id",
           "such answers are not taken: set short_request_ids: true"});
    }
  }

  /// Both versions: the one that was asked for is kept if it answers, else the other.
  bool contact_community() {
    const SnmpVersion wanted = patient_.session.credentials->version;
    const SnmpVersion other = wanted == SnmpVersion::v1 ? SnmpVersion::v2c : SnmpVersion::v1;
    std::vector<std::string> texts;
    std::optional<Error> first_error;
    std::optional<Error> error;
    Reply reply;
    bool other_answers = false;
    for (const SnmpVersion version : {wanted, other}) {
      SnmpCredentials credentials = *patient_.session.credentials;
      credentials.version = version;
      auto session = open(credentials, reply, error);
      const bool answers = !error && reply.outcome == Outcome::answered;
      texts.push_back(answers ? fmt::format("{} answers in {:.1f} ms", word_of(version),
                                            std::chrono::duration<double, std::milli>(reply.round_trip).count())
                              : fmt::format("{} does not", word_of(version)));
      if (!first_error) first_error = error;
      other_answers = answers;  // of the second, in the end
      if (answers && !session_) adopt(std::move(session), credentials);
    }
    if (!session_) {
      if (first_error->kind == ErrorKind::timeout && reply.outcome == Outcome::timed_out)
        first_error = silent_to_both(*first_error, wanted, *error, reply);
      add({"versions", Severity::problem, first_error->message, first_error->remedy});
      return false;
    }
    judge_adaptations();
    Finding finding{"versions", Severity::ok, fmt::format("{}", fmt::join(texts, ", ")), {}};
    if (result_.credentials.version == SnmpVersion::v1) {
      const bool better_there = other_answers && wanted == SnmpVersion::v1;
      finding.severity = wanted == SnmpVersion::v1 ? Severity::note : Severity::problem;
      finding.meaning = fmt::format("{}SNMPv1 cannot carry 64-bit counters (RFC 3584 section 4.2.2.1)",
                                    better_there                ? "ask with v2c: "
                                    : wanted == SnmpVersion::v1 ? ""
                                                                : "set version: 1; ");
    }
    add(std::move(finding));
    return true;
  }

  /// Where nothing came at all the remedy is what the silence to v1 leaves: that to v2c has "try v1" in it.
  [[nodiscard]] Error silent_to_both(const Error& first, SnmpVersion wanted, const Error& second,
                                     const Reply& second_reply) const {
    const snmp::Traffic cost = interview_.traffic() - before_;
    const bool all_silent = cost.foreign + cost.malformed + cost.late == 0;
    const bool first_is_v1 = wanted == SnmpVersion::v1;
    return {first.kind,
            fmt::format("{}; nor to {} of {}", first.message, format_counted(second_reply.tries, "request"),
                        word_of(first_is_v1 ? SnmpVersion::v2c : SnmpVersion::v1)),
            all_silent && !first_is_v1 ? second.remedy : first.remedy};
  }

  bool contact_v3() {
    SnmpCredentials credentials = *patient_.session.credentials;
    Reply reply;
    std::optional<Error> error;
    auto session = open(credentials, reply, error);
    if (!error) {
      adopt(std::move(session), credentials);
      judge_adaptations();
      add({"versions",
           Severity::ok,
           fmt::format("v3 answers {} in {:.1f} ms", to_string(credentials.level),
                       std::chrono::duration<double, std::milli>(reply.round_trip).count()),
           {}});
      return true;
    }
    const bool may_be_the_key = reply.outcome == Outcome::privacy_failed || reply.outcome == Outcome::timed_out;
    const auto other = snmp::other_key_form(credentials);
    if (session && may_be_the_key && other) {
      const PrivProtocol given = credentials.priv_protocol;
      credentials.priv_protocol = *other;
      std::optional<Error> other_error;
      session.reset();
      auto second = open(credentials, reply, other_error);
      if (!other_error) {
        adopt(std::move(second), credentials);
        add({"versions", Severity::problem,
             fmt::format("v3 does not understand {} and answers {}", to_string(given), to_string(*other)),
             fmt::format("this agent makes its long keys in the other way: set priv_protocol: {}", to_string(*other))});
        return true;
      }
    }
    add({"versions", Severity::problem, error->message, error->remedy});
    return false;
  }

  void adopt(std::unique_ptr<snmp::Session> session, const SnmpCredentials& credentials) {
    session_ = std::move(session);
    result_.credentials = credentials;
  }

  // ---- what it is ----

  ifmib::ReadLimits limits_of_reads() {
    ifmib::ReadLimits limits;
    limits.gets = &gets_;
    limits.stranger = true;  // even here: one object was answered so far, and several may be too many
    return limits;
  }

  ifmib::Scalars scalars() {
    return ifmib::read_scalars(interview_, *session_, ifmib::ScalarSet::all, limits_of_reads()).first;
  }

  void read_scalars() {
    progress_("clock");
    scalars_ = scalars();
    const DeviceFacts facts = ifmib::facts_of(scalars_);
    result_.sys_name = facts.sys_name;
    result_.sys_descr = facts.sys_descr;
    judge_cache();
  }

  void judge_cache() {
    const auto announced = ifmib::announced_cache(scalars_);
    if (!announced) return add({"cache", Severity::ok, "the agent announces no cache of its counters", {}});
    const auto period = static_cast<std::uint64_t>(announced->count());
    if (period == 0) return add({"cache", Severity::ok, "nsCacheTimeout is 0: counters are fresh", {}});
    // Ten periods: what the poller allows as error of a rate (invariant 2: 10 %).
    add({"cache", Severity::note,
         fmt::format("counters are {} s old at most{}", period,
                     scalars_.cache_timeout ? " (nsCacheTimeout)" : " (Net-SNMP; it hides nsCacheTimeout)"),
         fmt::format("with an interval under {} s some deltas are stale, and come with a later, longer one",
                     period * 10)});
  }

  void read_engine_id() {
    result_.engine_id = session_->engine_id();
    if (!result_.engine_id.empty()) {
      const auto clock = session_->engine_clock();
      return add({"engine",
                  Severity::ok,
                  clock
                      ? fmt::format("engine id {}, boots {}, time {} s", result_.engine_id, clock->first, clock->second)
                      : fmt::format("engine id {}", result_.engine_id),
                  {}});
    }
    const Reply reply = interview_.get(*session_, {snmp_engine_id()});
    if (!reply.good() || reply.variables.empty() || reply.variables[0].value.octets() == nullptr) return;
    result_.engine_id = to_hex(*reply.variables[0].value.octets());
    add({"engine", Severity::ok, fmt::format("engine id {}", result_.engine_id), {}});
  }

  // ---- tables ----

  std::pair<ifmib::Rows, ifmib::ReadEnd> tables(std::span<const ifmib::Column> columns) {
    return ifmib::read_tables(interview_, *session_, columns, limits_of_reads());
  }

  void read_tables() {
    progress_("interface tables");
    auto [rows, end] = tables(ifmib::harmless_columns());
    rows_ = std::move(rows);
    Finding finding{"tables", Severity::ok, format_counted(rows_.size(), "interface"), {}};
    if (!end.notes.empty()) {
      finding.severity = Severity::note;
      finding.measured += fmt::format("; {}", fmt::join(end.notes, "; "));
      finding.meaning = "octopoll copes, if need be by further requests each time it reads the tables";
    }
    if (end.error) {
      finding.severity = Severity::problem;
      finding.measured += fmt::format("; {}", end.error->message);
      finding.meaning = "the tables were not read whole: " + end.error->remedy;
    }
    add(std::move(finding));
    add(judge_indexes(rows_, scalars_.if_number, end.ifx_offset));
    if (rows_.empty()) return;
    add(judge_names(rows_));
    add(judge_types(rows_));
    add(judge_speeds(rows_, result_.profile));
  }

  void try_sizes() {
    if (rows_.empty()) return;
    progress_("order of objects");
    const NextWalk walk = walk_by_get_next(interview_, *session_);
    add(judge_order(walk));
    if (!walk.error && !walk.loops && walk.increasing && result_.credentials.version != SnmpVersion::v1) {
      progress_("bulk sizes");
      add(try_bulk_sizes(interview_, *session_, walk, result_.profile));
    }
    progress_("message sizes");
    add(try_message_sizes(interview_, *session_, rows_, result_.profile));
  }

  /// The counters once more, and the clock, as long after the first time as the other checks took.
  void read_again() {
    progress_("counters and clock again");
    constexpr std::array octets{ifmib::Column::if_in_octets,     ifmib::Column::if_hc_in_octets,
                                ifmib::Column::if_hc_out_octets, ifmib::Column::if_speed,
                                ifmib::Column::if_high_speed,    ifmib::Column::if_descr,
                                ifmib::Column::if_name};
    const auto cache = std::chrono::seconds(std::min(scalars_.cache_timeout.value_or(0), 30U));
    const auto span = std::max<std::chrono::nanoseconds>(cache + 200ms, shortest_clock_span + 200ms);
    const auto since = BootClock::now() - scalars_.received;
    if (since < span) interview_.pause(span - since);
    if (!rows_.empty()) add(judge_wide_counters(rows_, tables(octets).first));
    judge_clock(scalars());
  }

  void judge_clock(const ifmib::Scalars& later) {
    Finding finding{"clock", Severity::ok, {}, {}};
    if (!scalars_.sys_uptime || !later.sys_uptime) {
      finding.severity = Severity::note;
      finding.measured = "no sysUpTime";
      finding.meaning = "rates are timed by octopoll's own clock, and restarts are seen by snmpEngineBoots, if at all";
      return add(std::move(finding));
    }
    const double ours = std::chrono::duration<double>(later.received - scalars_.received).count();
    const double theirs = static_cast<double>(*later.sys_uptime - *scalars_.sys_uptime) / 100.0;  // modulo 2^32
    // Two steps of sysUpTime and both round trips are no drift.
    const double slack =
        0.02 + std::chrono::duration<double>(later.round_trip + scalars_.round_trip).count() + ours * tolerated_drift;
    finding.measured = fmt::format("sysUpTime went on {:.2f} s in {:.2f} s", theirs, ours);
    if (std::abs(theirs - ours) > slack) {
      finding.severity = Severity::note;
      finding.meaning = "it does not follow the time: rates are timed by octopoll's own clock";
    }
    add(std::move(finding));
  }

  // ---- ends ----

  void judge_traffic() {
    result_.traffic = interview_.traffic() - before_;
    const snmp::Traffic& cost = result_.traffic;
    Finding finding{"answers",
                    Severity::ok,
                    fmt::format("{}, {}, {} sent again", format_counted(cost.requests, "request"),
                                format_counted(cost.responses, "answer"), cost.retries),
                    {}};
    if (cost.foreign != 0) {
      finding.severity = Severity::problem;
      finding.measured += fmt::format(", {} from another address or with another community", cost.foreign);
      finding.meaning =
          "such answers are dropped: poll the address that they come from, mend the agent's binding, or list the "
          "address under answers_from";
    } else if (cost.malformed != 0) {
      finding.severity = Severity::note;
      finding.measured += fmt::format(", {} that could not be read", cost.malformed);
      finding.meaning = "the agent sends messages that are no SNMP";
    } else if (cost.responses == 0 || result_.findings.back().check == "silence") {
      finding.severity = Severity::note;  // told already
    } else if (cost.late != 0) {
      finding.severity = Severity::note;
      finding.measured += fmt::format(", {} late or twice", cost.late);
      finding.meaning = "a longer timeout saves repeated requests";
    }
    add(std::move(finding));
  }

  snmp::Interview& interview_;
  const Patient& patient_;
  const std::function<void(std::string_view)>& progress_;
  snmp::Traffic before_;
  snmp::SessionOptions how_;  ///< the patient's, and what this agent needs
  Examination result_;
  std::unique_ptr<snmp::Session> session_;
  ifmib::Scalars scalars_;
  snmp::GetProfile gets_;
  ifmib::Rows rows_;
};

const std::array<Examiner::Step, 5> Examiner::steps{{{&Examiner::read_scalars, "clock and texts were"},
                                                     {&Examiner::read_engine_id, "engine id was"},
                                                     {&Examiner::read_tables, "tables were"},
                                                     {&Examiner::try_sizes, "order and sizes of messages were"},
                                                     {&Examiner::read_again, "counters were"}}};

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  return severity == Severity::ok ? "ok" : severity == Severity::note ? "note" : "problem";
}

Severity Examination::worst() const noexcept {
  Severity worst = Severity::ok;
  for (const Finding& finding : findings) worst = std::max(worst, finding.severity);
  return worst;
}

Examination examine(snmp::Interview& interview, const Patient& patient,
                    const std::function<void(std::string_view)>& progress) {
  return Examiner(interview, patient, progress).run();
}

unsigned request_bound() noexcept { return contacts + longest_next_walk + bulk_requests + message_requests; }

void compare_engine_ids(std::vector<Examination>& examinations) {
  for (Examination& one : examinations) {
    if (one.engine_id.empty()) continue;
    std::vector<std::string> others;
    for (const Examination& other : examinations) {
      if (other.endpoint != one.endpoint && other.engine_id == one.engine_id) others.push_back(other.target);
    }
    if (others.empty()) continue;
    one.findings.push_back(
        {"engine", Severity::problem, fmt::format("{} has the same engine id", fmt::join(others, ", ")),
         "engine ids must be unique (RFC 3411 section 3.1.1.1): octopoll copes, other managers mix up keys and clocks; "
         "give one of them another"});
  }
}

}  // namespace octopoll::doctor
