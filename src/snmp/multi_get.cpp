#include "octopoll/snmp/multi_get.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "snmp/get_packer.hpp"

namespace octopoll::snmp {
namespace {

/// Requests that end without an answer, one after the other, before the device counts as gone: of those that are
/// refused, and of objects that are asked for alone.
constexpr unsigned most_refusals_in_a_row = 2;
constexpr unsigned most_silent_objects_in_a_row = 3;

/// Whether an answer's variable is the object that was asked for. Some routers leave the last zero of a name out.
bool names(const Oid& answered, const Oid& asked) {
  if (answered == asked) return true;
  return asked.back() == 0 && answered.size() + 1 == asked.size() &&
         std::equal(answered.begin(), answered.end(), asked.begin());
}

const VarBind* find(const Reply& reply, const Oid& name) {
  const auto found = std::find_if(reply.variables.begin(), reply.variables.end(),
                                  [&name](const VarBind& variable) { return names(variable.oid, name); });
  return found == reply.variables.end() ? nullptr : &*found;
}

/// More than answers that overtake each other explain.
bool fell(std::uint32_t from, std::uint32_t to) {
  constexpr std::uint32_t some_seconds = 500;
  return to < from && from - to > some_seconds;
}

bool same(const Value& a, const Value& b) { return a.type() == b.type() && a.as_unsigned() == b.as_unsigned(); }

}  // namespace

struct MultiGet::Impl : std::enable_shared_from_this<MultiGet::Impl> {
  using Packet = GetPacket;
  /// A request under way.
  struct Flight {
    PduSize size;
    BootTime sent;
    bool trial = false;
  };
  /// A request that met silence.
  struct Silence {
    Packet packet;
    PduSize size;
    Reply reply;
  };

  Session& session;
  MultiGetPlan plan;
  Answered answered;
  Done done;
  MultiGetEnd end;
  GetProfile own_profile;
  GetProfile& profile;
  std::optional<GetProfile> before_too_big;  ///< the first in this read, as long as it may be a single object's fault
  std::deque<Packet> queue;
  std::map<unsigned, Flight> flights;
  unsigned flights_begun = 0;
  std::size_t under_way = 0;  ///< requests, and those of silences
  bool anything_answered;
  BootTime heard;                 ///< when what was answered last had been sent
  std::size_t proven_octets = 0;  ///< of the largest that was answered
  bool in_trouble = false;        ///< something met silence
  std::vector<Silence> silences;  ///< while it is asked whether the device is there
  bool verifying = false;
  unsigned refused_in_a_row = 0;
  unsigned silent_objects_in_a_row = 0;
  std::size_t groups_answered = 0;
  std::unordered_map<std::size_t, GroupAnswer> answers;  ///< by group, while pieces of it are missing
  std::unordered_map<std::size_t, std::size_t> pieces;   ///< of groups that travel in more than one PDU: those to come
  std::set<std::size_t> lost;                            ///< groups of which something was not answered
  bool stopped = false;

  Impl(Session& on, MultiGetPlan what, Answered on_answer, Done on_done)
      : session(on),
        plan(std::move(what)),
        answered(std::move(on_answer)),
        done(std::move(on_done)),
        profile(plan.profile != nullptr ? *plan.profile : own_profile),
        anything_answered(plan.known_alive) {}

  /// Octets of variables that a message has room for.
  [[nodiscard]] std::size_t room() const {
    const std::size_t overhead = message_overhead(session.options().credentials->version);
    return std::max<std::size_t>(plan.max_message_size, overhead + 100) - overhead;
  }

  void pack_and_send() {
    const auto trial = plan.known_alive ? profile.begin_trial(BootClock::now()) : std::nullopt;
    GetPacker packer(plan, plan.with_uptime, room(), profile.most(), trial.value_or(profile.most()));
    for (std::size_t g = 0; g < plan.groups.size(); ++g) {
      GetPart part{g, {}};
      for (std::size_t member = 0; member < plan.groups[g].names.size(); ++member) part.members.push_back(member);
      packer.add(part);
    }
    queue = packer.take();
    if (trial && !queue.empty()) queue.front().trial = !size_of(plan, queue.front()).within(profile.most());
    count_pieces(queue);
    if (queue.empty()) {
      session.later([self = shared_from_this()] {
        if (!self->stopped) self->finish();
      });
    }
    send_next();
  }

  /// Of groups that are asked for in these PDUs for the first time.
  void count_pieces(const std::deque<Packet>& packets) {
    for (const Packet& packet : packets) {
      for (const GetPart& part : packet.parts) ++pieces[part.group];
    }
  }

