#include <algorithm>
#include <deque>
#include <iterator>

#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"
#include "octopoll/snmp/variables.hpp"

namespace octopoll::ifmib {
namespace {

/// sysUpTime, which leads each message.
constexpr std::size_t uptime_octets = 20;
/// Of a number that stands at 0 and may begin to count before its octets are counted again: what a link that comes up
/// has within a minute, errors, a time of the last hundred days.
constexpr std::size_t first_wide = 6;
constexpr std::size_t first_packets = 4;
constexpr std::size_t first_events = 2;
constexpr std::size_t first_ticks = 4;
constexpr std::size_t status_octets = 1;
/// Packets that meet silence, one after the other, before the device counts as gone; and single rows.
constexpr unsigned most_silent_packets = 2;
constexpr unsigned most_silent_rows = 3;

const std::string& encoded_uptime() {
  static const std::string encoded = [] {
    std::string octets;
    snmp::append_variable(octets, snmp::sys_up_time());
    return octets;
  }();
  return encoded;
}

/// What one object of a row said; of the other members those that its kind has.
struct Cell {
  enum class Kind : std::uint8_t {
    absent,
    number,    ///< a counter, a gauge, ticks, or an INTEGER that is not negative
    negative,  ///< INTEGER
    octets,
    other,
  };
  Kind kind = Kind::absent;
  bool gone = false;         ///< absent, by the agent's own word
  std::uint8_t bits = 0;     ///< of a number: the width on the wire, since a Counter32 in a 64-bit column wraps at 2^32
  std::uint64_t number = 0;  ///< of a negative one: bit-cast
  std::string_view octets{};

  [[nodiscard]] bool is_number() const noexcept { return kind == Kind::number; }
  [[nodiscard]] bool is_integer() const noexcept { return kind == Kind::number || kind == Kind::negative; }
};

Cell cell_of(const snmp::Value& value) {
  if (value.is_exception()) return {Cell::Kind::absent, true};
  if (value.type() == snmp::Type::null) return {};
  if (value.octets() != nullptr) return {Cell::Kind::octets, false, 0, 0, *value.octets()};
  if (const auto number = value.as_unsigned()) return {Cell::Kind::number, false, value.bits(), *number};
  if (const auto integer = value.as_signed())
    return {Cell::Kind::negative, false, value.bits(), static_cast<std::uint64_t>(*integer)};
  return {Cell::Kind::other};
}

/// nullopt where the value is none of the types that the tables have: the library shall read it.
std::optional<Cell> cell_of(const snmp::WireVariable& variable) {
  constexpr std::uint8_t octet_string = 0x04;
  Cell cell;
  cell.gone = variable.absent();
  if (const auto number = variable.number()) {
    cell.kind = Cell::Kind::number;
    cell.bits = static_cast<std::uint8_t>(variable.bits());
    cell.number = *number;
    return cell;
  }
  if (cell.gone || variable.unreadable()) return cell;
  if (variable.tag == octet_string) {
    cell.kind = Cell::Kind::octets;
    cell.octets = variable.value;
    return cell;
  }
  const auto integer = variable.integer();
  if (!integer) return std::nullopt;
  cell.kind = Cell::Kind::negative;
  cell.number = static_cast<std::uint64_t>(*integer);
  return cell;
}

std::optional<IfStatus> status_of(const Cell& cell) {
  return cell.is_integer() ? std::optional(IfStatus{static_cast<std::int64_t>(cell.number)}) : std::nullopt;
}

std::optional<TimeTicks> ticks_of(const Cell& cell) {
  return cell.is_number() ? std::optional(TimeTicks(static_cast<std::uint32_t>(cell.number))) : std::nullopt;
}

/// A row out of its objects, one after the other in the order of the layout.
class RowBuilder {
 public:
  RowBuilder(const RowPlan& plan, RowReading& reading) : plan_(plan), reading_(reading) {
    reading.plan = &plan;
    reading.sample.interface = plan.interface.borrowed();
  }

