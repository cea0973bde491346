#pragma once
// What an agent can and cannot do, found out by ordinary reads.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/core/credentials.hpp"
#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/snmp/interview.hpp"

namespace octopoll::doctor {

/// `note`: octopoll copes, but somebody should know. `problem`: something is not measured, or measured wrong, as it is.
enum class Severity : std::uint8_t { ok, note, problem };
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;

/// One thing that was looked at.
struct Finding {
  std::string check;  ///< one word: "versions", "bulk", "index"
  Severity severity = Severity::ok;
  std::string measured;  ///< what was seen, with its numbers
  std::string meaning;   ///< what follows from it; empty where nothing does
};

/// The keys of the inventory that this agent needs; unset where the default is right.
struct Profile {
  struct SpeedOverride {
    std::string name;  ///< identity of the interface
    std::uint64_t bits_per_second = 0;
  };
  std::optional<unsigned> max_repetitions;
  std::optional<unsigned> max_message_size;
  std::optional<unsigned> max_variables;
  bool short_request_ids = false;
  std::vector<std::string> answers_from;  ///< with the port where it is not the one asked
  std::vector<SpeedOverride> speeds;
};

struct Examination {
  std::string target;                              ///< as it was asked for
  std::string endpoint;                            ///< "192.0.2.1:161"
  std::optional<std::string> sys_name, sys_descr;  ///< readable
  std::string engine_id;                           ///< hex; empty where the agent has none
  SnmpCredentials credentials;  ///< the ones that work; may differ in version or privacy protocol from those given
  Profile profile;
  std::vector<Finding> findings;  ///< in the order in which they were looked at
  snmp::Traffic traffic;          ///< what it cost
  [[nodiscard]] Severity worst() const noexcept;
};

struct Patient {
  Target target;
  snmp::SessionOptions session;  ///< with the credentials that were given; one request in flight
};

/// Looks at one agent. Never more than one request is under way; at most request_bound() and the reads of the tables
/// are sent where none has to be repeated. `progress` is told what is looked at now.
///
/// Errors: none. An agent that does not answer is an examination with one problem.
[[nodiscard]] Examination examine(snmp::Interview& interview, const Patient& patient,
                                  const std::function<void(std::string_view)>& progress);

/// Requests beside the three reads of the interface tables, without retries.
[[nodiscard]] unsigned request_bound() noexcept;

/// Adds a problem to each of those that share an engine id with one at another address: USM keys are localised to it,
/// and its clock is kept by it (RFC 3414), so that pollers mix them up.
void compare_engine_ids(std::vector<Examination>& examinations);

/// YAML for the inventory: `auths` and `devices`, which octopoll's own reader takes. No secret is in it: they are
/// `${VARIABLES}`.
[[nodiscard]] std::string inventory_fragment(const Examination& examination);

}  // namespace octopoll::doctor
