#include <catch2/catch.hpp>
#include <optional>
#include <string>

#include "make_row.hpp"
#include "octopoll/ifmib/row.hpp"

namespace octopoll::ifmib {
namespace {

using namespace std::string_literals;
using Text = std::optional<std::string>;

TEST_CASE("a row is called by its ifName, else by its ifDescr") {
  const auto [if_name, descr, name, source] = GENERATE(table<Text, Text, Text, NameSource>({
      {"Gi0/1", "GigabitEthernet0/1", "Gi0/1", NameSource::if_name},
      {"Gi0/1", std::nullopt, "Gi0/1", NameSource::if_name},
      {std::nullopt, "eth0", "eth0", NameSource::descr},
      {"", "eth0", "eth0", NameSource::descr},
      {"  \t", "eth0", "eth0", NameSource::descr},
      {"\0"s, "eth0", "eth0", NameSource::descr},
      {"\0\0"s, " \0"s, std::nullopt, NameSource::none},
      {"", "", std::nullopt, NameSource::none},
      {std::nullopt, std::nullopt, std::nullopt, NameSource::none},
      {std::nullopt, " ", std::nullopt, NameSource::none},
      // Nothing is trimmed but NULs, and what is no text shows its octets.
      {" a ", "eth0", " a ", NameSource::if_name},
      {"eth0\0"s, "x", "eth0", NameSource::if_name},
      {"caf\xe9", "x", R"(caf\xe9)", NameSource::if_name},
      {"\x01", "x", R"(\x01)", NameSource::if_name},
  }));
  Row row;
  if (if_name) row.set(Column::if_name, test::text(*if_name));
  if (descr) row.set(Column::if_descr, test::text(*descr));
  CAPTURE(if_name.value_or("none"), descr.value_or("none"));
  const InterfaceName named = name_of(row);
  CHECK(named.text == name);
  CHECK(named.source == source);
}

TEST_CASE("a name that is a number is none") {
  CHECK_FALSE(name_of(test::make_row({{Column::if_name, snmp::Value::integer(1)}})).text);
  const auto named =
      name_of(test::make_row({{Column::if_name, snmp::Value::integer(1)}, {Column::if_descr, test::text("eth0")}}));
  CHECK(named.text == "eth0");
  CHECK(named.source == NameSource::descr);
}

}  // namespace
}  // namespace octopoll::ifmib