  /// What nearly all objects of nearly all rows are.
  void count(Counter counter, std::uint64_t number, std::uint8_t bits) {
    any_ = true;
    if (is_stuck(number)) {
      reading_.stuck = true;
    } else {
      reading_.sample.counters.set(counter, {number, bits});
    }
  }

  void take(const RowLayout::Object& object, const Cell& cell) {
    any_ = any_ || cell.kind != Cell::Kind::absent;
    InterfaceSample& sample = reading_.sample;
    switch (object.role) {
      case Role::counter:
        if (cell.is_number()) return count(object.counter, cell.number, cell.bits);
        reading_.lost_octets = reading_.lost_octets || (cell.gone && counts_octets(object.counter));
        break;
      case Role::name:
        same_name_ = cell.kind == Cell::Kind::octets && cell.octets == plan_.name_octets();
        break;
      case Role::admin_status:
        sample.admin_status = status_of(cell);
        break;
      case Role::oper_status:
        sample.oper_status = status_of(cell);
        break;
      case Role::last_change:
        sample.last_change = ticks_of(cell);
        break;
      case Role::discontinuity_time:
        sample.discontinuity_time = ticks_of(cell);
        break;
    }
  }

  void finish() {
    reading_.vanished = !any_ && !plan_.layout()->objects().empty();
    reading_.renamed = !reading_.vanished && !same_name_;
    reading_.lost_octets = reading_.lost_octets && !reading_.vanished;
  }

 private:
  const RowPlan& plan_;
  RowReading& reading_;
  bool any_ = false;
  bool same_name_ = true;
};

/// False where the answer does not go on as it was asked for.
bool read_row(snmp::AnswerReader& variables, const RowPlan& plan, RowReading& reading) {
  RowBuilder row(plan, reading);
  snmp::WireVariable variable;
  std::size_t octets = 0;
  for (const RowLayout::Object& object : plan.layout()->objects()) {
    if (!variables.next(variable)) return false;
    octets += variable.value.size();
    if (object.role == Role::counter) {
      if (const auto number = variable.number()) {
        row.count(object.counter, *number, static_cast<std::uint8_t>(variable.bits()));
        continue;
      }
    }
    const auto cell = cell_of(variable);
    if (!cell) return false;
    row.take(object, *cell);
  }
  reading.value_octets = static_cast<std::uint32_t>(octets);
  row.finish();
  return true;
}

/// Some rows that travel in one PDU.
struct Packet {
  std::size_t first = 0, count = 0;  ///< of the plans
  std::size_t octets = 0;            ///< expected of the answer
  std::size_t variables = 0;
  bool again = false;  ///< one row of a packet that met silence
  bool trial = false;  ///< larger than what the agent is known to answer
  BootTime sent{};     ///< while it is under way
};

std::size_t overhead_of(SnmpVersion version, const ReadLimits& limits) {
  return snmp::message_overhead(version) + (limits.with_uptime ? uptime_octets : 0);
}

std::size_t octets_of(const RowPlan& plan) {
  return plan.layout()->names().octets(plan.index, plan.x_index()) + plan.value_octets;
}

/// Of so many rows the one that is asked for in that place, if `first` begins.
std::size_t in_order(std::size_t rows, std::size_t first, std::size_t asked) {
  const std::size_t row = (first < rows ? first : 0) + asked;
  return row < rows ? row : row - rows;
}

/// As the profile counts.
snmp::PduSize size_of(const Packet& packet, SnmpVersion version) {
  return {packet.octets - snmp::message_overhead(version), packet.variables};
}

/// Rows one after the other as they are to be asked for.
class Packer {
 public:
  Packer(const std::vector<RowPlan>& plans, const ReadLimits& limits, snmp::GetProfile& gets, SnmpVersion version)
      : plans_(plans), limits_(limits), gets_(gets), version_(version), most_(gets.most()) {}

