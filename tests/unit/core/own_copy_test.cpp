#include "octopoll/core/own_copy.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace octopoll::test {
namespace {

TEST_CASE("a copy has its own, and is equal by what is in it") {
  OwnCopy<std::string> one;
  CHECK_FALSE(one);
  CHECK_FALSE(one.value());
  one.emplace("a");
  OwnCopy<std::string> other = one;
  REQUIRE(other);
  CHECK(other.get() != one.get());
  CHECK(other == one);
  *other = "b";
  CHECK(*one == "a");
  CHECK_FALSE(other == one);
  CHECK_FALSE(other == OwnCopy<std::string>());
  CHECK(OwnCopy<std::string>() == OwnCopy<std::string>(std::nullopt));
  one = other;
  CHECK(one.value() == "b");
  CHECK(other.value() == "b");
}

}  // namespace
}  // namespace octopoll::test
