#include <fmt/format.h>

#include <string_view>
#include <vector>

#include "octopoll/core/text.hpp"
#include "octopoll/doctor/examination.hpp"

namespace octopoll::doctor {
namespace {

/// A YAML string between double quotes, whatever the agent put into it.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : one_line(agent_text(text))) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + "\"";
}

/// A regular expression (RE2) that matches this text and no other.
std::string exactly(std::string_view text) {
  std::string pattern = "^";
  for (const char c : text) {
    if (std::string_view("\\.+*?()[]{}|^$").find(c) != std::string_view::npos) pattern += '\\';
    pattern += c;
  }
  return pattern + "$";
}

std::string auth_lines(const SnmpCredentials& auth) {
  if (auth.version != SnmpVersion::v3) {
    return fmt::format("    version: {}\n    community: \"${{COMMUNITY}}\"\n",
                       auth.version == SnmpVersion::v1 ? "1" : "2c");
  }
  std::string lines = fmt::format("    version: 3\n    username: {}\n    security_level: {}\n", quoted(auth.username),
                                  to_string(auth.level));
  if (auth.level != SecurityLevel::no_auth_no_priv) {
    lines +=
        fmt::format("    auth_protocol: {}\n    password: \"${{AUTH_PASSWORD}}\"\n", to_string(auth.auth_protocol));
  }
  if (auth.level == SecurityLevel::auth_priv) {
    lines += fmt::format("    priv_protocol: {}\n    priv_password: \"${{PRIV_PASSWORD}}\"\n",
                         to_string(auth.priv_protocol));
  }
  if (!auth.context_name.empty()) lines += fmt::format("    context_name: {}\n", quoted(auth.context_name));
  return lines;
}

}  // namespace

std::string inventory_fragment(const Examination& examination) {
  const Profile& profile = examination.profile;
  const std::string name =
      examination.sys_name && !is_blank(*examination.sys_name) ? *examination.sys_name : examination.target;
  std::string yaml = fmt::format("auths:\n  examined:\n{}devices:\n  - name: {}\n    address: {}\n    auth: examined\n",
                                 auth_lines(examination.credentials), quoted(name), quoted(examination.target));
  if (profile.max_repetitions) yaml += fmt::format("    max_repetitions: {}\n", *profile.max_repetitions);
  if (profile.max_message_size) yaml += fmt::format("    max_message_size: {}\n", *profile.max_message_size);
  if (profile.max_variables) yaml += fmt::format("    max_variables: {}\n", *profile.max_variables);
  if (profile.short_request_ids) yaml += "    short_request_ids: true\n";
  if (!profile.answers_from.empty()) {
    std::vector<std::string> sources;
    for (const std::string& source : profile.answers_from) sources.push_back(quoted(source));
    yaml += fmt::format("    answers_from: [{}]\n", fmt::join(sources, ", "));
  }
  if (!profile.speeds.empty()) {
    yaml += "    interfaces:\n      speed:\n";
    for (const Profile::SpeedOverride& speed : profile.speeds) {
      yaml += fmt::format("        - {{name: {}, speed: {}M}}\n", quoted(exactly(speed.name)),
                          speed.bits_per_second / 1'000'000);
    }
  }
  return yaml;
}

}  // namespace octopoll::doctor
