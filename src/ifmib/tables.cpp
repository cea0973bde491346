#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "ifmib/join.hpp"
#include "octopoll/ifmib/reader.hpp"
#include "octopoll/snmp/multi_get.hpp"
#include "octopoll/snmp/walk.hpp"

namespace octopoll::ifmib {
namespace {

/// More rows than any device has: an agent that invents them must not take the memory of all others.
constexpr std::size_t most_rows = 100'000;
/// Of one cell, in an answer.
constexpr std::size_t octets_of_cell = 24;
/// Cells of one suspicion that are asked for before all of them are.
constexpr std::size_t cell_sample = 3;
/// Rows that seem to be missing, as many as fit one PDU.
constexpr std::size_t row_sample = 20;
/// To SNMPv1 each absent object is a round trip of its own.
constexpr std::size_t row_sample_v1 = 2;
/// After the first read: one with half the repetitions, one by GETNEXT.
constexpr int most_reads = 3;

/// What every row of ifTable has, so that a row without it was not read whole.
constexpr std::array row_makers{Column::if_descr, Column::if_type, Column::if_admin_status, Column::if_oper_status};

/// What a row is polled by: columns of one meaning each, of which it needs one.
constexpr std::array<std::array<Column, 2>, 3> telling_columns{{{Column::if_name, Column::if_descr},
                                                                {Column::if_hc_in_octets, Column::if_in_octets},
                                                                {Column::if_hc_out_octets, Column::if_out_octets}}};

/// Columns whose loss changes neither who a row is nor what is counted of it.
constexpr std::array dispensable{Column::if_index,
                                 Column::if_mtu,
                                 Column::if_phys_address,
                                 Column::if_out_q_len,
                                 Column::if_specific,
                                 Column::if_link_up_down_trap_enable,
                                 Column::if_alias,
                                 Column::if_promiscuous_mode,
                                 Column::if_connector_present};

/// One cell.
struct Cell {
  std::uint32_t index = 0;
  Column column{};
};

/// Cells that may be otherwise than the walk told, all for one reason.
struct Suspicion {
  std::string what;                ///< "ifHCInOctets ended before row 7"
  std::optional<Column> column{};  ///< where it is about the end of one
  std::vector<Cell> cells{};
  std::vector<Cell> sample{};  ///< asked for first
  bool blames_bulk = false;    ///< where it proves right, fewer repetitions may heal it
  bool proven = false;
};

/// A cell with the suspicion that it is asked for.
struct Asked {
  std::size_t suspicion = 0;
  Cell cell;
};

/// At most `count` of them, from the first to the last.
std::vector<Cell> spread_over(const std::vector<Cell>& cells, std::size_t count) {
  if (cells.size() <= count) return cells;
  std::vector<Cell> some;
  for (std::size_t i = 0; i < count; ++i) some.push_back(cells[i * (cells.size() - 1) / (count - 1)]);
  return some;
}

/// Cells that would exist if rows had been left out: of rows that are there in part, and, where there are fewer than
/// ifNumber says, in the gaps between the rows.
std::vector<Cell> rows_in_doubt(const Rows& rows, std::span<const Column> columns,
                                std::optional<std::uint32_t> if_number) {
  // Up to its last row a column has all rows, or some were left out; whether it ends too early is another question.
  std::vector<std::pair<Column, std::uint32_t>> makers;
  for (const Column column : row_makers) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) continue;
    const auto last = std::find_if(rows.rbegin(), rows.rend(),
                                   [column](const auto& row) { return row.second.find(column) != nullptr; });
    if (last != rows.rend()) makers.emplace_back(column, last->first);
  }
  if (makers.empty()) return {};
  std::vector<Cell> in_part, gaps;
  std::size_t in_if_table = 0;
  bool joined = false;  // both tables have some row
  std::optional<std::uint32_t> last;
  for (const auto& [index, row] : rows) {
    if (!row.in(Table::if_table)) continue;
    ++in_if_table;
    joined = joined || row.in(Table::if_x_table);
    if (last && index - *last > 1) gaps.push_back({*last + 1, makers[0].first});
    last = index;
    for (const auto& [column, last_row] : makers) {
      if (index < last_row && row.find(column) == nullptr) in_part.push_back({index, column});
    }
  }
  if (joined) {
    for (const auto& [index, row] : rows) {
      if (!row.in(Table::if_table)) in_part.push_back({index, makers[0].first});
    }
  }
  if (last) gaps.push_back({*last + 1, makers[0].first});
  if (if_number && *if_number > in_if_table) in_part.insert(in_part.end(), gaps.begin(), gaps.end());
  return in_part;
}

