#include "octopoll/latency/reachability.hpp"

#include <catch2/catch.hpp>

namespace octopoll::latency {
namespace {

constexpr std::optional<bool> not_asked;

TEST_CASE("a device's state is what both protocols say") {
  CHECK(reachability(true, true) == Reachability::up);
  CHECK(reachability(true, false) == Reachability::icmp_only);
  CHECK(reachability(false, true) == Reachability::snmp_only);
  CHECK(reachability(false, false) == Reachability::down);
}

TEST_CASE("a protocol that is not asked does not speak against the other") {
  CHECK(reachability(not_asked, true) == Reachability::up);
  CHECK(reachability(not_asked, false) == Reachability::down);
  CHECK(reachability(true, not_asked) == Reachability::up);
  CHECK(reachability(false, not_asked) == Reachability::down);
  CHECK(reachability(not_asked, not_asked) == Reachability::unknown);
}

TEST_CASE("each state has its word") {
  CHECK(to_string(Reachability::icmp_only) == "icmp_only");
  CHECK(to_string(Reachability::snmp_only) == "snmp_only");
  for (const Reachability state : all_reachabilities) CHECK_FALSE(to_string(state).empty());
}

}  // namespace
}  // namespace octopoll::latency
