#include "octopoll/ifmib/identity.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "make_row.hpp"

namespace octopoll::ifmib {
namespace {

using Names = std::map<std::uint32_t, std::string>;
using test::make_row;
using test::number;
using test::text;

constexpr int up = 1;
constexpr int down = 2;

Row named(const std::string& name) { return make_row({{Column::if_name, text(name)}}); }
Row named(const std::string& name, int oper_status) {
  return make_row({{Column::if_name, text(name)}, {Column::if_oper_status, number(oper_status)}});
}

TEST_CASE("names of their own are identities") {
  const Rows rows{{1, named("lo")}, {2, named("eth0")}, {4'294'967'295U, make_row({{Column::if_descr, text("eth1")}})}};
  CHECK(identify(rows, {}) == Names{{1, "lo"}, {2, "eth0"}, {4'294'967'295U, "eth1"}});
  CHECK(identify({}, {{1, "lo"}}).empty());
}

TEST_CASE("rows without a name are called by their ifIndex") {
  const Rows rows{{1, Row{}}, {7, named("  ")}, {9, named("eth0")}};
  CHECK(identify(rows, {}) == Names{{1, "#1"}, {7, "#7"}, {9, "eth0"}});
}

TEST_CASE("of two rows with one name, both up, the lowest ifIndex has it the first time") {
  const Rows rows{{5, named("eth0", up)}, {3, named("eth0", up)}, {8, named("eth0", up)}};
  CHECK(identify(rows, {}) == Names{{3, "eth0"}, {5, "eth0#5"}, {8, "eth0#8"}});
}

TEST_CASE("and whoever had it before keeps it") {
  const Rows rows{{3, named("eth0", up)}, {5, named("eth0", up)}};
  CHECK(identify(rows, {{3, "eth0#3"}, {5, "eth0"}}) == Names{{3, "eth0#3"}, {5, "eth0"}});
  // Also when another came in between, and when both went down.
  const Rows three{{2, named("eth0", down)}, {3, named("eth0", down)}, {5, named("eth0", down)}};
  CHECK(identify(three, {{3, "eth0#3"}, {5, "eth0"}}) == Names{{2, "eth0#2"}, {3, "eth0#3"}, {5, "eth0"}});
}

TEST_CASE("of ports with one name, one that goes down keeps it") {
  // Some agents give all ports one ifDescr (Allied Telesyn).
  const Names before{{1, "port"}, {2, "port#2"}, {3, "port#3"}};
  const Rows rows{{1, named("port", down)}, {2, named("port", up)}, {3, named("port", up)}};
  CHECK(identify(rows, before) == before);
  CHECK(moved_in_doubt(rows, before, before).empty());
  // The first time nobody had it.
  CHECK(identify(rows, {}) == Names{{1, "port#1"}, {2, "port"}, {3, "port#3"}});
}

TEST_CASE("a name is in doubt where it may have gone to another interface") {
  const auto doubted = [](const Rows& rows, const Names& before) {
    return moved_in_doubt(rows, identify(rows, before), before);
  };
  using Doubted = std::vector<std::string>;
  const Names shared{{1, "port"}, {2, "port#2"}};
  // The row that had it is gone, and another that was there before has it now.
  CHECK(doubted({{2, named("port", up)}}, shared) == Doubted{"port"});
  // A new row beside the one that had it; and two new ones.
  CHECK(doubted({{1, named("port", down)}, {2, named("port", up)}, {9, named("port", up)}}, shared) ==
        Doubted{"port#1", "port"});
  CHECK(doubted({{8, named("port", up)}, {9, named("port", up)}}, shared) == Doubted{"port"});
  // Renumbered: to a new ifIndex, and to one that was another's.
  CHECK(doubted({{7, named("eth0", up)}, {8, named("eth1", up)}}, {{1, "eth0"}, {2, "eth1"}}).empty());
  CHECK(doubted({{1, named("eth1", up)}, {3, named("eth0", up)}}, {{1, "eth0"}, {2, "eth1"}}) == Doubted{"eth1"});
  // Renamed, and the first time.
  CHECK(doubted({{1, named("wan", up)}}, {{1, "eth0"}}) == Doubted{"wan"});
  CHECK(doubted({{1, named("port", up)}, {2, named("port", up)}}, {}).empty());
}

TEST_CASE("the row of a re-created interface takes the name from the one that stays behind") {
  // Net-SNMP: the old row down and frozen, the new one beside it.
  const Names before{{3, "ppp0"}};
  const Rows rows{{3, named("ppp0", down)}, {12, named("ppp0", up)}};
  CHECK(identify(rows, before) == Names{{3, "ppp0#3"}, {12, "ppp0"}});
  // The new one goes down later: nothing changes.
  const Rows both_down{{3, named("ppp0", down)}, {12, named("ppp0", down)}};
  CHECK(identify(both_down, {{3, "ppp0#3"}, {12, "ppp0"}}) == Names{{3, "ppp0#3"}, {12, "ppp0"}});
}

TEST_CASE("a row that cannot carry traffic does not have the name") {
  const auto [status, carries] = GENERATE(table<int, bool>({
      {1, true},   // up
      {2, false},  // down
      {3, true},   // testing
      {4, true},   // unknown: Linux bridges and tunnels are so for life
      {5, true},   // dormant
      {6, false},  // notPresent
      {7, false},  // lowerLayerDown
      {0, true},   // none of the MIB's
  }));
  CAPTURE(status);
  const Rows rows{{3, named("eth0", status)}, {5, named("eth0", up)}};
  CHECK(identify(rows, {}).at(3) == (carries ? "eth0" : "eth0#3"));
}

TEST_CASE("a row without a status is not taken for down") {
  const Rows rows{{3, named("eth0")}, {5, named("eth0", up)}};
  CHECK(identify(rows, {}) == Names{{3, "eth0"}, {5, "eth0#5"}});
}

TEST_CASE("an interface keeps its name at another ifIndex, whatever was there before") {
  const Names before{{1, "eth0"}, {2, "eth1"}, {3, "eth2"}};
  const Rows rows{{1, named("eth2", up)}, {2, named("eth0", down)}, {4, named("eth1", up)}};
  CHECK(identify(rows, before) == Names{{1, "eth2"}, {2, "eth0"}, {4, "eth1"}});
}

TEST_CASE("names that are equal as text are one name") {
  // One ends in a NUL, which is not shown.
  const Rows rows{{1, named(std::string("eth0\0", 5), up)}, {2, named("eth0", up)}};
  CHECK(identify(rows, {}) == Names{{1, "eth0"}, {2, "eth0#2"}});
}

TEST_CASE("an interface that is really called like a made-up name keeps it") {
  SECTION("beside a doubled name") {
    const Rows rows{{1, named("eth0", up)}, {2, named("eth0", up)}, {3, named("eth0#2", up)}};
    CHECK(identify(rows, {}) == Names{{1, "eth0"}, {2, "eth0#2#2"}, {3, "eth0#2"}});
  }
  SECTION("beside a row without a name") {
    const Rows rows{{5, Row{}}, {6, named("#5", up)}};
    CHECK(identify(rows, {}) == Names{{5, "#5#5"}, {6, "#5"}});
  }
}

TEST_CASE("whatever the rows, identities are unique and the same again") {
  std::mt19937 dice(5);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same rows every time
  const std::vector<std::string> pool{"a", "a#1", "a#2", "a#3", "a#2#2", "#1", "#2", "#1#1", "", " ", "b"};
  for (int round = 0; round < 5'000; ++round) {
    Rows rows;
    for (std::uint32_t index = 1; index <= 4; ++index) {
      if (dice() % 5 == 0) continue;
      rows[index] = named(pool[dice() % pool.size()], dice() % 2 == 0 ? up : down);
    }
    const Names first = identify(rows, {});
    std::set<std::string> distinct;
    for (const auto& [index, name] : first) distinct.insert(name);
    const bool unique = distinct.size() == rows.size() && first.size() == rows.size();
    if (!unique || identify(rows, first) != first) {
      CAPTURE(round);
      for (const auto& [index, name] : first) UNSCOPED_INFO(index << " is " << name);
      FAIL_CHECK("identities are not unique, or not stable");
    }
  }
}

}  // namespace
}  // namespace octopoll::ifmib