/// Columns that end before their table does, or have no row while others have. The row at which a walk stopped may have
/// no such cell (SONiC), or the walk may have gone wrong just there: only GET tells. `thorough`: asks for that one too,
/// and for columns without any row.
std::vector<Suspicion> early_ends(const Rows& rows, std::span<const Column> columns, Table table, bool thorough) {
  std::vector<Suspicion> suspicions;
  for (const Column column : columns) {
    if (table_of(column) != table) continue;
    std::vector<Cell> missing;  // since the column's last row
    bool any = false;
    for (const auto& [index, row] : rows) {
      if (!row.in(table)) continue;
      if (row.find(column) != nullptr) {
        any = true;
        missing.clear();
      } else {
        missing.push_back({index, column});
      }
    }
    const std::size_t from = thorough ? 0 : 1;
    if (missing.size() <= from || (!any && !thorough)) continue;
    std::string what = fmt::format("{} ended before row {}", to_string(column), missing[0].index);
    auto sample = spread_over({missing.begin() + static_cast<std::ptrdiff_t>(from), missing.end()}, cell_sample);
    suspicions.push_back({std::move(what), column, std::move(missing), std::move(sample)});
  }
  return suspicions;
}

/// Rows in the midst of a table that lack all columns of one meaning, which others have: they would be polled without
/// their name or without their octets. Few, so that all are asked for as far as one PDU goes.
Suspicion lesser_rows(const Rows& rows, std::span<const Column> columns) {
  Suspicion suspicion{"rows without a name or octets"};
  for (const auto& meaning : telling_columns) {
    for (const Column column : meaning) {
      if (std::find(columns.begin(), columns.end(), column) == columns.end()) continue;
      const auto last = std::find_if(rows.rbegin(), rows.rend(),
                                     [column](const auto& row) { return row.second.find(column) != nullptr; });
      if (last == rows.rend()) continue;
      for (auto row = rows.begin(); row->first < last->first; ++row) {
        const bool told = std::any_of(meaning.begin(), meaning.end(),
                                      [&row](Column each) { return row->second.find(each) != nullptr; });
        if (!told && row->second.in(table_of(column))) suspicion.cells.push_back({row->first, column});
      }
    }
  }
  suspicion.sample = spread_over(suspicion.cells, row_sample);
  return suspicion;
}

bool is_zero(const Row& row, Column column) { return row.number(column) == 0U; }

/// Cells of the row that cannot be 0: an enumeration, a 64-bit counter while the 32-bit one counts.
std::vector<Column> impossible_zeros(const Row& row) {
  std::vector<Column> columns;
  for (const Column column : {Column::if_type, Column::if_admin_status, Column::if_oper_status}) {
    if (is_zero(row, column)) columns.push_back(column);
  }
  for (const Counter counter : all_counters()) {
    const auto [wide, narrow] = ifmib::columns_of(counter);
    if (wide && is_zero(row, *wide) && row.number(narrow).value_or(0) != 0) columns.push_back(*wide);
  }
  return columns;
}

/// All zeros of the rows that have impossible ones.
Suspicion doubtful_zeros(const Rows& rows, std::span<const Column> columns) {
  Suspicion suspicion{"zeros where there can be none"};
  suspicion.blames_bulk = true;
  std::vector<Cell> telling;
  for (const auto& [index, row] : rows) {
    const auto impossible = impossible_zeros(row);
    if (impossible.empty()) continue;
    for (const Column column : impossible) telling.push_back({index, column});
    for (const Column column : columns) {
      if (is_zero(row, column)) suspicion.cells.push_back({index, column});
    }
  }
  suspicion.sample = spread_over(telling, 2 * cell_sample);
  return suspicion;
}

