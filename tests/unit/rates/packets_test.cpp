// Packets against the octets of their span and against the wire, and zeros that no counter stood at.

#include <catch2/catch.hpp>
#include <optional>
#include <vector>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

constexpr std::int64_t if_type_ethernet = 6;
constexpr auto octets = Counter::in_octets;
constexpr auto ucast = Counter::in_ucast_pkts;
constexpr auto multicast = Counter::in_multicast_pkts;
constexpr auto broadcast = Counter::in_broadcast_pkts;

/// What one direction of a row shows.
struct Shown {
  std::uint64_t octets, ucast, multicast = 0;
};

/// A row that is polled each step.
class Link {
 public:
  InterfaceRecord after_a_step(const Shown& shown) {
    now_ += step;
    InterfaceSample sample = row(now_);
    if (has_octets) sample.counters.set(Counter::in_octets, {shown.octets, bits});
    sample.counters.set(ucast, {shown.ucast, bits});
    sample.counters.set(multicast, {shown.multicast, bits});
    sample.counters.set(broadcast, {0, bits});
    sample.counters.set(Counter::in_errors, {errors, 32});
    change_facts(sample, [&](InterfaceFacts& facts) {
      facts.type = type;
      facts.speed_bps = speed;
      facts.mtu = mtu;
    });
    return judge(history_, std::move(sample));
  }

  std::uint8_t bits = 64;
  std::int64_t type = if_type_ethernet;
  std::int64_t mtu = 1500;
  std::optional<std::uint64_t> speed = 1'000'000'000;
  bool has_octets = true;
  std::uint64_t errors = 7;

 private:
  DeviceHistory history_;
  nanoseconds now_{};
};

TEST_CASE("unicast packets that an agent does not know at first are not counted when they come") {
  // As Net-SNMP 5.9 shows "lo" in the three seconds after its start, and then.
  const auto bits = GENERATE(std::uint8_t{64}, std::uint8_t{32});
  const auto busy = GENERATE(false, true);
  CAPTURE(int{bits}, busy);
  Link link;
  link.bits = bits;
  link.speed = 100'000'000;
  const std::uint64_t each = busy ? 600'000'000 : 3'000;
  (void)link.after_a_step({2'000'000'000, 0, 5'000});
  const InterfaceRecord known = link.after_a_step({2'000'000'000 + each, 1'400'000, 5'001});
  CHECK(known.deltas[ucast].quality == Quality::implausible);
  CHECK_FALSE(known.per_second(ucast));
  CHECK(known.deltas[multicast].value == 1U);
  CHECK(known.deltas[octets].value == each);
  const InterfaceRecord next = link.after_a_step({2'000'000'000 + 2 * each, 1'400'006, 5'001});
  CHECK(next.deltas[ucast].value == 6U);
  CHECK(next.deltas[ucast].elapsed == 0s);
  // Nor is the zero gone back to where the sum over processors that makes the count goes back by little.
  const InterfaceRecord back = link.after_a_step({2'000'000'000 + 3 * each, 1'400'004, 5'001});
  CHECK_FALSE(makes_rate(back.deltas[ucast].quality));
}

