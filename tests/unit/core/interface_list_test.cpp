#include "octopoll/core/interface_list.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace octopoll {
namespace {

struct Item {
  Interface interface;
  int number = 0;
};

/// Passes over the names, adding those that are new; gives the numbers of the items in the order of the names.
std::vector<int> pass(InterfaceList<Item>& list, const std::vector<std::string>& names) {
  std::vector<int> numbers;
  list.begin_pass();
  for (const std::string& name : names) {
    Item* item = list.find(name);
    if (item == nullptr) item = &list.append({Interface(name, {}), static_cast<int>(list.size())});
    numbers.push_back(item->number);
  }
  list.end_pass();
  return numbers;
}

TEST_CASE("an item is found by its name, wherever its row comes") {
  InterfaceList<Item> list;
  CHECK(pass(list, {"a", "b", "c", "d"}) == std::vector<int>{0, 1, 2, 3});
  CHECK(pass(list, {"a", "b", "c", "d"}) == std::vector<int>{0, 1, 2, 3});
  CHECK(pass(list, {"d", "a", "c", "b"}) == std::vector<int>{3, 0, 2, 1});
  CHECK(pass(list, {"new", "d", "a", "c", "b"}) == std::vector<int>{4, 3, 0, 2, 1});
  CHECK(pass(list, {"c", "newer"}) == std::vector<int>{2, 5});
  CHECK(pass(list, {"a", "b"}) == std::vector<int>{0, 1});
  CHECK(pass(list, {"a", "b", "c", "d", "new", "newer"}) == std::vector<int>{0, 1, 2, 3, 4, 5});
  CHECK(list.size() == 6);
}

TEST_CASE("rows that were missing are found after a pass") {
  InterfaceList<Item> list;
  static_cast<void>(pass(list, {"a", "b", "c", "d"}));
  static_cast<void>(pass(list, {"a", "c"}));
  CHECK(list.find("b")->number == 1);
  CHECK(list.find("d")->number == 3);
  CHECK(list.find("a")->number == 0);
  CHECK(list.find("e") == nullptr);
  CHECK(pass(list, {"a", "b", "c", "d"}) == std::vector<int>{0, 1, 2, 3});
}

TEST_CASE("one of few is found after a pass, in any order") {
  InterfaceList<Item> list;
  CHECK(list.look_for("a") == nullptr);
  static_cast<void>(pass(list, {"a", "b", "c", "d"}));
  CHECK(list.look_for("c")->number == 2);
  CHECK(list.look_for("a")->number == 0);
  CHECK(list.look_for("e") == nullptr);
  CHECK(pass(list, {"d", "b", "a", "c"}) == std::vector<int>{3, 1, 0, 2});
  CHECK(list.look_for("d")->number == 3);
}

TEST_CASE("an item may take another block of the same name within a pass") {
  InterfaceList<Item> list;
  static_cast<void>(pass(list, {"a", "b"}));
  list.begin_pass();
  list.find("b")->interface = Interface("b", {});
  CHECK(list.find("a")->number == 0);
  CHECK(list.find("b")->number == 1);
  list.end_pass();
  CHECK(pass(list, {"b", "a"}) == std::vector<int>{1, 0});
}

TEST_CASE("an item stays where it is while others come") {
  InterfaceList<Item> list;
  list.begin_pass();
  std::vector<Item*> places;
  for (int number = 0; number < 100; ++number) {
    places.push_back(&list.append({Interface("eth" + std::to_string(number), {}), number}));
  }
  for (int number = 0; number < 100; ++number) CHECK(places[static_cast<std::size_t>(number)]->number == number);
  list.begin_pass();
  for (Item* const place : places) CHECK(list.find(place->interface) == place);
}

TEST_CASE("items that are erased are gone") {
  InterfaceList<Item> list;
  static_cast<void>(pass(list, {"a", "b", "c"}));
  list.erase_if([](const Item& item) { return item.number == 1; });
  CHECK(list.size() == 2);
  CHECK(pass(list, {"a", "b", "c"}) == std::vector<int>{0, 2, 2});
}

}  // namespace
}  // namespace octopoll
