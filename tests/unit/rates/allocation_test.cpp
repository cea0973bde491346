// A cycle must cost the memory of its records and no more: thousands of devices are judged each second.

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>

#include "readings.hpp"

namespace {
std::atomic<std::size_t> allocations{0};
}

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}
// g++ 12 sees one of the pair where it is expanded in place, and warns of the other.
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace octopoll::rates::test {
namespace {

DeviceSnapshot cycle(int number) {
  std::vector<InterfaceSample> rows;
  for (std::uint32_t index = 1; index <= 500; ++index) {
    InterfaceSample sample = row(number * step);
    rename(sample, "a-name-that-is-too-long-to-stay-within-the-string-" + std::to_string(index));
    change_facts(sample, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{index}; });
    for (const Counter counter : all_counters()) {
      const std::uint64_t each = counts_octets(counter) ? 100'000 : 1'000;
      sample.counters[counter] = {static_cast<std::uint64_t>(number) * each + index, 64};
    }
    rows.push_back(std::move(sample));
  }
  return snapshot(std::move(rows));
}

TEST_CASE("a cycle of known interfaces allocates its records and nothing else") {
  DeviceHistory history;
  const JudgeSettings settings;
  (void)history.judge(cycle(0), settings);
  DeviceSnapshot next = cycle(1);
  const std::size_t before = allocations;
  const Judgement judgement = history.judge(std::move(next), settings);
  CHECK(allocations - before == 1);
  CHECK(judgement.interfaces[499].deltas[Counter::in_octets].value == 100'000U);
}

TEST_CASE("a base line keeps counters of events that need more than 32 bits, and what it was copied from stays") {
  constexpr std::uint64_t large = 0xfedc'ba98'7654'3210;
  InterfaceSample sample = row(step);
  sample.counters[Counter::in_errors] = {large, 64};
  sample.counters[Counter::out_discards] = {7, 32};
  RowBase base(sample);
  RowBase copy = base;
  CHECK(base.reading(Counter::in_errors) == CounterReading{large, 64});
  CHECK(base.reading(Counter::out_discards) == CounterReading{7, 32});
  base.move(Counter::in_errors, 5);
  base.move(Counter::out_discards, large);
  CHECK(base.reading(Counter::in_errors) == CounterReading{5, 64});
  CHECK(base.reading(Counter::out_discards).value == large);
  CHECK(copy.reading(Counter::in_errors).value == large);
  CHECK(copy.reading(Counter::out_discards).value == 7);
  base.doubt(Counter::in_octets, {1, 64}, {}, RowBase::Strange::value);
  CHECK(base.doubted());
  CHECK_FALSE(copy.doubted());
  copy = base;
  base.end_doubts(Counter::in_octets);
  CHECK(copy.doubted());
  CHECK_FALSE(base.doubted());
}

TEST_CASE("a base line keeps what an answer said of the link") {
  InterfaceSample sample = row(step);
  sample.oper_status = IfStatus{6};
  sample.last_change = TimeTicks(77);
  RowBase base(sample);
  CHECK(base.link().oper_status == IfStatus{6});
  CHECK(base.link().last_change == TimeTicks(77));
  CHECK(base.link().uptime == sample.time.sys_uptime);
  InterfaceSample later = row(2 * step);
  later.oper_status = IfStatus{6};
  later.last_change = TimeTicks(77);
  CHECK(base.keeps_link(later));
  CHECK(base.link().uptime == later.time.sys_uptime);
  later.last_change.reset();
  CHECK_FALSE(base.keeps_link(later));
  later.last_change = TimeTicks(77);
  later.oper_status = IfStatus{std::int64_t{6} << 32U | 6};  // no INTEGER
  CHECK_FALSE(base.keeps_link(later));
  later.oper_status = IfStatus{256 + 6};  // no state
  CHECK_FALSE(base.keeps_link(later));
  later.oper_status.reset();
  CHECK_FALSE(base.keeps_link(later));
}

TEST_CASE("a base line keeps when it was seen to the second, and whether there was a discontinuity time") {
  InterfaceSample sample = row(step);
  sample.time.received = BootTime(1'999'999'999ns);
  sample.discontinuity_time.reset();
  RowBase base(sample);
  CHECK(base.seen() == BootTime(1s));
  CHECK_FALSE(base.discontinuity_time());
  base.see(BootTime(std::chrono::hours(24 * 365 * 50)));
  CHECK(base.seen() == BootTime(std::chrono::hours(24 * 365 * 50)));
  sample.discontinuity_time = TimeTicks(0);
  CHECK(RowBase(sample).discontinuity_time() == TimeTicks(0));
}

TEST_CASE("a base line is small") { CHECK(sizeof(RowBase) <= 168); }

}  // namespace
}  // namespace octopoll::rates::test
