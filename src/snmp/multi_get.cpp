#include "octopoll/snmp/multi_get.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <limits>
#include <set>
#include <unordered_map>

namespace octopoll::snmp {
namespace {

/// Tag and length of a variable, of its name and of its value.
constexpr std::size_t variable_overhead = 6;
/// Requests that end without an answer, one after the other, before the device counts as gone.
constexpr unsigned most_silent_in_a_row = 3;

/// Octets of an OID in BER: the first two numbers share one, each other takes one for every seven bits.
std::size_t encoded_octets(const Oid& oid) {
  std::size_t octets = 1;
  for (std::size_t i = 2; i < oid.size(); ++i) {
    std::size_t length = 1;
    for (std::uint32_t rest = oid[i] >> 7U; rest != 0; rest >>= 7U) ++length;
    octets += length;
  }
  return octets;
}

/// Whether an answer's variable is the object that was asked for. Some routers leave the last zero of a name out.
bool names(const Oid& answered, const Oid& asked) {
  if (answered == asked) return true;
  return asked.back() == 0 && answered.size() + 1 == asked.size() &&
         std::equal(answered.begin(), answered.end(), asked.begin());
}

}  // namespace

struct MultiGet::Impl : std::enable_shared_from_this<MultiGet::Impl> {
  /// One PDU: some groups, and of each the objects that are still asked for.
  struct Packet {
    struct Part {
      std::size_t group;
      std::vector<std::size_t> members;
    };
    std::vector<Part> parts;
    bool with_uptime = true;
    std::size_t octets = 0;  ///< expected of its answer

    [[nodiscard]] std::size_t size() const noexcept {
      std::size_t objects = with_uptime ? 1 : 0;
      for (const Part& part : parts) objects += part.members.size();
      return objects;
    }
  };

  Session& session;
  MultiGetPlan plan;
  Answered answered;
  Done done;
  MultiGetEnd end;
  std::deque<Packet> queue;
  std::size_t under_way = 0;
  std::size_t largest =
      std::numeric_limits<std::size_t>::max();  ///< expected octets of an answer that the agent can give
  bool anything_answered;
  unsigned silent_in_a_row = 0;
  std::size_t groups_answered = 0;
  std::unordered_map<std::size_t, GroupAnswer> answers;  ///< by group, while pieces of it are missing
  std::unordered_map<std::size_t, unsigned> pieces;      ///< of groups that travel in more than one PDU: those to come
  std::set<std::size_t> lost;                            ///< groups of which something was not answered
  bool stopped = false;

  Impl(Session& on, MultiGetPlan what, Answered on_answer, Done on_done)
      : session(on),
        plan(std::move(what)),
        answered(std::move(on_answer)),
        done(std::move(on_done)),
        anything_answered(plan.known_alive) {}

  void pack_and_send() {
    const std::size_t overhead = message_overhead(session.options().credentials.version);
    const std::size_t room = std::max<std::size_t>(plan.max_message_size, overhead + 100) - overhead;
    std::size_t used = room + 1;
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      const GetGroup& group = plan.groups[g];
      std::size_t octets = group.answer_octets;
      for (const Oid& name : group.names) octets += encoded_octets(name) + variable_overhead;
      if (used + octets > room) {
        queue.push_back({{}, plan.with_uptime, overhead});
        used = plan.with_uptime ? 20 : 0;
      }
      used += octets;
      queue.back().octets = overhead + used;
      Packet::Part part{g, {}};
      for (std::size_t member = 0; member < group.names.size(); ++member) part.members.push_back(member);
      queue.back().parts.push_back(std::move(part));
    }
    if (queue.empty()) {
      session.later([self = shared_from_this()] {
        if (!self->stopped) self->finish();
      });
    }
    send_next();
  }

