#include "octopoll/snmp/walk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_set>

namespace octopoll::snmp {
namespace {

/// What a whole and quick answer adds, as long as nothing failed.
constexpr unsigned growth = 5;
/// Steps down where the number of repetitions may be what the agent does not answer.
constexpr unsigned middle_repetitions = 10;
/// After so many walks by GETNEXT the agent is asked once more whether it knows GETBULK.
constexpr unsigned walks_without_bulk = 24;
/// Refused columns of one walk after which the sizes of before are tried once more; then each costs one request.
constexpr unsigned most_restorations = 2;

}  // namespace

struct Walk::Impl : std::enable_shared_from_this<Walk::Impl> {
  struct Column {
    Oid root;
    Oid cursor;
    bool done = false;
    std::size_t rows = 0;
    std::vector<std::uint64_t> hashes{};       ///< of all that was found, as long as it was in order
    std::unordered_set<std::uint64_t> seen{};  ///< the same, from the first disorder on
    bool in_order = true;
  };
  /// What a request asked for.
  struct Question {
    bool bulk = false;
    unsigned repetitions = 1;
    unsigned cap = 1;
  };

  Session& session;
  WalkPlan plan;
  Found found;
  Done done;
  std::vector<Column> columns;
  std::vector<std::size_t> asked;       ///< columns in the PDU under way
  std::vector<std::size_t> unanswered;  ///< columns in the one that met silence, while that is probed
  std::vector<std::string> notes;
  bool stopped = false;
  BulkProfile profile;
  bool in_trouble = false;  ///< something was lowered in this walk
  /// Before what was lowered last, as long as no answer has shown that lowering helped.
  std::optional<BulkProfile> before_trouble;
  unsigned restorations = 0;
  std::optional<Error> refusal;      ///< the first that ended a column
  std::vector<std::size_t> refused;  ///< columns that ended so
  Question question;                 ///< under way
  bool proven = true;                ///< a request as large as the next one has been answered, or nothing failed yet
  bool probing = false;              ///< the request under way asks whether anybody is there
  bool bulk_doubted = false;         ///< GETBULK was given up, and GETNEXT of as many columns not answered since
  unsigned most_repetitions = 0;     ///< of those answered
  std::uint64_t retries_seen = 0;    ///< of the session
  std::size_t variables = 0;
  std::size_t longest_column = 0;  ///< rows of the longest that has ended

  Impl(Session& on, WalkPlan what, Found on_found, Done on_done)
      : session(on),
        plan(std::move(what)),
        found(std::move(on_found)),
        done(std::move(on_done)),
        profile(plan.profile),
        retries_seen(session.traffic().retries) {
    for (const Oid& root : plan.columns) columns.push_back({root, root});
    if (!profile.bulk && profile.quiet_walks >= walks_without_bulk) {
      profile.bulk = true;
      profile.repetitions = BulkProfile::first_repetitions;
      profile.quiet_walks = 0;
      proven = false;
    }
  }

  /// One repetition is what GETNEXT asks for, and whoever allows no more may know an agent without GETBULK.
  [[nodiscard]] bool bulk() const {
    return profile.bulk && !probing && plan.max_repetitions > 1 &&
           session.options().credentials->version != SnmpVersion::v1;
  }

  void next() {
    asked.clear();
    for (std::size_t i = 0; i < columns.size() && asked.size() < columns_that_fit(); ++i) {
      if (!columns[i].done) asked.push_back(i);
    }
    if (asked.empty()) {
      // Later, since a plan without columns comes here from inside start().
      session.later([self = shared_from_this()] {
        if (!self->stopped) self->finish(std::move(self->refusal));
      });
      return;
    }
    send();
  }

  /// Asks one column for one variable: the smallest question, which any agent that is there can answer.
  void probe() {
    probing = true;
    asked.resize(1);
    send();
  }

