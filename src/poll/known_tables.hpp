#pragma once
// What is known of one agent's interface tables over the cycles.

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/config/inventory.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface.hpp"
#include "octopoll/core/own_copy.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "poll/hourly.hpp"
#include "poll/read_again.hpp"

namespace octopoll::poll {

/// Which rows of an agent are polled, and when its tables are to be read again.
///
/// An agent's word on its tables is taken with care: a read that was refused, or that cannot be all there is (fewer
/// rows than before though ifNumber has not fallen, rows without their ifXTable or its octets), is tried again after
/// ever longer pauses. What it lacks of the rows of before stays planned, and is missed in each cycle, until the agent
/// has said the same often enough; of rows that lack their ifXTable alone what ifTable has is polled, under the names
/// of before.
///
/// Shape:  value type that moves, no I/O; time comes in as an argument. `device`: as it is configured now, always the
///         same agent. `interval`: between its cycles as they are now, which `interval: auto` may have shortened.
/// Thread: any, one at a time.
/// Source: invariant 4 of the design; RFC 2863 section 3.1.5 (ifIndex), ifNumber, ifTableLastChange.
class KnownTables {
 public:
  /// Why the tables are read. `demanded`: interfaces may have other numbers or names now.
  enum class Read : std::uint8_t { no, routine, last_change, demanded };

  /// What a read brought.
  struct Taken {
    std::optional<Error> nothing;       ///< there is no row to poll, and why
    bool rows = false;                  ///< the plans are of this read
    bool other_objects = false;         ///< they name other objects than those of before
    std::vector<std::string> in_doubt;  ///< names that may mean another interface since
  };

  /// What a row of counters is to its plan.
  enum class Seen : std::uint8_t {
    row,
    lesser,  ///< there, without octets that it had: the tables are to be read again, which may know of others
    nobody,  ///< not there, as in the reads before
    other,   ///< gone, or another interface: the tables are to be read again before any delta
  };

  KnownTables() = default;
  KnownTables(KnownTables&&) noexcept = default;
  KnownTables& operator=(KnownTables&&) noexcept = default;
  ~KnownTables() = default;

  /// Rows that are polled, in the order of their ifIndex.
  [[nodiscard]] const std::vector<ifmib::RowPlan>& plans() const noexcept { return planned_->plans; }
  /// Keeps the interfaces of the plans as they are now, for rows that borrow them.
  [[nodiscard]] std::shared_ptr<const void> lender();
  [[nodiscard]] std::size_t place_of(const ifmib::RowPlan& plan) const noexcept {
    return static_cast<std::size_t>(&plan - planned_->plans.data());
  }
  /// Of the plans: those that are not asked for, since that meets silence.
  [[nodiscard]] std::size_t mute_rows() const noexcept;
  [[nodiscard]] bool known() const noexcept { return known_; }
  /// Rows that exist and cannot be read.
  [[nodiscard]] std::optional<Error> lacking() const { return lacking_.value(); }
  [[nodiscard]] std::optional<std::uint32_t> if_number() const noexcept { return if_number_; }

  /// Names by ifIndex as they were when another poller read them, nothing being known here yet.
  void remember(std::map<std::uint32_t, std::string> names) { left_out_ = std::move(names); }

  /// Once a cycle, by what opens it.
  [[nodiscard]] Read why_read(const ifmib::Scalars& scalars, bool restarted, BootTime now);
  /// A read begins; what came of the scalars with it is remembered, since the tables are of that moment.
  void begin_read(const ifmib::Scalars& scalars, Read why);
  /// A read begins that the rows of this cycle demand.
  void begin_read() noexcept;
  /// It ended with an error, after so long a time.
  void fail_read(const Error& error, std::chrono::nanoseconds span, std::chrono::nanoseconds interval);
  /// It ended well.
  [[nodiscard]] Taken take(const ifmib::Rows& rows, const ifmib::ReadEnd& end, const config::Device& device,
                           std::chrono::nanoseconds interval, BootTime now);

  /// They are to be read with one of the next cycles, or with the next one whatever was put off.
  void doubt() noexcept { doubted_ = true; }
  void demand() noexcept {
    doubted_ = true;
    read_again_.now();
  }
  /// A read that was refused waits for its turn.
  [[nodiscard]] bool waits() const noexcept { return failing_ && read_again_.waiting(); }
  void restarted() noexcept { idle_changes_ = 0; }

  /// A row of counters came.
  [[nodiscard]] Seen see(const ifmib::RowReading& row);
  /// Whether that row's link has come or gone since it was last seen.
  [[nodiscard]] bool note_state(std::size_t place, const InterfaceSample& sample);
  /// Its facts are to be asked for with the next cycle.
  void forget_state(std::size_t place) noexcept;
  /// Takes the facts of a row that were read apart; true where they are others than before.
  [[nodiscard]] bool renew(std::size_t place, const ifmib::Row& row, const config::Device& device);
  /// Rows whose 64-bit octets are both 0, so that nobody knows whether they count: some agents fill the 32-bit columns
  /// alone (D-Link), and just after a restart all is 0. One row that counts speaks for the agent, and then the others
  /// are looked at ever more rarely, until the tables are read again; without one, in each cycle.
  [[nodiscard]] std::vector<const ifmib::RowPlan*> rows_in_doubt(const std::vector<InterfaceSample>& samples);