/// Both tables at once, each by its own walk: agents build the rows of one table together, not across two.
class TableReading final : public Reading {
 public:
  TableReading(snmp::Session& session, std::span<const Column> columns, const ReadLimits& limits,
               std::function<void(Rows&&, ReadEnd&&)> done)
      : session_(session),
        columns_(columns.begin(), columns.end()),
        limits_(limits),
        profile_(limits.profile),
        done_(std::move(done)) {
    for (const Column column : columns_) mine(table_of(column)).push_back(column);
    walk();
  }

  [[nodiscard]] std::size_t rows() const override { return rows_.size(); }
  [[nodiscard]] TableProfile profile() const override {
    TableProfile now = profile_;
    if (under_way_ > 0 && walks_.size() == 2) {
      now.if_table = walks_[0]->profile();
      now.if_x_table = walks_[1]->profile();
    }
    return now;
  }

 private:
  [[nodiscard]] bool is_v1() const { return session_.options().credentials->version == SnmpVersion::v1; }
  [[nodiscard]] static std::size_t place(Table table) { return table == Table::if_table ? 0 : 1; }
  [[nodiscard]] std::vector<Column>& mine(Table table) { return by_table_[place(table)]; }
  [[nodiscard]] snmp::BulkProfile& profile_of(Table table) {
    return table == Table::if_table ? profile_.if_table : profile_.if_x_table;
  }

  // ---- the walks ----

  void walk() {
    ++reads_;
    walks_.clear();
    rows_.clear();
    memory_ = CellMemory::of_one_reading();
    refusal_.reset();
    refused_.clear();
    for (const Table table : {Table::if_table, Table::if_x_table}) {
      std::vector<Column>& its = mine(table);
      snmp::WalkPlan plan;
      std::transform(its.begin(), its.end(), std::back_inserter(plan.columns), oid_of);
      plan.max_repetitions = limits_.max_repetitions;
      plan.max_message_size = limits_.max_message_size;
      plan.max_variables = its.size() * most_rows;
      // A row of them is no larger than a GET that the agent answers.
      if (limits_.gets != nullptr) plan.max_columns = limits_.gets->most().objects(octets_of_cell);
      plan.profile = profile_of(table);
      ++under_way_;
      walks_.push_back(snmp::Walk::start(
          session_, std::move(plan),
          [this, &its](std::size_t column, snmp::VarBind&& variable) { take(its[column], std::move(variable)); },
          [this, table](snmp::WalkEnd&& end) { take_end(table, std::move(end)); }));
    }
  }

  void take(Column column, snmp::VarBind&& variable) {
    const std::size_t length = oid_of(column).size();
    if (variable.oid.size() != length + 1) return;
    const std::uint32_t index = variable.oid.back();
    auto row = rows_.find(index);
    if (row == rows_.end()) {
      if (rows_.size() >= most_rows) return note(fmt::format("rows beyond the first {} are left out", most_rows));
      row = rows_.try_emplace(index, memory_, columns_.size()).first;
    }
    row->second.set(column, std::move(variable.value));
  }

  void take_end(Table table, snmp::WalkEnd&& end) {
    profile_of(table) = std::move(end.profile);
    repetitions_[place(table)] = end.most_repetitions;
    for (std::string& one : end.notes) note(std::move(one));
    if (!end.refused.empty()) {
      const std::size_t before = refused_.size();
      for (const std::size_t place : end.refused) {
        const Column column = mine(table)[place];
        if (std::find(dispensable.begin(), dispensable.end(), column) == dispensable.end()) refused_.push_back(column);
      }
      if (!refusal_ && refused_.size() > before) refusal_ = std::move(end.error);
    } else if (end.error && !end_.error) {
      end_.error = std::move(end.error);
      end_.outcome = end.outcome;
    }
    --under_way_;
    if (end_.outcome != snmp::Outcome::answered) {
      // Nobody there: the other walk would only find out by its own row of timeouts.
      walks_.clear();
      session_.cancel_all();
      return finish();
    }
    if (under_way_ > 0) return;
    if (end_.error) return finish();
    check_rows();
  }

