#include "octopoll/core/log.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace octopoll::log {
namespace {

std::atomic<Level> current{Level::info};

struct Style {
  std::string_view word;
  std::string_view journal;  ///< sd-daemon(3) priority
};
constexpr Style style(Level level) {
  switch (level) {
    case Level::error:
      return {"error: ", "<3>"};
    case Level::warning:
      return {"warning: ", "<4>"};
    case Level::info:
      return {"", "<6>"};
    case Level::debug:
      return {"debug: ", "<7>"};
  }
  return {"", ""};
}

/// systemd.exec(5): JOURNAL_STREAM is the device and inode of the stream to the journal. Children inherit the variable,
/// whatever became of their stderr (a desktop's terminals run below systemd too), so the two are compared.
bool journal_reads_stderr() {
  static const bool journal = [] {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat ours {};
    return stream != nullptr && ::fstat(STDERR_FILENO, &ours) == 0 &&
           stream == fmt::format("{}:{}", ours.st_dev, ours.st_ino);
  }();
  return journal;
}

constexpr bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// U+0080 to U+009F, with which a terminal is steered as well as with ESC.
bool is_c1_control(std::string_view text) noexcept {
  return text.size() >= 2 && text[0] == '\xc2' && static_cast<unsigned char>(text[1]) >= 0x80 &&
         static_cast<unsigned char>(text[1]) <= 0x9f;
}

}  // namespace

void set_level(Level level) noexcept { current.store(level, std::memory_order_relaxed); }
Level level() noexcept { return current.load(std::memory_order_relaxed); }

void write(Level level_of_entry, std::string_view text) {
  if (level_of_entry > level()) return;
  const Style with = style(level_of_entry);
  std::string line;
  line.reserve(text.size() + 32);
  if (journal_reads_stderr()) {
    line += with.journal;
  } else {
    line += "octopoll: ";
  }
  line += with.word;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool c1 = is_c1_control(text.substr(i));
    line += c1 || is_control(text[i]) ? ' ' : text[i];
    if (c1) ++i;
  }
  line += '\n';
  // One write a line: lines of several threads do not mix, and a full pipe costs a line, not the program.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace octopoll::log