  /// As few PDUs as whole rows allow; requests under way refer to theirs, so they stay where they are. Rows that are
  /// more than the agent answers at once go to `too_large`.
  std::deque<Packet> pack(std::vector<std::size_t>& too_large) {
    for (std::size_t asked = 0; asked < plans_.size(); ++asked) {
      const std::size_t i = in_order(plans_.size(), limits_.first_row, asked);
      if (plans_[i].mute) continue;
      if (!size_of(joined(alone(i), i), version_).within(most_)) {
        too_large.push_back(i);
        continue;
      }
      const bool joins = !packets_.empty() && packets_.back().first + packets_.back().count == i && fits(i);
      if (!joins) packets_.push_back(alone(i));
      packets_.back() = joined(packets_.back(), i);
    }
    return std::move(packets_);
  }

  /// One row.
  [[nodiscard]] Packet of_one(std::size_t row) const { return joined(alone(row), row); }

 private:
  [[nodiscard]] Packet alone(std::size_t first) const {
    return {first, 0, overhead_of(version_, limits_), limits_.with_uptime ? 1U : 0U};
  }
  [[nodiscard]] Packet joined(Packet packet, std::size_t row) const {
    ++packet.count;
    packet.octets += octets_of(plans_[row]);
    packet.variables += plans_[row].layout()->objects().size();
    return packet;
  }
  /// The first packet may be larger than the others, where it is time to try that.
  [[nodiscard]] bool fits(std::size_t row) {
    const Packet more = joined(packets_.back(), row);
    if (more.octets > limits_.max_message_size) return false;
    const snmp::PduSize size = size_of(more, version_);
    if (size.within(most_)) return true;
    if (packets_.size() > 1) return false;
    if (!trial_) trial_ = gets_.begin_trial(BootClock::now()).value_or(most_);
    if (!size.within(*trial_)) return false;
    packets_.back().trial = true;
    return true;
  }

  const std::vector<RowPlan>& plans_;
  const ReadLimits& limits_;
  snmp::GetProfile& gets_;
  SnmpVersion version_;
  snmp::PduSize most_;
  std::optional<snmp::PduSize> trial_;
  std::deque<Packet> packets_;
};

/// First as few PDUs as can be, each of whole rows, encoded and read in place. What does not come back just as it was
/// asked for is asked again by a MultiGet, which knows about agents.
class CounterReadings final : public Reading {
 public:
  CounterReadings(snmp::Session& session, const std::vector<RowPlan>& plans, const ReadLimits& limits,
                  std::function<void(RowReading&&)> row, std::function<void(ReadEnd&&)> done)
      : session_(session),
        plans_(plans),
        limits_(limits),
        gets_(limits.gets != nullptr ? *limits.gets : own_gets_),
        row_(std::move(row)),
        done_(std::move(done)) {
    if (limits_.in_place) {
      packets_ = Packer(plans_, limits_, gets_, version()).pack(doubtful_);
    } else {
      for (std::size_t asked = 0; asked < plans_.size(); ++asked) {
        const std::size_t i = in_order(plans_.size(), limits_.first_row, asked);
        if (!plans_[i].mute) doubtful_.push_back(i);
      }
    }
    if (packets_.empty()) {
      session_.later([this, still = alive_] {
        if (*still) ask_again();
      });
      return;
    }
    send_next();
  }

  ~CounterReadings() override {
    *alive_ = false;
    cut_off();
  }

 private:
  [[nodiscard]] SnmpVersion version() const { return session_.options().credentials->version; }

  /// Nobody waits any longer: what has met silence for so long may be too large, and the next read asks for less.
  void cut_off() {
    for (const Packet& packet : packets_) {
      if (packet.sent == BootTime() || packet.again || packet.trial || size_is_proven(packet)) continue;
      if (!snmp::waited_for(session_, packet.sent)) continue;
      return gets_.silent(size_of(packet, version()), BootClock::now());
    }
  }

