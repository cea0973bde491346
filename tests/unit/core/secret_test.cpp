#include "octopoll/core/secret.hpp"

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <type_traits>

#include "support/temp_dir.hpp"

namespace octopoll {
namespace {

using test::TempDir;
using test::write_file;

/// An environment variable until the end of the scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

std::string revealed(const std::string& written) {
  const auto secret = resolve_secret(written);
  if (!secret) FAIL(secret.error().text());
  return secret->reveal();
}

Error refused(const std::string& written) {
  const auto secret = resolve_secret(written);
  REQUIRE_FALSE(secret);
  CHECK(secret.error().kind == ErrorKind::config);
  CHECK_FALSE(secret.error().message.empty());
  return secret.error();
}

TEST_CASE("a secret may be written out or kept in the environment") {
  const Variable one("OCTOPOLL_TEST_ONE", "f1rst");
  const Variable two("OCTOPOLL_TEST_TWO", "s3cond");
  const auto [written, text] = GENERATE(table<std::string, std::string>({
      {"public", "public"},
      {"", ""},
      {"a b\tc", "a b\tc"},
      {"${OCTOPOLL_TEST_ONE}", "f1rst"},
      {"<${OCTOPOLL_TEST_ONE}-${OCTOPOLL_TEST_TWO}>", "<f1rst-s3cond>"},
      {"${OCTOPOLL_TEST_ONE}${OCTOPOLL_TEST_ONE}", "f1rstf1rst"},
      // Dollars that ask for nothing.
      {"$", "$"},
      {"pa$$word", "pa$$word"},
      {"$OCTOPOLL_TEST_ONE", "$OCTOPOLL_TEST_ONE"},
      {"{OCTOPOLL_TEST_ONE}", "{OCTOPOLL_TEST_ONE}"},
      {"a}b{", "a}b{"},
      // A literal ${.
      {"$${OCTOPOLL_TEST_ONE}", "${OCTOPOLL_TEST_ONE}"},
      {"$${", "${"},
      {"$$${OCTOPOLL_TEST_ONE}", "$${OCTOPOLL_TEST_ONE}"},
      {"$${${OCTOPOLL_TEST_ONE}}", "${f1rst}"},
  }));
  CAPTURE(written);
  CHECK(revealed(written) == text);
}

TEST_CASE("what a variable holds is not looked at again") {
  const Variable nested("OCTOPOLL_TEST_ONE", "${OCTOPOLL_TEST_TWO}");
  const Variable file("OCTOPOLL_TEST_FILE", "file:/no/such/file");
  CHECK(revealed("${OCTOPOLL_TEST_ONE}") == "${OCTOPOLL_TEST_TWO}");
  CHECK(revealed("${OCTOPOLL_TEST_FILE}") == "file:/no/such/file");
}

TEST_CASE("a secret in a file ends before one newline") {
  const TempDir folder;
  const auto file = folder / "secret";
  const auto [octets, text] = GENERATE(table<std::string, std::string>({
      {"s3cret", "s3cret"},
      {"s3cret\n", "s3cret"},
      {"s3cret\r\n", "s3cret"},
      {"s3cret\n\n", "s3cret\n"},
      {"s3cret\r", "s3cret\r"},
      {" s3cret ", " s3cret "},
      {"two\nlines\n", "two\nlines"},
      {"${NOT_LOOKED_AT}\n", "${NOT_LOOKED_AT}"},
  }));
  write_file(file, octets);
  CHECK(revealed("file:" + file.string()) == text);
}

TEST_CASE("a secret's file may be named with a variable") {
  const TempDir folder;
  write_file(folder / "secret", "s3cret\n");
  const Variable where("OCTOPOLL_TEST_FOLDER", folder.path().c_str());
  CHECK(revealed("file:${OCTOPOLL_TEST_FOLDER}/secret") == "s3cret");
}

TEST_CASE("a variable that gives nothing is named with what to do") {
  ::unsetenv("OCTOPOLL_TEST_MISSING");
  const Error missing = refused("${OCTOPOLL_TEST_MISSING}");
  CHECK_THAT(missing.message, Catch::Contains("OCTOPOLL_TEST_MISSING is not set"));
  CHECK_THAT(missing.remedy, Catch::Contains("export OCTOPOLL_TEST_MISSING"));
  const Variable empty("OCTOPOLL_TEST_EMPTY", "");
  CHECK_THAT(refused("${OCTOPOLL_TEST_EMPTY}").message, Catch::Contains("OCTOPOLL_TEST_EMPTY is empty"));
  CHECK_THAT(refused("${}").message, Catch::Contains("variable"));
}

TEST_CASE("a file that gives nothing is named with the reason") {
  const TempDir folder;
  const auto missing = refused("file:" + (folder / "missing").string());
  CHECK_THAT(missing.message, Catch::Contains((folder / "missing").string()) && Catch::Contains("No such file"));
  CHECK_FALSE(missing.remedy.empty());
  for (const std::string octets : {"", "\n", "\r\n"}) {
    write_file(folder / "empty", octets);
    CHECK_THAT(refused("file:" + (folder / "empty").string()).message, Catch::Contains("is empty"));
  }
  CHECK_THAT(refused("file:" + folder.path().string()).message, Catch::Contains(folder.path().string()));
  write_file(folder / "large", std::string(64 * 1024 + 1, 'x'));
  CHECK_THAT(refused("file:" + (folder / "large").string()).message, Catch::Contains("larger than 64 KiB"));
  CHECK_THAT(refused("file:").message, Catch::Contains("file"));
}

TEST_CASE("no error has a piece of the secret in it") {
  ::unsetenv("OCTOPOLL_TEST_MISSING");
  const Variable known("OCTOPOLL_TEST_ONE", "Zq9env");
  const TempDir folder;
  write_file(folder / "large", std::string(70'000, 'Z') + "q9");
  for (const std::string& written :
       {std::string("Zq9${OCTOPOLL_TEST_MISSING}Zq9"), std::string("Zq9${Zq9"), std::string("Zq9${Zq9 not a name}"),
        std::string("Zq9${Zq-9}Zq9"), std::string("Zq9${9Zq9}"), std::string("${OCTOPOLL_TEST_ONE}${}"),
        std::string("${OCTOPOLL_TEST_ONE}${OCTOPOLL_TEST_MISSING}"), "file:" + (folder / "large").string()}) {
    CAPTURE(written);
    const Error error = refused(written);
    CHECK_THAT(error.text(), !Catch::Contains("Zq"));
  }
}

TEST_CASE("a secret has no way out but reveal()") {
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<Secret, std::string_view>);
  STATIC_REQUIRE_FALSE(std::is_convertible_v<std::string, Secret>);
  STATIC_REQUIRE_FALSE(fmt::is_formattable<Secret>::value);
}

TEST_CASE("secrets are values") {
  const Secret first(std::string("first"));
  Secret second(std::string("a second one that is too long to stay within the string itself"));
  CHECK_FALSE(first == second);
  second = first;
  CHECK(second == first);
  Secret moved = std::move(second);
  CHECK(moved.reveal() == "first");
  Secret& self = moved;
  moved = self;
  CHECK(moved.reveal() == "first");
  CHECK(Secret{}.empty());
  CHECK_FALSE(moved.empty());
}

}  // namespace
}  // namespace octopoll
