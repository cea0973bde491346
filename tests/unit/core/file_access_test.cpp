#include "octopoll/core/file_access.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <filesystem>

#include "octopoll/core/fd.hpp"
#include "support/temp_dir.hpp"

namespace octopoll {
namespace {

namespace fs = std::filesystem;
constexpr uid_t nobody = 65534;

/// What a user without root's rights is told; a child asks, as rights once given up are gone.
std::string as_nobody(const fs::path& file, FileUse use) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (::setgid(nobody) != 0 || ::setuid(nobody) != 0) ::_exit(1);
    const std::string text = remedy_of_refusal(file, use);
    ::_exit(::write(write_end.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  write_end.reset();
  std::string text(4096, '\0');
  const ssize_t length = ::read(read_end.get(), text.data(), text.size());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(status == 0);
  text.resize(static_cast<std::size_t>(length));
  return text;
}

TEST_CASE("what refuses a file is named with its owner and mode, and who can help") {
  const test::TempDir dir;
  REQUIRE(::chmod(dir.path().c_str(), 0755) == 0);
  const fs::path file = dir / "x.db";
  test::write_file(file, "x");
  REQUIRE(::chmod(file.c_str(), 0644) == 0);
  CHECK(remedy_of_refusal(file, FileUse::read).empty());
  if (::geteuid() != 0) return;

  CHECK(as_nobody(file, FileUse::read).empty());
  CHECK(as_nobody(file, FileUse::write) ==
        file.string() +
            " belongs to root:root with mode 0644, and this user is nobody: run this as root (sudo), or "
            "change its mode");
  CHECK_THAT(as_nobody(file, FileUse::create), Catch::StartsWith(dir.path().string() + " belongs to root:root"));

  // A group that may is the easier way.
  REQUIRE(::chown(file.c_str(), 1, 1) == 0);
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  CHECK_THAT(as_nobody(file, FileUse::read), Catch::Contains(" with mode 0640") && Catch::Contains("(sudo -u ") &&
                                                 Catch::Contains("or join its group (usermod -aG "));
  REQUIRE(::chown(file.c_str(), nobody, nobody) == 0);
  REQUIRE(::chmod(file.c_str(), 0200) == 0);
  CHECK_THAT(as_nobody(file, FileUse::read), Catch::EndsWith("change its mode (chmod)"));

  // A directory on the way hides what is behind it.
  REQUIRE(::chmod(dir.path().c_str(), 0700) == 0);
  CHECK_THAT(as_nobody(file, FileUse::read), Catch::StartsWith(dir.path().string() + " belongs to root:root"));
}

}  // namespace
}  // namespace octopoll
