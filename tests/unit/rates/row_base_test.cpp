// What a base line keeps in its few octets, and that nothing of it is lost.

#include "octopoll/rates/row_base.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <limits>

#include "readings.hpp"

namespace octopoll::rates::test {
namespace {

constexpr std::uint64_t large = 0xfedc'ba98'7654'3210;

TEST_CASE("a base line keeps every number of every counter, and what it was copied from stays") {
  const std::uint64_t number =
      GENERATE(std::uint64_t{1}, std::uint64_t{0xffff'ffff}, two_to_32, two_to_32 * 0xffff, std::uint64_t{1} << 48U,
               (std::uint64_t{1} << 48U) - 1, large, std::numeric_limits<std::uint64_t>::max());
  for (const Counter counter : all_counters()) {
    CAPTURE(number, to_string(counter));
    InterfaceSample sample = row(step);
    for (const Counter each : all_counters()) sample.counters.set(each, {static_cast<std::uint64_t>(each) + 7, 32});
    sample.counters.set(counter, {number, 64});
    RowBase base(sample);
    const RowBase copy = base;
    for (const Counter each : all_counters()) CHECK(base.reading(each) == sample.counters[each]);
    base.move(counter, 5);
    CHECK(base.reading(counter) == CounterReading{5, 64});
    base.move(counter, number);
    CHECK(base.reading(counter) == CounterReading{number, 64});
    base.set(counter, {6, 32});
    CHECK(base.reading(counter) == CounterReading{6, 32});
    base.drop(counter);
    CHECK(base.reading(counter) == CounterReading{});
    for (const Counter each : all_counters()) {
      if (each != counter) CHECK(base.reading(each) == sample.counters[each]);
      CHECK(copy.reading(each) == sample.counters[each]);
    }
  }
}

TEST_CASE("numbers that grow beyond their place in a base line stay beside what else is kept aside") {
  RowBase base(row(step, Counter::in_ucast_pkts, 1, 64));
  base.watch(RowReloads({at(0s), at(1s), 1, 1'000'000'000, 1s, false}));
  REQUIRE(base.reloads() != nullptr);
  const auto age = base.reloads()->age();
  CHECK(age > 0s);
  base.move(Counter::in_ucast_pkts, large);
  base.doubt(Counter::in_ucast_pkts, {1, 64}, {}, RowBase::Strange::value);
  base.stop_watching();
  CHECK(base.reloads() == nullptr);
  CHECK(base.doubted());
  CHECK(base.reading(Counter::in_ucast_pkts).value == large);
  base.end_doubts(Counter::in_ucast_pkts);
  CHECK_FALSE(base.doubted());
  CHECK(base.reading(Counter::in_ucast_pkts).value == large);
  base.watch(RowReloads({at(0s), at(1s), 1, 1'000'000'000, 1s, false}));
  CHECK(base.reloads()->age() == age);
  CHECK(base.reading(Counter::in_ucast_pkts).value == large);
}

TEST_CASE("doubts are of the base line that has them, not of its copies") {
  RowBase base(row(step, Counter::in_octets, 1, 64));
  RowBase copy = base;
  base.doubt(Counter::in_octets, {1, 64}, {}, RowBase::Strange::value);
  CHECK(base.doubted());
  CHECK_FALSE(copy.doubted());
  copy = base;
  base.end_doubts(Counter::in_octets);
  CHECK(copy.doubted());
  REQUIRE(copy.next_doubt(Counter::in_octets, nullptr) != nullptr);
  CHECK(copy.next_doubt(Counter::out_octets, nullptr) == nullptr);
  CHECK_FALSE(base.doubted());
  CHECK(base.next_doubt(Counter::in_octets, nullptr) == nullptr);
}

TEST_CASE("a base line that begins anew keeps its places and its watch, and nothing else") {
  RowBase base(row(step, Counter::in_errors, large, 64));
  base.watch(RowReloads({at(0s), at(1s), 1, 1'000'000'000, 1s, false}));
  base.set_read_at(ReadingTimes::all_places);
  base.set_answered_at(ReadingTimes::all_places - 1);
  base.doubt_name();
  base.prove_fresh();
  base.find_useless(RowBase::Measure::octets, true);
  base.doubt(Counter::in_errors, {1, 64}, {}, RowBase::Strange::value);
  CHECK(base.useless(RowBase::Measure::octets, true));
  CHECK_FALSE(base.useless(RowBase::Measure::octets, false));
  CHECK_FALSE(base.useless(RowBase::Measure::frames, true));
  base.begin_anew(row(2 * step, Counter::out_errors, 7, 32));
  CHECK(base.read_at() == ReadingTimes::all_places);
  CHECK(base.answered_at() == ReadingTimes::all_places - 1);
  CHECK(base.reloads() != nullptr);
  CHECK_FALSE(base.moved_in_doubt());
  CHECK_FALSE(base.proven_fresh());
  CHECK_FALSE(base.useless(RowBase::Measure::octets, true));
  CHECK_FALSE(base.doubted());
  CHECK_FALSE(base.reading(Counter::in_errors).present());
  CHECK(base.reading(Counter::out_errors) == CounterReading{7, 32});
}

TEST_CASE("a base line keeps what an answer said of the link") {
  InterfaceSample sample = row(step);
  sample.oper_status = IfStatus{6};
  sample.last_change = TimeTicks(77);
  RowBase base(sample);
  CHECK(base.link(TimeTicks(5)).oper_status == IfStatus{6});
  CHECK(base.link(TimeTicks(5)).last_change == TimeTicks(77));
  CHECK(base.link(TimeTicks(5)).uptime == TimeTicks(5));
  CHECK_FALSE(base.link(std::nullopt).uptime);
  InterfaceSample later = row(2 * step);
  later.oper_status = IfStatus{6};
  later.last_change = TimeTicks(77);
  CHECK(base.same_link(later));
  later.last_change.reset();
  CHECK_FALSE(base.same_link(later));
  later.last_change = TimeTicks(77);
  later.oper_status = IfStatus{std::int64_t{6} << 32U | 6};  // no INTEGER
  CHECK_FALSE(base.same_link(later));
  later.oper_status = IfStatus{256 + 6};  // no state
  CHECK_FALSE(base.same_link(later));
  later.oper_status.reset();
  CHECK_FALSE(base.same_link(later));
  for (const std::int64_t code : {std::int64_t{-128}, std::int64_t{-1}, std::int64_t{127}}) {
    base.set_link({std::nullopt, std::nullopt, IfStatus{code}});
    CHECK(base.link(std::nullopt).oper_status == IfStatus{code});
  }
  base.set_link({std::nullopt, std::nullopt, IfStatus{128}});
  CHECK_FALSE(base.link(std::nullopt).oper_status);
}

TEST_CASE("a base line keeps whether there was a discontinuity time") {
  InterfaceSample sample = row(step);
  sample.discontinuity_time.reset();
  CHECK_FALSE(RowBase(sample).discontinuity_time());
  sample.discontinuity_time = TimeTicks(0);
  CHECK(RowBase(sample).discontinuity_time() == TimeTicks(0));
  sample.discontinuity_time = TimeTicks(0xffff'ffff);
  CHECK(RowBase(sample).discontinuity_time() == TimeTicks(0xffff'ffff));
}

TEST_CASE("a base line is small") { CHECK(sizeof(RowBase) <= 112); }

}  // namespace
}  // namespace octopoll::rates::test
