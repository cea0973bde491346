#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cli/check_plan.hpp"
#include "cli/command.hpp"
#include "cli/problems.hpp"
#include "octopoll/config/inventory.hpp"
#include "octopoll/core/duration.hpp"
#include "octopoll/core/patience.hpp"
#include "octopoll/core/text.hpp"
#include "octopoll/store/path.hpp"
#include "octopoll/store/writer.hpp"

namespace octopoll::cli {
namespace {

namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Problems = std::vector<config::Problem>;

const CommandHelp help{
    "octopoll check -c FILE [--db FILE] [--plan [--probe] [--assume N]] [--format table|json]",
    "Validates an inventory and shows what would be polled. Nothing is sent, but with --probe. Each error stands on\n"
    "stderr with its line and column and what to do, all of them at once. A store that `octopoll run` would refuse is\n"
    "one, but where this user alone may not write to it, or its directory is not here: those are warnings. The store "
    "is\n"
    "not changed.\n"
    "\n"
    "--plan shows what polling costs: PDUs, octets and seconds a cycle of each device, and the load of all together.\n"
    "Devices that were polled before are known from the store (the median of their newest 15 complete polls). --probe\n"
    "asks the others: their interface tables once, then one cycle as the poller would do it. Of those that nobody "
    "asked\n"
    "it is reckoned from N interfaces that have all counters the inventory wants (--assume, 48).",
    {{"octopoll check -c inventory.yaml", "devices, probes and store of this file"},
     {"octopoll check -c inventory.yaml --plan --probe", "what it will cost, before the first poll"},
     {"octopoll check -c inventory.yaml --format json",
      "the same for scripts; {\"ok\": false, \"errors\": [...]} if not"}},
    "0 the file is right, 1 --probe got no answer from a device, 2 the file is not right, or bad usage, 3 internal "
    "error"};

constexpr std::int64_t most_assumed = 1'000'000;

int fail_with(const Problems& problems, report::Format format);
std::optional<config::Problem> check_store(config::Inventory& inventory, const Result<std::filesystem::path>& store);
void print_inventory(const config::Inventory& inventory, bool named_here, const std::string& store);
Json inventory_json(const config::Inventory& inventory);
int show_plan(const config::Inventory& inventory, const PlanOptions& options, report::Format format);
void warn_of_length(const PlannedDevice& planned);
void warn_of_wraps(const PlannedDevice& planned);

}  // namespace

int run_check(int argc, char** argv) {
  po::options_description options("Options");
  options.add_options()("config,c", po::value<std::string>()->value_name("FILE"), "the inventory (YAML)")(
      "format", po::value<std::string>()->value_name("FORMAT")->default_value("table"), "table or json")(
      "plan", po::bool_switch(), "what polling costs")("probe", po::bool_switch(), "with --plan: ask unknown devices")(
      "assume", po::value<std::int64_t>()->value_name("N")->default_value(48),
      "with --plan: interfaces of a device of which nothing else is known; 0: none is assumed")(
      "db", po::value<std::string>()->value_name("FILE"), "the store, instead of the inventory's");
  const auto arguments = parse_arguments(argc, argv, help, options);
  if (!arguments) return exit_code(arguments.error());
  if (arguments->count("config") == 0) {
    print_error("check", {ErrorKind::usage, "no inventory given: -c FILE is missing", "try -c inventory.yaml"});
    return exit_code(ExitCode::usage);
  }
  const auto format = parse_format((*arguments)["format"].as<std::string>());
  if (!format || *format == report::Format::csv) {
    print_error("check", {ErrorKind::usage, "unknown format for check", "--format takes table or json"});
    return exit_code(ExitCode::usage);
  }

  const bool plan = (*arguments)["plan"].as<bool>();
  const bool assumes = !(*arguments)["assume"].defaulted();
  if (!plan && ((*arguments)["probe"].as<bool>() || assumes)) {
    print_error("check", {ErrorKind::usage, "--probe and --assume belong to --plan", "--plan --probe"});
    return exit_code(ExitCode::usage);
  }
  const auto assumed = (*arguments)["assume"].as<std::int64_t>();
  if (assumed < 0 || assumed > most_assumed) {
    print_error("check", {ErrorKind::usage, fmt::format("--assume does not take {}", assumed),
                          fmt::format("a number of interfaces from 0 to {}", most_assumed)});
    return exit_code(ExitCode::usage);
  }

  PlanOptions plan_options;
  plan_options.probe = (*arguments)["probe"].as<bool>();
  plan_options.assume = static_cast<std::size_t>(assumed);
  if (arguments->count("db") != 0) plan_options.db = (*arguments)["db"].as<std::string>();
  auto inventory = config::load_inventory((*arguments)["config"].as<std::string>());
  if (!inventory) return fail_with(inventory.error(), *format);
  const auto store = store::default_store_path(plan_options.db, inventory->store);
  // A plan reads the store, and says by itself where it cannot.
  if (!plan) {
    if (const auto refused = check_store(*inventory, store)) return fail_with({*refused}, *format);
  }
  print_warnings(inventory->warnings);
  if (plan) return show_plan(*inventory, plan_options, *format);
  if (*format == report::Format::json) {
    std::cout << inventory_json(*inventory).dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    print_inventory(*inventory, plan_options.db.has_value(), store->string());
  }
  return exit_code(ExitCode::done);
}

namespace {

// --- Problems ---

Json problem_json(const config::Problem& problem) {
  return {{"file", problem.file},
          {"line", problem.line},
          {"column", problem.column},
          {"message", problem.message},
          {"remedy", problem.remedy}};
}

Json problems_json(const Problems& problems) {
  Json array = Json::array();
  for (const config::Problem& problem : problems) array.push_back(problem_json(problem));
  return array;
}

int fail_with(const Problems& problems, report::Format format) {
  print_errors(problems);
  if (format == report::Format::json) {
    const Json result{{"ok", false}, {"errors", problems_json(problems)}};
    std::cout << result.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  }
  return exit_code(ExitCode::usage);
}

/// What `octopoll run` would say of the store. Who checks a service's inventory need not be who runs it, nor where:
/// that this user has no right to the store, or its directory is not here, is added to the warnings.
std::optional<config::Problem> check_store(config::Inventory& inventory, const Result<std::filesystem::path>& store) {
  const Result<> usable = store ? store::Writer::check(*store) : tl::make_unexpected(store.error());
  if (usable) return std::nullopt;
  const Error& error = usable.error();
  config::Problem problem = inventory.store_place;
  problem.message = agent_text("the store cannot be used: " + error.message);
  problem.remedy = agent_text(error.remedy);
  std::error_code none;
  const bool not_here = store && !std::filesystem::exists(std::filesystem::absolute(*store).parent_path(), none);
  if (error.kind != ErrorKind::permission && !not_here) return problem;
  problem.message = agent_text((not_here ? "it cannot be run here: " : "this user could not run it: ") + error.message);
  inventory.warnings.push_back(std::move(problem));
  return std::nullopt;
}

// --- Words of the inventory ---

std::string_view word_of(SnmpVersion version) noexcept {
  switch (version) {
    case SnmpVersion::v1:
      return "1";
    case SnmpVersion::v2c:
      return "2c";
    case SnmpVersion::v3:
      return "3";
  }
  return "?";
}

/// "core: v3 authPriv SHA256 AES". Never a secret, and no community either.
std::string auth_text(const config::Device& device) {
  const SnmpCredentials& auth = *device.auth;
  std::string text =
      fmt::format("{}: v{}", device.auth_name.empty() ? "(default)" : device.auth_name, word_of(auth.version));
  if (auth.version != SnmpVersion::v3) return text;
  text += fmt::format(" {}", to_string(auth.level));
  if (auth.level != SecurityLevel::no_auth_no_priv) text += fmt::format(" {}", to_string(auth.auth_protocol));
  if (auth.level == SecurityLevel::auth_priv) text += fmt::format(" {}", to_string(auth.priv_protocol));
  return text;
}

Json auth_json(const config::Device& device) {
  const SnmpCredentials& auth = *device.auth;
  Json json{{"name", device.auth_name}, {"version", word_of(auth.version)}};
  if (auth.version != SnmpVersion::v3) return json;
  json["username"] = auth.username;
  json["security_level"] = to_string(auth.level);
  if (auth.level != SecurityLevel::no_auth_no_priv) json["auth_protocol"] = to_string(auth.auth_protocol);
  if (auth.level == SecurityLevel::auth_priv) json["priv_protocol"] = to_string(auth.priv_protocol);
  json["context_name"] = auth.context_name;
  return json;
}

// --- The table ---

/// As it could be written in the inventory: a transport that was asked for is shown.
std::string address_text(const Target& target) {
  const std::string_view transport = target.family == AddressFamily::ipv6   ? "udp6:"
                                     : target.family == AddressFamily::ipv4 ? "udp:"
                                                                            : "";
  return fmt::format("{}{}", transport, to_string(target));
}

std::string interval_text(const config::Device& device) {
  return device.interval_auto ? fmt::format("auto, {}", format_duration(device.interval))
                              : format_duration(device.interval);
}

/// What differs from the defaults beside timeout and count: "burst, 1400 octets, DSCP 46", or empty.
std::string packets_text(const config::EchoSettings& echo) {
  std::vector<std::string> parts;
  if (echo.burst) parts.emplace_back("burst");
  if (echo.payload != config::EchoSettings{}.payload) parts.push_back(fmt::format("{} octets", echo.payload));
  if (echo.hop_limit) parts.push_back(fmt::format("hop limit {}", *echo.hop_limit));
  if (echo.dscp) parts.push_back(fmt::format("DSCP {}", *echo.dscp));
  if (echo.dont_fragment) parts.emplace_back("whole");
  if (echo.source) parts.push_back(fmt::format("from {}", echo.source->host_text()));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string ping_text(const config::Device& device) {
  if (!device.ping) return "no";
  const std::string packets = packets_text(*device.echo);
  return packets.empty() ? "yes" : "yes: " + packets;
}

report::Table device_table(const config::Inventory& inventory) {
  using report::Align;
  report::Table table;
  table.columns = {{"device", "Device"},
                   {"address", "Address"},
                   {"auth", "Auth"},
                   {"interval", "Interval", Align::right},
                   {"timeout", "Timeout x tries", Align::right},
                   {"ping", "Ping"},
                   {"interfaces", "Interfaces"},
                   {"tags", "Tags"}};
  for (const config::Device& device : inventory.devices) {
    std::vector<std::string> tags;
    for (const auto& [key, value] : *device.tags) tags.push_back(fmt::format("{}={}", key, value));
    table.rows.push_back({{device.name, {}},
                          {address_text(device.address), {}},
                          {auth_text(device), {}},
                          {interval_text(device), {}},
                          {fmt::format("{} x {}", format_duration(device.timeout), device.retries + 1), {}},
                          {device.ping, ping_text(device)},
                          {device.interfaces->summary(), {}},
                          {fmt::format("{}", fmt::join(tags, ", ")), tags.empty() ? "-" : ""}});
  }
  return table;
}

report::Table probe_table(const config::Inventory& inventory) {
  using report::Align;
  report::Table table;
  table.columns = {{"probe", "Probe"},
                   {"host", "Host"},
                   {"interval", "Interval", Align::right},
                   {"timeout", "Timeout", Align::right},
                   {"count", "Count", Align::right},
                   {"packets", "Packets"}};
  for (const config::Probe& probe : inventory.probes) {
    table.rows.push_back({{probe.name, {}},
                          {probe.host, {}},
                          {format_duration(probe.interval), {}},
                          {format_duration(probe.echo.timeout), {}},
                          {std::uint64_t{probe.echo.count}, {}},
                          {packets_text(probe.echo), packets_text(probe.echo).empty() ? "plain" : ""}});
  }
  return table;
}

void print_inventory(const config::Inventory& inventory, bool named_here, const std::string& store) {
  if (!inventory.devices.empty()) {
    print_table(device_table(inventory), report::Format::table);
    std::cout << "\n";
  }
  if (!inventory.probes.empty()) {
    print_table(probe_table(inventory), report::Format::table);
    std::cout << "\n";
  }
  const std::string file = agent_text(inventory.store && !named_here ? inventory.store->string() : store);
  std::cout << "store: " << file << (inventory.store || named_here ? "" : " (not set in this file)") << "\n"
            << fmt::format("{}, {}; ok\n", format_counted(inventory.devices.size(), "device"),
                           format_counted(inventory.probes.size(), "probe"));
}

// --- JSON ---

double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

std::string_view word_of(AddressFamily family) noexcept {
  switch (family) {
    case AddressFamily::any:
      return "any";
    case AddressFamily::ipv4:
      return "ipv4";
    case AddressFamily::ipv6:
      return "ipv6";
  }
  return "?";
}

Json counters_json(const CounterSet& counters) {
  Json names = Json::array();
  for (const Counter counter : all_counters()) {
    if (counters.contains(counter)) names.push_back(to_string(counter));
  }
  return names;
}

Json echo_json(const config::EchoSettings& echo) {
  return {{"timeout_s", seconds(echo.timeout)},
          {"count", echo.count},
          {"burst", echo.burst},
          {"payload", echo.payload},
          {"hop_limit", echo.hop_limit ? Json(*echo.hop_limit) : Json()},
          {"dscp", echo.dscp ? Json(*echo.dscp) : Json()},
          {"dont_fragment", echo.dont_fragment},
          {"source", echo.source ? Json(echo.source->host_text()) : Json()}};
}

Json device_json(const config::Device& device) {
  Json answers_from = Json::array();
  for (const Endpoint& source : device.answers_from) answers_from.push_back(source.text());
  return {{"name", device.name},
          {"host", device.address.host},
          {"port", device.address.port},
          {"family", word_of(device.address.family)},
          {"auth", auth_json(device)},
          {"interval_s", seconds(device.interval)},
          {"interval_auto", device.interval_auto},
          {"timeout_s", seconds(device.timeout)},
          {"retries", device.retries},
          {"max_outstanding", device.max_outstanding},
          {"max_requests_per_second", device.max_requests_per_second ? Json(*device.max_requests_per_second) : Json()},
          {"max_repetitions", device.max_repetitions},
          {"max_message_size", device.max_message_size},
          {"max_variables", device.max_variables ? Json(*device.max_variables) : Json()},
          {"counters", counters_json(device.counters)},
          {"short_request_ids", device.short_request_ids},
          {"health", {{"max_error_ratio", device.health.errors}, {"max_discard_ratio", device.health.discards}}},
          {"answers_from", std::move(answers_from)},
          {"ping", device.ping},
          {"echo", echo_json(*device.echo)},
          {"interfaces", device.interfaces->describe()},
          {"tags", *device.tags}};
}

Json inventory_json(const config::Inventory& inventory) {
  Json devices = Json::array();
  for (const config::Device& device : inventory.devices) devices.push_back(device_json(device));
  Json probes = Json::array();
  for (const config::Probe& probe : inventory.probes) {
    Json one{{"name", probe.name},
             {"host", probe.host},
             {"family", word_of(probe.family)},
             {"interval_s", seconds(probe.interval)}};
    one.update(echo_json(probe.echo));
    probes.push_back(std::move(one));
  }
  Json json{{"ok", true}, {"file", inventory.file.string()}};
  json["devices"] = std::move(devices);
  json["probes"] = std::move(probes);
  json["ping"] = echo_json(inventory.ping);
  json["dns_cache_s"] = seconds(inventory.dns_cache);
  json["store"] = inventory.store ? Json(inventory.store->string()) : Json();
  json["warnings"] = problems_json(inventory.warnings);
  return json;
}

// --- The plan ---

int show_plan(const config::Inventory& inventory, const PlanOptions& options, report::Format format) {
  const auto plan = plan_costs(inventory, options);
  if (!plan) {
    print_error("check", plan.error());
    return exit_code(exit_code_for(plan.error()));
  }
  if (format == report::Format::json) {
    Json json = inventory_json(inventory);
    json["plan"] = plan_json(*plan);
    std::cout << json.dump(1, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    print_table(plan_table(*plan), report::Format::table);
  }
  ExitCode code = ExitCode::done;
  for (const PlannedDevice& planned : *plan) {
    if (planned.error) {
      print_error("check", *planned.error);
      code = ExitCode::some_failed;
    }
    warn_of_length(planned);
    warn_of_wraps(planned);
  }
  return exit_code(code);
}

/// A cycle is cut off when its budget is over: with the rows read by then, and where those are the tables, with none.
void warn_of_length(const PlannedDevice& planned) {
  if (!planned.cost) return;
  const config::Device& device = *planned.device;
  const auto interval = interval_of(planned);
  const auto budget = cycle_budget(interval);
  const auto first = poll::governed_duration(planned.cost->requests_with_tables.value_or(0), device);
  const bool is_first = planned.cost->duration <= budget;
  if (is_first && first <= budget) return;
  std::cerr << fmt::format(
      "octopoll check: {}: a cycle{} takes {:.1f} s, its interval is {}\n"
      "  set a longer `interval`, or {}\n",
      device.name, is_first ? " that reads the tables, as the first one," : "",
      seconds(is_first ? first : planned.cost->duration), format_duration(interval),
      !device.max_requests_per_second ? "keep fewer `interfaces`"
      : is_first ? fmt::format("raise `max_requests_per_second: {}`", *device.max_requests_per_second)
                 : fmt::format("keep fewer `interfaces`, or raise `max_requests_per_second: {}`",
                               *device.max_requests_per_second));
}

void warn_of_wraps(const PlannedDevice& planned) {
  if (!planned.cost || !planned.cost->wraps) return;
  const poll::WrapAdvice advice = poll::advice_on(*planned.cost->wraps, *planned.device);
  std::cerr << fmt::format("octopoll check: {}: {}\n", planned.device->name, advice.message);
  if (!advice.remedy.empty()) std::cerr << fmt::format("  {}\n", advice.remedy);
}

}  // namespace
}  // namespace octopoll::cli