  /// What runs on what, of polled rows alone.
  [[nodiscard]] std::vector<StackedInterfaces> names_of(
      const std::vector<std::pair<std::uint32_t, std::uint32_t>>& stacked) const;

  /// What costs each cycle a PDU or a row of timeouts is left out until the tables are read again: soon at first, since
  /// the fault may pass, and at last with each hour.
  void leave_out(const ifmib::ReadEnd& end, const config::Device& device, std::chrono::nanoseconds interval);

 private:
  /// Mostly none.
  using IfIndexes = boost::container::flat_set<std::uint32_t>;

  void put_off(bool failing, std::chrono::nanoseconds span, std::chrono::nanoseconds interval);
  [[nodiscard]] std::optional<Error> doubt_about(const ifmib::Rows& rows, const ifmib::ReadEnd& end,
                                                 const std::string& device) const;
  void plan(const ifmib::Rows& rows, bool believed, const config::Device& device, BootTime at, Taken& taken);
  [[nodiscard]] static IfIndexes keep_names(const std::map<std::uint32_t, const ifmib::RowPlan*>& kept,
                                            std::map<std::uint32_t, std::string>& now);
  [[nodiscard]] bool lost_if_x(const ifmib::RowPlan& plan, const ifmib::Row& row) const;
  [[nodiscard]] std::map<std::uint32_t, const ifmib::RowPlan*> missing_from(const ifmib::Rows& rows,
                                                                            bool may_ask) const;
  [[nodiscard]] IfIndexes rows_that_lack_wide(const ifmib::Rows& rows) const;
  [[nodiscard]] bool look_for_lesser_rows(const ifmib::Rows& rows, const std::string& device, BootTime now);
  void tell_moves(const std::vector<std::string>& moves, const std::string& device, BootTime now);
  void adopt(std::vector<ifmib::RowPlan>&& read, Taken& taken);
  [[nodiscard]] std::map<std::uint32_t, std::string> names() const;

  /// What cycles borrow from, and may outlive here: they read nothing of it but the interfaces.
  struct Planned {
    std::vector<ifmib::RowPlan> plans;
    std::vector<Interface> replaced;  ///< that were in them
  };
  std::shared_ptr<Planned> planned_ = std::make_shared<Planned>();
  /// By ifIndex: names of rows that are not planned, as the inventory's rules do not keep them, or there is no plan
  /// yet.
  std::map<std::uint32_t, std::string> left_out_;
  /// Of each plan, as last read: a hash of what moves when a link comes or goes. 0: not known.
  std::vector<std::uint32_t> states_;
  IfIndexes missed_;      ///< by ifIndex: planned rows that the last read did not find
  IfIndexes lacks_if_x_;  ///< by ifIndex: planned as before, without what ifXTable said
  IfIndexes lacks_wide_;  ///< by ifIndex: with octets of 32 bits, where those of 64 bits were
  IfIndexes lesser_;      ///< by ifIndex: planned without a name, or without octets that others have
  boost::container::flat_map<ifmib::RefusedObject, unsigned> refusals_;  ///< cycles in a row in which it was refused
  std::optional<std::uint32_t> if_number_, if_last_change_;              ///< when the tables were last read, or tried
  std::optional<std::uint32_t> if_number_believed_;                      ///< when they were last believed
  std::size_t rows_believed_ = 0;                                        ///< then, with those that the rules leave out
  OwnCopy<Error> lacking_;
  ReadAgain read_again_;         ///< what could not be read, or may not be all there is
  ReadAgain leave_in_again_;     ///< what was left out, though the tables have it
  ReadAgain octets_again_;       ///< octets that the tables have, and GET does not find
  BootTime read_at_;             ///< the last read that was of use
  unsigned doubted_reads_ = 0;   ///< in a row: those that cannot be all there is
  unsigned idle_changes_ = 0;    ///< in a row: moves of ifTableLastChange with the same tables after them
  unsigned lesser_reads_ = 0;    ///< in a row: those that brought no more of the lesser rows
  unsigned moves_in_a_row_ = 0;  ///< reads after which interfaces were elsewhere, each within an hour of the last
  BootTime moved_at_;            ///< the last of them
  Hourly no_if_x_warning_, no_wide_warning_, lesser_warning_;
  unsigned cycles_ = 0;          ///< of these plans
  bool by_last_change_ = false;  ///< ifTableLastChange alone asked for the read
  bool leaves_out_ = false;      ///< these plans lack what was refused, or are mute
  bool known_ = false;
  bool doubted_ = false;
  bool lost_octets_ = false;  ///< some row of counters came without its octets since the tables were read
  bool failing_ = false;      ///< the last read was refused, or cannot be all there is
};

}  // namespace octopoll::poll
