#include "cli/snmp_options.hpp"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "octopoll/core/credential_words.hpp"
#include "octopoll/core/duration.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;

template <class T>
Result<T> look_up(std::optional<T> (*parse)(std::string_view), const std::string& text, std::string_view option,
                  std::string_view takes) {
  if (const auto value = parse(text)) return *value;
  return fail(ErrorKind::usage, fmt::format("{} does not take \"{}\"", option, text),
              fmt::format("{} takes {}", option, takes));
}

constexpr std::array<std::pair<const char*, std::string_view>, 7> v3_options{{{"user", "-u"},
                                                                              {"level", "-l"},
                                                                              {"auth-protocol", "-a"},
                                                                              {"auth-password", "-A"},
                                                                              {"priv-protocol", "-x"},
                                                                              {"priv-password", "-X"},
                                                                              {"context", "-n"}}};

std::optional<std::string> text_of(const po::variables_map& variables, const char* name) {
  return variables.count(name) == 0 ? std::nullopt : std::optional(variables[name].as<std::string>());
}

Result<Secret> passphrase(const po::variables_map& variables, const char* name, std::string_view option,
                          std::string_view what) {
  const auto written = text_of(variables, name);
  if (!written) return fail(ErrorKind::usage, fmt::format("this security level needs {} ({})", option, what));
  auto secret = resolve_secret(*written);
  if (!secret)
    return fail(ErrorKind::usage, fmt::format("{}: {}", option, secret.error().message), secret.error().remedy);
  if (secret->reveal().size() < 8) {
    return fail(ErrorKind::usage,
                fmt::format("{}: a passphrase has at least 8 characters (RFC 3414 section 11.2)", option));
  }
  return secret;
}

Result<> fill_v3(SnmpCredentials& credentials, const po::variables_map& variables) {
  credentials.username = text_of(variables, "user").value_or("");
  if (credentials.username.empty()) return fail(ErrorKind::usage, "SNMPv3 needs a user", "-u USER");
  credentials.context_name = text_of(variables, "context").value_or("");
  if (const auto word = text_of(variables, "level")) {
    const auto level = look_up(parse_security_level, *word, "-l", "noAuthNoPriv, authNoPriv or authPriv");
    if (!level) return tl::make_unexpected(level.error());
    credentials.level = *level;
  }
  if (const auto word = text_of(variables, "auth-protocol")) {
    const auto protocol = look_up(parse_auth_protocol, *word, "-a", "MD5, SHA, SHA-224, SHA-256, SHA-384 or SHA-512");
    if (!protocol) return tl::make_unexpected(protocol.error());
    credentials.auth_protocol = *protocol;
  }
  if (const auto word = text_of(variables, "priv-protocol")) {
    const auto protocol = look_up(parse_priv_protocol, *word, "-x", "DES, AES, AES-192, AES-256, AES192C or AES256C");
    if (!protocol) return tl::make_unexpected(protocol.error());
    credentials.priv_protocol = *protocol;
  }
  if (credentials.level == SecurityLevel::no_auth_no_priv) {
    const bool has_passphrase = variables.count("auth-password") != 0 || variables.count("priv-password") != 0;
    if (!has_passphrase || variables.count("level") != 0) return {};
    return fail(ErrorKind::usage, "passphrases are given, but no security level: noAuthNoPriv would use none",
                "-l authNoPriv or -l authPriv");
  }
  auto password = passphrase(variables, "auth-password", "-A", "the authentication passphrase");
  if (!password) return tl::make_unexpected(password.error());
  credentials.password = std::move(*password);
  if (credentials.level == SecurityLevel::auth_no_priv) return {};
  auto priv_password = passphrase(variables, "priv-password", "-X", "the privacy passphrase");
  if (!priv_password) return tl::make_unexpected(priv_password.error());
  credentials.priv_password = std::move(*priv_password);
  return {};
}

/// As snmpwalk takes it, a number of seconds ("1", "0.5"), or a duration ("500ms").
Result<std::chrono::nanoseconds> parse_timeout(const std::string& text) {
  double seconds = 0.0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  auto timeout =
      error == std::errc{} && end == text.data() + text.size() ? parse_duration(text + "s") : parse_duration(text);
  using namespace std::chrono_literals;
  if (!timeout || *timeout < 1ms || *timeout > 5min) {
    return fail(ErrorKind::usage, fmt::format("-t does not take \"{}\"", text),
                "write seconds (1, 0.5) or a duration (500ms), up to 5m");
  }
  return timeout;
}

}  // namespace