  /// Not more than the session has in flight at once: what waits there would only take memory.
  void send_next() {
    while (next_ < packets_.size() && under_way_ < session_.options().max_outstanding) {
      Packet& packet = packets_[next_++];
      encoded_.clear();
      if (limits_.with_uptime) encoded_ += encoded_uptime();
      for (std::size_t i = packet.first; i < packet.first + packet.count; ++i)
        plans_[i].layout()->names().append(encoded_, plans_[i].index, plans_[i].x_index());
      ++under_way_;
      packet.sent = BootClock::now();
      session_.send_encoded(encoded_, retries_of(packet), [this, still = alive_, &packet](snmp::Reply&& reply) {
        if (*still) take(packet, reply);
      });
    }
  }

  /// What failed a size above may fail again: one retry tells that from a lost packet.
  [[nodiscard]] std::optional<unsigned> retries_of(const Packet& packet) const {
    if (packet.trial) return 0U;
    return packet.again || gets_.in_doubt() ? std::optional(std::min(session_.options().retries, 1U)) : std::nullopt;
  }

  void take(Packet& packet, const snmp::Reply& reply) {
    --under_way_;
    packet.sent = BootTime();
    if (reply.outcome == snmp::Outcome::answered) {
      if (reply.error_status == snmp::ErrorStatus::authorization_error ||
          reply.error_status == snmp::ErrorStatus::no_access)
        return give_up(reply);  // of this user, not of these objects
      take_answer(packet, reply);
    } else if (packet.trial) {
      gets_.trial_failed(size_of(packet, version()));
      doubt(packet);
    } else if (packet.again && reply.outcome == snmp::Outcome::timed_out && ++silent_in_a_row_ < most_silent_rows) {
      end_.mute_rows.push_back(plans_[packet.first].index);
    } else if (!packet.again && reply.outcome == snmp::Outcome::timed_out && size_is_proven(packet) &&
               ++silent_in_a_row_ < most_silent_packets) {
      // The device is there: one of these rows may be what it is silent to.
      for (std::size_t i = packet.first; i < packet.first + packet.count; ++i) {
        packets_.push_back(Packer(plans_, limits_, gets_, version()).of_one(i));
        packets_.back().again = true;
      }
    } else if (snmp::may_be_too_large(reply.outcome) && !size_is_proven(packet)) {
      // Silence may mean that the PDU is too large for the agent: no other one of this size is tried.
      gets_.silent(size_of(packet, version()), BootClock::now());
      doubt(packet);
      doubt_unsent();
    } else if (!snmp::may_be_too_large(reply.outcome) && !std::exchange(refused_, true)) {
      doubt(packet);
    } else {
      return give_up(reply);
    }
    send_next();
    if (under_way_ == 0) ask_again();
  }

  void take_answer(const Packet& packet, const snmp::Reply& reply) {
    silent_in_a_row_ = 0;
    if (reply.error_status == snmp::ErrorStatus::too_big) {
      if (!packet.trial) gets_.too_big(size_of(packet, version()), reply.received);
      doubt(packet);
      return packet.trial ? void() : doubt_unsent();
    }
    if (reply.error_status == snmp::ErrorStatus::no_such_name || reply.error_status == snmp::ErrorStatus::gen_err)
      note_refusal(packet, reply.error_index);
    if (!reply.good()) return doubt(packet);
    bool cut_short = false;
    const std::size_t read = hand_out(packet, reply, cut_short);
    doubt(packet, read);
    if (cut_short) {
      if (!packet.trial) doubt_unsent();
      return;
    }
    if (read < packet.count) end_.odd = true;
    largest_answered_ = std::max(largest_answered_, packet.octets);
    gets_.answered(size_of(packet, version()), reply.received);
  }

