#include "snmp/names_messages.hpp"

#include <fmt/format.h>
#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <algorithm>
#include <charconv>
#include <exception>

namespace octopoll::snmp {
namespace {

constexpr std::string_view no_file = "(none)";  // the parser's word for "I am in no file"

std::string_view without_line_end(std::string_view text) {
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

/// Called by the library for each line that it logs.
int take_message(int /*major*/, int /*minor*/, void* server_argument, void* client_argument) noexcept {
  try {
    const auto* message = static_cast<const snmp_log_message*>(server_argument);
    auto& messages = *static_cast<std::vector<ParserMessage>*>(client_argument);
    const std::string_view text = without_line_end(message->msg);
    // Comes once before the first missing module, and lists what the library does not search: we name the directories.
    if (!text.starts_with("MIB search path: ")) messages.push_back(read_parser_message(text));
  } catch (const std::exception&) {
    // Out of memory for a complaint: the complaint is what can be spared.
  }
  return SNMPERR_SUCCESS;
}

}  // namespace

ParserMessage read_parser_message(std::string_view text) {
  text = without_line_end(text);
  constexpr std::string_view at_line = ": At line ";
  constexpr std::string_view in = " in ";
  if (const std::size_t at = text.rfind(at_line); at != std::string_view::npos) {
    const std::string_view place = text.substr(at + at_line.size());
    int line = 0;
    const auto [end, failure] = std::from_chars(place.data(), place.data() + place.size(), line);
    const std::string_view rest = place.substr(static_cast<std::size_t>(end - place.data()));
    if (failure == std::errc{} && rest.starts_with(in)) {
      const std::string_view file = rest.substr(in.size());
      const bool nowhere = file == no_file;
      return {nowhere ? "" : std::string(file), nowhere ? 0 : line, std::string(text.substr(0, at))};
    }
  }
  constexpr std::string_view orphan = "Cannot adopt OID in ";
  if (text.starts_with(orphan)) {
    const std::string_view rest = text.substr(orphan.size());
    if (const std::size_t colon = rest.find(": "); colon != std::string_view::npos)
      return {fmt::format("module {}", rest.substr(0, colon)), 0,
              fmt::format("a parent is missing: {}", rest.substr(colon + 2))};
  }
  return {"", 0, std::string(text)};
}

std::vector<std::string> summarize(const std::vector<ParserMessage>& messages) {
  std::vector<std::string> lines;
  for (auto message = messages.begin(); message != messages.end(); ++message) {
    const auto same_place = [&](const ParserMessage& other) { return other.where == message->where; };
    if (message->where.empty()) {
      lines.push_back(message->what);
    } else if (std::none_of(messages.begin(), message, same_place)) {
      const auto more = std::count_if(message + 1, messages.end(), same_place);
      lines.push_back(fmt::format("{}{}: {}{}", message->where,
                                  message->line > 0 ? fmt::format(", line {}", message->line) : "", message->what,
                                  more > 0 ? fmt::format(" (and {} more)", more) : ""));
    }
  }
  return lines;
}

ParserMessages::ParserMessages() {
  snmp_register_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_message, &messages_);
  snmp_enable_calllog();
}

ParserMessages::~ParserMessages() {
  // Disabled, never removed: removing the last handler of the library's list drops all the others with it.
  snmp_disable_calllog();
  snmp_unregister_callback(SNMP_CALLBACK_LIBRARY, SNMP_CALLBACK_LOGGING, take_message, &messages_, 1);
}

}  // namespace octopoll::snmp
