#include "octopoll/store/path.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>

#include "support/temp_dir.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

/// Sets or unsets a variable, and puts back what was there.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    if (value != nullptr) {
      ::setenv(name, value, 1);
    } else {
      ::unsetenv(name);
    }
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

TEST_CASE("the store is the flag, else the inventory's, else OCTOPOLL_DB") {
  const Variable variable("OCTOPOLL_DB", "/from/environment.db");
  CHECK(default_store_path("/flag.db", "/inventory.db").value() == "/flag.db");
  CHECK(default_store_path(std::nullopt, "/inventory.db").value() == "/inventory.db");
  CHECK(default_store_path().value() == "/from/environment.db");
}

TEST_CASE("a relative store is told as an absolute path") {
  CHECK(default_store_path("sub/../x.db").value() == fs::current_path() / "x.db");
}

TEST_CASE("an empty --db is a mistake, not the default") {
  const auto path = default_store_path("");
  REQUIRE_FALSE(path);
  CHECK(path.error().kind == ErrorKind::usage);
}

TEST_CASE("without a word the system's place is used where it is writable, else the user's") {
  const test::TempDir home;
  const Variable none("OCTOPOLL_DB", nullptr);
  const Variable state("XDG_STATE_HOME", (home / "state").c_str());
  const fs::path system = "/var/lib/octopoll";
  const fs::path where = fs::is_directory(system) ? system : system.parent_path();
  const fs::path expected =
      ::access(where.c_str(), W_OK | X_OK) == 0 ? system / "octopoll.db" : home / "state" / "octopoll" / "octopoll.db";
  CHECK(default_store_path().value() == expected);
}

}  // namespace
}  // namespace octopoll::store
