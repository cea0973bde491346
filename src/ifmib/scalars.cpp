#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"
#include "octopoll/snmp/variables.hpp"

namespace octopoll::ifmib {
namespace {

using snmp::Oid;
using snmp::Value;

/// Which field of Scalars an object fills.
struct Changing {
  Oid oid;
  std::optional<std::uint32_t> Scalars::*field;
};
struct Standing {
  Oid oid;
  void (*take)(Scalars&, const Value&);
};

std::optional<std::string> octets_of(const Value& value) {
  return value.octets() == nullptr ? std::nullopt : std::optional(*value.octets());
}
std::optional<std::uint32_t> number_of(const Value& value) {
  const auto number = value.as_unsigned();
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

const std::vector<Changing>& changing_scalars() {
  static const std::vector<Changing> scalars{
      {{1, 3, 6, 1, 2, 1, 1, 3, 0}, &Scalars::sys_uptime},
      {{1, 3, 6, 1, 2, 1, 2, 1, 0}, &Scalars::if_number},
      {{1, 3, 6, 1, 2, 1, 31, 1, 5, 0}, &Scalars::if_table_last_change},
      {{1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0}, &Scalars::engine_boots},
      {{1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0}, &Scalars::engine_time},
  };
  return scalars;
}

/// The same as the variables of a request: they are asked for in each cycle of each device.
const std::string& changing_scalars_encoded() {
  static const std::string encoded = [] {
    std::string octets;
    for (const Changing& scalar : changing_scalars()) snmp::append_variable(octets, scalar.oid);
    return octets;
  }();
  return encoded;
}

const std::vector<Standing>& standing_scalars() {
  static const std::vector<Standing> scalars{
      {{1, 3, 6, 1, 2, 1, 1, 1, 0}, [](Scalars& s, const Value& v) { s.sys_descr = octets_of(v); }},
      {{1, 3, 6, 1, 2, 1, 1, 2, 0},
       [](Scalars& s, const Value& v) {
         if (v.as_oid() != nullptr) s.sys_object_id = v.as_oid()->to_string();
       }},
      {{1, 3, 6, 1, 2, 1, 1, 4, 0}, [](Scalars& s, const Value& v) { s.sys_contact = octets_of(v); }},
      {{1, 3, 6, 1, 2, 1, 1, 5, 0}, [](Scalars& s, const Value& v) { s.sys_name = octets_of(v); }},
      {{1, 3, 6, 1, 2, 1, 1, 6, 0}, [](Scalars& s, const Value& v) { s.sys_location = octets_of(v); }},
      // nsCacheTimeout, indexed by the OID of the table that is cached.
      {{1, 3, 6, 1, 4, 1, 8072, 1, 5, 3, 1, 2, 1, 3, 6, 1, 2, 1, 2, 2},
       [](Scalars& s, const Value& v) { s.cache_timeout = number_of(v); }},
  };
  return scalars;
}

enum class InPlace : std::uint8_t { whole, cut_short, odd };

/// Those that change, out of an answer that names them as they were asked for. Odd where it does not, or says of one
/// what is no number.
InPlace read_in_place(const snmp::Reply& reply, Scalars& scalars) {
  snmp::AnswerReader variables(reply.asked, reply.encoded);
  snmp::WireVariable variable;
  for (const Changing& scalar : changing_scalars()) {
    if (!variables.next(variable)) return variables.finished() ? InPlace::cut_short : InPlace::odd;
    const auto number = variable.number();
    if (!number && !variable.absent()) return InPlace::odd;
    scalars.*scalar.field = number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
  }
  return variables.finished() ? InPlace::whole : InPlace::odd;
}

/// Room for texts of system: 255 octets each by the MIB, mostly far fewer.
constexpr std::size_t expected_texts = 400;
/// Of those that change, in an answer.
constexpr std::size_t expected_changing = 110;

/// First the few that change, in one small PDU that nearly any agent can answer, then the texts: an agent that is
/// silent to the second one has messages that are too small for it, and is asked for less. A probe is smaller still,
/// for an agent that answers but one object at once shows it by this.
class ScalarReading final : public Reading {
 public:
  ScalarReading(snmp::Session& session, ScalarSet set, const ReadLimits& limits,
                std::function<void(Scalars&&, ReadEnd&&)> done)
      : session_(session), set_(set), limits_(limits), done_(std::move(done)) {
    // SNMPv1 answers for none where one is missing (RFC 1157 section 4.1.2).
    const bool small_enough = limits.gets == nullptr ||
                              snmp::PduSize{expected_changing, changing_scalars().size()}.within(limits.gets->most());
    const bool in_place = limits.in_place && small_enough && session.options().credentials->version != SnmpVersion::v1;
    if (limits.probe) {
      probe();
    } else if (in_place) {
      ask_in_place();
    } else {
      ask_changing(false);
    }
  }
  ~ScalarReading() override { *alive_ = false; }

 private:
  void probe() {
    snmp::Request request;
    request.probe = true;
    ask_for_one(std::move(request), std::nullopt);
  }

  /// Of silence: whether it was to the one object as well.
  void doubt(ReadEnd&& end) {
    if (end.outcome != snmp::Outcome::timed_out || !std::exchange(limits_.stranger, false))
      return finish(std::move(end));
    snmp::Request request;
    request.retries = std::min(session_.options().retries, 1U);
    ask_for_one(std::move(request), std::move(end));
  }

  /// For sysUpTime, and then for the rest; where that is not answered it ends as it had, or with that.
  void ask_for_one(snmp::Request&& request, std::optional<ReadEnd>&& had) {
    request.names = {snmp::sys_up_time()};
    session_.send(std::move(request), [this, still = alive_, had = std::move(had)](const snmp::Reply& reply) mutable {
      if (!*still) return;
      if (reply.outcome == snmp::Outcome::answered) return ask_changing(true);
      session_.cancel_all();
      finish(had ? std::move(*had) : ReadEnd{session_.explain(reply), reply.outcome, {}});
    });
  }

  void ask_in_place() {
    session_.send_encoded(changing_scalars_encoded(), std::nullopt, [this, still = alive_](const snmp::Reply& reply) {
      if (!*still) return;
      if (reply.outcome != snmp::Outcome::answered) {
        session_.cancel_all();  // nobody there, or nobody who would tell
        return doubt({session_.explain(reply), reply.outcome, {}});
      }
      const InPlace read = reply.good() ? read_in_place(reply, scalars_) : InPlace::cut_short;
      if (read != InPlace::whole) {
        odd_ = read == InPlace::odd;
        scalars_ = {};
        return ask_changing(true);
      }
      scalars_.received = reply.received;
      scalars_.round_trip = reply.round_trip;
      took_changing({std::nullopt, reply.outcome, {}});
    });
  }

  void ask_changing(bool known_alive) {
    snmp::GetGroup group;
    for (const Changing& scalar : changing_scalars()) group.names.push_back(scalar.oid);
    group.answer_octets = 6 * group.names.size();
    ask(
        std::move(group),
        [this](const snmp::GroupAnswer& answer) {
          for (std::size_t i = 0; i < answer.values.size(); ++i)
            scalars_.*changing_scalars()[i].field = number_of(answer.values[i]);
          scalars_.received = answer.received - answer.spread;  // sysUpTime is the first of them
          scalars_.round_trip = answer.round_trip;
        },
        [this](ReadEnd&& end) { took_changing(std::move(end)); }, known_alive);
  }

  void took_changing(ReadEnd&& end) {
    if (set_ == ScalarSet::all && !end.error) return ask_standing();
    doubt(std::move(end));
  }

  void ask_standing() {
    snmp::GetGroup group;
    for (const Standing& scalar : standing_scalars()) group.names.push_back(scalar.oid);
    group.answer_octets = expected_texts;
    ask(
        std::move(group),
        [this](const snmp::GroupAnswer& answer) {
          for (std::size_t i = 0; i < answer.values.size(); ++i) standing_scalars()[i].take(scalars_, answer.values[i]);
        },
        [this](ReadEnd&& end) {
          // The agent has answered the first PDU: a text that it does not give is absent, not a device that is away.
          if (end.error && end.error->kind != ErrorKind::auth) {
            end.error.reset();
            end.outcome = snmp::Outcome::answered;
          }
          finish(std::move(end));
        },
        true);
  }

  void ask(snmp::GetGroup group, snmp::MultiGet::Answered answered, std::function<void(ReadEnd&&)> ended,
           bool known_alive) {
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits_.max_message_size;
    plan.with_uptime = false;  // it is one of those that change
    plan.known_alive = known_alive;
    plan.profile = limits_.gets;
    plan.groups.push_back(std::move(group));
    get_ = snmp::MultiGet::start(session_, std::move(plan), std::move(answered),
                                 [ended = std::move(ended)](snmp::MultiGetEnd&& end) {
                                   ended({std::move(end.error), end.outcome, {}});
                                 });
  }

  void finish(ReadEnd&& end) {
    end.odd = odd_;
    const auto callback = std::move(done_);  // may destroy this
    Scalars scalars = std::move(scalars_);
    callback(std::move(scalars), std::move(end));
  }

  snmp::Session& session_;
  ScalarSet set_;
  ReadLimits limits_;
  Scalars scalars_;
  bool odd_ = false;
  std::function<void(Scalars&&, ReadEnd&&)> done_;
  std::unique_ptr<snmp::MultiGet> get_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with callbacks of the session
};

std::optional<std::string> readable(const std::optional<std::string>& octets) {
  return octets ? std::optional(agent_text(*octets)) : std::nullopt;
}

}  // namespace

std::unique_ptr<Reading> read_scalars(snmp::Session& session, ScalarSet set, const ReadLimits& limits,
                                      std::function<void(Scalars&&, ReadEnd&&)> done) {
  return std::make_unique<ScalarReading>(session, set, limits, std::move(done));
}

DeviceFacts facts_of(const Scalars& scalars) {
  DeviceFacts facts;
  facts.sys_name = readable(scalars.sys_name);
  facts.sys_descr = readable(scalars.sys_descr);
  facts.sys_object_id = scalars.sys_object_id;
  facts.sys_contact = readable(scalars.sys_contact);
  facts.sys_location = readable(scalars.sys_location);
  return facts;
}

std::optional<std::chrono::seconds> announced_cache(const Scalars& scalars) {
  constexpr std::string_view net_snmp_agents = "1.3.6.1.4.1.8072.3.2.";
  constexpr std::chrono::seconds net_snmp_cache(3);
  if (scalars.cache_timeout) return std::chrono::seconds(*scalars.cache_timeout);
  if (scalars.sys_object_id.value_or("").starts_with(net_snmp_agents)) return net_snmp_cache;
  return std::nullopt;
}

}  // namespace octopoll::ifmib