  /// Not more than the session has in flight at once: what is learned of the first answers still changes the later
  /// PDUs.
  void send_next() {
    while (!queue.empty() && under_way < session.options().max_outstanding) {
      Packet packet = std::move(queue.front());
      queue.pop_front();
      if (packet.octets > largest && split(packet)) continue;
      ++under_way;
      send(std::move(packet));
    }
  }

  void send(Packet packet) {
    Request request;
    request.operation = Operation::get;
    request.probe = plan.probe;
    if (packet.with_uptime) request.names.push_back(sys_up_time());
    for (const auto& part : packet.parts) {
      for (const std::size_t member : part.members) request.names.push_back(plan.groups[part.group].names[member]);
    }
    session.send(std::move(request), [self = shared_from_this(), packet = std::move(packet)](Reply&& reply) mutable {
      if (self->stopped) return;
      self->take(std::move(packet), std::move(reply));
    });
  }

  void take(Packet packet, Reply&& reply) {
    if (reply.outcome != Outcome::answered) {
      ++silent_in_a_row;
      // Splitting does not help against a device that died: small PDUs that meet silence, too, tell.
      const bool refused = !may_be_too_large(reply.outcome) && silent_in_a_row >= 2;  // a closed port, a v3 report
      const bool gone =
          !anything_answered || refused || (silent_in_a_row >= most_silent_in_a_row && packet.parts.size() == 1);
      if (may_be_too_large(reply.outcome) && !gone && shrink(packet)) return packet_done();
      lose(packet, session.explain(reply), reply.outcome);
      if (gone) return give_up();
      return packet_done();
    }
    silent_in_a_row = 0;
    anything_answered = true;
    if (reply.error_status == ErrorStatus::authorization_error || reply.error_status == ErrorStatus::no_access) {
      lose(packet, session.explain(reply), reply.outcome);
      return give_up();  // of this user, not of these objects
    }
    if (reply.error_status == ErrorStatus::no_such_name && drop_object(packet, reply.error_index)) return;
    if (reply.error_status != ErrorStatus::no_error) {
      if (reply.error_status == ErrorStatus::too_big ? shrink(packet) : split(packet)) return packet_done();
      // One object, asked for alone, and the agent still refuses: it does not have it.
      reply.variables.clear();
    } else if (reply.variables.size() < packet.size() && shrink(packet)) {
      return packet_done();  // the answer was cut short
    }
    hand_out(packet, std::move(reply));
    if (!stopped) packet_done();
  }

  void packet_done() {
    --under_way;
    send_next();
    if (under_way == 0 && queue.empty()) finish();
  }

  void hand_out(const Packet& packet, Reply&& reply) {
    std::size_t at = 0;
    // An agent may answer in another order than asked, or leave some out; the name decides, the place is a hint.
    const auto value_of = [&](const Oid& name) -> Value {
      if (at < reply.variables.size() && names(reply.variables[at].oid, name))
        return std::move(reply.variables[at++].value);
      const auto other = std::find_if(reply.variables.begin(), reply.variables.end(),
                                      [&](const VarBind& v) { return names(v.oid, name); });
      if (other == reply.variables.end()) return Value::no_such_instance();
      at = static_cast<std::size_t>(other - reply.variables.begin()) + 1;
      return std::move(other->value);
    };
    std::optional<std::uint32_t> uptime;
    if (packet.with_uptime) {
      if (const auto ticks = value_of(sys_up_time()).as_unsigned()) uptime = static_cast<std::uint32_t>(*ticks);
    }
    for (const auto& part : packet.parts) {
      GroupAnswer& answer = answers[part.group];
      answer.group = part.group;
      answer.values.resize(plan.groups[part.group].names.size(), Value::no_such_instance());
      for (const std::size_t member : part.members)
        answer.values[member] = value_of(plan.groups[part.group].names[member]);
      if (uptime) answer.sys_uptime = uptime;
      if (answer.received != BootTime()) answer.spread += reply.received - answer.received;
      answer.received = reply.received;
      answer.round_trip = reply.round_trip;
      if (!piece_done(part.group)) continue;
      ++groups_answered;
      answered(std::move(answer));
      answers.erase(part.group);
      if (stopped) return;
    }
  }

