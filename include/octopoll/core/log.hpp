#pragma once
// What octopoll says beside its results: on stderr, one line an entry.

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <string_view>

namespace octopoll::log {

enum class Level { error, warning, info, debug };

/// Entries above this level are dropped; default is info. Thread: any.
void set_level(Level level) noexcept;
[[nodiscard]] Level level() noexcept;

/// Writes "octopoll: warning: TEXT"; where journald reads stderr (JOURNAL_STREAM) with the "<4>" prefix of
/// sd-daemon(3). Control characters in `text` are blanked, so that an agent cannot forge a line. Thread: any.
void write(Level level, std::string_view text);

template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::error, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void warning(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::warning, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  write(Level::info, fmt::format(format, std::forward<Args>(args)...));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  if (level() >= Level::debug) write(Level::debug, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace octopoll::log
