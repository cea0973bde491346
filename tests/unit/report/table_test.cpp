#include "octopoll/report/table.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <clocale>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

// Widths of characters beyond ASCII come from the C library's locale, as they do in the program.
bool know_wide_characters() { return std::setlocale(LC_CTYPE, "C.UTF-8") != nullptr; }

Table names_and_numbers() {
  return Table{{{"name", "Name", Align::left}, {"in_bps", "In", Align::right}},
               {{{std::string{"eth0"}, {}}, {std::uint64_t{5}, "5 b/s"}},
                {{std::string{"a-long-name"}, {}}, {std::monostate{}, {}}}},
               {}};
}

TEST_CASE("a text table aligns its columns and ends no line with a blank") {
  CHECK(to_text(names_and_numbers(), {}) ==
        "Name            In\n"
        "eth0         5 b/s\n"
        "a-long-name      -\n");
}

TEST_CASE("a last column on the left is not padded") {
  const Table table{{{"a", "A", Align::right}, {"b", "B", Align::left}},
                    {{{std::int64_t{-1}, {}}, {std::string{"x"}, {}}}, {{true, {}}, {std::string{"longer"}, {}}}},
                    {}};
  CHECK(to_text(table, {}) ==
        "   A  B\n"
        "  -1  x\n"
        "true  longer\n");
}

TEST_CASE("wide and combining characters keep the columns straight") {
  REQUIRE(know_wide_characters());
  Table table = names_and_numbers();
  table.rows = {{{std::string{"交换机"}, {}}, {std::uint64_t{1}, {}}},
                {{std::string{"Zürich"}, {}}, {std::uint64_t{22}, {}}},
                {{std::string{"plain1"}, {}}, {std::uint64_t{3}, {}}}};
  const auto lines = lines_of(to_text(table, {}));
  REQUIRE(lines.size() == 4);
  CHECK(lines[1] == "交换机   1");
  CHECK(lines[2] == "Zürich  22");
  CHECK(lines[3] == "plain1   3");
}

TEST_CASE("a cell stays on one line") {
  Table table = names_and_numbers();
  table.rows = {{{std::string{"a\nb\tc"}, {}}, {std::uint64_t{1}, {}}}};
  CHECK(lines_of(to_text(table, {}))[1] == "a b c   1");
}

TEST_CASE("a table that is too wide gives way in its widest left column, never in a number") {
  Table table{{{"device", "Device", Align::left}, {"alias", "Alias", Align::left}, {"n", "Count", Align::right}},
              {{{std::string{"switch-1"}, {}},
                {std::string{"uplink to the core in building 7"}, {}},
                {std::uint64_t{18446744073709551615U}, {}}}},
              {}};
  for (const std::size_t width : {60U, 50U, 46U, 40U}) {
    for (const auto& line : lines_of(to_text(table, {width, false}))) {
      CHECK(display_width(line) <= width);
    }
  }
  CHECK(lines_of(to_text(table, {50, false}))[1] == "switch-1  uplink to the cor…  18446744073709551615");
  // Narrower than all that can be shortened: the number survives whole.
  CHECK(lines_of(to_text(table, {10, false}))[1].find("18446744073709551615") != std::string::npos);
}

TEST_CASE("shortening cuts between characters, a double-width one included") {
  REQUIRE(know_wide_characters());
  Table table{{{"name", "N", Align::left}}, {{{std::string{"交换机交换机"}, {}}}}, {}};
  CHECK(lines_of(to_text(table, {8, false}))[1] == "交换机…");
  CHECK(lines_of(to_text(table, {7, false}))[1] == "交换机…");
}

TEST_CASE("notes stand below the text table and nowhere else") {
  Table table = names_and_numbers();
  table.notes = {"one", "two"};
  const std::string text = to_text(table, {});
  CHECK(text.substr(text.size() - 9) == "\none\ntwo\n");
  CHECK(to_csv(table).find("one") == std::string::npos);
  CHECK(to_json(table).dump().find("one") == std::string::npos);
}

TEST_CASE("colour makes the heading bold and nothing else") {
  const auto lines = lines_of(to_text(names_and_numbers(), {0, true}));
  CHECK(lines[0] == "\033[1mName            In\033[0m");
  CHECK(lines[1] == "eth0         5 b/s");
}

TEST_CASE("a pipe gets no colour and no width") {
  int ends[2] = {-1, -1};
  REQUIRE(::pipe(ends) == 0);
  const Fd read_end(ends[0]);
  const Fd write_end(ends[1]);
  const TextStyle style = style_of(write_end.get());
  CHECK(style.width == 0);
  CHECK_FALSE(style.color);
}

TEST_CASE("CSV quotes what RFC 4180 says, and has keys and values of machines") {
  Table table = names_and_numbers();
  table.rows = {{{std::string{"plain"}, {}}, {std::uint64_t{5}, "5 b/s"}},
                {{std::string{"a,b"}, {}}, {0.1, {}}},
                {{std::string{"say \"hi\""}, {}}, {std::int64_t{-3}, {}}},
                {{std::string{"two\nlines"}, {}}, {std::monostate{}, {}}},
                {{std::string{" padded"}, {}}, {false, {}}},
                {{std::string{}, {}}, {std::numeric_limits<double>::quiet_NaN(), {}}}};
  CHECK(to_csv(table) ==
        "name,in_bps\n"
        "plain,5\n"
        "\"a,b\",0.1\n"
        "\"say \"\"hi\"\"\",-3\n"
        "\"two\nlines\",\n"
        "\" padded\",false\n"
        ",\n");
}

TEST_CASE("JSON keeps 64-bit integers whole and unknown as null") {
  Table table{{{"max", "", Align::right},
               {"min", "", Align::right},
               {"share", "", Align::right},
               {"name", "", Align::left},
               {"none", "", Align::left},
               {"inf", "", Align::left}},
              {{{std::numeric_limits<std::uint64_t>::max(), {}},
                {std::numeric_limits<std::int64_t>::min(), {}},
                {0.1, {}},
                {std::string{"Zürich \"1\""}, {}},
                {std::monostate{}, {}},
                {std::numeric_limits<double>::infinity(), {}}}},
              {}};
  CHECK(to_json(table).dump() ==
        R"([{"max":18446744073709551615,"min":-9223372036854775808,"share":0.1,"name":"Zürich \"1\"",)"
        R"("none":null,"inf":null}])");
}

TEST_CASE("an empty table is a heading, a heading, and an empty array") {
  Table table = names_and_numbers();
  table.rows.clear();
  CHECK(to_text(table, {}) == "Name  In\n");
  CHECK(to_csv(table) == "name,in_bps\n");
  CHECK(to_json(table).dump() == "[]");
}

}  // namespace
}  // namespace octopoll::report