  /// True when this was the last piece of the group and none was lost.
  bool piece_done(std::size_t group) {
    const auto split_up = pieces.find(group);
    if (split_up == pieces.end()) return true;
    if (--split_up->second > 0) return false;
    pieces.erase(split_up);
    return !lost.contains(group);
  }

  /// The object that noSuchName points at is absent (RFC 1157 section 4.1.2): asks again for the rest. False where it
  /// points at nothing that was asked for, or nothing is left to ask for.
  bool drop_object(Packet& packet, std::size_t error_index) {
    if (error_index == 0 || packet.size() < 2) return false;
    std::size_t index = error_index - 1;
    if (packet.with_uptime) {
      if (index == 0) {
        packet.with_uptime = false;
        send(std::move(packet));
        return true;
      }
      --index;
    }
    for (auto& part : packet.parts) {
      if (index < part.members.size()) {
        part.members.erase(part.members.begin() + static_cast<std::ptrdiff_t>(index));
        send(std::move(packet));
        return true;
      }
      index -= part.members.size();
    }
    return false;
  }

  /// Puts two halves in front of the queue: of the groups, or of the one group's objects, whose readings then are a
  /// round trip apart: better than none, for agents whose messages are small (RFC 3417 section 3.2 demands 484 octets
  /// only).
  bool split(Packet& packet) {
    Packet second;
    second.with_uptime = packet.with_uptime;
    if (packet.parts.size() > 1) {
      const auto middle = packet.parts.begin() + static_cast<std::ptrdiff_t>(packet.parts.size() / 2);
      second.parts.assign(std::make_move_iterator(middle), std::make_move_iterator(packet.parts.end()));
      packet.parts.erase(middle, packet.parts.end());
    } else {
      std::vector<std::size_t>& members = packet.parts[0].members;
      if (members.size() < 2) return false;
      const auto middle = members.begin() + static_cast<std::ptrdiff_t>(members.size() / 2);
      second.parts.push_back({packet.parts[0].group, {middle, members.end()}});
      members.erase(middle, members.end());
      ++pieces.try_emplace(packet.parts[0].group, 1).first->second;
    }
    packet.octets = second.octets = packet.octets / 2;
    queue.push_front(std::move(second));
    queue.push_front(std::move(packet));
    return true;
  }

  /// Splits, and asks no PDU of this size again.
  bool shrink(Packet& packet) {
    const std::size_t half = packet.octets / 2;
    if (!split(packet)) return false;
    largest = std::min(largest, half);
    end.message_size = static_cast<unsigned>(largest);
    return true;
  }

  void lose(const Packet& packet, Error error, Outcome outcome) {
    for (const auto& part : packet.parts) {
      if (lost.insert(part.group).second) ++end.unanswered;
      [[maybe_unused]] const bool last = piece_done(part.group);
    }
    if (!end.error) {
      end.error = std::move(error);
      end.outcome = outcome;
    }
  }

  /// Nobody there: what is still queued or under way would only add its own row of timeouts.
  void give_up() {
    session.cancel_all();
    end.unanswered = plan.groups.size() - groups_answered;
    finish();
  }

  void finish() {
    stopped = true;
    const Done callback = std::move(done);
    callback(std::move(end));
  }
};

MultiGet::MultiGet(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MultiGet::~MultiGet() { impl_->stopped = true; }

std::unique_ptr<MultiGet> MultiGet::start(Session& session, MultiGetPlan plan, Answered answered, Done done) {
  auto impl = std::make_shared<Impl>(session, std::move(plan), std::move(answered), std::move(done));
  std::unique_ptr<MultiGet> get(new MultiGet(impl));
  impl->pack_and_send();
  return get;
}

}  // namespace octopoll::snmp