  void send() {
    Request request;
    request.operation = bulk() ? Operation::get_bulk : Operation::get_next;
    request.max_repetitions = repetitions();
    question = {bulk(), bulk() ? repetitions() : 1, repetitions_cap()};
    for (const std::size_t column : asked) request.names.push_back(columns[column].cursor);
    // What failed a size above may fail again: one retry tells that from a lost packet.
    if (!proven || probing) request.retries = std::min(session.options().retries, 1U);
    session.send(std::move(request), [self = shared_from_this()](Reply&& reply) {
      if (!self->stopped) self->take(std::move(reply));
    });
  }

  [[nodiscard]] double room() const {
    const std::size_t overhead = message_overhead(session.options().credentials->version);
    return static_cast<double>(std::max<std::size_t>(plan.max_message_size, overhead + 100) - overhead);
  }
  [[nodiscard]] std::size_t columns_that_fit() const {
    return std::clamp<std::size_t>(static_cast<std::size_t>(room() / profile.octets_per_variable), 1,
                                   std::max<std::size_t>(std::min(profile.columns, plan.max_columns), 1));
  }
  [[nodiscard]] unsigned repetitions_cap() const { return std::min(profile.repetitions, plan.max_repetitions); }
  [[nodiscard]] unsigned repetitions() const {
    const double row = profile.octets_per_variable * static_cast<double>(std::max<std::size_t>(asked.size(), 1));
    std::size_t most = std::max(repetitions_cap(), 1U);
    if (longest_column > 0) most = std::min(most, longest_column + 1);
    return std::clamp(static_cast<unsigned>(room() / row), 1U, static_cast<unsigned>(most));
  }

  void take(Reply&& reply) {
    if (may_be_too_large(reply.outcome) && session.traffic().responses > 0 && can_ask_for_less()) {
      unanswered = asked;
      return probe();
    }
    if (reply.outcome != Outcome::answered) return finish(session.explain(reply), reply.outcome);
    const bool was_probe = std::exchange(probing, false);
    if (was_probe) {
      // Somebody is there: the request before was too much, and the answer to this one is its first column's next row.
      std::swap(asked, unanswered);
      degrade("no answer");
      std::swap(asked, unanswered);
    }
    if (reply.error_status == ErrorStatus::authorization_error || reply.error_status == ErrorStatus::no_access) {
      return finish(session.explain(reply));  // of this user, not of these objects: asking for less changes nothing
    }
    if (reply.error_status != ErrorStatus::no_error) return take_error(reply, was_probe);
    if (reply.variables.empty()) {
      if (!was_probe && degrade("an answer without variables")) return next();
      return finish(Error{ErrorKind::agent,
                          fmt::format("{}: the agent answers GETNEXT without variables", session.options().label),
                          {}});
    }
    profile.octets_per_variable =
        std::max(16.0, static_cast<double>(reply.octets) / static_cast<double>(reply.variables.size()) * 1.05);
    bool contradicted = false;
    for (std::size_t place = 0; place < asked.size(); ++place) {
      if (!take_column(place, reply.variables)) contradicted = true;
      if (stopped) return;  // `found` may destroy the walk
    }
    // Where less cannot be asked for, the column ends: the same question would get the same answer for ever.
    if (contradicted && !degrade("an answer that leaves a column and comes back")) end_column(columns[asked[0]]);
    if (!was_probe && !contradicted) learn_from(reply);
    if (variables > plan.max_variables) {
      return finish(
          Error{ErrorKind::agent,
                fmt::format("{}: the walk did not end after {} variables", session.options().label, variables),
                "the agent may loop"});
    }
    next();
  }