TEST_CASE("a port that had no unicast packets yet counts its first ones") {
  Link link;
  SECTION("octets may be counted before their frame is") {
    (void)link.after_a_step({600, 0});
    CHECK(link.after_a_step({1'200, 1}).deltas[ucast].value == 1U);
    return;
  }
  (void)link.after_a_step({90'000, 0, 1'000});
  CHECK(link.after_a_step({90'600, 4, 1'001}).deltas[ucast].value == 4U);
}

TEST_CASE("a new interface counts from zero") {
  Link link;
  link.errors = 0;
  (void)link.after_a_step({0, 0, 0});
  link.errors = 3;
  const InterfaceRecord record = link.after_a_step({6'000'000'000, 10'000'000, 1'000});
  CHECK(record.deltas[octets].value == 6'000'000'000U);
  CHECK(record.deltas[ucast].value == 10'000'000U);
  CHECK(record.deltas[multicast].value == 1'000U);
  CHECK(record.deltas[Counter::in_errors].value == 3U);
}

TEST_CASE("a row of zeros that the link cannot have left in the time was not counted") {
  Link link;
  link.errors = 0;
  (void)link.after_a_step({0, 0, 0});
  link.errors = 12'345;
  const InterfaceRecord record = link.after_a_step({90'000'000'000, 60'000'000, 1'000});
  for (const Counter counter : {octets, ucast, multicast, Counter::in_errors}) {
    CAPTURE(std::string(to_string(counter)));
    CHECK(record.deltas[counter].quality == Quality::implausible);
  }
  CHECK(record.deltas[broadcast].value == 0U);
  CHECK_FALSE(record.speed_exceeded);
  const InterfaceRecord next = link.after_a_step({90'000'001'000, 60'000'004, 1'001});
  CHECK(next.deltas[octets].value == 1'000U);
  CHECK(next.deltas[ucast].value == 4U);
  CHECK(next.deltas[multicast].value == 1U);
  CHECK(next.deltas[Counter::in_errors].value == 0U);
}

TEST_CASE("octets that leave 0 are no more than the frames of the same span can hold") {
  const auto second = [](const Link& as, std::uint64_t all_octets, std::uint64_t packets) {
    Link link = as;
    (void)link.after_a_step({0, 1'000'000});
    return link.after_a_step({all_octets, 1'000'000 + packets});
  };
  Link link;
  const InterfaceRecord leap = second(link, 300'000'000, 7'000);
  CHECK(leap.deltas[octets].quality == Quality::implausible);
  CHECK(leap.deltas[ucast].value == 7'000U);
  CHECK_FALSE(leap.in_utilization);
  CHECK(second(link, 7'016 * 1'526, 7'000).deltas[octets].quality == Quality::ok);
  CHECK(second(link, 7'016 * 1'526 + 1, 7'000).deltas[octets].quality == Quality::implausible);
  CHECK(second(link, 1'526, 0).deltas[octets].quality == Quality::ok);
  SECTION("unless these have been refuted") {
    link.bits = 32;
    link.speed = 100'000'000;
    (void)link.after_a_step({5'000, 1'000});
    CHECK(link.after_a_step({105'000, 1'017}).deltas[octets].value == 100'000U);
    link.has_octets = false;
    (void)link.after_a_step({0, 1'034});
    link.has_octets = true;
    (void)link.after_a_step({0, 1'051});
    CHECK(link.after_a_step({150'000, 1'100}).deltas[octets].value == 150'000U);
  }
  SECTION("which a reading of 0 does not do") {
    const bool once = GENERATE(true, false);  // it is gone back from, or makes the next delta ambiguous
    const std::uint64_t base = once ? 1ULL << 40U : 50'000'000;
    (void)link.after_a_step({base, 1'000'000});
    CHECK(link.after_a_step({0, 1'001'000}).deltas[octets].quality == Quality::reset);
    CHECK(link.after_a_step({base + 1'400'000, 1'002'000}).deltas[octets].value.has_value() == once);
    link.has_octets = false;
    (void)link.after_a_step({0, 1'003'000});
    link.has_octets = true;
    (void)link.after_a_step({0, 1'004'000});
    CHECK(link.after_a_step({53'500'000, 1'005'000}).deltas[octets].quality == Quality::implausible);
  }
  SECTION("and go on from there") {
    (void)link.after_a_step({0, 1'000'000});
    (void)link.after_a_step({300'000'000, 1'007'000});
    const InterfaceRecord next = link.after_a_step({300'700'000, 1'008'000});
    CHECK(next.deltas[octets].value == 700'000U);
    CHECK(next.deltas[octets].elapsed == 0s);
  }
}

TEST_CASE("packets that leave 0 beside octets that had come were there before") {
  // Multicasts enough to hold the octets, were each 64 KiB.
  Link link;
  (void)link.after_a_step({3'500'000'000, 0, 60'000});
  const InterfaceRecord leap = link.after_a_step({3'535'000'000, 2'000'000, 60'600});
  CHECK(leap.deltas[ucast].quality == Quality::implausible);
  CHECK(leap.deltas[octets].value == 35'000'000U);
  CHECK(leap.deltas[multicast].value == 600U);
  CHECK(link.after_a_step({3'570'000'000, 2'050'000, 61'200}).deltas[ucast].value == 50'000U);
}

TEST_CASE("a row of zeros of which one way cannot be true was not counted the other way either") {
  DeviceHistory history;
  const auto shown = [](nanoseconds when, std::uint64_t in, std::uint64_t out) {
    InterfaceSample sample = row(when, Counter::in_octets, in, 64);
    sample.counters.set(Counter::in_ucast_pkts, {in / 700, 64});
    sample.counters.set(Counter::out_octets, {out, 64});
    sample.counters.set(Counter::out_ucast_pkts, {out / 700, 64});
    sample.counters.set(Counter::out_errors, {5, 32});
    return sample;
  };
  (void)judge(history, shown(0s, 0, 0));
  const InterfaceRecord leap = judge(history, shown(step, 1'100'000'000, 720'000'000));
  for (const Counter counter : {octets, ucast, Counter::out_octets, Counter::out_ucast_pkts}) {
    CAPTURE(std::string(to_string(counter)));
    CHECK(leap.deltas[counter].quality == Quality::implausible);
  }
  CHECK(leap.deltas[Counter::out_errors].value == 0U);
  const InterfaceRecord next = judge(history, shown(2 * step, 1'100'700'000, 720'070'000));
  CHECK(next.deltas[octets].value == 700'000U);
  CHECK(next.deltas[Counter::out_octets].value == 70'000U);
}

TEST_CASE("more packets than the octets of their span can hold are not counted") {
  struct Case {
    const char* what;
    std::int64_t type;
    Shown step;
    Quality ucast, multicast;
  };
  using enum Quality;
  const Case cases[] = {
      {"the smallest frames of Ethernet", 6, {64'000'000, 999'000, 1'000}, ok, ok},
      {"frames of an address resolution without padding, as between virtual machines", 6, {42'000, 1'000}, ok, ok},
      {"as many as headers fit", 6, {14'000, 1'016}, ok, ok},
      {"one more", 6, {14'000, 1'017}, implausible, ok},
      {"a tunnel without headers", if_type_tunnel, {1'000, 1'016}, ok, ok},
      {"more than octets", if_type_tunnel, {1'000, 1'017}, implausible, ok},
      {"the larger count is the wrong one", 6, {64'000, 500, 1ULL << 40}, ok, implausible},
      {"both are", 6, {64'000, 1ULL << 40, 1ULL << 30}, implausible, implausible},
      {"hardly any", 6, {60, 21}, implausible, ok},
      {"no octets at all, and some frames that came between two registers", 6, {0, 16}, ok, ok},
  };
  for (const Case& c : cases) {
    CAPTURE(c.what);
    Link link;
    link.type = c.type;
    const Shown base{1'000'000'000'000, 5'000'000'000, 1'000'000};
    (void)link.after_a_step(base);
    const auto record =
        link.after_a_step({base.octets + c.step.octets, base.ucast + c.step.ucast, base.multicast + c.step.multicast});
    CHECK(to_string(record.deltas[ucast].quality) == to_string(c.ucast));
    CHECK(to_string(record.deltas[multicast].quality) == to_string(c.multicast));
    CHECK(record.deltas[octets].value == c.step.octets);
  }
}

TEST_CASE("packets that were garbled once cost no spike, and not the base line") {
  const auto bits = GENERATE(std::uint8_t{64}, std::uint8_t{32});
  CAPTURE(int{bits});
  Link link;
  link.bits = bits;
  link.speed = 100'000'000;
  (void)link.after_a_step({1'000'000, 2'000});
  CHECK(link.after_a_step({1'064'000, 5'000'000}).deltas[ucast].quality == Quality::implausible);
  const InterfaceRecord after = link.after_a_step({1'128'000, 4'000});
  CHECK(after.deltas[ucast].value == 2'000U);
  CHECK(after.deltas[ucast].elapsed == 2 * step);
  CHECK(link.after_a_step({1'192'000, 5'000}).deltas[ucast].value == 1'000U);
}

TEST_CASE("a base line of packets that was wrong costs one delta") {
  Link link;
  (void)link.after_a_step({1'000'000'000, 3});
  CHECK(link.after_a_step({1'000'064'000, 100'000'000}).deltas[ucast].quality == Quality::implausible);
  const InterfaceRecord next = link.after_a_step({1'000'128'000, 100'001'000});
  CHECK(next.deltas[ucast].value == 1'000U);
  CHECK(next.deltas[ucast].elapsed == 0s);
  CHECK(link.after_a_step({1'000'192'000, 100'002'000}).deltas[ucast].value == 1'000U);
}

TEST_CASE("octets that are not counted bound no packets") {
  Link link;
  SECTION("they stand at zero") {
    (void)link.after_a_step({0, 1'000});
    CHECK(link.after_a_step({0, 900'000}).deltas[ucast].value == 899'000U);
  }
  SECTION("there are none") {
    link.has_octets = false;
    (void)link.after_a_step({0, 1'000});
    CHECK(link.after_a_step({0, 900'000}).deltas[ucast].value == 899'000U);
  }
  SECTION("they stand elsewhere, or count something else: that is found out once") {
    (void)link.after_a_step({77, 1'000});
    CHECK(link.after_a_step({77, 900'000}).deltas[ucast].quality == Quality::implausible);
    CHECK(link.after_a_step({77, 1'800'000}).deltas[ucast].value == 900'000U);
    CHECK(link.after_a_step({99, 2'700'000}).deltas[ucast].value == 900'000U);
    CHECK(link.after_a_step({99, 3'600'000}).deltas[ucast].value == 900'000U);
  }
  SECTION("of 32 bits without a speed, they may have come round") {
    link.bits = 32;
    link.speed.reset();
    (void)link.after_a_step({77, 1'000});
    CHECK(link.after_a_step({100, 900'000}).deltas[ucast].value == 899'000U);
  }
}

TEST_CASE("octets that stand while their packets are counted are no rate of 0") {
  const auto bits = GENERATE(std::uint8_t{64}, std::uint8_t{32});
  CAPTURE(int{bits});
  Link link;
  link.bits = bits;
  link.speed = 100'000'000;
  constexpr std::uint64_t frozen = 123'456'789;
  SECTION("for ever") {
    for (std::uint64_t turn = 0; turn < 20; ++turn) {
      const InterfaceRecord record = link.after_a_step({frozen, 1'000'000 + turn * 7'000, 5'000 + turn});
      if (turn == 0) continue;
      CHECK(record.deltas[octets].quality == Quality::implausible);
      CHECK_FALSE(record.per_second(octets));
      // Which of the two to believe shows the second time.
      CHECK(record.deltas[ucast].quality == (turn == 1 ? Quality::implausible : Quality::ok));
      CHECK(record.deltas[multicast].value == 1U);
    }
    // A span without packets has no octets.
    CHECK(link.after_a_step({frozen, 1'133'000, 5'019}).deltas[octets].value == 0U);
    CHECK(link.after_a_step({frozen, 1'133'016, 5'019}).deltas[octets].value == 0U);
    CHECK(link.after_a_step({frozen, 1'133'033, 5'019}).deltas[octets].quality == Quality::implausible);
  }
  SECTION("until they are known again, with the time of all that passed") {
    (void)link.after_a_step({frozen, 10'000});
    for (const std::uint64_t turn : {1U, 2U, 3U}) (void)link.after_a_step({frozen, 10'000 + turn * 1'000});
    const InterfaceRecord known = link.after_a_step({frozen + 2'800'000, 14'000});
    CHECK(known.deltas[octets].value == 2'800'000U);
    CHECK(known.deltas[octets].elapsed == 4 * step);
    const InterfaceRecord next = link.after_a_step({frozen + 3'500'000, 15'000});
    CHECK(next.deltas[octets].value == 700'000U);
    CHECK(next.deltas[octets].elapsed == 0s);
  }
  SECTION("and neither does the span after one without packets, in which all of them are told") {
    if (bits == 32) return;  // may have come round
    (void)link.after_a_step({frozen, 10'000});
    for (std::uint64_t turn = 1; turn <= 10; ++turn) (void)link.after_a_step({frozen, 10'000 + turn * 1'000});
    CHECK(link.after_a_step({frozen, 20'000}).deltas[octets].value == 0U);
    const InterfaceRecord known = link.after_a_step({frozen + 7'700'000, 21'000});
    CHECK(known.deltas[octets].value == 7'700'000U);
    CHECK(known.deltas[octets].elapsed == 12 * step);
  }
  SECTION("also where a reading before had come round, or begun anew") {
    (void)link.after_a_step({frozen, 10'000});
    (void)link.after_a_step({5'000, 10'001});
    CHECK(link.after_a_step({5'000, 11'000}).deltas[octets].quality == Quality::implausible);
    const InterfaceRecord known = link.after_a_step({1'405'000, 12'000});
    CHECK(known.deltas[octets].value == 1'400'000U);
    CHECK(known.deltas[octets].elapsed == 2 * step);
  }
  SECTION("until they begin anew") {
    if (bits == 32) return;  // may have come round
    (void)link.after_a_step({frozen, 10'000});
    for (const std::uint64_t turn : {1U, 2U, 3U}) (void)link.after_a_step({frozen, 10'000 + turn * 1'000});
    CHECK(link.after_a_step({500, 14'000}).deltas[octets].quality == Quality::reset);
    CHECK(link.after_a_step({700'500, 15'000}).deltas[octets].value == 700'000U);
  }
}

TEST_CASE("an honest link whose packets and octets are told apart loses one delta, and no octet") {
  Link link;
  (void)link.after_a_step({1'000'000, 2'000});
  SECTION("a burst of which the packets are told first") {
    CHECK(link.after_a_step({1'000'000, 2'500}).deltas[octets].quality == Quality::implausible);
    const InterfaceRecord later = link.after_a_step({1'400'000, 2'500});
    CHECK(later.deltas[octets].value == 400'000U);
    CHECK(later.deltas[octets].elapsed == 2 * step);
  }
  SECTION("a burst of which the packets are told last") {
    CHECK(link.after_a_step({1'400'000, 2'000}).deltas[octets].value == 400'000U);
    CHECK(link.after_a_step({1'400'000, 2'500}).deltas[octets].quality == Quality::implausible);
    CHECK(link.after_a_step({1'400'000, 2'500}).deltas[octets].value == 0U);
    const InterfaceRecord later = link.after_a_step({1'800'000, 3'000});
    CHECK(later.deltas[octets].value == 400'000U);
    CHECK(later.deltas[octets].elapsed == 0s);
  }
  SECTION("packets that were garbled once on a quiet link") {
    CHECK_FALSE(link.after_a_step({1'000'000, 5'000'000}).per_second(octets));
    const InterfaceRecord later = link.after_a_step({1'000'000, 2'000});
    CHECK(later.deltas[octets].value == 0U);
    CHECK(later.deltas[ucast].value == 0U);
    CHECK(link.after_a_step({1'000'000, 2'010}).deltas[octets].value == 0U);
  }
  SECTION("many packets that are told an interval later, again and again") {
    int lost = 0;
    for (std::uint64_t turn = 1; turn < 20; ++turn) {
      const Shown shown{1'000'000 + (turn + 1) / 2 * 8'000'000, 2'000 + turn / 2 * 8'000};
      if (!link.after_a_step(shown).per_second(octets)) ++lost;
    }
    CHECK(lost == 1);
  }
  SECTION("a hello now and then") {
    for (const std::uint64_t hellos : {0U, 1U, 9U, 25U}) {
      CHECK(link.after_a_step({1'000'000, 2'000 + hellos}).deltas[octets].value == 0U);
    }
  }
}

TEST_CASE("packets that a link cannot send say nothing of its octets") {
  const auto qualities = [](IfStatus at_first, IfStatus then, std::uint64_t discards) {
    DeviceHistory history;
    std::vector<Quality> all;
    for (const std::uint64_t turn : {0U, 1U, 2U, 3U}) {
      InterfaceSample sample = row(turn * step, Counter::out_octets, 1'000, 64);
      sample.oper_status = turn < 2 ? at_first : then;
      sample.counters.set(Counter::out_ucast_pkts, {turn * 10'000, 64});
      sample.counters.set(Counter::out_discards, {turn * discards, 32});
      all.push_back(judge(history, std::move(sample)).deltas[Counter::out_octets].quality);
    }
    return all;
  };
  using enum Quality;
  CHECK(qualities(status_up, status_up, 9'990) == std::vector{first, ok, ok, ok});
  CHECK(qualities(status_down, status_down, 0) == std::vector{first, ok, ok, ok});
  CHECK(qualities(status_up, status_up, 0) == std::vector{first, implausible, implausible, implausible});
  // What stood while it was up does not become a count by going down.
  CHECK(qualities(status_up, status_down, 0) == std::vector{first, implausible, implausible, implausible});
}

TEST_CASE("more packets than an Ethernet lets through are not counted") {
  // 84 octets on the wire each: 89,285,714 in a minute at 1 Gb/s.
  const auto has_octets = GENERATE(true, false);
  CAPTURE(has_octets);
  const auto second = [&](std::uint64_t packets, std::int64_t type) {
    Link link;
    link.has_octets = has_octets;
    link.type = type;
    (void)link.after_a_step({1'000, 1'000});
    return link.after_a_step({7'400'001'000, 1'000 + packets}).deltas[ucast].quality;
  };
  CHECK(second(89'000'000, 6) == Quality::ok);
  CHECK(second(95'000'000, 6) == Quality::implausible);
  CHECK(second(95'000'000, if_type_tunnel) == Quality::ok);
}

TEST_CASE("packets that were to be sent and were not need no octets") {
  const auto second = [](std::uint64_t discards, std::uint64_t errors) {
    DeviceHistory history;
    InterfaceRecord record;
    for (const std::uint64_t turn : {1U, 2U}) {
      InterfaceSample sample = row(turn * step, Counter::out_octets, 1'000, 64);
      sample.counters.set(Counter::out_ucast_pkts, {turn * 10'000, 64});
      sample.counters.set(Counter::out_discards, {turn * discards, 32});
      sample.counters.set(Counter::out_errors, {turn * errors, 32});
      record = judge(history, std::move(sample));
    }
    return record.deltas[Counter::out_ucast_pkts].quality;
  };
  CHECK(second(0, 0) == Quality::implausible);
  CHECK(second(9'000, 1'000) == Quality::ok);
}

TEST_CASE("a speed that the octets exceed bounds no packets") {
  Link link;
  (void)link.after_a_step({1'000, 1'000});
  const InterfaceRecord record = link.after_a_step({30'000'001'000, 200'001'000});
  CHECK(record.speed_exceeded);
  CHECK(record.deltas[ucast].value == 200'000'000U);
}

}  // namespace
}  // namespace octopoll::rates::test