  /// Not more than the session has in flight at once: what is learned of the first answers still changes the later
  /// PDUs.
  void send_next() {
    while (!queue.empty() && under_way < session.options().max_outstanding && !verifying) {
      Packet packet = std::move(queue.front());
      queue.pop_front();
      const bool too_large = !packet.trial && packet.size() > 1 && !size_of(plan, packet).within(profile.most());
      if (too_large && divide(packet, profile.most())) continue;
      ++under_way;
      send(std::move(packet));
    }
  }

  void send(Packet packet) {
    Request request;
    request.operation = Operation::get;
    // What failed a size above may fail again: one retry tells that from a lost packet.
    if (in_trouble || profile.in_doubt()) request.retries = std::min(session.options().retries, 1U);
    if (packet.trial) request.retries = 0;
    if (packet.with_uptime) request.names.push_back(sys_up_time());
    for (const auto& part : packet.parts) {
      for (const std::size_t member : part.members) request.names.push_back(plan.groups[part.group].names[member]);
    }
    const unsigned flight = flights_begun++;
    flights[flight] = {size_of(plan, packet), BootClock::now(), packet.trial};
    session.send(std::move(request),
                 [self = shared_from_this(), flight, packet = std::move(packet)](Reply&& reply) mutable {
                   if (!self->stopped) self->take(flight, std::move(packet), std::move(reply));
                 });
  }

  void take(unsigned number, Packet packet, Reply&& reply) {
    const Flight flight = flights.at(number);
    flights.erase(number);
    if (reply.outcome != Outcome::answered) return take_failure(std::move(packet), flight, std::move(reply));
    refused_in_a_row = silent_objects_in_a_row = 0;
    anything_answered = true;
    heard = std::max(heard, flight.sent);
    if (reply.error_status == ErrorStatus::authorization_error || reply.error_status == ErrorStatus::no_access) {
      lose(packet, session.explain(reply), reply.outcome);
      return give_up();  // of this user, not of these objects
    }
    if (reply.error_status == ErrorStatus::no_such_name && drop_object(packet, reply.error_index)) return;
    if (reply.error_status != ErrorStatus::no_error) {
      if (reply.error_status == ErrorStatus::too_big ? shrink(packet, flight) : halve(packet)) return packet_done();
      // Larger than any message: it was to blame, not how many were asked for with it.
      if (reply.error_status == ErrorStatus::too_big && before_too_big)
        profile = *std::exchange(before_too_big, std::nullopt);
      // One object, asked for alone, and the agent still refuses: it does not have it.
      reply.variables.clear();
    } else if (reply.variables.size() < packet.size()) {
      if (packet.size() > 1) return take_part(packet, flight, std::move(reply));
    } else {
      proven_octets = std::max(proven_octets, flight.size.octets);
      profile.answered(flight.size, reply.received);
    }
    hand_out(packet, std::move(reply));
    if (!stopped) packet_done();
  }

  void take_failure(Packet packet, const Flight& flight, Reply&& reply) {
    const bool refused = !may_be_too_large(reply.outcome);  // a closed port, a v3 report
    if (!anything_answered || (refused && ++refused_in_a_row >= most_refusals_in_a_row)) {
      lose(packet, session.explain(reply), reply.outcome);
      return give_up();
    }
    if (refused) {
      lose(packet, session.explain(reply), reply.outcome);
      return packet_done();
    }
    if (packet.trial) {
      profile.trial_failed(flight.size);
      packet.trial = false;
      queue.push_front(std::move(packet));
      return packet_done();
    }
    Silence silence{std::move(packet), flight.size, std::move(reply)};
    if (heard > flight.sent) return take_silence(std::move(silence));
    silences.push_back(std::move(silence));
    if (!std::exchange(verifying, true)) verify();
  }

  /// Asks the smallest question, which any agent that is there can answer.
  void verify() {
    Request request;
    request.names = {sys_up_time()};
    request.retries = std::min(session.options().retries, 1U);
    const BootTime sent = BootClock::now();
    session.send(std::move(request), [self = shared_from_this(), sent](Reply&& reply) {
      if (!self->stopped) self->take_verdict(reply, sent);
    });
  }

