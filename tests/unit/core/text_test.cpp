#include "octopoll/core/text.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <clocale>
#include <random>
#include <string>

namespace octopoll {
namespace {

using namespace std::string_literals;

/// A code point as UTF-8 would spell it, valid or not.
std::string spelled(char32_t code) {
  const auto octet = [](char32_t bits) { return static_cast<char>(static_cast<unsigned char>(bits)); };
  const auto tail = [&octet](char32_t bits) { return octet(0x80U | (bits & 0x3fU)); };
  if (code < 0x80) return {octet(code)};
  if (code < 0x800) return {octet(0xc0U | code >> 6U), tail(code)};
  if (code < 0x10000) return {octet(0xe0U | code >> 12U), tail(code >> 6U), tail(code)};
  return {octet(0xf0U | code >> 18U), tail(code >> 12U), tail(code >> 6U), tail(code)};
}

std::string escaped(const std::string& octets) {
  std::string out;
  for (const char c : octets) out += "\\x" + to_hex({&c, 1});
  return out;
}

/// The character types of a locale until the end of the scope.
class CharacterTypes {
 public:
  explicit CharacterTypes(const char* name) : before_(std::setlocale(LC_CTYPE, nullptr)) {
    REQUIRE(std::setlocale(LC_CTYPE, name) != nullptr);
  }
  ~CharacterTypes() { std::setlocale(LC_CTYPE, before_.c_str()); }
  CharacterTypes(const CharacterTypes&) = delete;
  CharacterTypes& operator=(const CharacterTypes&) = delete;

