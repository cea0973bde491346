#include "doctor/bulk.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "octopoll/core/text.hpp"

namespace octopoll::doctor {
namespace {

using snmp::Oid;
using snmp::Operation;
using snmp::Outcome;
using snmp::Reply;
using snmp::Request;

const Oid& start_of_walk() {
  static const Oid if_descr{1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
  return if_descr;
}

Reply next(snmp::Interview& interview, snmp::Session& session, const Oid& after) {
  Request request;
  request.operation = Operation::get_next;
  request.names = {after};
  return interview.ask(session, std::move(request));
}

/// What an answer to GETBULK was worth.
struct BulkAnswer {
  enum class Kind : std::uint8_t { whole, cut_short, skipped, refused, silent };
  Kind kind = Kind::whole;
  std::size_t rows = 0;  ///< that agree with GETNEXT
  std::string text;
};

BulkAnswer judge(const Reply& reply, const NextWalk& walk, unsigned size) {
  if (reply.outcome != Outcome::answered) return {BulkAnswer::Kind::silent, 0, fmt::format("{}: no answer", size)};
  if (reply.error_status != snmp::ErrorStatus::no_error)
    return {BulkAnswer::Kind::refused, 0, fmt::format("{}: {}", size, to_string(reply.error_status))};
  std::size_t agree = 0;
  for (const snmp::VarBind& variable : reply.variables) {
    if (variable.value.is_exception()) break;
    if (agree == walk.names.size()) break;
    if (variable.oid != walk.names[agree])
      return {BulkAnswer::Kind::skipped, agree,
              fmt::format("{}: {} comes after {} rows instead of {}", size, variable.oid.to_string(), agree,
                          walk.names[agree].to_string())};
    ++agree;
  }
  const std::size_t due = std::min<std::size_t>(size, walk.names.size());
  if (agree < due) return {BulkAnswer::Kind::cut_short, agree, fmt::format("{}: {} rows", size, agree)};
  return {BulkAnswer::Kind::whole, agree, fmt::format("{}: whole", size)};
}

}  // namespace

NextWalk walk_by_get_next(snmp::Interview& interview, snmp::Session& session) {
  NextWalk walk;
  std::set<Oid> seen;
  Oid cursor = start_of_walk();
  while (walk.names.size() < longest_next_walk && !interview.interrupted()) {
    const Reply reply = next(interview, session, cursor);
    if (reply.outcome != Outcome::answered) {
      walk.error = session.explain(reply);
      return walk;
    }
    // noSuchName is SNMPv1's end of what there is (RFC 1157 section 4.1.3).
    if (!reply.good() || reply.variables.empty() || reply.variables[0].value.is_exception()) {
      walk.to_the_end = true;
      return walk;
    }
    const Oid& found = reply.variables[0].oid;
    if (found <= cursor) walk.increasing = false;
    if (!seen.insert(found).second) {
      walk.loops = true;
      return walk;
    }
    cursor = found;
    walk.names.push_back(found);
  }
  return walk;
}

Finding judge_order(const NextWalk& walk) {
  Finding finding{
      "order", Severity::ok, fmt::format("{} objects by GETNEXT, each after the one before", walk.names.size()), {}};
  if (walk.error) {
    finding.severity = Severity::problem;
    finding.measured = walk.error->message;
    finding.meaning = walk.error->remedy;
  } else if (walk.loops) {
    finding.severity = Severity::problem;
    finding.measured = fmt::format("after {} objects one comes a second time", walk.names.size());
    finding.meaning = "walks would never end: octopoll stops such a column there and loses its rest";
  } else if (!walk.increasing) {
    finding.severity = Severity::note;
    finding.measured = fmt::format("{} objects by GETNEXT, not in increasing order", walk.names.size());
    finding.meaning = "other pollers stop there; octopoll reads on";
  }
  return finding;
}

Finding try_bulk_sizes(snmp::Interview& interview, snmp::Session& session, const NextWalk& walk, Profile& profile) {
  Finding finding{"bulk", Severity::ok, {}, {}};
  constexpr std::array<unsigned, 4> sizes{10, 25, 50, 100};
  constexpr unsigned default_size = 25;
  std::vector<std::string> texts;
  unsigned good = 0;
  bool skips = false;
  bool silent = false;
  bool refused = false;
  for (const unsigned size : sizes) {
    Request request;
    request.operation = Operation::get_bulk;
    request.names = {start_of_walk()};
    request.max_repetitions = size;
    BulkAnswer answer = judge(interview.ask(session, request), walk, size);
    // A row that came or went since the GETNEXTs looks the same once, not twice running from a fresh look.
    if (answer.kind == BulkAnswer::Kind::skipped) {
      const Reply at_gap = next(interview, session, answer.rows == 0 ? start_of_walk() : walk.names[answer.rows - 1]);
      const bool still_there =
          at_gap.good() && !at_gap.variables.empty() && at_gap.variables[0].oid == walk.names[answer.rows];
      if (!still_there)
        answer = {BulkAnswer::Kind::cut_short, answer.rows, fmt::format("{}: rows changed meanwhile", size)};
    }
    texts.push_back(answer.text);
    const bool usable =
        answer.kind == BulkAnswer::Kind::whole || (answer.kind == BulkAnswer::Kind::cut_short && answer.rows > 0);
    if (usable) good = std::max(good, skips || silent || refused ? 0U : size);
    skips = skips || answer.kind == BulkAnswer::Kind::skipped;
    silent = silent || answer.kind == BulkAnswer::Kind::silent;
    refused = refused || answer.kind == BulkAnswer::Kind::refused;
    if (answer.kind == BulkAnswer::Kind::silent) break;  // more would only be more silence
  }
  finding.measured = fmt::format("{}", fmt::join(texts, ", "));
  if (skips) {
    finding.severity = Severity::problem;
    finding.meaning = "rows would be lost without a word (Zyxel switches do so): ask for fewer";
  } else if (silent || refused) {
    finding.severity = Severity::note;
    finding.meaning = good == 0 ? "octopoll falls back to GETNEXT by itself, after timeouts at each read of the tables"
                                : "octopoll asks for fewer by itself, after a timeout: better ask for fewer at once";
  }
  if ((skips || silent || refused) && good < default_size) profile.max_repetitions = std::max(good, 1U);
  return finding;
}

namespace {

struct Known {
  Oid name;
  std::size_t octets;  ///< of the variable in an answer, about
};

std::vector<Known> known_objects(const ifmib::Rows& rows) {
  constexpr std::size_t headers = 6;  // tag and length of the variable, its name, its value
  std::vector<Known> objects;
  for (const auto& [index, row] : rows) {
    for (const auto& [column, value] : row.cells()) {
      const Oid name = ifmib::cell_oid(column, index, row.x_index.value_or(index));
      const std::size_t content = value.octets() != nullptr ? value.octets()->size() : value.bits() == 64 ? 5 : 3;
      objects.push_back({name, headers + name.size() + content});
    }
    if (objects.size() > 400) break;
  }
  return objects;
}

Request get_some(const std::vector<Known>& objects, std::size_t first, std::size_t count) {
  Request request;
  for (std::size_t i = first; i < std::min(first + count, objects.size()); ++i)
    request.names.push_back(objects[i].name);
  return request;
}

/// An answer without the last of what was asked for: is that there when it is asked for by itself?
bool is_cut(snmp::Interview& interview, snmp::Session& session, const std::vector<Known>& objects, const Reply& reply) {
  const std::size_t came = reply.variables.size();
  for (std::size_t i = 0; i < came; ++i) {
    if (reply.variables[i].oid != objects[i].name) return false;
  }
  const Reply rest = interview.ask(session, get_some(objects, came, 1));
  return rest.good() && !rest.variables.empty() && !rest.variables[0].value.is_exception();
}

Finding judge_cut(std::size_t asked, std::size_t came, Profile& profile) {
  profile.max_variables = static_cast<unsigned>(std::max<std::size_t>(came, 1));
  return {"message size", Severity::note,
          fmt::format("{} of {} objects that one request asked for: the rest is left out", came, asked),
          "octopoll finds that out by itself, once after each start: better say so at once"};
}

/// Silent to the smallest messages: how many objects does it answer, exactly? Each silence costs its timeouts, hence
/// few at first, and halves after that.
std::optional<Finding> try_few_objects(snmp::Interview& interview, snmp::Session& session,
                                       const std::vector<Known>& objects, std::size_t silent_to, Profile& profile) {
  const auto answers = [&](std::size_t count) { return interview.ask(session, get_some(objects, 0, count)).good(); };
  std::size_t most = 0;
  for (const std::size_t count : {10U, 5U, 2U, 1U}) {
    if (count >= silent_to) continue;
    if (answers(count)) {
      most = count;
      break;
    }
    silent_to = count;
  }
  if (most == 0) return std::nullopt;
  while (most + 1 < silent_to) {
    const std::size_t middle = most + (silent_to - most) / 2;
    (answers(middle) ? most : silent_to) = middle;
  }
  profile.max_variables = static_cast<unsigned>(most);
  return Finding{"message size", Severity::note,
                 fmt::format("{} in an answer; to {} at once: no answer", format_counted(most, "object"), silent_to),
                 "octopoll finds that out by itself, after timeouts: better say so at once"};
}

}  // namespace

Finding try_message_sizes(snmp::Interview& interview, snmp::Session& session, const ifmib::Rows& rows,
                          Profile& profile) {
  Finding finding{"message size", Severity::ok, {}, {}};
  constexpr std::array<unsigned, 5> sizes{1472, 1200, 900, 700, 484};
  const std::vector<Known> objects = known_objects(rows);
  std::vector<std::string> refusals;
  std::size_t asked = 0;
  bool silent = false;
  for (const unsigned size : sizes) {
    std::size_t expected = 60;
    for (asked = 0; asked < objects.size() && expected + objects[asked].octets <= size; ++asked)
      expected += objects[asked].octets;
    if (asked == 0) break;
    const bool enough = asked < objects.size();
    const Reply reply = interview.ask(session, get_some(objects, 0, asked));
    if (reply.good() && reply.variables.size() < asked && is_cut(interview, session, objects, reply))
      return judge_cut(asked, reply.variables.size(), profile);
    silent = reply.outcome == Outcome::timed_out;
    if (reply.outcome == Outcome::answered && reply.error_status != snmp::ErrorStatus::too_big) {
      finding.measured = fmt::format("{} objects in an answer of {} octets{}", asked, reply.octets,
                                     enough ? "" : ", which is all there are");
      if (refusals.empty()) return finding;
      finding.severity = Severity::note;
      finding.measured += fmt::format("; {}", fmt::join(refusals, ", "));
      finding.meaning = "octopoll finds that out by itself, once after each start: better say so at once";
      // What came, not what was reckoned: the reckoning leaves room for longer values.
      profile.max_message_size = std::max(static_cast<unsigned>(reply.octets), 484U);
      return finding;
    }
    refusals.push_back(fmt::format("about {} octets: {}", expected,
                                   reply.outcome == Outcome::answered ? to_string(reply.error_status) : "no answer"));
  }
  finding.measured =
      refusals.empty() ? "no objects to fill a message with" : fmt::format("{}", fmt::join(refusals, ", "));
  if (refusals.empty()) return finding;
  if (silent) {
    if (auto few = try_few_objects(interview, session, objects, asked, profile)) return *few;
  }
  finding.severity = Severity::problem;
  finding.meaning = "every agent must answer 484 octets (RFC 3417 section 3.2): counters come one by one, if at all";
  profile.max_message_size = 484;
  return finding;
}

}  // namespace octopoll::doctor