  // ---- are these all rows? ----

  /// Asks by GET for what seems to be missing. Agents that count their interfaces otherwise, or have holes, say that
  /// nothing is there, and are not read again for it.
  void check_rows() {
    const std::size_t sample_size = is_v1() ? row_sample_v1 : row_sample;
    std::vector<Asked> sample;
    for (const Cell& cell : spread_over(rows_in_doubt(rows_, columns_, limits_.if_number), sample_size)) {
      sample.push_back({0, cell});
    }
    if (sample.empty()) return check_cells();
    found_missing_ = 0;
    get(
        std::move(sample), [this](const Asked&, snmp::Value&&) { ++found_missing_; },
        [this] {
          if (found_missing_ == 0) return check_cells();
          if (reads_ < most_reads && lower("rows missing")) return walk();
          tell_what_lacks();
          check_cells();
        });
  }

  void tell_what_lacks() {
    const auto there =
        std::count_if(rows_.begin(), rows_.end(), [](const auto& row) { return row.second.in(Table::if_table); });
    std::string message = limits_.if_number ? fmt::format("{}: {} interfaces by ifNumber, {} by its tables",
                                                          session_.options().label, *limits_.if_number, there)
                                            : fmt::format("{}: its tables leave out rows", session_.options().label);
    end_.lacking = Error{ErrorKind::agent, std::move(message),
                         "GET finds some that GETNEXT and GETBULK pass over; a newer firmware may help"};
  }

  /// Asks more gently from now on; false where that cannot be.
  bool lower(std::string_view why) {
    if (is_v1()) return false;
    bool lowered = false;
    for (const Table table : {Table::if_table, Table::if_x_table}) {
      snmp::BulkProfile& profile = profile_of(table);
      // Half the repetitions once, then GETNEXT: nobody knows where the agent begins to count right.
      if (!profile.doubt(why, reads_ == 1 ? repetitions_[place(table)] : 1)) continue;
      note(profile.lowered);
      lowered = true;
    }
    return lowered;
  }

  // ---- are these all cells, and true ones? ----

  void check_cells() {
    for (const Table table : {Table::if_table, Table::if_x_table}) {
      auto ends = early_ends(rows_, columns_, table, !is_v1());
      std::move(ends.begin(), ends.end(), std::back_inserter(suspicions_));
    }
    if (!is_v1()) {
      Suspicion lesser = lesser_rows(rows_, columns_);
      if (!lesser.sample.empty()) suspicions_.push_back(std::move(lesser));
    }
    Suspicion zeros = doubtful_zeros(rows_, columns_);
    if (!zeros.sample.empty()) suspicions_.push_back(std::move(zeros));
    if (suspicions_.empty()) return join();
    std::vector<Asked> sample;
    for (std::size_t i = 0; i < suspicions_.size(); ++i) {
      for (const Cell& cell : suspicions_[i].sample) sample.push_back({i, cell});
    }
    get(
        std::move(sample),
        [this](const Asked& asked, snmp::Value&& value) {
          if (mend(asked.cell, std::move(value))) suspicions_[asked.suspicion].proven = true;
        },
        [this] { get_proven(); });
  }

  void get_proven() {
    std::vector<Asked> all;
    for (std::size_t i = 0; i < suspicions_.size(); ++i) {
      Suspicion& suspicion = suspicions_[i];
      if (!suspicion.proven) continue;
      note(fmt::format("{}: asked for by GET", suspicion.what));
      for (const Cell& cell : suspicion.cells) all.push_back({i, cell});
      if (suspicion.blames_bulk) lower(suspicion.what);
    }
    if (all.empty()) return join();
    get(
        std::move(all), [this](const Asked& asked, snmp::Value&& value) { mend(asked.cell, std::move(value)); },
        [this] { join(); });
  }

