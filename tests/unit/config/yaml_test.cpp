// What YAML makes easy to get wrong, and what a hostile file would try.

#include "config/yaml_tree.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "unit/config/loading.hpp"

using namespace octopoll::config;

namespace {

std::string repeated(std::string_view part, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += part;
  return out;
}

}  // namespace

TEST_CASE("syntax errors have a place and say what to do", "[config]") {
  check_cases({
      {"tab", "devices:\n\t- 192.0.2.1\n", {{2, 1, "a tab in the indentation"}}},
      {"list never closed", "devices: [192.0.2.1\n", {{2, 1, "`]` is missing here (opened on line 1)"}}},
      {"map never closed", "devices:\n  - {name: a\n", {{3, 1, "`}` is missing here (opened on line 2)"}}},
      {"crossed brackets", "{devices: [a, b}\n", {{1, 16, "this bracket closes none"}}},
      {"colon in plain text", "devices: a: b\n", {{1, 11, "no value may begin here"}}},
      {"odd indentation", "ping:\n  count: 1\n   timeout: 1s\n", {{3, 11, "no value may begin here"}}},
      {"list in a map", "ping:\n  count: 1\n  - x\n", {{3, 3, "does not fit the map"}}},
      {"reserved character", "devices: @x\n", {{1, 10, "no value may begin with this"}}},
      {"backslash in double quotes", "devices: [\"^Gi\\d\"]\n", {{1, 15, "unknown escape"}}},
      {"alias to nothing", "devices: *here\n", {{1, 10, "names nothing that stands before it"}}},
      {"directive", "%YAML 3.0\n---\ndevices: []\n", {{1, 1, "a directive that is not understood"}}},
      {"quote at the end of the file", "devices: [x]\nstore: \"x\n", {{2, 8, "begins here and never ends"}}},
      {"quote before more lines", "devices: [x]\nstore: 'it''s\n\nping: {}", {{2, 8, "begins here and never ends"}}},
      {"anchored quote", "store: &a \"x\n", {{1, 11, "begins here and never ends"}}},
      {"columns count characters", "tägs: [ü, ö, @]\n", {{1, 14, "no value may begin with this"}}},
  });
}

TEST_CASE("one document, and not an empty one", "[config]") {
  check_cases({
      {"nothing", "", {{1, 1, "the file says nothing"}}},
      {"comments", "# devices: [x]\n", {{1, 1, "the file says nothing"}}},
      {"a null document", "---\n", {{1, 1, "the file says nothing"}}},
      {"two documents", "devices: [a]\n---\ndevices: [b]\n", {{2, 1, "a second document begins here"}}},
      {"text behind the end", "{devices: [a]} b\n", {{1, 16, "behind the end of the document"}}},
      {"a list", "- a\n", {{1, 1, "an inventory should be a map, and is a list"}}},
      {"text", "a\n", {{1, 1, "an inventory should be a map, and is text"}}},
  });
  CHECK(load_good("---\ndevices: [a]\n...\n").devices.size() == 1);
}

TEST_CASE("duplicate keys name both lines", "[config]") {
  check_cases({
      {"top",
       "devices: [a]\nping: {count: 1}\ndevices: [b]\n",
       {{3, 1, "`devices` stands twice in this map; first on line 1"}}},
      {"device",
       "devices:\n  - name: a\n    address: b\n    name: c\n",
       {{4, 5, "`name` stands twice in this map; first on line 2"}}},
      {"merge key",
       "devices: [a]\ndefaults:\n  <<: {retries: 1}\n  <<: {retries: 2}\n",
       {{4, 3, "`<<` stands twice in this map; first on line 3"}}},
  });
}

TEST_CASE("keys are text", "[config]") {
  check_cases({
      {"list as a key", "[a, b]: c\ndevices: [a]\n", {{1, 1, "a key must be text"}}},
      {"no key", ": c\ndevices: [a]\n", {{1, 1, "no key before this colon"}}},
  });
}

TEST_CASE("tags are refused", "[config]") {
  check_cases({
      {"binary", "devices: [!!binary aGVsbG8=]\n", {{1, 11, "a YAML tag"}}},
      {"str", "devices: [!!str sw10]\n", {{1, 11, "a YAML tag"}}},
      {"unknown, on a list", "devices: !mine [a]\n", {{1, 10, "a YAML tag"}}},
  });
}

TEST_CASE("a cyclic alias is an error, not a crash", "[config]") {
  check_problems("devices: &all [*all]\n", {{1, 16, "would never end"}});
  check_problems("defaults: &d {<<: *d}\n", {{1, 19, "would never end"}});
  check_problems("defaults: &d\n  tags:\n    x: [{y: *d}]\n", {{3, 13, "would never end"}});
}

TEST_CASE("an alias bomb is found before it goes off", "[config]") {
  std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
  for (int i = 1; i < 30; ++i) {
    bomb += fmt::format("a{}: &a{} [{}]\n", i, i, repeated(fmt::format("*a{}, ", i - 1), 10));
  }
  check_problems(bomb, {{7, 15, "more than two million, aliases counted"}});

  std::string merges = "a0: &a0 {k: v}\n";
  for (int i = 1; i < 30; ++i) {
    merges += fmt::format("a{}: &a{} {{<<: [{}]}}\n", i, i, repeated(fmt::format("*a{}, ", i - 1), 10));
  }
  const auto inventory = load(merges);
  REQUIRE_FALSE(inventory);
  REQUIRE(inventory.error().size() == 1);
  CHECK_THAT(inventory.error()[0].message, Catch::Contains("more than two million"));
}

