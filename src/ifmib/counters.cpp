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
/// A counter may have grown since its octets were counted.
constexpr std::size_t least_narrow = 5;
constexpr std::size_t least_wide = 6;
constexpr std::size_t status_octets = 1;
constexpr std::size_t ticks_octets = 5;

Column name_column(const RowPlan& plan) {
  return plan.name_source == NameSource::if_name ? Column::if_name : Column::if_descr;
}

/// The order in which a row's objects are asked for; assemble() takes them in the same.
template <class Visit>
void visit_objects(const RowPlan& plan, Visit&& visit) {
  if (plan.name_source != NameSource::none) visit(name_column(plan));
  if (plan.has_admin_status) visit(Column::if_admin_status);
  if (plan.has_oper_status) visit(Column::if_oper_status);
  if (plan.has_last_change) visit(Column::if_last_change);
  if (plan.has_discontinuity_time) visit(Column::if_counter_discontinuity_time);
  for (const Counter counter : all_counters()) {
    if (plan.counters[counter]) visit(*plan.counters[counter]);
  }
}

/// What one object of a row said.
struct Cell {
  bool present = false;
  std::optional<std::uint64_t> number{};
  std::optional<std::int64_t> integer{};
  std::uint8_t bits = 0;
  std::optional<std::string_view> octets{};
};

Cell cell_of(const snmp::Value& value) {
  if (value.is_exception() || value.type() == snmp::Type::null) return {};
  Cell cell{true, value.as_unsigned(), value.as_signed(), value.bits()};
  if (value.octets() != nullptr) cell.octets = *value.octets();
  return cell;
}

/// nullopt where the value is none of the types that the tables have: the library shall read it.
std::optional<Cell> cell_of(const snmp::WireVariable& variable) {
  constexpr std::uint8_t octet_string = 0x04;
  if (variable.absent()) return Cell{};
  if (variable.tag == octet_string) return Cell{true, {}, {}, 0, variable.value};
  const auto number = variable.number();
  const auto integer = variable.integer();
  if (!number && !integer) return std::nullopt;
  Cell cell{true, number, integer, static_cast<std::uint8_t>(variable.bits())};
  if (!integer) cell.integer = static_cast<std::int64_t>(*number);
  return cell;
}

/// A row out of its objects; `next` hands out one after the other, in the order of visit_objects().
template <class Next>
RowReading assemble(const RowPlan& plan, Next&& next) {
  std::size_t asked = 0;
  std::size_t present = 0;
  const auto take = [&]() -> Cell {
    Cell cell = next();
    ++asked;
    if (cell.present) ++present;
    return cell;
  };
  const auto status = [&take]() -> std::optional<IfStatus> {
    const Cell cell = take();
    return cell.integer ? std::optional(IfStatus{*cell.integer}) : std::nullopt;
  };
  const auto ticks = [&take]() -> std::optional<TimeTicks> {
    const Cell cell = take();
    return cell.number ? std::optional(TimeTicks(static_cast<std::uint32_t>(*cell.number))) : std::nullopt;
  };

  RowReading reading;
  reading.plan = &plan;
  InterfaceSample& sample = reading.sample;
  sample.interface = plan.interface;
  bool same_name = true;
  if (plan.name_source != NameSource::none) {
    const Cell name = take();
    same_name = name.octets && name.octets == plan.name_octets;
  }
  if (plan.has_admin_status) sample.admin_status = status();
  if (plan.has_oper_status) sample.oper_status = status();
  if (plan.has_last_change) sample.last_change = ticks();
  if (plan.has_discontinuity_time) sample.discontinuity_time = ticks();
  for (const Counter counter : all_counters()) {
    if (!plan.counters[counter]) continue;
    const Cell cell = take();
    // The width is that of the wire: a Counter32 in a 64-bit column wraps at 2^32.
    if (cell.number) sample.counters[counter] = {*cell.number, cell.bits};
  }
  reading.vanished = asked > 0 && present == 0;
  reading.renamed = !reading.vanished && !same_name;
  return reading;
}

/// Rows that have the same columns share their encoding.
class Layouts {
 public:
  [[nodiscard]] const snmp::RowNames& of(const RowPlan& plan) {
    columns_.clear();
    visit_objects(plan, [this](Column column) { columns_.push_back(column); });
    const auto found =
        std::find_if(known_.begin(), known_.end(), [this](const auto& l) { return l.first == columns_; });
    if (found != known_.end()) return found->second;
    std::vector<snmp::RowNames::Column> columns;
    for (const Column column : columns_) columns.push_back({oid_of(column), table_of(column) == Table::if_x_table});
    return known_.emplace_back(columns_, snmp::RowNames(columns)).second;
  }

 private:
  std::vector<Column> columns_;
  std::deque<std::pair<std::vector<Column>, snmp::RowNames>> known_;  // a deque, for references into it
};