po::options_description snmp_options() {
  po::options_description options(
      "How to talk to the agent (letters as in snmpwalk; a secret may be ${VAR} or file:PATH)");
  // clang-format off
  options.add_options()
      ("snmp-version,v", po::value<std::string>()->value_name("1|2c|3"), "SNMP version (2c)")
      ("community,c", po::value<std::string>()->value_name("COMMUNITY"), "v1 and v2c: the community (public)")
      ("user,u", po::value<std::string>()->value_name("USER"), "v3: the user")
      ("level,l", po::value<std::string>()->value_name("LEVEL"), "v3: noAuthNoPriv, authNoPriv or authPriv")
      ("auth-protocol,a", po::value<std::string>()->value_name("PROTOCOL"), "v3: MD5, SHA, SHA-224, SHA-256, SHA-384, SHA-512")
      ("auth-password,A", po::value<std::string>()->value_name("PASSPHRASE"), "v3: for authentication")
      ("priv-protocol,x", po::value<std::string>()->value_name("PROTOCOL"), "v3: DES, AES, AES-192, AES-256, AES192C, AES256C")
      ("priv-password,X", po::value<std::string>()->value_name("PASSPHRASE"), "v3: for privacy")
      ("context,n", po::value<std::string>()->value_name("CONTEXT"), "v3: the context")
      ("timeout,t", po::value<std::string>()->default_value("1")->value_name("SECONDS"), "of the first try; each retry waits twice as long, at most 4 times")
      ("retries,r", po::value<unsigned>()->default_value(2)->value_name("N"), "tries after the first")
      ("max-requests-per-second", po::value<unsigned>()->value_name("N"), "for devices with a weak processor")
      ("short-request-ids", po::bool_switch(), "for agents that handle 16 bits of a request id alone")
      ("answers-from", po::value<std::vector<std::string>>()->value_name("ADDRESS"), "take answers from there as well; may be given again");
  // clang-format on
  return options;
}

Result<SnmpArguments> snmp_arguments(const po::variables_map& variables) {
  SnmpArguments arguments;
  const bool v3_implied = variables.count("user") != 0 || variables.count("level") != 0;
  const auto word = text_of(variables, "snmp-version").value_or(v3_implied ? "3" : "2c");
  const auto version = look_up(parse_snmp_version, word, "-v", "1, 2c or 3");
  if (!version) return tl::make_unexpected(version.error());
  arguments.credentials.version = *version;
  if (*version == SnmpVersion::v3) {
    // snmpwalk takes no notice of it; who writes both believes that both are used.
    if (variables.count("community") != 0) {
      return fail(ErrorKind::usage, "-c belongs to versions 1 and 2c, and this is SNMPv3",
                  "-c COMMUNITY alone, or -u USER without -c");
    }
    if (auto filled = fill_v3(arguments.credentials, variables); !filled) return tl::make_unexpected(filled.error());
  } else {
    for (const auto& [name, option] : v3_options) {
      if (variables.count(name) == 0) continue;
      return fail(ErrorKind::usage, fmt::format("{} belongs to SNMPv3, not to version {}", option, word),
                  "-v 3 -u USER, or -c COMMUNITY alone");
    }
    if (const auto written = text_of(variables, "community")) {
      auto secret = resolve_secret(*written);
      if (!secret) return fail(ErrorKind::usage, fmt::format("-c: {}", secret.error().message), secret.error().remedy);
      arguments.credentials.community = std::move(*secret);
    }
  }
  const auto timeout = parse_timeout(variables["timeout"].as<std::string>());
  if (!timeout) return tl::make_unexpected(timeout.error());
  arguments.timeout = *timeout;
  arguments.retries = variables["retries"].as<unsigned>();
  if (arguments.retries > 100) return fail(ErrorKind::usage, "-r takes 0 to 100");
  if (variables.count("max-requests-per-second") != 0) {
    arguments.max_requests_per_second = variables["max-requests-per-second"].as<unsigned>();
    if (*arguments.max_requests_per_second == 0 || *arguments.max_requests_per_second > 10'000)
      return fail(ErrorKind::usage, "--max-requests-per-second takes 1 to 10000");
  }
  arguments.short_request_ids = variables["short-request-ids"].as<bool>();
  if (variables.count("answers-from") != 0) {
    for (const std::string& text : variables["answers-from"].as<std::vector<std::string>>()) {
      auto source = parse_target(text, 0);
      if (!source || !Endpoint::literal(source->host, source->port))
        return fail(ErrorKind::usage, fmt::format("--answers-from: \"{}\" is no address", text),
                    "--answers-from 192.0.2.7");
      arguments.answers_from.push_back(std::move(*source));
    }
  }
  return arguments;
}

void blank_secrets(int argc, char** argv) {
  constexpr std::array<std::string_view, 3> long_names{"--community", "--auth-password", "--priv-password"};
  const auto blank = [](char* text) { std::memset(text, 'x', std::strlen(text)); };
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--") return;
    const bool short_form =
        argument.size() >= 2 && argument[0] == '-' && (argument[1] == 'c' || argument[1] == 'A' || argument[1] == 'X');
    if (short_form) {
      if (argument.size() > 2) {
        blank(argv[i] + 2);
      } else if (i + 1 < argc) {
        blank(argv[++i]);
      }
      continue;
    }
    for (const std::string_view name : long_names) {
      if (argument == name && i + 1 < argc) {
        blank(argv[++i]);
        break;
      }
      if (argument.starts_with(name) && argument.size() > name.size() && argument[name.size()] == '=') {
        blank(argv[i] + name.size() + 1);
        break;
      }
    }
  }
}

}  // namespace octopoll::cli