 private:
  std::string before_;
};

TEST_CASE("an agent's text keeps what is well-formed and shows the rest as octets") {
  const auto [octets, text] = GENERATE(table<std::string, std::string>({
      {"", ""},
      {"GigabitEthernet1/0/1", "GigabitEthernet1/0/1"},
      {"  uplink \t", "  uplink \t"},
      {"a\tb\r\nc", "a\tb\r\nc"},
      {R"(C:\x41)", R"(C:\x41)"},
      // NULs: Windows ends its strings with one, printers fill up with them.
      {"eth0\0"s, "eth0"},
      {"eth0\0\0\0"s, "eth0"},
      {"\0\0"s, ""},
      {"a\0b"s, R"(a\x00b)"},
      {"\0a\0"s, R"(\x00a)"},
      // Controls, C1 in both octets of their UTF-8.
      {"\x1b[31mred", R"(\x1b[31mred)"},
      {"\x01\x1f\x7f", R"(\x01\x1f\x7f)"},
      {"\xc2\x80\xc2\x9b\xc2\x9f", R"(\xc2\x80\xc2\x9b\xc2\x9f)"},
      {"\xc2\xa0", "\xc2\xa0"},
      // Latin-1.
      {"caf\xe9", R"(caf\xe9)"},
      {"Z\xfcrich", R"(Z\xfcrich)"},
      // The ends of the ranges of Unicode's table 3-7.
      {"\xc2\xa1\xdf\xbf", "\xc2\xa1\xdf\xbf"},
      {"\xe0\xa0\x80\xef\xbf\xbf", "\xe0\xa0\x80\xef\xbf\xbf"},
      {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"},
      {"\xed\x9f\xbf\xee\x80\x80", "\xed\x9f\xbf\xee\x80\x80"},
      // Overlong.
      {"\xc0\x80", R"(\xc0\x80)"},
      {"\xc1\xbf", R"(\xc1\xbf)"},
      {"\xe0\x80\xaf", R"(\xe0\x80\xaf)"},
      {"\xe0\x9f\xbf", R"(\xe0\x9f\xbf)"},
      {"\xf0\x80\x80\xaf", R"(\xf0\x80\x80\xaf)"},
      {"\xf0\x8f\xbf\xbf", R"(\xf0\x8f\xbf\xbf)"},
      // Surrogates, each and as a pair.
      {"\xed\xa0\x80", R"(\xed\xa0\x80)"},
      {"\xed\xbf\xbf", R"(\xed\xbf\xbf)"},
      {"\xed\xa0\xbd\xed\xb8\x80", R"(\xed\xa0\xbd\xed\xb8\x80)"},
      // Beyond U+10FFFF, and leads that there are not.
      {"\xf4\x90\x80\x80", R"(\xf4\x90\x80\x80)"},
      {"\xf5\x80\x80\x80", R"(\xf5\x80\x80\x80)"},
      {"\xf8\x88\x80\x80\x80", R"(\xf8\x88\x80\x80\x80)"},
      {"\xfe\xff", R"(\xfe\xff)"},
      // Cut short: at the end, by a NUL, by what follows; the follower is not swallowed.
      {"\xc3", R"(\xc3)"},
      {"\xe2\x82", R"(\xe2\x82)"},
      {"\xf0\x9f\x98", R"(\xf0\x9f\x98)"},
      {"\xe2\x82\0"s, R"(\xe2\x82)"},
      {"\xe2\x82z", R"(\xe2\x82z)"},
      {"\xe2\x82\xc3\xbc", "\\xe2\\x82\xc3\xbc"},
      {"\xf0\x9f\xe2\x82\xac", "\\xf0\\x9f\xe2\x82\xac"},
      // Continuations without a lead.
      {"\x80\xbf", R"(\x80\xbf)"},
  }));
  CAPTURE(to_hex(octets));
  CHECK(agent_text(octets) == text);
  CHECK(needs_raw(octets) == (text != octets));
}

TEST_CASE("each code point is shown or escaped, never half of it") {
  // All of plane 0 and 1, and a sieve through the others with their last ones, which are no characters.
  for (char32_t code = 1; code <= 0x10ffff; code += code < 0x20000 ? 1 : 251) {
    const bool surrogate = code >= 0xd800 && code <= 0xdfff;
    const std::u32string_view turns = U"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069";
    const bool control = (code < 0x20 && code != '\t' && code != '\n' && code != '\r') ||
                         (code >= 0x7f && code <= 0x9f) || turns.find(code) != turns.npos;
    const std::string octets = spelled(code);
    const std::string wanted = surrogate || control ? escaped(octets) : octets;
    if (agent_text(octets) != wanted || needs_raw(octets) != (surrogate || control)) {
      CAPTURE(static_cast<std::uint32_t>(code), agent_text(octets));
      FAIL_CHECK("wrong text of a code point");
    }
  }
}

TEST_CASE("whatever the octets, their text is valid and stays as it is") {
  // Octets from which sequences are made, so that nearly right ones are common.
  constexpr std::array<unsigned char, 24> octets{0x00, 0x09, 0x1b, 0x41, 0x5c, 0x7f, 0x80, 0x8f,
                                                 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0,
                                                 0xe2, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
  std::mt19937 dice(7);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same texts every time
  for (int round = 0; round < 20'000; ++round) {
    std::string text(dice() % 12, '\0');
    for (char& c : text) c = static_cast<char>(octets[dice() % octets.size()]);
    const std::string shown = agent_text(text);
    if (needs_raw(shown) || agent_text(shown) != shown || needs_raw(text) != (shown != text)) {
      CAPTURE(to_hex(text), shown);
      FAIL_CHECK("the text is not stable");
    }
  }
}

TEST_CASE("octets are spelled in hex") {
  CHECK(to_hex("").empty());
  CHECK(to_hex("\x00\x0a\x1b\xff"s) == "000a1bff");
  CHECK(to_hex("\x00\x1b\x21\xab\xcd\xef"s, ':') == "00:1b:21:ab:cd:ef");
  CHECK(to_hex("\x07", ':') == "07");
}

TEST_CASE("blank is empty or white space") {
  CHECK(is_blank(""));
  CHECK(is_blank(" \t\n\v\f\r"));
  CHECK_FALSE(is_blank(" x "));
  CHECK_FALSE(is_blank("\0"s));
  CHECK_FALSE(is_blank("\xc2\xa0"));
}

TEST_CASE("a table's cell is one line") {
  CHECK(one_line("a\tb\r\nc") == "a b  c");
  CHECK(one_line("a b").size() == 3);
  CHECK(one_line("").empty());
}

TEST_CASE("a cell is as wide as a terminal shows it") {
  const CharacterTypes unicode("C.UTF-8");
  CHECK(display_width("") == 0);
  CHECK(display_width("eth0") == 4);
  CHECK(display_width("Z\xc3\xbcrich") == 6);
  CHECK(display_width("\xe6\x9d\xb1\xe4\xba\xac") == 4);  // 東京
  CHECK(display_width("e\xcc\x81") == 1);                 // e and a combining acute
  CHECK(display_width("\xf0\x9f\x90\x99") == 2);          // an octopus
  CHECK(display_width("caf\xe9") == 4);
  CHECK(display_width("\xe2\x82") == 2);
}

TEST_CASE("without a locale each character is one column wide") {
  const CharacterTypes plain("C");
  CHECK(display_width("Z\xc3\xbcrich") == 6);
  CHECK(display_width("\xe6\x9d\xb1\xe4\xba\xac") == 2);
  CHECK(display_width("\xff\xfe") == 2);
}

TEST_CASE("a mistyped word finds its neighbour") {
  static constexpr std::array<std::string_view, 6> words{"interval", "timeout", "retries", "port", "name", "probes"};
  CHECK(nearest("intervall", words) == "interval");
  CHECK(nearest("itnerval", words) == "interval");
  CHECK(nearest("timout", words) == "timeout");
  CHECK(nearest("retires", words) == "retries");
  CHECK(nearest("prot", words) == "port");  // neighbours swapped are one edit
  CHECK(nearest("nam", words) == "name");
  CHECK(nearest("porbse", words) == "probes");
  CHECK(nearest("port", words) == "port");
  SECTION("but not one too far away") {
    CHECK_FALSE(nearest("xntervaxx", words));
    CHECK_FALSE(nearest("pt", words));  // two edits are half of a short word
    CHECK_FALSE(nearest("", words));
    CHECK_FALSE(nearest("interval", {}));
  }
  SECTION("and of two the nearer, of equals the first") {
    static constexpr std::array<std::string_view, 3> near{"out_errors", "in_errors", "in_errorz"};
    CHECK(nearest("in_error", near) == "in_errors");
    CHECK(nearest("ot_errors", near) == "out_errors");
  }
}

}  // namespace
}  // namespace octopoll