  /// False where the walk told the same.
  bool mend(const Cell& cell, snmp::Value&& value) {
    Row& row = rows_.at(cell.index);
    if (row.find(cell.column) != nullptr && value.as_unsigned() == 0U) return false;
    row.set(cell.column, std::move(value));
    return true;
  }

  /// Asks for these cells by GET; those that the agent has go to `take`.
  void get(std::vector<Asked>&& cells, std::function<void(const Asked&, snmp::Value&&)> take,
           std::function<void()> then) {
    snmp::MultiGetPlan plan;
    plan.max_message_size = limits_.max_message_size;
    plan.profile = limits_.gets;
    plan.with_uptime = false;
    plan.known_alive = true;
    for (const Asked& asked : cells) plan.groups.push_back({{oid_of(asked.cell.column).child(asked.cell.index)}, 7});
    get_ = snmp::MultiGet::start(
        session_, std::move(plan),
        [cells = std::move(cells), take = std::move(take)](snmp::GroupAnswer&& answer) {
          snmp::Value& value = answer.values[0];
          if (!value.is_exception() && value.type() != snmp::Type::null) take(cells[answer.group], std::move(value));
        },
        [this, then = std::move(then)](snmp::MultiGetEnd&& end) {
          gets_whole_ = gets_whole_ && !end.error && end.unanswered == 0;
          then();
        });
  }

  // ---- one row from two tables ----

  void join() {
    end_.ifx_offset = ifx_offset(rows_);
    if (end_.ifx_offset) join_tables(rows_, *end_.ifx_offset);
    finish();
  }

  /// Each once: both tables, and each read of them, mostly find out the same.
  void note(std::string text) {
    if (std::find(end_.notes.begin(), end_.notes.end(), text) == end_.notes.end())
      end_.notes.push_back(std::move(text));
  }

  void finish() {
    const auto callback = std::move(done_);  // may destroy this
    Rows rows = std::move(rows_);
    ReadEnd read_end = std::move(end_);
    if (refusal_ && !read_end.error && !read_end.lacking && !all_asked_by_get()) {
      read_end.lacking = std::move(refusal_);
      read_end.columns_refused = true;
    }
    read_end.profile = std::move(profile_);
    callback(std::move(rows), std::move(read_end));
  }

  /// Of the columns that were refused: what GET did not find either is what the agent cannot say, and nothing else is
  /// missing.
  [[nodiscard]] bool all_asked_by_get() const {
    return gets_whole_ && std::all_of(refused_.begin(), refused_.end(), [this](Column column) {
             const auto found =
                 std::find_if(suspicions_.begin(), suspicions_.end(),
                              [column](const Suspicion& suspicion) { return suspicion.column == column; });
             return found != suspicions_.end() && (found->proven || found->sample.size() == found->cells.size());
           });
  }

  snmp::Session& session_;
  std::vector<Column> columns_;
  std::array<std::vector<Column>, 2> by_table_;
  ReadLimits limits_;
  TableProfile profile_;
  std::array<unsigned, 2> repetitions_{};
  CellMemory memory_;
  Rows rows_;
  ReadEnd end_;
  std::optional<Error> refusal_;  ///< what ended a column that matters, in the walks of this read
  std::vector<Column> refused_;   ///< these columns
  bool gets_whole_ = true;        ///< every GET of this read was answered
  int under_way_ = 0;
  int reads_ = 0;
  std::size_t found_missing_ = 0;
  std::vector<Suspicion> suspicions_;
  std::function<void(Rows&&, ReadEnd&&)> done_;
  std::vector<std::unique_ptr<snmp::Walk>> walks_;
  std::unique_ptr<snmp::MultiGet> get_;
};

}  // namespace

std::unique_ptr<Reading> read_tables(snmp::Session& session, std::span<const Column> columns, const ReadLimits& limits,
                                     std::function<void(Rows&&, ReadEnd&&)> done) {
  return std::make_unique<TableReading>(session, columns, limits, std::move(done));
}

}  // namespace octopoll::ifmib