  /// Of a size that the agent does not take.
  void doubt_unsent() {
    for (; next_ < packets_.size(); ++next_) doubt(packets_[next_]);
  }

  /// How many rows, from the first on, came back as they were asked for; whether the answer just ended there.
  std::size_t hand_out(const Packet& packet, const snmp::Reply& reply, bool& cut_short) {
    for (std::size_t i = 0; i < packet.count; ++i) plans_[packet.first + i].interface.prefetch();
    snmp::AnswerReader variables(reply.asked, reply.encoded);
    snmp::WireVariable variable;
    ReadingTime time;
    time.received = reply.received;
    time.round_trip = reply.round_trip;
    if (limits_.with_uptime) {
      if (!variables.next(variable)) {
        cut_short = variables.finished();
        return 0;
      }
      const auto uptime = variable.number();
      if (!uptime && !variable.absent()) return 0;
      if (uptime) time.sys_uptime = TimeTicks(static_cast<std::uint32_t>(*uptime));
    }
    for (std::size_t i = 0; i < packet.count; ++i) {
      RowReading reading;
      if (!read_row(variables, plans_[packet.first + i], reading)) {
        cut_short = variables.finished();
        return i;
      }
      reading.sample.time = time;
      row_(std::move(reading));
    }
    return packet.count;
  }

  /// The rows of a packet from `from` on are to be asked again.
  void doubt(const Packet& packet, std::size_t from = 0) {
    for (std::size_t i = from; i < packet.count; ++i) doubtful_.push_back(packet.first + i);
  }

  /// One about as large was answered, so that silence has another reason. Sizes are estimates.
  [[nodiscard]] bool size_is_proven(const Packet& packet) const {
    return packet.octets <= largest_answered_ + largest_answered_ / 8;
  }

  /// RFC 3416 section 4.2.1: error-index counts the variables from 1.
  void note_refusal(const Packet& packet, std::uint32_t error_index) {
    if (error_index == 0) return;
    std::size_t at = error_index - 1;
    if (limits_.with_uptime && at-- == 0) {
      end_.refuses_uptime = true;
      return;
    }
    for (std::size_t i = packet.first; i < packet.first + packet.count; ++i) {
      const auto objects = plans_[i].layout()->objects();
      if (at < objects.size()) {
        end_.refused.push_back({plans_[i].index, objects[at].column});
        return;
      }
      at -= objects.size();
    }
  }

  /// Nobody there, or nobody who would tell: what is still under way would only add its own row of timeouts.
  void give_up(const snmp::Reply& reply) {
    session_.cancel_all();
    end_.mute_rows.clear();  // it may be the device that is
    finish(session_.explain(reply), reply.outcome);
  }

  void ask_again() {
    if (doubtful_.empty()) return finish(std::nullopt, snmp::Outcome::answered);
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits_.max_message_size;
    plan.profile = &gets_;
    plan.known_alive = true;  // the scalars were asked first
    plan.with_uptime = limits_.with_uptime;
    plan.groups.reserve(doubtful_.size());
    for (const std::size_t row : doubtful_) {
      snmp::GetGroup group;
      const RowPlan& planned = plans_[row];
      for (const RowLayout::Object& object : planned.layout()->objects()) {
        if (object.role == Role::discontinuity_time) group.dating = group.names.size();
        group.names.push_back(cell_oid(object.column, planned.index, planned.x_index()));
      }
      group.answer_octets = plans_[row].value_octets;
      plan.groups.push_back(std::move(group));
    }
    get_ = snmp::MultiGet::start(
        session_, std::move(plan), [this](snmp::GroupAnswer&& answer) { take_again(answer); },
        [this](snmp::MultiGetEnd&& end) { finish(std::move(end.error), end.outcome); });
  }

