#pragma once
// Reading an agent's interface tables over SNMP.

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/ifmib/row.hpp"
#include "octopoll/ifmib/row_layout.hpp"
#include "octopoll/ifmib/row_objects.hpp"
#include "octopoll/snmp/engine.hpp"
#include "octopoll/snmp/get_profile.hpp"
#include "octopoll/snmp/walk.hpp"

namespace octopoll::ifmib {

/// The scalars beside the tables. Absent is nullopt. Texts are the octets as they came: agent_text() makes them
/// readable.
struct Scalars {
  std::optional<std::string> sys_descr, sys_contact, sys_name, sys_location;
  std::optional<std::string> sys_object_id;  ///< dotted
  std::optional<std::uint32_t> sys_uptime;   ///< hundredths of a second
  std::optional<std::uint32_t> if_number;
  std::optional<std::uint32_t> if_table_last_change;
  std::optional<std::uint32_t> engine_boots, engine_time;
  /// nsCacheTimeout of ifTable (NET-SNMP-AGENT-MIB): seconds for which a Net-SNMP agent shows the same counters.
  std::optional<std::uint32_t> cache_timeout;
  BootTime received;  ///< when sysUpTime came
  std::chrono::nanoseconds round_trip{};
};
[[nodiscard]] DeviceFacts facts_of(const Scalars& scalars);
/// How long the agent shows the same counters, by its own word: nsCacheTimeout, or what Net-SNMP is built with where an
/// agent of that family hides it.
[[nodiscard]] std::optional<std::chrono::seconds> announced_cache(const Scalars& scalars);

enum class ScalarSet : std::uint8_t { all, changing };  ///< changing: uptime, ifNumber, ifTableLastChange, engine clock

/// What reading a device's tables has taught, for the next time.
struct TableProfile {
  snmp::BulkProfile if_table{}, if_x_table{};
};

/// Where a read asks for how much at once.
struct ReadLimits {
  unsigned max_repetitions = 25;
  unsigned max_message_size = 1472;
  bool probe = false;  ///< scalars: of a device that was silent; as in snmp::Request
  /// scalars: of a device that has never answered yet. Where it is silent it is asked for sysUpTime alone, for some
  /// agents answer but one object at once.
  bool stranger = false;
  std::optional<std::uint32_t> if_number{};  ///< tables: how many rows the agent says it has
  TableProfile profile{};                    ///< tables: of an earlier read
  /// Of GETs; may be null, else it must outlive the read, which adds to it what it learns.
  snmp::GetProfile* gets = nullptr;
  /// Counters: answers are expected to name the objects just as they were asked for, and are read where they lie. False
  /// for agents that answer otherwise: what they say costs a PDU twice.
  bool in_place = true;
  std::size_t first_row = 0;  ///< counters: of the plans, the one to begin with; those before it come last
  bool with_uptime = true;    ///< counters: sysUpTime leads each PDU
};

/// An object that the agent refuses by an error, which costs the PDU that names it.
struct RefusedObject {
  std::uint32_t index = 0;  ///< of its row in ifTable
  Column column{};
  friend auto operator<=>(const RefusedObject&, const RefusedObject&) = default;
};

/// How a read ended; an error means that what came is all there is.
struct ReadEnd {
  std::optional<Error> error;
  snmp::Outcome outcome = snmp::Outcome::answered;
  std::vector<std::string> notes;
  TableProfile profile{};  ///< of a read of tables
  /// Of a read of tables without an error: rows are known to exist that no walk of this agent gives, or the agent
  /// refused the rest of a column.
  std::optional<Error> lacking{};
  bool columns_refused = false;              ///< it is the second of these, which may pass
  std::optional<std::int64_t> ifx_offset{};  ///< ifXTable's indexes are ifTable's plus this: its rows were joined
  bool odd = false;  ///< answers named other objects than were asked for: not to be read in place from now on
  // Of a read of counters: what is better left out from now on.
  bool refuses_uptime = false;             ///< sysUpTime, by an error
  std::vector<RefusedObject> refused{};    ///< one a PDU
  std::vector<std::uint32_t> mute_rows{};  ///< by ifIndex: whoever asks for this row gets no answer
};

/// One read under way; destroying it ends it without calling back. Thread: the loop's. The session must outlive it.
class Reading {
 public:
  virtual ~Reading() = default;
  /// Of a read of tables: what is found and learned so far.
  [[nodiscard]] virtual std::size_t rows() const { return 0; }
  [[nodiscard]] virtual TableProfile profile() const { return {}; }
};

/// Reads scalars: one PDU for those that change, another for the rest. `done` is never called from inside this call; it
/// may destroy the reading.
[[nodiscard]] std::unique_ptr<Reading> read_scalars(snmp::Session& session, ScalarSet set, const ReadLimits& limits,
                                                    std::function<void(Scalars&&, ReadEnd&&)> done);

/// Reads columns of both tables by walking them side by side. Instances of more than one number are no rows.
///
/// What agents make of that is checked before anybody builds on it:
///  - fewer rows than ifNumber says, or rows without a state that others have: some of the missing are asked for by
///  GET,
///    and if they exist, all is read again with half the repetitions, at last by GETNEXT (Zyxel GS1920 leaves out rows
///    above 55 repetitions);
///  - a column that ends before the others, a row in the midst without name or octets, and numbers that cannot be (a
///  state 0): some of them are asked for by GET,
///    and if that tells otherwise, all (SONiC ends a column at the first row without that counter; Dell PowerConnect
///    5324 gives zeros);
///  - an ifXTable whose rows are those of ifTable plus a constant: joined, where names or counters prove it (UniFi US-8
///    has 1000001.. beside 1..).
/// `limits.if_number` is best of the same moment. An agent that is gone ends the read at the first walk that notices.
[[nodiscard]] std::unique_ptr<Reading> read_tables(snmp::Session& session, std::span<const Column> columns,
                                                   const ReadLimits& limits,
                                                   std::function<void(Rows&&, ReadEnd&&)> done);

/// What is read of one row every cycle: the columns that speak for its counters, its states, and its name to notice
/// when another interface has taken its ifIndex. Made once at discovery. Shape: 24 octets, since a large network has a
/// million of them; copying it copies no text that is shown.
struct RowPlan {
  Interface interface;
  RowObjects objects;
  std::uint32_t index = 0;
  std::uint32_t value_octets : 31 = 0;  ///< what the values of these objects took in an answer at most
  bool mute : 1 = false;                ///< to ask for it meets silence: it is left out

