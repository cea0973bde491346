#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "octopoll/ifmib/columns.hpp"
#include "octopoll/recording/recording.hpp"

namespace octopoll::recording {
namespace {

using snmp::Oid;

/// A wish for everything is no wish to hand out the keys; who names a subtree of them means it.
bool is_secret(const Oid& oid, std::span<const Oid> roots) {
  const auto& all = secret_subtrees();
  return std::any_of(all.begin(), all.end(), [&](const Oid& subtree) {
    const bool asked_for =
        std::any_of(roots.begin(), roots.end(), [&subtree](const Oid& root) { return root.starts_with(subtree); });
    return !asked_for && oid.starts_with(subtree);
  });
}

std::vector<Oid> columns_of(ifmib::Table table) {
  std::vector<Oid> columns;
  for (const ifmib::Column column : ifmib::all_columns()) {
    if (ifmib::table_of(column) == table) columns.push_back(ifmib::oid_of(column));
  }
  return columns;
}

}  // namespace

std::span<const Oid> secret_subtrees() {
  static const std::array<Oid, 7> subtrees{{
      {1, 3, 6, 1, 6, 3, 12},          // SNMP-TARGET-MIB
      {1, 3, 6, 1, 6, 3, 13},          // SNMP-NOTIFICATION-MIB
      {1, 3, 6, 1, 6, 3, 15},          // SNMP-USER-BASED-SM-MIB
      {1, 3, 6, 1, 6, 3, 16},          // SNMP-VIEW-BASED-ACM-MIB
      {1, 3, 6, 1, 6, 3, 18},          // SNMP-COMMUNITY-MIB
      {1, 3, 6, 1, 4, 1, 8072, 1, 3},  // NET-SNMP-EXTEND-MIB: command lines, which may hold passwords
      {1, 3, 6, 1, 4, 1, 8072, 1, 9},  // NET-SNMP-VACM-MIB: names of users and communities in its indexes
  }};
  return subtrees;
}

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
      for (const auto& roots : usual_subtrees()) walk(roots);
    }
    if (plan_.everything) walk({{1, 3, 6, 1}});
    for (const Oid& root : plan_.more) {
      const std::size_t before = recording_.objects.size();
      walk({root});
      if (recording_.objects.size() == before && !recording_.error)
        recording_.notes.push_back(root.to_string() + ": nothing new there");
    }
    return std::move(recording_);
  }

 private:
  void walk(const std::vector<Oid>& roots) {
    if (recording_.error) return;
    std::size_t found = 0;
    snmp::WalkPlan walk_plan;
    walk_plan.columns = roots;
    walk_plan.max_repetitions = plan_.max_repetitions;
    walk_plan.profile = profile_;
    snmp::WalkEnd end = interview_.walk(session_, std::move(walk_plan), [&](std::size_t, snmp::VarBind&& variable) {
      ++found;
      if (!is_secret(variable.oid, roots)) take(std::move(variable));
    });
    std::move(end.notes.begin(), end.notes.end(), std::back_inserter(recording_.notes));
    recording_.error = std::move(end.error);
    profile_ = end.profile;
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
  snmp::BulkProfile profile_;  ///< what one subtree teaches holds for the next
  Recording recording_;
};

}  // namespace

Recording record(snmp::Interview& interview, snmp::Session& session, const Plan& plan,
                 const std::function<void(std::size_t objects)>& progress) {
  return Recorder(interview, session, plan, progress).run();
}

}  // namespace octopoll::recording