  /// Takes one column's repetitions, every asked.size()-th variable. False where they contradict each other: one lies
  /// outside the column and a later one inside. Then the rest is asked for again, for the first cannot be its end
  /// (Net-SNMP's agent misplaces a variable so when a repetition runs off the end of the view).
  bool take_column(std::size_t place, std::vector<VarBind>& variables_of_answer) {
    const std::size_t index = asked[place];
    Column& column = columns[index];
    for (std::size_t i = place; i < variables_of_answer.size(); i += asked.size()) {
      VarBind& variable = variables_of_answer[i];
      if (variable.value.is_exception() || !variable.oid.starts_with(column.root)) {
        for (std::size_t later = i + asked.size(); later < variables_of_answer.size(); later += asked.size()) {
          const VarBind& other = variables_of_answer[later];
          if (!other.value.is_exception() && other.oid.starts_with(column.root) && other.oid > column.cursor)
            return false;
        }
        end_column(column);
        return true;
      }
      if (!is_new(column, variable.oid)) {
        note("{}: {} comes a second time after {}: the agent loops, and the column ends there", column.root.to_string(),
             variable.oid.to_string(), column.cursor.to_string());
        column.done = true;
        return true;
      }
      column.cursor = variable.oid;
      ++column.rows;
      ++variables;
      found(index, std::move(variable));
      if (stopped) return true;
    }
    return true;
  }

  /// Whether an instance was not there before. While they increase none can come twice; some agents (Juniper QFX, Cisco
  /// WLC) sort a table otherwise and yet end, so disorder alone ends no column.
  bool is_new(Column& column, const Oid& oid) {
    const std::uint64_t hash = std::hash<Oid>()(oid);
    if (column.in_order) {
      if (oid > column.cursor) {
        column.hashes.push_back(hash);
        return true;
      }
      column.in_order = false;
      column.seen.insert(column.hashes.begin(), column.hashes.end());
      column.hashes = {};
      if (column.seen.contains(hash)) return false;
      note("{}: OID not increasing after {}", column.root.to_string(), column.cursor.to_string());
    }
    return column.seen.insert(hash).second;
  }

  /// Columns of a table mostly have as many rows as each other: the ones still to come are not asked beyond that.
  void end_column(Column& column) {
    column.done = true;
    longest_column = std::max(longest_column, column.rows);
  }

  void take_error(const Reply& reply, bool was_probe) {
    const bool points = reply.error_index >= 1 && reply.error_index <= asked.size();
    if (reply.error_status == ErrorStatus::no_such_name && points) {
      columns[asked[reply.error_index - 1]].done = true;  // SNMPv1's end of the MIB (RFC 1157 section 4.1.3)
      return next();
    }
    if (!was_probe && degrade(to_string(reply.error_status))) return next();
    // One column by GETNEXT, and the agent still refuses: the column ends here, the others go on. What else it has
    // nobody knows, so the walk is not whole.
    if (reply.error_status != ErrorStatus::no_such_name) {
      note("{}: ended by {} after {}", columns[asked[0]].root.to_string(), to_string(reply.error_status),
           columns[asked[0]].cursor.to_string());
      if (!refusal) {
        refusal = session.explain(reply);
        refusal->message += fmt::format(" to what is behind {}", columns[asked[0]].cursor.to_string());
      }
      refused.push_back(asked[0]);
      if (restorations < most_restorations && restore()) ++restorations;
    }
    columns[asked[0]].done = true;
    next();
  }

  /// Takes back what was lowered in vain: the smallest question was refused too, so size was not the reason.
  bool restore() {
    if (!before_trouble) return false;
    profile = *std::exchange(before_trouble, std::nullopt);
    bulk_doubted = false;
    return true;
  }

  [[nodiscard]] bool can_ask_for_less() const { return !probing && (bulk() || asked.size() > 1); }

