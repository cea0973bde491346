#include "octopoll/snmp/names.hpp"

#include <fmt/format.h>
#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>

#include <array>
#include <limits>
#include <span>
#include <stdexcept>
#include <utility>

#include "octopoll/core/text.hpp"
#include "snmp/library.hpp"
#include "snmp/names_explain.hpp"
#include "snmp/names_modules.hpp"
#include "snmp/names_print.hpp"

namespace octopoll::snmp {
namespace {

bool tree_in_use = false;  // the library has one tree for the process; touched by its one thread alone

void assert_owner() {
  if (!owns_library()) throw std::logic_error("snmp::Names was used on a thread that does not own Net-SNMP");
}

/// agent_text, and no CR that is not the end of a line: it would let an agent write over what stands before it.
std::string terminal_text(std::string_view raw) {
  const std::string text = agent_text(raw);
  std::string safe;
  safe.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool bare_return = text[at] == '\r' && (at + 1 == text.size() || text[at + 1] != '\n');
    if (bare_return) {
      safe += "\\x0d";
    } else {
      safe += text[at];
    }
  }
  return safe;
}

bool is_numeric(std::string_view text) { return text.find_first_not_of(".0123456789") == std::string_view::npos; }

std::vector<::oid> library_oid(const Oid& oid) { return {oid.begin(), oid.end()}; }

/// The library's numbers have 64 bits and take what is written; those of SNMP have 32.
Result<Oid> own_oid(std::string_view text, std::span<const ::oid> numbers) {
  std::vector<std::uint32_t> own;
  own.reserve(numbers.size());
  for (const ::oid number : numbers) {
    constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
    if (number > largest)
      return fail(ErrorKind::usage, fmt::format("\"{}\": {} is above {}", agent_text(text), number, largest));
    own.push_back(static_cast<std::uint32_t>(number));
  }
  return Oid(own);
}

/// The object that the MIB defines for this instance; null where the tree ends higher up.
const tree* object_of(const Oid& oid) {
  const std::vector<::oid> numbers = library_oid(oid);
  const tree* node = get_tree(numbers.data(), numbers.size(), get_tree_head());
  return node != nullptr && node->child_list == nullptr ? node : nullptr;
}

std::optional<std::string> enum_label(const tree* object, const Value& value) {
  if (object == nullptr || value.type() != Type::integer) return std::nullopt;
  for (const enum_list* item = object->enums; item != nullptr; item = item->next)
    if (item->value == value.as_signed()) return item->label;
  return std::nullopt;
}

bool has_display_rule(const tree* object) {
  return object != nullptr &&
         (object->type == TYPE_BITSTRING || (object->type == TYPE_OCTETSTR && object->hint != nullptr));
}

std::string octets_text(const VarBind& variable, const tree* object) {
  const std::string& octets = *variable.value.octets();
  const bool is_string = variable.value.type() == Type::octet_string;
  if (is_string && has_display_rule(object)) return terminal_text(print_value(variable));
  if (variable.value.type() == Type::ip_address && octets.size() == 4) return print_value(variable);
  if (is_string && !needs_raw(octets)) return terminal_text(octets);
  return to_hex(octets, ' ');
}

std::string value_text(const VarBind& variable, const tree* object) {
  const Value& value = variable.value;
  if (const auto number = value.as_unsigned()) return fmt::to_string(*number);
  if (const auto number = value.as_signed()) return fmt::to_string(*number);
  if (value.type() == Type::opaque_float) return fmt::to_string(static_cast<float>(value.as_double().value_or(0)));
  if (const auto number = value.as_double()) return fmt::to_string(*number);
  if (const Oid* oid = value.as_oid()) return terminal_text(print_name(*oid));
  if (value.octets() != nullptr) return octets_text(variable, object);
  return {};
}

}  // namespace

struct Names::Impl {
  std::vector<std::string> own_modules;
};

Result<std::unique_ptr<Names>> Names::load(const NamesOptions& options) {
  initialize_library();
  assert_owner();
  const auto own = own_directories(options);
  if (!own) return tl::make_unexpected(own.error());
  if (tree_in_use)
    return fail(ErrorKind::internal, "the MIB tree is in use: this process has an snmp::Names already",
                "share that one");

  auto impl = std::make_unique<Impl>();
  impl->own_modules = modules_in(*own);
  read_modules(*own, options);
  tree_in_use = true;
  return std::unique_ptr<Names>(new Names(std::move(impl)));
}

Names::Names(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Names::~Names() {
  shutdown_mib();
  tree_in_use = false;
}

Result<Oid> Names::resolve(std::string_view text) const {
  assert_owner();
  if (is_numeric(text)) return Oid::parse(text);
  const std::string name(text);
  if (name.find('\0') != std::string::npos)
    return fail(ErrorKind::usage, fmt::format("\"{}\" is not a name: it has a NUL in it", agent_text(name)));

  const std::string module(module_prefix(name));
  std::array<::oid, MAX_OID_LEN> numbers{};
  std::size_t length = numbers.size();
  bool known = false;
  if (!module.empty()) {
    known = read_module_on_demand(module) && get_node(name.c_str(), numbers.data(), &length) != 0;
  } else {
    known = read_objid(name.c_str(), numbers.data(), &length) != 0;
    if (!known) {
      length = numbers.size();
      known = get_node(name.c_str(), numbers.data(), &length) != 0;
    }
  }
  if (!known) return tl::make_unexpected(explain_unknown_name(name, impl_->own_modules));
  return own_oid(name, std::span(numbers.data(), length));
}

std::string Names::name(const Oid& oid) const {
  assert_owner();
  return terminal_text(print_name(oid));
}

std::string Names::format(const VarBind& variable, const FormatOptions& options) const {
  assert_owner();
  return terminal_text(print_variable(variable, options.letters()));
}

NamedValue Names::describe(const VarBind& variable) const {
  assert_owner();
  const tree* object = object_of(variable.oid);
  return {name(variable.oid), variable.oid.to_string(), std::string(to_string(variable.value.type())),
          value_text(variable, object), enum_label(object, variable.value)};
}

Result<FormatOptions> FormatOptions::parse(std::string_view letters) {
  const std::size_t wrong = letters.find_first_not_of(output_letters);
  if (wrong != std::string_view::npos)
    return fail(ErrorKind::usage, fmt::format("-O has no letter \"{}\"", agent_text(letters.substr(wrong, 1))),
                fmt::format("the letters are {}; snmpcmd(1) says what each does", output_letters));
  FormatOptions options;
  options.letters_ = letters;
  return options;
}

}  // namespace octopoll::snmp