/// First as few PDUs as can be, each of whole rows, encoded and read in place. What does not come back just as it was
/// asked for is asked again by a MultiGet, which knows about agents.
class CounterReadings final : public Reading {
 public:
  CounterReadings(snmp::Session& session, const std::vector<RowPlan>& plans, const ReadLimits& limits,
                  std::function<void(RowReading&&)> row, std::function<void(ReadEnd&&)> done)
      : session_(session), plans_(plans), limits_(limits), row_(std::move(row)), done_(std::move(done)) {
    if (limits_.in_place) {
      pack();
    } else {
      for (std::size_t i = 0; i < plans_.size(); ++i) doubtful_.push_back(i);
    }
    if (packets_.empty()) {
      session_.later([this, still = alive_] {
        if (*still) ask_again();
      });
      return;
    }
    send_next();
  }

  ~CounterReadings() override { *alive_ = false; }

 private:
  struct Packet {
    std::size_t first = 0, count = 0;  ///< rows of plans_
    std::size_t octets = 0;            ///< expected of the answer
  };

  void pack() {
    names_.reserve(plans_.size());
    const std::size_t overhead = snmp::message_overhead(session_.options().credentials.version) + uptime_octets;
    for (std::size_t i = 0; i < plans_.size(); ++i) {
      const RowPlan& plan = plans_[i];
      names_.push_back(&layouts_.of(plan));
      const std::size_t octets = names_[i]->octets(plan.index, plan.x_index) + plan.value_octets;
      if (packets_.empty() || packets_.back().octets + octets > limits_.max_message_size)
        packets_.push_back({i, 0, overhead});
      ++packets_.back().count;
      packets_.back().octets += octets;
    }
  }

  /// Not more than the session has in flight at once: what waits there would only take memory.
  void send_next() {
    while (next_ < packets_.size() && under_way_ < session_.options().max_outstanding) {
      const Packet& packet = packets_[next_++];
      encoded_.clear();
      snmp::append_variable(encoded_, snmp::sys_up_time());
      for (std::size_t i = packet.first; i < packet.first + packet.count; ++i)
        names_[i]->append(encoded_, plans_[i].index, plans_[i].x_index);
      ++under_way_;
      session_.send_encoded(encoded_, limits_.retries, [this, still = alive_, &packet](snmp::Reply&& reply) {
        if (*still) take(packet, reply);
      });
    }
  }

  void take(const Packet& packet, const snmp::Reply& reply) {
    --under_way_;
    if (reply.outcome == snmp::Outcome::answered) {
      if (reply.error_status == snmp::ErrorStatus::authorization_error ||
          reply.error_status == snmp::ErrorStatus::no_access)
        return give_up(reply);  // of this user, not of these objects
      largest_answered_ = std::max(largest_answered_, packet.octets);
      if (reply.error_status == snmp::ErrorStatus::too_big) too_large(packet);
      const std::size_t read = reply.good() ? hand_out(packet, reply) : 0;
      doubt(packet, read);
      if (reply.good() && read < packet.count) odd_ = true;
    } else if (reply.outcome == snmp::Outcome::timed_out && largest_answered_ < packet.octets) {
      // Silence may mean that the PDU is too large for the agent: no other one of this size is tried.
      too_large(packet);
      doubt(packet);
      for (; next_ < packets_.size(); ++next_) doubt(packets_[next_]);
    } else if (reply.outcome != snmp::Outcome::timed_out && !std::exchange(refused_, true)) {
      doubt(packet);
    } else {
      return give_up(reply);
    }
    send_next();
    if (under_way_ == 0) ask_again();
  }

  /// How many rows, from the first on, came back as they were asked for.
  std::size_t hand_out(const Packet& packet, const snmp::Reply& reply) {
    snmp::AnswerReader variables(reply.asked, reply.encoded);
    snmp::WireVariable variable;
    ReadingTime time;
    time.received = reply.received;
    time.round_trip = reply.round_trip;
    if (!variables.next(variable)) return 0;
    if (!variable.absent()) {
      const auto uptime = variable.number();
      if (!uptime) return 0;
      time.sys_uptime = TimeTicks(static_cast<std::uint32_t>(*uptime));
    }
    for (std::size_t i = 0; i < packet.count; ++i) {
      const RowPlan& plan = plans_[packet.first + i];
      bool as_asked = true;
      RowReading reading = assemble(plan, [&]() -> Cell {
        if (!as_asked || !variables.next(variable)) {
          as_asked = false;
          return {};
        }
        const auto cell = cell_of(variable);
        as_asked = cell.has_value();
        return cell.value_or(Cell());
      });
      if (!as_asked) return i;
      reading.sample.time = time;
      row_(std::move(reading));
    }
    return packet.count;
  }

  /// The rows of a packet from `from` on are to be asked again.
  void doubt(const Packet& packet, std::size_t from = 0) {
    for (std::size_t i = from; i < packet.count; ++i) doubtful_.push_back(packet.first + i);
  }

  void too_large(const Packet& packet) {
    const auto half = static_cast<unsigned>(packet.octets / 2);
    message_size_ = std::min(message_size_.value_or(half), half);
  }

  /// Nobody there, or nobody who would tell: what is still under way would only add its own row of timeouts.
  void give_up(const snmp::Reply& reply) {
    session_.cancel_all();
    finish(session_.explain(reply), reply.outcome);
  }

