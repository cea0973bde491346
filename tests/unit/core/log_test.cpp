#include "octopoll/core/log.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <vector>

#include "octopoll/core/fd.hpp"

namespace octopoll::log {
namespace {

using namespace std::string_literals;

enum class Journal { unset, ours, of_another };

void set_journal(Journal journal) {
  struct stat ours {};
  ::fstat(STDERR_FILENO, &ours);
  const auto inode = ours.st_ino + (journal == Journal::of_another ? 1 : 0);
  ::setenv("JOURNAL_STREAM", fmt::format("{}:{}", ours.st_dev, inode).c_str(), 1);
  if (journal == Journal::unset) ::unsetenv("JOURNAL_STREAM");
}

/// What `speak` writes to stderr, each write(2) by itself. In a process of its own, for the logger looks at its
/// surroundings once.
template <class F>
std::vector<std::string> written(Journal journal, F&& speak) {
  std::array<int, 2> pair{};
  // A packet a write; a pipe would run them together.
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const Fd reader(pair[0]);
  Fd writer(pair[1]);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::dup2(writer.get(), STDERR_FILENO);
    set_journal(journal);
    speak();
    ::_exit(0);
  }
  writer.reset();
  std::vector<std::string> packets;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(reader.get(), buffer.data(), buffer.size())) > 0;)
    packets.emplace_back(buffer.data(), static_cast<std::size_t>(got));
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  return packets;
}

using Lines = std::vector<std::string>;

TEST_CASE("an entry is one line, written at once, with its level") {
  const auto lines = written(Journal::unset, [] {
    set_level(Level::debug);
    error("disk {} is full", "sda");
    warning("{} retries", 3);
    info("started");
    debug("slot {}", 7);
  });
  CHECK(lines == Lines{"octopoll: error: disk sda is full\n", "octopoll: warning: 3 retries\n", "octopoll: started\n",
                       "octopoll: debug: slot 7\n"});
}

TEST_CASE("entries above the level are dropped") {
  const auto speak = [](Level level) {
    return written(Journal::unset,
                   [level] {
                     set_level(level);
                     for (const Level entry : {Level::error, Level::warning, Level::info, Level::debug})
                       write(entry, "x");
                     debug("x");
                   })
        .size();
  };
  CHECK(speak(Level::error) == 1);
  CHECK(speak(Level::warning) == 2);
  CHECK(speak(Level::info) == 3);
  CHECK(speak(Level::debug) == 5);
}

TEST_CASE("the level is info unless it is set") {
  CHECK(level() == Level::info);
  CHECK(written(Journal::unset, [] { debug("hidden"); }).empty());
  CHECK(written(Journal::unset, [] { info("seen"); }).size() == 1);
}

TEST_CASE("no text makes a second line or reaches the terminal's controls") {
  const auto [text, shown] = GENERATE(table<std::string, std::string>({
      {"a\nocto: error: forged", "a octo: error: forged"},
      {"a\r\tb\vc\fd", "a  b c d"},
      {"\x1b[2J\x7f\x07", " [2J  "},
      {"a\0b"s, "a b"},
      // C1 controls, CSI and NEL among them: two octets, one character.
      {"\xc2\x9b"
       "31m",
       " 31m"},
      {"a\xc2\x85"
       "b\xc2\x80\xc2\x9f",
       "a b  "},
      {"Z\xc3\xbcrich \xc2\xa0 \xe2\x82\xac", "Z\xc3\xbcrich \xc2\xa0 \xe2\x82\xac"},
      {"cut \xc2", "cut \xc2"},
      {"", ""},
  }));
  const std::string& said = text;
  CHECK(written(Journal::unset, [&said] { write(Level::info, said); }) == Lines{"octopoll: " + shown + "\n"});
}

TEST_CASE("journald is told the level by its prefix") {
  const auto lines = written(Journal::ours, [] {
    set_level(Level::debug);
    error("e");
    warning("w");
    info("i");
    debug("d\n<0>forged");
  });
  CHECK(lines == Lines{"<3>error: e\n", "<4>warning: w\n", "<6>i\n", "<7>debug: d <0>forged\n"});
}

// A shell started by a systemd service (a desktop's terminal is one) hands JOURNAL_STREAM on, though the stream
// that it names is not our stderr.
TEST_CASE("somebody else's journal gets no prefixes") {
  CHECK(written(Journal::of_another, [] { info("i"); }) == Lines{"octopoll: i\n"});
}

TEST_CASE("a stderr that is closed costs the line, not the program") {
  const auto lines = written(Journal::unset, [] {
    ::close(STDERR_FILENO);
    error("nobody hears this");
  });
  CHECK(lines.empty());
}

}  // namespace
}  // namespace octopoll::log
