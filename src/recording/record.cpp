#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "octopoll/ifmib/columns.hpp"
#include "octopoll/recording/recording.hpp"

namespace octopoll::recording {
namespace {

using snmp::Oid;

/// SNMP's own configuration: targets, notification filters, users, views, communities (SNMP-TARGET-MIB to
/// SNMP-COMMUNITY-MIB). A wish for everything is no wish to hand out the keys.
const std::array<Oid, 5>& secret_subtrees() {
  static const std::array<Oid, 5> subtrees{{{1, 3, 6, 1, 6, 3, 12},
                                            {1, 3, 6, 1, 6, 3, 13},
                                            {1, 3, 6, 1, 6, 3, 15},
                                            {1, 3, 6, 1, 6, 3, 16},
                                            {1, 3, 6, 1, 6, 3, 18}}};
  return subtrees;
}

bool is_secret(const Oid& oid) {
  const auto& all = secret_subtrees();
  return std::any_of(all.begin(), all.end(), [&oid](const Oid& subtree) { return oid.starts_with(subtree); });
}

std::vector<Oid> columns_of(ifmib::Table table) {
  std::vector<Oid> columns;
  for (const ifmib::Column column : ifmib::all_columns()) {
    if (ifmib::table_of(column) == table) columns.push_back(ifmib::oid_of(column));
  }
  return columns;
}

}  // namespace

std::vector<std::vector<Oid>> usual_subtrees() {
  return {
      {{1, 3, 6, 1, 2, 1, 1}},     // system
      {{1, 3, 6, 1, 2, 1, 2, 1}},  // ifNumber
      // Column by column: an agent that loops in one of them costs the others nothing.
      columns_of(ifmib::Table::if_table),
      {{1, 3, 6, 1, 2, 1, 10, 7}},  // EtherLike-MIB: dot3
      columns_of(ifmib::Table::if_x_table),
      {{1, 3, 6, 1, 2, 1, 31, 1, 2}},                                     // ifStackTable
      {{1, 3, 6, 1, 2, 1, 31, 1, 5}},                                     // ifTableLastChange
      {{1, 3, 6, 1, 2, 1, 31, 1, 6}},                                     // ifStackLastChange
      {{1, 3, 6, 1, 6, 3, 10, 2, 1}},                                     // snmpEngine
      {{1, 3, 6, 1, 4, 1, 8072, 1, 5, 3, 1, 2, 1, 3, 6, 1, 2, 1, 2, 2}},  // nsCacheTimeout of ifTable
  };
}

namespace {

/// Takes the walks' finds into the recording.
class Recorder {
 public:
  Recorder(snmp::Interview& interview, snmp::Session& session, const Plan& plan,
           const std::function<void(std::size_t)>& progress)
      : interview_(interview), session_(session), plan_(plan), progress_(progress) {}

  Recording run() {
    if (plan_.usual && !plan_.everything) {
      for (const auto& roots : usual_subtrees()) walk(roots, false);
    }
    if (plan_.everything) walk({{1, 3, 6, 1}}, true);
    for (const Oid& root : plan_.more) walk({root}, false);
    return std::move(recording_);
  }

 private:
  void walk(const std::vector<Oid>& roots, bool skip_secrets) {
    if (recording_.error) return;
    std::size_t found = 0;
    snmp::WalkPlan walk_plan;
    walk_plan.columns = roots;
    walk_plan.max_repetitions = plan_.max_repetitions;
    snmp::WalkEnd end = interview_.walk(session_, std::move(walk_plan), [&](std::size_t, snmp::VarBind&& variable) {
      ++found;
      if (!skip_secrets || !is_secret(variable.oid)) take(std::move(variable));
    });
    std::move(end.notes.begin(), end.notes.end(), std::back_inserter(recording_.notes));
    recording_.error = std::move(end.error);
    // A single object has nothing below it.
    if (found == 0 && roots.size() == 1) get(roots[0]);
  }

  void get(const Oid& oid) {
    if (recording_.error || interview_.interrupted()) return;
    snmp::Reply reply = interview_.get(session_, {oid});
    if (interview_.interrupted()) {
      recording_.error = Error{ErrorKind::partial, session_.options().label + ": interrupted", {}};
    } else if (reply.outcome != snmp::Outcome::answered) {
      recording_.error = session_.explain(reply);
    } else if (reply.good()) {
      for (snmp::VarBind& variable : reply.variables) take(std::move(variable));
    }
  }

  void take(snmp::VarBind&& variable) {
    if (variable.value.is_exception()) return;
    recording_.objects.insert_or_assign(std::move(variable.oid), std::move(variable.value));
    progress_(recording_.objects.size());
  }

  snmp::Interview& interview_;
  snmp::Session& session_;
  const Plan& plan_;
  const std::function<void(std::size_t)>& progress_;
  Recording recording_;
};

}  // namespace

Recording record(snmp::Interview& interview, snmp::Session& session, const Plan& plan,
                 const std::function<void(std::size_t objects)>& progress) {
  return Recorder(interview, session, plan, progress).run();
}

}  // namespace octopoll::recording