  void take_verdict(const Reply& reply, BootTime sent) {
    verifying = false;
    auto silent = std::exchange(silences, {});
    if (reply.outcome == Outcome::answered) {
      heard = std::max(heard, sent);
      bool counts = true;  // what went at the same time may have been lost together
      for (Silence& each : silent) {
        take_silence(std::move(each), std::exchange(counts, false));
        if (stopped) return;
      }
      return;
    }
    profile.gone();
    for (const Silence& each : silent) lose(each.packet, session.explain(each.reply), each.reply.outcome);
    give_up();
  }

  /// The device is there: it was the PDU's size, or one of its objects.
  void take_silence(Silence&& silence, bool counts = true) {
    in_trouble = true;
    Packet& packet = silence.packet;
    if (packet.size() > 1) {
      const bool proven = silence.size.octets <= proven_octets + proven_octets / 8;
      if (!proven && counts) profile.silent(silence.size, BootClock::now());
      if (proven ? halve(packet) : divide(packet, profile.most()) || halve(packet)) return packet_done();
    }
    lose(packet, session.explain(silence.reply), silence.reply.outcome);
    if (++silent_objects_in_a_row >= most_silent_objects_in_a_row) return give_up();
    packet_done();
  }

  void packet_done() {
    --under_way;
    send_next();
    if (under_way == 0 && queue.empty()) finish();
  }

  /// Takes what came and asks for the rest. Where the agent leaves absent objects out, that is all there is.
  void take_part(Packet& packet, const Flight& flight, Reply&& reply) {
    confirm_cut(packet, reply);
    Packet came, rest;
    came.with_uptime = packet.with_uptime && find(reply, sys_up_time()) != nullptr;
    rest.with_uptime = packet.with_uptime;
    for (const GetPart& part : packet.parts) divide_by(reply, part, came, rest);
    if (came.parts.empty()) {
      if (!reply.variables.empty()) {
        return ask_for_less(packet, reply.variables.size(), flight);
      } else if (halve(packet)) {
        return packet_done();
      }
    }
    if (!rest.parts.empty()) {
      for (const GetPart& part : came.parts) {
        const bool both = std::any_of(rest.parts.begin(), rest.parts.end(),
                                      [&part](const GetPart& other) { return other.group == part.group; });
        if (both) ++pieces[part.group];
      }
      divide(rest, {GetProfile::unlimited, reply.variables.size()}, &flight);
    }
    hand_out(came, std::move(reply));
    if (!stopped) packet_done();
  }

  /// None of its groups came, or but sysUpTime.
  void ask_for_less(Packet& packet, std::size_t came, const Flight& flight) {
    const std::size_t before = packet.size();
    divide(packet, {GetProfile::unlimited, came}, &flight);
    // A single object, which may be absent: that shows where nothing is asked for beside it.
    if (queue.front().size() >= before) queue.front().with_uptime = false;
    packet_done();
  }

  /// A part without what dates it is none: then all of it is asked again.
  void divide_by(const Reply& reply, const GetPart& part, Packet& came, Packet& rest) {
    const GetGroup& group = plan.groups[part.group];
    GetPart there{part.group, {}}, missing{part.group, {}};
    for (const std::size_t member : part.members)
      (find(reply, group.names[member]) != nullptr ? there : missing).members.push_back(member);
    const auto contains = [&group](const GetPart& some) {
      return group.dating && std::find(some.members.begin(), some.members.end(), *group.dating) != some.members.end();
    };
    const bool undated = contains(missing);
    if (missing.members.empty()) {
      came.parts.push_back(std::move(there));
    } else if (there.members.empty() || undated) {
      rest.parts.push_back(part);
    } else {
      if (contains(there)) missing.members.insert(missing.members.begin(), *group.dating);
      came.parts.push_back(std::move(there));
      rest.parts.push_back(std::move(missing));
    }
  }

  /// What was left out is there: it was the number.
  void confirm_cut(const Packet& packet, const Reply& reply) {
    if (packet.came_of == 0) return;
    for (const GetPart& part : packet.parts) {
      const GetGroup& group = plan.groups[part.group];
      for (const std::size_t member : part.members) {
        const VarBind* variable = group.dating == member ? nullptr : find(reply, group.names[member]);
        if (variable == nullptr || variable->value.is_exception()) continue;
        return profile.cut(packet.cut, packet.came_of, reply.received);
      }
    }
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
    confirm_cut(packet, reply);
    std::optional<std::uint32_t> uptime;
    if (packet.with_uptime) {
      if (const auto ticks = value_of(sys_up_time()).as_unsigned()) uptime = static_cast<std::uint32_t>(*ticks);
    }
    for (const auto& part : packet.parts) {
      GroupAnswer& answer = answers[part.group];
      const bool first = answer.values.empty();
      answer.group = part.group;
      answer.values.resize(plan.groups[part.group].names.size(), Value::no_such_instance());
      take_values(part, answer, first, value_of);
      if (uptime) {
        answer.torn = answer.torn || (answer.sys_uptime && fell(*answer.sys_uptime, *uptime));
        answer.sys_uptime = uptime;
      }
      if (!first) answer.spread += reply.received - answer.received;
      answer.received = reply.received;
      answer.round_trip = reply.round_trip;
      if (!piece_done(part.group)) continue;
      ++groups_answered;
      answered(std::move(answer));
      answers.erase(part.group);
      if (stopped) return;
    }
  }

