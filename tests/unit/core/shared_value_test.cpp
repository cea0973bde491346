#include "octopoll/core/shared_value.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace octopoll::test {
namespace {

TEST_CASE("copies share one value until one of them changes it") {
  SharedValue<std::string> one = std::string("a");
  SharedValue<std::string> other = one;
  CHECK(other.same_block(one));
  CHECK(&*other == &*one);
  other.own() += "b";
  CHECK(*one == "a");
  CHECK(*other == "ab");
  CHECK_FALSE(other.same_block(one));
  CHECK_FALSE(other == one);
  one.own() += "b";
  CHECK(other == one);
  CHECK_FALSE(other.same_block(one));
}

TEST_CASE("a value that nobody gave is a default one") {
  SharedValue<std::string> none;
  CHECK(none->empty());
  CHECK(none == SharedValue<std::string>(std::string()));
  SharedValue<std::string> other = none;
  none.own() = "a";
  CHECK(*none == "a");
  CHECK(other->empty());
  CHECK(SharedValue<std::string>()->empty());
}

}  // namespace
}  // namespace octopoll::test
