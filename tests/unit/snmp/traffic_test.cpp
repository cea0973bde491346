#include <catch2/catch.hpp>

#include "octopoll/snmp/engine.hpp"

namespace octopoll::snmp {
namespace {

TEST_CASE("the difference of two looks at the traffic is that of each count") {
  const Traffic before{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};
  const Traffic after{11,       102,       1003,       10004,       100005,      1000006,
                      10000007, 100000008, 1000000009, 10000000010, 100000000011};
  const Traffic between = after - before;
  CHECK(between.requests == 10);
  CHECK(between.responses == 100);
  CHECK(between.retries == 1000);
  CHECK(between.timeouts == 10000);
  CHECK(between.late == 100000);
  CHECK(between.foreign == 1000000);
  CHECK(between.malformed == 10000000);
  CHECK(between.unreadable_values == 100000000);
  CHECK(between.octets_sent == 1000000000);
  CHECK(between.octets_received == 10000000000);
  CHECK(between.kernel_drops == 100000000000);
}

}  // namespace
}  // namespace octopoll::snmp