  template <class ValueOf>
  void take_values(const GetPart& part, GroupAnswer& answer, bool first, ValueOf& value_of) {
    const GetGroup& group = plan.groups[part.group];
    for (const std::size_t member : part.members) {
      Value value = value_of(group.names[member]);
      const bool dates = group.dating == member && !first;
      if (dates && !answer.values[member].is_exception() && !same(value, answer.values[member])) answer.torn = true;
      answer.values[member] = std::move(value);
    }
  }

  /// True when this was the last piece of the group and none was lost.
  bool piece_done(std::size_t group) {
    const auto to_come = pieces.find(group);
    if (to_come == pieces.end()) return false;
    if (--to_come->second > 0) return false;
    pieces.erase(to_come);
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

  /// Puts PDUs of at most that size in front of the queue instead of this one, which is left as it is where that is
  /// no less. `cut`: they ask again for what an answer left out.
  bool divide(Packet& packet, const PduSize& most, const Flight* cut = nullptr) {
    GetPacker packer(plan, packet.with_uptime, room(), most, most);
    for (const GetPart& part : packet.parts) packer.add(part);
    auto packets = packer.take();
    const bool less = packets.size() > 1 || packets.front().size() < packet.size();
    if (!less && cut == nullptr) return false;
    for (const GetPart& part : packet.parts) --pieces[part.group];
    count_pieces(packets);
    for (auto each = packets.rbegin(); each != packets.rend(); ++each) {
      each->came_of = cut != nullptr ? most.variables : packet.came_of;
      each->cut = cut != nullptr ? cut->size : packet.cut;
      queue.push_front(std::move(*each));
    }
    return true;
  }

  /// For whatever reason that is not known to be its size.
  bool halve(Packet& packet) {
    const std::size_t objects = packet.size();
    if (objects < 2) return false;
    return divide(packet, {GetProfile::unlimited, (objects + 1) / 2});
  }

  /// tooBig.
  bool shrink(Packet& packet, const Flight& flight) {
    if (packet.size() < 2) return false;
    if (!before_too_big) before_too_big = profile;
    if (!packet.trial) profile.too_big(flight.size, BootClock::now());
    packet.trial = false;
    return divide(packet, profile.most()) || halve(packet);
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

  /// Nobody waits any longer for what is under way.
  void cut_off() {
    if (std::exchange(stopped, true) || !anything_answered) return;
    std::optional<PduSize> smallest;
    for (const auto& [number, flight] : flights) {
      const bool proven = flight.size.octets <= proven_octets + proven_octets / 8;
      if (proven || flight.trial || flight.size.variables < 2 || !waited_for(session, flight.sent)) continue;
      if (!smallest || flight.size.octets < smallest->octets) smallest = flight.size;
    }
    for (const Silence& silence : silences) {
      if (!smallest || silence.size.octets < smallest->octets) smallest = silence.size;
    }
    if (smallest) profile.silent(*smallest, BootClock::now());
  }
};

bool waited_for(const Session& session, BootTime sent) noexcept {
  const SessionOptions& options = session.options();
  std::chrono::nanoseconds due = options.timeout;
  if (options.max_requests_per_second)
    due += std::chrono::nanoseconds(std::chrono::seconds(options.max_outstanding)) / *options.max_requests_per_second;
  return BootClock::now() - sent >= due;
}

MultiGet::MultiGet(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
MultiGet::~MultiGet() { impl_->cut_off(); }

std::unique_ptr<MultiGet> MultiGet::start(Session& session, MultiGetPlan plan, Answered answered, Done done) {
  auto impl = std::make_shared<Impl>(session, std::move(plan), std::move(answered), std::move(done));
  std::unique_ptr<MultiGet> get(new MultiGet(impl));
  impl->pack_and_send();
  return get;
}

}  // namespace octopoll::snmp