  void take_again(const snmp::GroupAnswer& answer) {
    if (answer.torn) return;
    std::size_t at = 0;
    RowReading reading;
    const RowPlan& plan = plans_[doubtful_[answer.group]];
    RowBuilder row(plan, reading);
    for (const RowLayout::Object& object : plan.layout()->objects()) row.take(object, cell_of(answer.values[at++]));
    row.finish();
    // What an agent refuses by an error counts as absent there, and is left to `refused`.
    if (limits_.in_place) reading.lost_octets = false;
    ReadingTime& time = reading.sample.time;
    time.received = answer.received;
    time.round_trip = answer.round_trip;
    time.age_bound = answer.spread;
    if (answer.sys_uptime) time.sys_uptime = TimeTicks(*answer.sys_uptime);
    row_(std::move(reading));
  }

  void finish(std::optional<Error> error, snmp::Outcome outcome) {
    end_.error = std::move(error);
    end_.outcome = outcome;
    ReadEnd end = std::move(end_);
    const auto callback = std::move(done_);  // may destroy this
    callback(std::move(end));
  }

  snmp::Session& session_;
  const std::vector<RowPlan>& plans_;
  ReadLimits limits_;
  snmp::GetProfile own_gets_;
  snmp::GetProfile& gets_;
  std::function<void(RowReading&&)> row_;
  std::function<void(ReadEnd&&)> done_;
  std::deque<Packet> packets_;
  std::string encoded_;   ///< the request being made
  std::size_t next_ = 0;  ///< packet to be sent
  std::size_t under_way_ = 0;
  std::size_t largest_answered_ = 0;   ///< expected octets of the largest packet that was answered
  bool refused_ = false;               ///< a packet met an ICMP error or a report
  unsigned silent_in_a_row_ = 0;       ///< packets, or single rows, without an answer in between
  std::vector<std::size_t> doubtful_;  ///< rows to be asked again, in the other way
  ReadEnd end_;
  std::unique_ptr<snmp::MultiGet> get_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with replies under way, which outlive this
};

/// Octets of a number's contents in BER, with room to double; `first` where it is 0.
std::size_t number_octets(std::uint64_t number, std::size_t first) {
  if (number == 0) return first;
  std::size_t octets = 1;
  for (number <<= 1U; number >= 0x80; number >>= 8U) ++octets;
  return octets;
}

std::size_t first_octets(Counter counter, bool wide) {
  switch (counter) {
    case Counter::in_errors:
    case Counter::out_errors:
    case Counter::in_discards:
    case Counter::out_discards:
    case Counter::in_unknown_protos:
      return first_events;
    default:
      return wide ? first_wide : first_packets;
  }
}

}  // namespace

std::optional<Column> RowPlan::name_column() const noexcept {
  const auto asked = layout()->objects();
  return !asked.empty() && asked.front().role == Role::name ? std::optional(asked.front().column) : std::nullopt;
}

std::string_view RowPlan::name_octets() const noexcept {
  if (const RowObjects::Odd* const odd = objects.odd(); odd != nullptr && !odd->name.empty()) return odd->name;
  const auto column = name_column();
  if (!column) return {};
  return (column == Column::if_name ? interface.if_name() : interface.descr()).value_or(std::string_view());
}

void leave_out(RowPlan& plan, Column column) {
  std::vector<Column> columns;
  for (const RowLayout::Object& object : plan.layout()->objects()) {
    if (object.column != column) columns.push_back(object.column);
  }
  plan.objects.set_layout(RowLayout::of(columns));
}

const RowPlan* plan_of(const std::vector<RowPlan>& plans, std::uint32_t index) noexcept {
  const auto plan = std::lower_bound(plans.begin(), plans.end(), index,
                                     [](const RowPlan& each, std::uint32_t wanted) { return each.index < wanted; });
  return plan != plans.end() && plan->index == index ? &*plan : nullptr;
}

RowPlan plan_row(std::uint32_t index, std::string_view name, const Row& row, const CounterSet& counters,
                 WideZero zero) {
  RowPlan plan;
  plan.index = index;
  plan.interface = Interface(name, facts_of(index, row));

  std::vector<Column> columns;
  std::size_t octets = 0;
  const NameSource source = name_of(row).source;
  const std::string* said = nullptr;
  // A blank name is watched as well: some agents name their ports only when they have come up.
  for (const Column column : {Column::if_name, Column::if_descr}) {
    if (said != nullptr || (source == NameSource::descr && column == Column::if_name)) continue;
    said = row.octets(column);
    if (said == nullptr) continue;
    columns.push_back(column);
    octets += said->size();
  }
  // A discontinuity is rare, and then costs an answer that is a little larger, once.
  for (const auto& [column, first] : {std::pair{Column::if_admin_status, status_octets},
                                      {Column::if_oper_status, status_octets},
                                      {Column::if_last_change, first_ticks},
                                      {Column::if_counter_discontinuity_time, std::size_t{1}}}) {
    if (row.find(column) == nullptr) continue;
    columns.push_back(column);
    octets += first == status_octets ? first : number_octets(row.number(column).value_or(0), first);
  }
  for (const Counter counter : all_counters()) {
    const auto column = counters.contains(counter) ? column_for(row, counter, zero) : std::nullopt;
    if (!column) continue;
    columns.push_back(*column);
    const bool wide = columns_of(counter).wide == column;
    octets += number_octets(row.number(*column).value_or(0), first_octets(counter, wide));
  }
  plan.objects.set_layout(RowLayout::of(columns));
  const bool shown_otherwise = said != nullptr && *said != plan.name_octets();
  const std::uint32_t x_index = row.x_index.value_or(index);
  if (shown_otherwise || x_index != index) {
    plan.objects =
        RowObjects(RowLayout::Handle(plan.layout()), RowObjects::Odd{x_index, shown_otherwise ? *said : std::string()});
  }
  plan.note_octets(octets);
  return plan;
}

CounterCost cost_of_counters(const std::vector<RowPlan>& plans, const ReadLimits& limits, SnmpVersion version) {
  CounterCost cost;
  snmp::GetProfile gets;               // nothing is known of the agent,
  std::vector<std::size_t> too_large;  // so there are none
  for (const Packet& packet : Packer(plans, limits, gets, version).pack(too_large)) {
    ++cost.requests;
    cost.octets_received += packet.octets;
    cost.octets_sent += packet.octets;
    for (std::size_t i = packet.first; i < packet.first + packet.count; ++i) cost.octets_sent -= plans[i].value_octets;
  }
  return cost;
}

std::vector<RowPlan> typical_rows(std::size_t count, SnmpVersion version, const CounterSet& counters) {
  Row row;
  row.set(Column::if_name, snmp::Value::octet_string("Gi1/0/24"));
  for (const Column column : {Column::if_admin_status, Column::if_oper_status})
    row.set(column, snmp::Value::integer(1));
  for (const Column column : {Column::if_last_change, Column::if_counter_discontinuity_time})
    row.set(column, snmp::Value::time_ticks(0));
  for (const Counter counter : all_counters()) {
    const CounterColumns known = columns_of(counter);
    if (known.wide && version != SnmpVersion::v1) {
      row.set(*known.wide, snmp::Value::counter64(0));
    } else {
      row.set(known.narrow, snmp::Value::counter32(0));
    }
  }
  std::vector<RowPlan> rows(count, plan_row(0, "Gi1/0/24", row, counters));
  for (std::size_t i = 0; i < count; ++i) rows[i].index = static_cast<std::uint32_t>(i + 1);
  return rows;
}

std::unique_ptr<Reading> read_counters(snmp::Session& session, const std::vector<RowPlan>& plans,
                                       const ReadLimits& limits, std::function<void(RowReading&&)> row,
                                       std::function<void(ReadEnd&&)> done) {
  return std::make_unique<CounterReadings>(session, plans, limits, std::move(row), std::move(done));
}

}  // namespace octopoll::ifmib
