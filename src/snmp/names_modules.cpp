#include "snmp/names_modules.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>
#include <strings.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <system_error>

#include "octopoll/core/log.hpp"
#include "snmp/library.hpp"
#include "snmp/names_messages.hpp"

namespace octopoll::snmp {
namespace {

namespace fs = std::filesystem;

/// One of ours that is in every set: where it is, the others are.
constexpr const char* landmark = "IF-MIB.txt";

std::optional<std::string> environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

bool has_landmark(const fs::path& directory) {
  std::error_code ignored;
  return fs::is_regular_file(directory / landmark, ignored);
}

/// Where the modules are when nobody said so, the likeliest first.
std::vector<fs::path> usual_places() {
  std::vector<fs::path> places;
  std::error_code failure;
  if (const fs::path executable = fs::read_symlink("/proc/self/exe", failure); !failure)
    places.push_back((executable.parent_path() / "../share/octopoll/mibs").lexically_normal());
#ifdef OCTOPOLL_SOURCE_MIBS
  places.emplace_back(OCTOPOLL_SOURCE_MIBS);
#endif
#ifdef OCTOPOLL_INSTALL_MIBS
  places.emplace_back(OCTOPOLL_INSTALL_MIBS);
#endif
  return places;
}

Result<std::vector<fs::path>> checked(std::vector<fs::path> directories, std::string_view named_by) {
  for (const fs::path& directory : directories) {
    std::error_code ignored;
    if (!fs::is_directory(directory, ignored))
      return fail(ErrorKind::config, fmt::format("{} names {}, which is no directory", named_by, directory.string()),
                  "name the directory with octopoll's MIB modules");
  }
  if (std::none_of(directories.begin(), directories.end(), has_landmark))
    return fail(ErrorKind::config, fmt::format("none of the directories that {} names has {}", named_by, landmark),
                "name the directory with octopoll's MIB modules");
  return directories;
}

std::vector<fs::path> as_paths(const std::vector<std::string>& names) { return {names.begin(), names.end()}; }

/// A module that only MIBS asked for has no file whose fault its absence could be.
std::vector<ParserMessage> blame_mibs(std::vector<ParserMessage> messages) {
  for (ParserMessage& message : messages)
    if (message.where.empty() && message.what.starts_with("Cannot find module"))
      message.where = "MIBS in the environment";
  return messages;
}

void warn(const std::vector<ParserMessage>& messages) {
  for (const std::string& line : summarize(messages)) log::warning("MIBs: {}", line);
}

void read_user_files() {
  for (const std::string& file : split_list(environment("MIBFILES").value_or("")))
    read_mib(file.starts_with('+') || file.starts_with('-') ? file.c_str() + 1 : file.c_str());
}

void read_user_modules() {
  std::string list = environment("MIBS").value_or("");
  if (list.starts_with('+') || list.starts_with('-')) list.erase(0, 1);
  for (const std::string& module : split_list(list)) {
    if (::strcasecmp(module.c_str(), "ALL") == 0) {
      read_all_mibs();
    } else if (module.find('/') != std::string::npos) {
      read_mib(module.c_str());
    } else {
      netsnmp_read_module(module.c_str());
    }
  }
}

}  // namespace

Result<std::vector<fs::path>> own_directories(const NamesOptions& options) {
  if (!options.directories.empty()) return checked(options.directories, "the caller");
  if (const auto named = environment("OCTOPOLL_MIBDIRS"); named && !named->empty())
    return checked(as_paths(split_list(*named)), "OCTOPOLL_MIBDIRS");

  const std::vector<fs::path> places = usual_places();
  const auto found = std::find_if(places.begin(), places.end(), has_landmark);
  if (found != places.end()) return std::vector{*found};
  std::vector<std::string> names;
  for (const fs::path& place : places) names.push_back(place.string());
  return fail(ErrorKind::config, fmt::format("octopoll's MIB modules are in none of {}", fmt::join(names, ", ")),
              "install octopoll with its share/octopoll/mibs, or name that directory in OCTOPOLL_MIBDIRS");
}

std::vector<std::string> modules_in(const std::vector<fs::path>& directories) {
  std::vector<std::string> modules;
  for (const fs::path& directory : directories) {
    std::error_code failure;
    for (const auto& entry : fs::directory_iterator(directory, failure))
      if (entry.path().extension() == ".txt") modules.push_back(entry.path().stem().string());
  }
  std::sort(modules.begin(), modules.end());
  modules.erase(std::unique(modules.begin(), modules.end()), modules.end());
  return modules;
}

std::vector<fs::path> user_directories() {
  std::string list = environment("MIBDIRS").value_or(std::string("+"));
  if (list.starts_with('+')) {
    list = fmt::format("{}:{}", NETSNMP_DEFAULT_MIBDIRS, std::string_view(list).substr(1));
  } else if (list.starts_with('-')) {
    list = fmt::format("{}:{}", std::string_view(list).substr(1), NETSNMP_DEFAULT_MIBDIRS);
  }
  constexpr std::string_view home_word = "$HOME";
  const std::string home = environment("HOME").value_or("");
  std::vector<fs::path> directories;
  for (std::string& directory : split_list(list)) {
    const std::size_t at = directory.find(home_word);
    if (at != std::string::npos && home.empty()) continue;
    if (at != std::string::npos) directory.replace(at, home_word.size(), home);
    directories.emplace_back(directory);
  }
  return directories;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (colon > 0) parts.emplace_back(text.substr(0, colon));
    text.remove_prefix(std::min(colon + 1, text.size()));
  }
  return parts;
}

void read_modules(const std::vector<fs::path>& own, const NamesOptions& options) {
  const ParserMessages caught;
  start_mib_parser();
  // The directory that is added last has the word on a module that several have. It is ours: the names in a report must
  // not depend on what else is installed.
  if (options.user_modules)
    for (const fs::path& directory : user_directories()) add_mibdir(directory.c_str());
  for (const fs::path& directory : own) add_mibdir(directory.c_str());

  for (const std::string& module : modules_in(own)) netsnmp_read_module(module.c_str());
  if (options.user_modules) {
    read_user_files();
    read_user_modules();
  }
  adopt_orphans();
  warn(blame_mibs(caught.messages()));
}

bool read_module_on_demand(const std::string& module) {
  const ParserMessages caught;
  netsnmp_read_module(module.c_str());
  adopt_orphans();
  std::vector<ParserMessage> messages = caught.messages();
  // That the module itself is missing is the caller's error to tell.
  std::erase_if(messages, [](const ParserMessage& message) { return message.where.empty(); });
  warn(messages);
  return which_module(module.c_str()) != -1;
}

}  // namespace octopoll::snmp