  /// nullptr in a plan that nobody has made.
  [[nodiscard]] const RowLayout* layout() const noexcept { return objects.layout(); }
  [[nodiscard]] std::uint32_t x_index() const noexcept {
    return objects.odd() != nullptr ? objects.odd()->x_index : index;
  }
  void note_octets(std::size_t octets) noexcept { value_octets = static_cast<std::uint32_t>(octets) & 0x7fff'ffffU; }
  /// The column that tells who this is, or would if it were not blank; nullopt where the row has neither.
  [[nodiscard]] std::optional<Column> name_column() const noexcept;
  /// That cell as the agent gave it, octet by octet.
  [[nodiscard]] std::string_view name_octets() const noexcept;
};
static_assert(sizeof(RowPlan) == 24);
[[nodiscard]] RowPlan plan_row(std::uint32_t index, std::string_view name, const Row& row,
                               const CounterSet& counters = {}, WideZero zero = WideZero::believed);
/// The one of that ifIndex among plans in the order of their indexes; nullptr: there is none.
[[nodiscard]] const RowPlan* plan_of(const std::vector<RowPlan>& plans, std::uint32_t index) noexcept;
/// The row is read without that column from here on.
void leave_out(RowPlan& plan, Column column);

/// What read_counters() takes where nothing goes wrong. Unit: octets of UDP payload.
struct CounterCost {
  std::uint64_t requests = 0;
  std::uint64_t octets_sent = 0;
  std::uint64_t octets_received = 0;
};
[[nodiscard]] CounterCost cost_of_counters(const std::vector<RowPlan>& plans, const ReadLimits& limits,
                                           SnmpVersion version);
/// Rows as a switch has them, with these counters (of 32 bits in SNMPv1), for who has to reckon before he has asked.
[[nodiscard]] std::vector<RowPlan> typical_rows(std::size_t count, SnmpVersion version, const CounterSet& counters);

/// Where a row is found.
struct RowPlace {
  std::uint32_t index = 0;
  std::uint32_t x_index = 0;  ///< in ifXTable
};

/// Reads of some rows what may have become different when a link came back: speeds, MTU, address, alias. Rows that were
/// not answered are left out. `done` is never called from inside this call; it may destroy the reading.
[[nodiscard]] std::unique_ptr<Reading> read_facts(snmp::Session& session, std::vector<RowPlace> rows,
                                                  const ReadLimits& limits, std::function<void(Rows&&)> done);
/// These facts, with what such a row says instead; what it lacks stays.
[[nodiscard]] InterfaceFacts renewed(InterfaceFacts facts, const Row& row);

/// One row's answer.
struct RowReading {
  const RowPlan* plan = nullptr;
  /// Its interface is borrowed from the plan; its `age_bound` knows nothing of a cache: the caller adds that.
  InterfaceSample sample;
  std::uint32_t value_octets = 0;  ///< of its values in the answer; 0: not counted
  bool vanished = false;           ///< none of its objects exists any more
  bool renamed = false;            ///< another name at this ifIndex: the table must be read again
  bool lost_octets = false;        ///< the agent says that it has no such octets any more, though it has the row
  bool stuck = false;              ///< a 64-bit counter shows 2^64-1, which is no reading: the 32-bit one may be better
};

/// Asks whether a 64-bit counter is dead: for the octets of these rows in both widths, side by side in one PDU. `done`
/// is told whether some are 0 in 64 bits alone; where the answers do not come, they are not.
[[nodiscard]] std::unique_ptr<Reading> check_wide_octets(snmp::Session& session,
                                                         const std::vector<const RowPlan*>& rows,
                                                         const ReadLimits& limits, std::function<void(bool dead)> done);

/// Reads the counters of all planned rows but mute ones, each row in one PDU together with sysUpTime; where the agent
/// takes less than a row at once, each of its PDUs has sysUpTime and ifCounterDiscontinuityTime, and a row whose PDUs
/// tell of a discontinuity in between is left out. A packet that meets silence while others are answered is asked again
/// row by row. `plans` must outlive the reading.
[[nodiscard]] std::unique_ptr<Reading> read_counters(snmp::Session& session, const std::vector<RowPlan>& plans,
                                                     const ReadLimits& limits, std::function<void(RowReading&&)> row,
                                                     std::function<void(ReadEnd&&)> done);

}  // namespace octopoll::ifmib