  /// Asks for less from now on; false where less cannot be asked for.
  ///
  /// GETBULK for one repetition and GETNEXT have answers of one size, so GETNEXT of as many columns tells an agent that
  /// does not know GETBULK from one whose messages are small. In the second case GETBULK is innocent, and comes back.
  bool degrade(std::string_view why) {
    const unsigned repeats = repetitions();
    const std::size_t side_by_side = asked.size();
    BulkProfile before = profile;
    std::string what;
    if (bulk() && repeats > 1) {
      profile.repetitions = repeats > middle_repetitions ? middle_repetitions : 1;
      what = fmt::format("{} to {} repetitions -> {}", why, repeats, profile.repetitions);
    } else if (bulk()) {
      profile.bulk = false;
      bulk_doubted = true;
      what = fmt::format("{} to GETBULK -> GETNEXT", why);
    } else if (side_by_side > 1) {
      profile.columns = std::max<std::size_t>(1, side_by_side / 4);
      if (std::exchange(bulk_doubted, false)) profile.bulk = true;
      what = fmt::format("{} to {} columns side by side -> {}", why, side_by_side, profile.columns);
    } else {
      return false;
    }
    if (!before_trouble) before_trouble = std::move(before);
    note("{}", what);
    profile.lowered = std::move(what);
    profile.quiet_walks = 0;
    in_trouble = true;
    proven = false;
    return true;
  }

  void learn_from(const Reply& reply) {
    proven = true;
    bulk_doubted = false;
    before_trouble.reset();
    const std::uint64_t retries = session.traffic().retries;
    const bool quick =
        reply.round_trip < session.options().timeout / 4 && std::exchange(retries_seen, retries) == retries;
    if (reply.variables.size() < asked.size()) {
      profile.lowered = fmt::format("{} variables for {} columns side by side -> {}", reply.variables.size(),
                                    asked.size(), reply.variables.size());
      profile.columns = reply.variables.size();
      in_trouble = true;
    }
    if (!question.bulk) return;
    most_repetitions = std::max(most_repetitions, question.repetitions);
    const auto came = static_cast<unsigned>(reply.variables.size() / asked.size());
    const bool ended =
        std::any_of(asked.begin(), asked.end(), [this](std::size_t column) { return columns[column].done; });
    if (came < question.repetitions && !ended) {
      profile.repetitions = std::max(1U, came);
    } else if (quick && came >= question.repetitions && profile.lowered.empty() &&
               question.repetitions == question.cap) {
      profile.repetitions = std::min(profile.repetitions + growth, plan.max_repetitions);
    }
  }

  /// A walk without trouble gives back a little of what was taken.
  void recover() {
    if (in_trouble || profile.lowered.empty()) return;
    ++profile.quiet_walks;
    if (profile.bulk && profile.repetitions < plan.max_repetitions) ++profile.repetitions;
    if (profile.columns < BulkProfile::most_columns) ++profile.columns;
    const bool recovered =
        profile.bulk && profile.repetitions >= plan.max_repetitions && profile.columns >= BulkProfile::most_columns;
    if (recovered) profile.lowered.clear();
  }

  template <class... Args>
  void note(fmt::format_string<Args...> format, Args&&... args) {
    if (notes.size() < 100) notes.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void finish(std::optional<Error> error, Outcome outcome = Outcome::answered) {
    stopped = true;
    if (!error) recover();
    if (!refused.empty()) restore();
    WalkEnd end{std::move(error), std::move(notes), outcome, profile, most_repetitions, std::move(refused)};
    const Done callback = std::move(done);
    callback(std::move(end));
  }
};

bool BulkProfile::doubt(std::string_view why, unsigned asked) {
  if (!bulk) return false;
  if (asked > 1) {
    repetitions = asked / 2;
    lowered = fmt::format("{} at {} repetitions -> {}", why, asked, repetitions);
  } else {
    bulk = false;
    lowered = fmt::format("{} in answers to GETBULK -> GETNEXT", why);
  }
  quiet_walks = 0;
  return true;
}

Walk::Walk(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Walk::~Walk() { impl_->stopped = true; }
const BulkProfile& Walk::profile() const noexcept { return impl_->profile; }

std::unique_ptr<Walk> Walk::start(Session& session, WalkPlan plan, Found found, Done done) {
  auto impl = std::make_shared<Impl>(session, std::move(plan), std::move(found), std::move(done));
  std::unique_ptr<Walk> walk(new Walk(impl));
  impl->next();
  return walk;
}

}  // namespace octopoll::snmp
