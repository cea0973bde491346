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

constexpr std::uint32_t rows_of_an_answer = 5;

DeviceSnapshot cycle(int number) {
  std::vector<InterfaceSample> rows;
  for (std::uint32_t index = 1; index <= 500; ++index) {
    InterfaceSample sample = row(number * step);
    rename(sample, "a-name-that-is-too-long-to-stay-within-the-string-" + std::to_string(index));
    change_facts(sample, [&](InterfaceFacts& facts) { facts.if_index = IfIndex{index}; });
    sample.time.received += (index - 1) / rows_of_an_answer * 1ms;
    for (const Counter counter : all_counters()) {
      const std::uint64_t each = counts_octets(counter) ? 100'000 : 1'000;
      sample.counters.set(counter, {static_cast<std::uint64_t>(number) * each + index, 64});
    }
    rows.push_back(std::move(sample));
  }
  return snapshot(std::move(rows));
}

TEST_CASE("a cycle of known interfaces allocates its records and nothing else") {
  DeviceHistory history;
  const JudgeSettings settings;
  (void)history.judge(cycle(0), settings);
  (void)history.judge(cycle(1), settings);
  for (int number = 2; number < 20; ++number) {
    DeviceSnapshot next = cycle(number);
    const std::size_t before = allocations;
    const Judgement judgement = history.judge(std::move(next), settings);
    CHECK(allocations - before == 1);
    CHECK(judgement.interfaces[499].deltas[Counter::in_octets].value == 100'000U);
  }
}

TEST_CASE("what is told of a few interfaces between the cycles leaves nothing behind") {
  DeviceHistory history;
  (void)history.judge(cycle(0), {});
  const std::string name = "a-name-that-is-too-long-to-stay-within-the-string-";
  const std::vector<std::string> told = {name + "400", name + "7", name + "none", name + "8"};
  const std::size_t before = allocations;
  for (const std::string& one : told) history.prove_fresh(one);
  CHECK(allocations == before);
}

}  // namespace
}  // namespace octopoll::rates::test
