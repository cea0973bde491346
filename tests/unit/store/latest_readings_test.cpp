#include "store/latest_readings.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>
#include <vector>

#include "make_record.hpp"

namespace octopoll::store {
namespace {

using test::make_cycle;
using test::make_row;
using test::noon;

TEST_CASE("readings are a JSON array an interface") {
  InterfaceRecord row = make_row({.name = "a"});
  row.sample.admin_status.reset();
  row.sample.oper_status = IfStatus{-7};
  row.sample.last_change = TimeTicks(4294967295U);
  row.sample.counters.set(Counter::out_octets, {5, 32});
  row.sample.counters.set(Counter::out_discards, {});
  DeviceCycle cycle = make_cycle("sw1", 1, noon, {row, make_row({.name = "b"})});
  cycle.interfaces[1].sample.time.received += std::chrono::milliseconds(120);
  LatestReadings readings;
  CHECK(readings.write(cycle, {7, 12}) ==
        "[[7,0,null,-7,null,4294967295,null,2,1000,5,1000,1000,1000,1000,1000,1000,1000,1000,1000,null,1000],"
        "[12,120,1,1,null,null,null,0,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000,1000]]");
  cycle.interfaces.clear();
  CHECK(readings.write(cycle, {}) == "[]");
}

TEST_CASE("a reading has all its digits, and from 2^63 on those of a signed number") {
  std::vector<std::uint64_t> numbers = {0, std::numeric_limits<std::uint64_t>::max(), std::uint64_t{1} << 63U};
  for (std::uint64_t power = 1; power <= 1'000'000'000'000'000'000; power *= 10) {
    for (const std::uint64_t number : {power - 1, power, power + 1, power * 5 + 3}) numbers.push_back(number);
    if (power == 1'000'000'000'000'000'000) break;
  }
  for (int bit = 0; bit < 64; ++bit) numbers.push_back((std::uint64_t{1} << bit) - 1);
  LatestReadings readings;
  for (const std::uint64_t number : numbers) {
    InterfaceRecord row = make_row({.name = "a"});
    row.sample.counters = {};
    row.sample.counters.set(Counter::in_octets, {number, 64});
    const std::string text(readings.write(make_cycle("sw1", 1, noon, {row}), {1}));
    CAPTURE(text);
    CHECK(text.find("null,0," + std::to_string(static_cast<std::int64_t>(number)) + ",null") != std::string::npos);
  }
}

}  // namespace
}  // namespace octopoll::store