  void ask_again() {
    if (doubtful_.empty()) return finish(std::nullopt, snmp::Outcome::answered);
    snmp::MultiGetPlan plan;
    plan.max_message_size = message_size_.value_or(limits_.max_message_size);
    plan.retries = limits_.retries;
    plan.known_alive = true;  // the scalars were asked first
    plan.groups.reserve(doubtful_.size());
    for (const std::size_t row : doubtful_) {
      snmp::GetGroup group;
      const RowPlan& planned = plans_[row];
      visit_objects(planned,
                    [&](Column column) { group.names.push_back(cell_oid(column, planned.index, planned.x_index)); });
      group.answer_octets = plans_[row].value_octets;
      plan.groups.push_back(std::move(group));
    }
    get_ = snmp::MultiGet::start(
        session_, std::move(plan), [this](snmp::GroupAnswer&& answer) { take_again(answer); },
        [this](snmp::MultiGetEnd&& end) {
          if (end.message_size) message_size_ = end.message_size;
          finish(std::move(end.error), end.outcome);
        });
  }

  void take_again(const snmp::GroupAnswer& answer) {
    std::size_t at = 0;
    RowReading reading =
        assemble(plans_[doubtful_[answer.group]], [&]() -> Cell { return cell_of(answer.values[at++]); });
    ReadingTime& time = reading.sample.time;
    time.received = answer.received;
    time.round_trip = answer.round_trip;
    time.age_bound = answer.spread;
    if (answer.sys_uptime) time.sys_uptime = TimeTicks(*answer.sys_uptime);
    row_(std::move(reading));
  }

  void finish(std::optional<Error> error, snmp::Outcome outcome) {
    ReadEnd end;
    end.error = std::move(error);
    end.outcome = outcome;
    end.message_size = message_size_;
    end.odd = odd_;
    const auto callback = std::move(done_);  // may destroy this
    callback(std::move(end));
  }

  snmp::Session& session_;
  const std::vector<RowPlan>& plans_;
  ReadLimits limits_;
  std::function<void(RowReading&&)> row_;
  std::function<void(ReadEnd&&)> done_;
  Layouts layouts_;
  std::vector<const snmp::RowNames*> names_;  ///< of each row of plans_
  std::vector<Packet> packets_;
  std::string encoded_;   ///< the request being made
  std::size_t next_ = 0;  ///< packet to be sent
  std::size_t under_way_ = 0;
  std::size_t largest_answered_ = 0;   ///< expected octets of the largest packet that was answered
  bool refused_ = false;               ///< a packet met an ICMP error or a report
  bool odd_ = false;                   ///< an answer had other variables than were asked for
  std::vector<std::size_t> doubtful_;  ///< rows to be asked again, in the other way
  std::optional<unsigned> message_size_;
  std::unique_ptr<snmp::MultiGet> get_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with replies under way, which outlive this
};

/// Octets of a number's contents in BER.
std::size_t number_octets(std::uint64_t number) {
  std::size_t octets = 1;
  while (number >= 0x80) {
    number >>= 8U;
    ++octets;
  }
  return octets;
}

}  // namespace

RowPlan plan_row(std::uint32_t index, std::string_view name, const Row& row) {
  RowPlan plan;
  plan.index = index;
  plan.x_index = row.x_index.value_or(index);
  plan.interface = Interface(name, facts_of(index, row));
  plan.name_source = name_of(row).source;
  if (plan.name_source != NameSource::none) plan.name_octets = *row.octets(name_column(plan));
  for (const Counter counter : all_counters()) plan.counters[counter] = column_for(row, counter);
  plan.has_admin_status = row.find(Column::if_admin_status) != nullptr;
  plan.has_oper_status = row.find(Column::if_oper_status) != nullptr;
  plan.has_last_change = row.find(Column::if_last_change) != nullptr;
  plan.has_discontinuity_time = row.find(Column::if_counter_discontinuity_time) != nullptr;
  std::size_t octets = plan.name_octets ? plan.name_octets->size() : 0;
  octets += status_octets * ((plan.has_admin_status ? 1U : 0U) + (plan.has_oper_status ? 1U : 0U));
  octets += ticks_octets * ((plan.has_last_change ? 1U : 0U) + (plan.has_discontinuity_time ? 1U : 0U));
  for (const Counter counter : all_counters()) {
    if (!plan.counters[counter]) continue;
    const bool wide = columns_of(counter).wide == plan.counters[counter];
    octets +=
        std::max(number_octets(row.number(*plan.counters[counter]).value_or(0)), wide ? least_wide : least_narrow);
  }
  plan.value_octets = static_cast<std::uint32_t>(octets);
  return plan;
}

std::unique_ptr<Reading> read_counters(snmp::Session& session, const std::vector<RowPlan>& plans,
                                       const ReadLimits& limits, std::function<void(RowReading&&)> row,
                                       std::function<void(ReadEnd&&)> done) {
  return std::make_unique<CounterReadings>(session, plans, limits, std::move(row), std::move(done));
}

}  // namespace octopoll::ifmib
