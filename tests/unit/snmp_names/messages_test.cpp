#include "snmp/names_messages.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "snmp/names_modules.hpp"

namespace octopoll::snmp {

TEST_CASE("a message of the MIB parser is taken apart") {
  CHECK(read_parser_message("Expected \"::=\" (END): At line 17 in /home/u/mibs/ACME.txt\n") ==
        ParserMessage{"/home/u/mibs/ACME.txt", 17, "Expected \"::=\" (END)"});
  CHECK(read_parser_message("Cannot find module (X-MIB): At line 1 in (none)") ==
        ParserMessage{"", 0, "Cannot find module (X-MIB)"});
  CHECK(read_parser_message("Cannot adopt OID in ACME-MIB: acmeRoot ::= { acme 3 }\n") ==
        ParserMessage{"module ACME-MIB", 0, "a parent is missing: acmeRoot ::= { acme 3 }"});
  CHECK(read_parser_message("/x/y: Permission denied\n") == ParserMessage{"", 0, "/x/y: Permission denied"});
  CHECK(read_parser_message("odd: At line x in /y") == ParserMessage{"", 0, "odd: At line x in /y"});
  CHECK(read_parser_message("a: At line 3 in /dir: At line 4 in /file") ==
        ParserMessage{"/file", 4, "a: At line 3 in /dir"});
  CHECK(read_parser_message("") == ParserMessage{});
}

TEST_CASE("a file with many faults gets one line") {
  const std::vector<ParserMessage> messages = {
      {"/a.txt", 3, "first"}, {"/b.txt", 9, "alone"},    {"/a.txt", 4, "second"},    {"", 0, "no place"},
      {"/a.txt", 5, "third"}, {"module C", 0, "orphan"}, {"", 0, "no place either"},
  };
  CHECK(summarize(messages) == std::vector<std::string>{"/a.txt, line 3: first (and 2 more)", "/b.txt, line 9: alone",
                                                        "no place", "module C: orphan", "no place either"});
  CHECK(summarize({}).empty());
}

TEST_CASE("lists of the environment may have empty places") {
  CHECK(split_list("a:b::c:") == std::vector<std::string>{"a", "b", "c"});
  CHECK(split_list("").empty());
  CHECK(split_list(":").empty());
}

}  // namespace octopoll::snmp
