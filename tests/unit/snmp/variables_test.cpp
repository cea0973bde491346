#include "octopoll/snmp/variables.hpp"

#include <catch2/catch.hpp>
#include <limits>
#include <string>

using namespace octopoll::snmp;
using namespace std::string_literals;

namespace {

WireVariable only(const std::string& list) {
  VariableReader reader(list);
  WireVariable variable;
  REQUIRE(reader.next(variable));
  WireVariable none;
  CHECK_FALSE(reader.next(none));
  CHECK(reader.finished());
  return variable;
}

/// One VarBind of sysUpTime.0 with this value, header and all.
std::string with_value(const std::string& value) {
  const std::string name = "\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00"s;
  return "\x30"s + static_cast<char>(name.size() + value.size()) + name + value;
}

}  // namespace

TEST_CASE("a variable is encoded as RFC 3417 has it") {
  std::string encoded;
  append_variable(encoded, {1, 3, 6, 1, 2, 1, 1, 3, 0});
  CHECK(encoded == "\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x05\x00"s);
}

TEST_CASE("an arc takes seven bits an octet, at most five octets") {
  CHECK(EncodedArc(0).octets() == "\x00"s);
  CHECK(EncodedArc(127).octets() == "\x7f"s);
  CHECK(EncodedArc(128).octets() == "\x81\x00"s);
  CHECK(EncodedArc(16'384).octets() == "\x81\x80\x00"s);
  CHECK(EncodedArc(std::numeric_limits<std::uint32_t>::max()).octets() == "\x8f\xff\xff\xff\x7f"s);
}

TEST_CASE("a row's names are its columns at its index, and are known again") {
  const Oid in_octets{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 6};
  const Oid out_errors{1, 3, 6, 1, 2, 1, 2, 2, 1, 20};
  const std::vector<RowNames::Column> columns{{in_octets, true}, {out_errors, false}};
  const RowNames names(columns);
  const auto index = GENERATE(0U, 1U, 127U, 128U, 10'101U, 1'073'741'824U, 4'294'967'295U);
  const auto second_index = GENERATE_COPY(1'000'001U, index);
  std::string encoded = "before";
  names.append(encoded, index, second_index);
  encoded.erase(0, 6);
  CHECK(names.octets(index, second_index) == encoded.size());  // NULL's header counts for the value's
  std::string expected;
  append_variable(expected, in_octets.child(second_index));
  append_variable(expected, out_errors.child(index));
  CHECK(encoded == expected);

  VariableReader reader(encoded);
  WireVariable first, second;
  REQUIRE(reader.next(first));
  REQUIRE(reader.next(second));
  CHECK(first.absent());  // NULL
  CHECK(reader.finished());
}

TEST_CASE("an answer is read as long as it names what was asked for") {
  std::string asked;
  const std::vector<RowNames::Column> columns{{{1, 3, 6, 1, 2, 1, 2, 2, 1, 10}}, {{1, 3, 6, 1, 2, 1, 2, 2, 1, 2}}};
  RowNames(columns).append(asked, 7, 7);
  const std::string long_text(200, 'x');  // its lengths take two octets
  const std::string first = "\x30\x0f\x06\x0a\x2b\x06\x01\x02\x01\x02\x02\x01\x0a\x07\x41\x01\x05"s;
  const std::string second = "\x30\x81\xd7\x06\x0a\x2b\x06\x01\x02\x01\x02\x02\x01\x02\x07\x04\x81\xc8"s + long_text;
  WireVariable variable;
  SECTION("as asked") {
    const std::string answer = first + second;
    AnswerReader reader(asked, answer);
    REQUIRE(reader.next(variable));
    CHECK(variable.number() == 5);
    REQUIRE(reader.next(variable));
    CHECK(variable.value == long_text);
    CHECK(reader.finished());
    CHECK_FALSE(reader.next(variable));
  }
  SECTION("in another order") {
    const std::string answer = second + first;
    AnswerReader reader(asked, answer);
    CHECK_FALSE(reader.next(variable));
  }
  SECTION("of another row") {
    std::string answer = first + second;
    answer[13] = '\x08';
    AnswerReader reader(asked, answer);
    CHECK_FALSE(reader.next(variable));
  }
  SECTION("with more behind it") {
    const std::string answer = first + second + first;
    AnswerReader reader(asked, answer);
    REQUIRE(reader.next(variable));
    REQUIRE(reader.next(variable));
    CHECK_FALSE(reader.next(variable));
    CHECK_FALSE(reader.finished());
  }
  SECTION("cut off anywhere") {
    for (std::size_t length = 0; length < first.size(); ++length) {
      const std::string answer = first.substr(0, length);
      AnswerReader reader(asked, answer);
      CHECK_FALSE(reader.next(variable));
    }
  }
}

TEST_CASE("numbers are read in the widths of their types") {
  struct Case {
    std::string value;
    unsigned bits;
    std::optional<std::uint64_t> number;
  };
  const auto c = GENERATE(values<Case>({
      {"\x41\x01\x05"s, 32, 5},
      {"\x41\x05\x00\xff\xff\xff\xff"s, 32, 4'294'967'295},
      {"\x41\x04\xff\xff\xff\xff"s, 32, 4'294'967'295},  // the leading zero left out: agents do, Net-SNMP takes it
      {"\x41\x05\x01\x00\x00\x00\x00"s, 32, std::nullopt},
      {"\x41\x00"s, 32, std::nullopt},
      {"\x46\x09\x00\xff\xff\xff\xff\xff\xff\xff\xff"s, 64, std::numeric_limits<std::uint64_t>::max()},
      {"\x46\x09\x01\x00\x00\x00\x00\x00\x00\x00\x00"s, 64, std::nullopt},
      {"\x46\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"s, 64, std::nullopt},
      {"\x42\x02\x03\xe8"s, 32, 1000},
      {"\x43\x02\x03\xe8"s, 32, 1000},
      {"\x02\x01\x07"s, 32, 7},
      {"\x02\x01\xff"s, 32, std::nullopt},  // -1 is no count
      {"\x04\x02\x03\xe8"s, 0, std::nullopt},
  }));
  INFO(c.bits);
  const std::string list = with_value(c.value);
  const WireVariable variable = only(list);
  CHECK(variable.bits() == c.bits);
  CHECK(variable.number() == c.number);
  CHECK_FALSE(variable.absent());
}

TEST_CASE("an INTEGER keeps its sign, and no other type is one") {
  CHECK(only(with_value("\x02\x01\xff"s)).integer() == -1);
  CHECK(only(with_value("\x02\x04\x7f\xff\xff\xff"s)).integer() == 2'147'483'647);
  CHECK_FALSE(only(with_value("\x41\x01\x01"s)).integer().has_value());
}

TEST_CASE("the exceptions of RFC 3416 are absence") {
  const char tag = GENERATE('\x80', '\x81', '\x82');
  CHECK(only(with_value(std::string{tag, '\0'})).absent());
}

TEST_CASE("a list that is cut off, or has something behind a value, is not finished") {
  const std::string sound = with_value("\x41\x01\x05"s);
  for (std::size_t length = 1; length < sound.size(); ++length) {
    const std::string cut = sound.substr(0, length);
    VariableReader reader(cut);
    WireVariable variable;
    CHECK_FALSE(reader.next(variable));
    CHECK_FALSE(reader.finished());
  }
  const std::string more = with_value("\x41\x01\x05\x05\x00"s);
  VariableReader reader(more);
  WireVariable variable;
  CHECK_FALSE(reader.next(variable));
}