TEST_CASE("aliases within aliases end somewhere", "[config]") {
  std::string chain = "a0: &a0 [x]\n";
  for (int i = 1; i < 200; ++i) chain += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  check_problems(chain, {{63, 12, "aliases within aliases are nested more than 64 deep"}});
}

TEST_CASE("deep nesting ends the parse and not the stack", "[config]") {
  check_problems("devices: " + repeated("[", 100) + repeated("]", 100), {{1, 73, "nested more than 64 deep"}});
  check_problems(repeated("- ", 100'000), {{1, 129, "nested more than 64 deep"}});
  check_problems(repeated("? ", 100'000), {{1, 129, "nested more than 64 deep"}});
  for (const std::string_view opening : {"[", "{", "[a: ", "{a: ", "{? ", "[\n", "? [", "[{a: "}) {
    const auto inventory = load(repeated(opening, 100'000));
    INFO(opening);
    REQUIRE_FALSE(inventory);
    REQUIRE(inventory.error().size() == 1);
    CHECK_THAT(inventory.error()[0].message, Catch::Contains("deep"));
  }
}

TEST_CASE("a list in brackets has an end that is looked for only so far", "[config]") {
  const std::string endless = "[" + repeated("[x],", 3'000'000);
  const auto inventory = load(endless);
  REQUIRE_FALSE(inventory);
  REQUIRE(inventory.error().size() == 1);
  CHECK_THAT(inventory.error()[0].message, Catch::Contains("more than 8 MiB between one pair of brackets"));
}

TEST_CASE("JSON is YAML", "[config]") {
  const auto inventory = load_good(R"({"devices": [{"name": "a", "address": "192.0.2.1", "ping": false}]})");
  REQUIRE(inventory.devices.size() == 1);
  CHECK(inventory.devices[0].name == "a");
  CHECK_FALSE(inventory.devices[0].ping);
}

TEST_CASE("<< merges as people expect", "[config]") {
  const auto inventory = load_good(R"(
groups:
  one: &one
    interval: 10s
    retries: 1
    devices: [192.0.2.1]
  two:
    <<: *one
    retries: 5
    devices:
      - &base {address: 192.0.2.2, timeout: 2s, ping: no}
      - {<<: [*base, {timeout: 3s, port: 1161}], address: 192.0.2.3}
)");
  REQUIRE(inventory.devices.size() == 3);
  CHECK(inventory.devices[1].interval == std::chrono::seconds(10));
  CHECK(inventory.devices[1].retries == 5);                        // what is written wins
  CHECK(inventory.devices[2].address.host == "192.0.2.3");         // so too in a list of maps
  CHECK(inventory.devices[2].timeout == std::chrono::seconds(2));  // the earlier map wins
  CHECK(inventory.devices[2].address.port == 1161);
  CHECK_FALSE(inventory.devices[2].ping);

  check_cases({
      {"text", "devices: [a]\ndefaults:\n  <<: x\n", {{3, 3, "`<<` merges a map, and this is text"}}},
      {"nothing", "devices: [a]\ndefaults:\n  <<:\n", {{3, 3, "`<<` merges a map, and this is nothing"}}},
      {"list of text",
       "devices: [a]\ndefaults:\n  <<: [{retries: 1}, x]\n",
       {{3, 22, "`<<` merges maps, and this is text"}}},
      {"quoted", "devices: [a]\ndefaults:\n  '<<': {retries: 1}\n", {{3, 3, "`defaults` has no key `<<`"}}},
  });
}

TEST_CASE("an error in what many use is said once", "[config]") {
  check_problems("groups:\n  g: &g {interval: 30, devices: [a]}\n  h: {<<: *g, devices: [b]}\n",
                 {{2, 20, "`interval: 30` has no unit"}});
}

TEST_CASE("what is no text is said to be none", "[config]") {
  using namespace std::string_view_literals;
  check_cases({
      {"NUL", "devices: [a\0]"sv, {{1, 12, "a NUL character"}}},
      {"control character", "devices:\n  - \x1b[31m\n", {{2, 5, "control character U+001B"}}},
      {"end of text, which yaml-cpp takes for the end of the file", "devices: [a]\n\x04 nonsense", {{2, 1, "U+0004"}}},
      {"C1", "devices: [\xC3\xA9, \xC2\x9B]", {{1, 14, "control character U+009B"}}},
      {"Latin-1", "devices:\n  - caf\xE9\n", {{2, 8, "octet 0xe9 is not UTF-8"}}},
      {"overlong", "a: \xC0\x80", {{1, 4, "octet 0xc0 is not UTF-8"}}},
      {"surrogate", "a: \xED\xA0\x80", {{1, 4, "octet 0xed is not UTF-8"}}},
      {"above Unicode", "a: \xF4\x90\x80\x80", {{1, 4, "octet 0xf4 is not UTF-8"}}},
      {"cut off", "a: \xE2\x82", {{1, 4, "octet 0xe2 is not UTF-8"}}},
      {"UTF-16",
       "\xFF\xFE"
       "d\0e\0"sv,
       {{1, 1, "UTF-16"}}},
  });
  CHECK(load_good("\xEF\xBB\xBF"
                  "devices: [a]\r\n")
            .devices.size() == 1);
  check_problems(
      "\xEF\xBB\xBF"
      "devises: [a]\n",
      {{1, 1, "an inventory has no key `devises`"}});
  CHECK(load_good("devices: [{name: 'Zürich 𝄞', address: a}]").devices[0].name == "Zürich 𝄞");
}
