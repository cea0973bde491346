#include <algorithm>
#include <array>

#include "octopoll/core/text.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"

namespace octopoll::ifmib {
namespace {

using snmp::Oid;
using snmp::Value;

/// Which field of Scalars an object fills.
struct Scalar {
  Oid oid;
  void (*take)(Scalars&, const Value&);
  bool changing;
};

std::optional<std::string> octets_of(const Value& value) {
  return value.octets() == nullptr ? std::nullopt : std::optional(*value.octets());
}
std::optional<std::uint32_t> number_of(const Value& value) {
  const auto number = value.as_unsigned();
  return number ? std::optional(static_cast<std::uint32_t>(*number)) : std::nullopt;
}

const std::vector<Scalar>& table() {
  static const std::vector<Scalar> scalars{
      {{1, 3, 6, 1, 2, 1, 1, 3, 0}, [](Scalars& s, const Value& v) { s.sys_uptime = number_of(v); }, true},
      {{1, 3, 6, 1, 2, 1, 2, 1, 0}, [](Scalars& s, const Value& v) { s.if_number = number_of(v); }, true},
      {{1, 3, 6, 1, 2, 1, 31, 1, 5, 0},
       [](Scalars& s, const Value& v) { s.if_table_last_change = number_of(v); },
       true},
      {{1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0}, [](Scalars& s, const Value& v) { s.engine_boots = number_of(v); }, true},
      {{1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0}, [](Scalars& s, const Value& v) { s.engine_time = number_of(v); }, true},
      {{1, 3, 6, 1, 2, 1, 1, 1, 0}, [](Scalars& s, const Value& v) { s.sys_descr = octets_of(v); }, false},
      {{1, 3, 6, 1, 2, 1, 1, 2, 0},
       [](Scalars& s, const Value& v) {
         if (v.as_oid() != nullptr) s.sys_object_id = v.as_oid()->to_string();
       },
       false},
      {{1, 3, 6, 1, 2, 1, 1, 4, 0}, [](Scalars& s, const Value& v) { s.sys_contact = octets_of(v); }, false},
      {{1, 3, 6, 1, 2, 1, 1, 5, 0}, [](Scalars& s, const Value& v) { s.sys_name = octets_of(v); }, false},
      {{1, 3, 6, 1, 2, 1, 1, 6, 0}, [](Scalars& s, const Value& v) { s.sys_location = octets_of(v); }, false},
      // nsCacheTimeout, indexed by the OID of the table that is cached.
      {{1, 3, 6, 1, 4, 1, 8072, 1, 5, 3, 1, 2, 1, 3, 6, 1, 2, 1, 2, 2},
       [](Scalars& s, const Value& v) { s.cache_timeout = number_of(v); },
       false},
  };
  return scalars;
}

/// Room for texts of system: 255 octets each by the MIB, mostly far fewer.
constexpr std::size_t expected_texts = 400;

/// First the few that change, in one small PDU that any agent can answer, then the texts: an agent that is silent to
/// the second one has messages that are too small for it, and is asked for less.
class ScalarReading final : public Reading {
 public:
  ScalarReading(snmp::Session& session, ScalarSet set, const ReadLimits& limits,
                std::function<void(Scalars&&, ReadEnd&&)> done)
      : session_(session), set_(set), limits_(limits), done_(std::move(done)) {
    ask(true);
  }

 private:
  void ask(bool changing) {
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits_.max_message_size;
    plan.with_uptime = false;  // it is one of them
    plan.probe = limits_.probe;
    plan.known_alive = !changing;
    snmp::GetGroup group;
    members_.clear();
    for (const Scalar& scalar : table()) {
      if (scalar.changing != changing) continue;
      group.names.push_back(scalar.oid);
      members_.push_back(&scalar);
    }
    group.answer_octets = changing ? 30 : expected_texts;
    plan.groups.push_back(std::move(group));
    get_ = snmp::MultiGet::start(
        session_, std::move(plan), [this, changing](snmp::GroupAnswer&& answer) { take(answer, changing); },
        [this, changing](snmp::MultiGetEnd&& end) {
          if (changing && set_ == ScalarSet::all && !end.error) return ask(false);
          // The agent has answered the first PDU: a text that it does not give is absent, not a device that is away.
          if (!changing && end.error && end.error->kind != ErrorKind::auth) {
            end.error.reset();
            end.outcome = snmp::Outcome::answered;
          }
          ReadEnd read_end{std::move(end.error), end.outcome, {}, end.message_size};
          const auto callback = std::move(done_);  // may destroy this
          Scalars scalars = std::move(scalars_);
          callback(std::move(scalars), std::move(read_end));
        });
  }

  void take(const snmp::GroupAnswer& answer, bool changing) {
    for (std::size_t i = 0; i < answer.values.size(); ++i) members_[i]->take(scalars_, answer.values[i]);
    if (changing) {
      scalars_.received = answer.received;
      scalars_.round_trip = answer.round_trip;
    }
  }

  snmp::Session& session_;
  ScalarSet set_;
  ReadLimits limits_;
  std::vector<const Scalar*> members_;
  Scalars scalars_;
  std::function<void(Scalars&&, ReadEnd&&)> done_;
  std::unique_ptr<snmp::MultiGet> get_;
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
