#include "poll/engine_ids.hpp"

#include <catch2/catch.hpp>
#include <string>

using octopoll::poll::EngineIds;

TEST_CASE("a second device under one engine id is told once, with both names and addresses", "[poll]") {
  EngineIds ids;
  CHECK_FALSE(ids.see("r1", "10.0.0.1:161", "8000aa"));
  CHECK_FALSE(ids.see("r2", "10.0.0.2:161", "8000bb"));
  const auto told = ids.see("r3", "10.0.0.3:161", "8000aa");
  REQUIRE(told);
  CHECK_THAT(*told, Catch::Contains("r1 (10.0.0.1:161)") && Catch::Contains("r3 (10.0.0.3:161)") &&
                        Catch::Contains("8000aa") && !Catch::Contains("r2"));
  for (int cycle = 0; cycle < 3; ++cycle) {
    CHECK_FALSE(ids.see("r1", "10.0.0.1:161", "8000aa"));
    CHECK_FALSE(ids.see("r3", "10.0.0.3:161", "8000aa"));
  }
}

TEST_CASE("devices without an engine id, and one agent under two names, share nothing", "[poll]") {
  EngineIds ids;
  CHECK_FALSE(ids.see("v2c", "10.0.0.1:161", ""));
  CHECK_FALSE(ids.see("also v2c", "10.0.0.2:161", ""));
  CHECK_FALSE(ids.see("red", "10.0.0.3:161", "8000aa"));
  CHECK_FALSE(ids.see("green", "10.0.0.3:161", "8000aa"));
  CHECK(ids.see("blue", "10.0.0.4:161", "8000aa"));
}

TEST_CASE("a device that is not discovered yet again keeps what it claimed", "[poll]") {
  EngineIds ids;
  CHECK_FALSE(ids.see("r1", "10.0.0.1:161", "8000aa"));
  CHECK(ids.see("r2", "10.0.0.2:161", "8000aa"));
  CHECK_FALSE(ids.see("r2", "10.0.0.2:161", ""));
  CHECK_FALSE(ids.see("r2", "10.0.0.2:161", "8000aa"));
}

TEST_CASE("a device that got an engine id of its own, moved or went is judged anew", "[poll]") {
  EngineIds ids;
  CHECK_FALSE(ids.see("r1", "10.0.0.1:161", "8000aa"));
  CHECK(ids.see("r2", "10.0.0.2:161", "8000aa"));
  CHECK_FALSE(ids.see("r2", "10.0.0.2:161", "8000bb"));
  CHECK_FALSE(ids.see("r1", "10.0.0.9:161", "8000aa"));
  CHECK(ids.see("r2", "10.0.0.2:161", "8000aa"));
  ids.forget("r1");
  ids.forget("nobody");
  CHECK_FALSE(ids.see("r2", "10.0.0.8:161", "8000aa"));
}

TEST_CASE("a fleet of clones is not named one by one", "[poll]") {
  EngineIds ids;
  std::size_t told = 0;
  for (int i = 0; i < 1000; ++i) {
    if (ids.see("vm" + std::to_string(i), "10.0.0." + std::to_string(i) + ":161", "8000aa")) ++told;
  }
  CHECK(told == EngineIds::named);  // the first has nothing to share, and the last line says that there are more
}
