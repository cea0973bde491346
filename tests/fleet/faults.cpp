#include "fleet/faults.hpp"

#include <array>
#include <cmath>
#include <functional>
#include <span>

#include "fleet/mib.hpp"

namespace fleet {
namespace {

struct Setting {
  FaultHelp help;
  void (*set)(Faults& faults, const Json& value, const std::string& where);
};

std::span<const Setting> settings();

}  // namespace

void apply(Faults& faults, const Json& changes) {
  if (!changes.is_object()) throw std::invalid_argument("faults: an object is expected");
  Faults changed = faults;
  for (const auto& change : changes.items()) {
    const std::string& name = change.key();
    const auto all = settings();
    const auto setting = std::find_if(all.begin(), all.end(), [&](const Setting& s) { return s.help.name == name; });
    if (setting == all.end()) {
      std::vector<std::string_view> known;
      for (const auto& s : all) known.push_back(s.help.name);
      throw std::invalid_argument(fmt::format("no fault \"{}\"; there are {}", name, fmt::join(known, ", ")));
    }
    setting->set(changed, change.value(), name);
  }
  faults = std::move(changed);
}

std::vector<FaultHelp> fault_help() {
  std::vector<FaultHelp> help;
  for (const auto& setting : settings()) help.push_back(setting.help);
  return help;
}

namespace {

bool is_off(const Json& value) { return value.is_boolean() && !value.get<bool>(); }
bool is_on(const Json& value) { return value.is_boolean() && value.get<bool>(); }

bool read_flag(const Json& value, const std::string& where) {
  if (!value.is_boolean()) throw std::invalid_argument(where + ": true or false is expected");
  return value.get<bool>();
}

template <bool Faults::*Flag>
void set_flag(Faults& faults, const Json& value, const std::string& where) {
  faults.*Flag = read_flag(value, where);
}

template <auto Field>
void set_number(Faults& faults, const Json& value, const std::string& where) {
  using Number = typename std::remove_reference_t<decltype(faults.*Field)>::value_type;
  if (is_off(value)) {
    (faults.*Field).reset();
  } else {
    faults.*Field = JsonFields::number<Number>(value, where);
  }
}

/// An OID, or the name of an object type.
Oid read_oid(const Json& value, const std::string& where) {
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (const ObjectType* type = find_object_type(text)) return type->oid;
    if (auto oid = parse_oid(text)) return *std::move(oid);
  }
  throw std::invalid_argument(where + ": an OID or a name such as \"ifInOctets\" is expected");
}

/// True stands for all of the interface tables and more: whatever begins with 1.3.6.1.2.1.
template <std::optional<Oid> Faults::*Prefix>
void set_prefix(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    (faults.*Prefix).reset();
  } else if (is_on(value)) {
    faults.*Prefix = Oid{1, 3, 6, 1, 2, 1};
  } else {
    faults.*Prefix = read_oid(value, where);
  }
}

void set_drop_rate(Faults& faults, const Json& value, const std::string& where) {
  const double rate = is_off(value) ? 0.0 : value.is_number() ? value.get<double>() : std::nan("");
  if (!(rate >= 0 && rate <= 1)) throw std::invalid_argument(where + ": a number from 0 to 1 is expected");
  faults.drop_rate = rate;
}

void set_delay(Faults& faults, const Json& value, const std::string& where) {
  Delay delay;
  if (!is_off(value)) {
    JsonFields fields(value, where);
    std::uint32_t fixed_ms = 0;
    std::uint32_t jitter_ms = 0;
    fields.take("fixed_ms", fixed_ms);
    fields.take("jitter_ms", jitter_ms);
    fields.finish();
    delay = {std::chrono::milliseconds(fixed_ms), std::chrono::milliseconds(jitter_ms)};
  }
  faults.delay = delay;
}

void set_duplicate(Faults& faults, const Json& value, const std::string& where) {
  if (value.is_boolean()) {
    faults.duplicate = value.get<bool>() ? 1 : 0;
  } else {
    faults.duplicate = JsonFields::number<std::uint8_t>(value, where);
  }
}

void set_other_address(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.reply_from_other_address.reset();
    return;
  }
  const auto address = value.is_string() ? Address::parse(value.get<std::string>()) : std::nullopt;
  if (!address) throw std::invalid_argument(where + ": an address of this machine is expected");
  faults.reply_from_other_address = *address;
}

void set_wrong_community(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.wrong_community_reply.reset();
  } else if (is_on(value)) {
    faults.wrong_community_reply = "somebody-else";
  } else if (value.is_string()) {
    faults.wrong_community_reply = value.get<std::string>();
  } else {
    throw std::invalid_argument(where + ": true, false or a community is expected");
  }
}

void set_no_getbulk(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.no_getbulk = NoGetbulk::off;
  } else if (is_on(value) || value == "genErr") {
    faults.no_getbulk = NoGetbulk::gen_err;
  } else if (value == "silent") {
    faults.no_getbulk = NoGetbulk::silent;
  } else if (value == "empty") {
    faults.no_getbulk = NoGetbulk::empty;
  } else {
    throw std::invalid_argument(where + ": \"genErr\", \"silent\", \"empty\" or false is expected");
  }
}

void set_error_below(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.error_below.reset();
    return;
  }
  static constexpr std::array<std::pair<std::string_view, std::int32_t>, 3> statuses{
      {{"tooBig", 1}, {"noSuchName", 2}, {"genErr", 5}}};
  JsonFields fields(value, where);
  ErrorBelow error;
  const Json* prefix = fields.find("oid");
  if (prefix == nullptr) throw std::invalid_argument(where + ": below which OID?");
  error.prefix = read_oid(*prefix, where + ".oid");
  if (const Json* status = fields.find("status")) {
    const auto known =
        std::find_if(statuses.begin(), statuses.end(), [&](const auto& s) { return *status == s.first; });
    if (known == statuses.end())
      throw std::invalid_argument(where + ".status: \"tooBig\", \"noSuchName\" or \"genErr\" is expected");
    error.status = known->second;
  }
  fields.finish();
  faults.error_below = std::move(error);
}

void set_hole(Faults& faults, const Json& value, const std::string& where) {
  std::vector<Hole> holes;
  if (!is_off(value)) {
    if (!value.is_array())
      throw std::invalid_argument(where + ": an array of {\"column\": ..., \"rows\": [...]} is expected");
    for (const Json& item : value) {
      JsonFields fields(item, where);
      Hole& hole = holes.emplace_back();
      const Json* column = fields.find("column");
      if (column == nullptr) throw std::invalid_argument(where + ": which column?");
      hole.column = read_oid(*column, where + ".column");
      if (const Json* rows = fields.find("rows")) {
        if (!rows->is_array()) throw std::invalid_argument(where + ".rows: an array of ifIndex is expected");
        for (const Json& row : *rows) hole.rows.push_back(JsonFields::number<std::uint32_t>(row, where + ".rows"));
      }
      fields.finish();
    }
  }
  faults.hole = std::move(holes);
}

template <std::optional<Instance> Faults::*Field>
void set_instance(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    (faults.*Field).reset();
    return;
  }
  JsonFields fields(value, where);
  Instance instance;
  const Json* column = fields.find("column");
  if (column == nullptr) throw std::invalid_argument(where + ": which column?");
  instance.column = read_oid(*column, where + ".column");
  fields.take("if_index", instance.if_index);
  fields.finish();
  faults.*Field = std::move(instance);
}

void set_vanish_row(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.vanish_row.reset();
    return;
  }
  JsonFields fields(value, where);
  VanishingRow row;
  fields.take("if_index", row.if_index);
  fields.take("after_requests", row.after_requests);
  fields.finish();
  faults.vanish_row = row;
}

Tag read_type(const Json& value, const std::string& where) {
  static constexpr std::array<std::pair<std::string_view, Tag>, 6> types{{{"integer", Tag::integer},
                                                                          {"octet_string", Tag::octet_string},
                                                                          {"counter32", Tag::counter32},
                                                                          {"gauge32", Tag::gauge32},
                                                                          {"time_ticks", Tag::time_ticks},
                                                                          {"counter64", Tag::counter64}}};
  for (const auto& [name, tag] : types) {
    if (value == name) return tag;
  }
  throw std::invalid_argument(where +
                              ": integer, octet_string, counter32, gauge32, time_ticks or counter64 is expected");
}

void set_wrong_types(Faults& faults, const Json& value, const std::string& where) {
  if (value.is_boolean()) {
    faults.wrong_types = value.get<bool>() ? std::optional(WrongTypes{}) : std::nullopt;
    return;
  }
  JsonFields fields(value, where);
  WrongTypes types{Tag::counter32, Tag::counter64};
  if (const Json* type = fields.find("counter32")) types.counter32 = read_type(*type, where);
  if (const Json* type = fields.find("counter64")) types.counter64 = read_type(*type, where);
  fields.finish();
  faults.wrong_types = types;
}

void set_bad_cell(Faults& faults, const Json& value, const std::string& where) {
  if (is_off(value)) {
    faults.bad_cell.reset();
    return;
  }
  static constexpr std::array<std::pair<std::string_view, BadCell::How>, 5> ways{
      {{"long_counter64", BadCell::How::long_counter64},
       {"empty_integer", BadCell::How::empty_integer},
       {"empty_counter32", BadCell::How::empty_counter32},
       {"long_integer", BadCell::How::long_integer},
       {"unknown_tag", BadCell::How::unknown_tag}}};
  JsonFields fields(value, where);
  BadCell cell;
  const Json* column = fields.find("column");
  if (column == nullptr) throw std::invalid_argument(where + ": which column?");
  cell.name = read_oid(*column, where + ".column");
  std::uint32_t if_index = 0;
  fields.take("if_index", if_index);
  cell.name.push_back(if_index);
  std::string how;
  fields.take("how", how);
  const auto way = std::find_if(ways.begin(), ways.end(), [&how](const auto& each) { return each.first == how; });
  if (way == ways.end()) {
    throw std::invalid_argument(where + ".how: long_counter64, empty_integer, empty_counter32, long_integer or " +
                                "unknown_tag is expected");
  }
  cell.how = way->second;
  fields.finish();
  faults.bad_cell = std::move(cell);
}

std::span<const Setting> settings() {
  static const std::vector<Setting> all{
      {{"silent", "flag", "no request is answered"}, set_flag<&Faults::silent>},
      {{"silent_after", "count", "no request is answered after so many"}, set_number<&Faults::silent_after>},
      {{"drop_rate", "0..1", "this share of requests is not answered"}, set_drop_rate},
      {{"delay", "{fixed_ms, jitter_ms}", "answers leave later; their values are those of the request's arrival"},
       set_delay},
      {{"duplicate", "flag or count", "answers are sent so many times more"}, set_duplicate},
      {{"reply_from_other_port", "flag", "answers leave from a port that was not asked"},
       set_flag<&Faults::reply_from_other_port>},
      {{"reply_from_other_address", "address", "answers leave from an address that was not asked"}, set_other_address},
      {{"garbage", "flag", "answers are random octets"}, set_flag<&Faults::garbage>},
      {{"truncated", "flag", "only the first half of an answer is sent"}, set_flag<&Faults::truncated>},
      {{"truncated_each", "count", "the same of each so-many-th answer alone"}, set_number<&Faults::truncated_each>},
      {{"stuck_flow", "flag",
        "nothing gets through from the port that asks first after it is set, as with a firewall between"},
       set_flag<&Faults::stuck_flow>},
      {{"wrong_request_id", "flag", "answers have the request-id plus one"}, set_flag<&Faults::wrong_request_id>},
      {{"request_id_16_bit", "flag", "answers have the last 16 bits of the request-id"},
       set_flag<&Faults::request_id_16_bit>},
      {{"wrong_community_reply", "flag or community", "answers have another community"}, set_wrong_community},
      {{"no_getbulk", "\"genErr\", \"silent\" or \"empty\"", "GETBULK gets that instead of rows"}, set_no_getbulk},
      {{"too_big_over", "octets", "the largest answer: GETBULK is cut there, all others get tooBig"},
       set_number<&Faults::too_big_over>},
      {{"silent_over", "octets", "answers larger than that are not sent"}, set_number<&Faults::silent_over>},
      {{"max_repetitions_cap", "count", "GETBULK gives no more repetitions"}, set_number<&Faults::max_repetitions_cap>},
      {{"silent_repetitions_over", "count", "GETBULK with more repetitions is not answered"},
       set_number<&Faults::silent_repetitions_over>},
      {{"skip_rows_over", "count", "GETBULK with more repetitions leaves out every third row"},
       set_number<&Faults::skip_rows_over>},
      {{"zero_values_over", "count", "GETBULK with more repetitions shows 0 for each number of every third row"},
       set_number<&Faults::zero_values_over>},
      {{"repeats_row", "flag", "GETBULK that goes on behind a row begins with that row once more"},
       set_flag<&Faults::repeats_row>},
      {{"fewer_bindings", "count", "answers have no more bindings"}, set_number<&Faults::fewer_bindings>},
      {{"silent_bindings_over", "count", "requests with more bindings are not answered"},
       set_number<&Faults::silent_bindings_over>},
      {{"leaves_out_absent", "flag", "answers to GET have no bindings for objects that are not there"},
       set_flag<&Faults::leaves_out_absent>},
      {{"loop", "flag or OID", "the successor of an instance below it is itself"}, set_prefix<&Faults::loop>},
      {{"non_increasing", "flag or OID", "the second and third row of each column below it come in the wrong order"},
       set_prefix<&Faults::non_increasing>},
      {{"error_below", "{oid, status}", "requests that ask below that OID get genErr, tooBig or noSuchName"},
       set_error_below},
      {{"silent_instance", "{column, if_index}", "a GET that names it is not answered"},
       set_instance<&Faults::silent_instance>},
      {{"refuse_instance", "{column, if_index}", "a GET that names it gets genErr, with its error-index"},
       set_instance<&Faults::refuse_instance>},
      {{"refuse_in_walks", "{column, if_index}",
        "GETNEXT and GETBULK that come to it get genErr, with its error-index"},
       set_instance<&Faults::refuse_in_walks>},
      {{"v1_only", "flag", "v2c gets no answer"}, set_flag<&Faults::v1_only>},
      {{"hole", "[{column, rows}]", "columns lack these rows, or all of them"}, set_hole},
      {{"early_end", "{column, if_index}", "a walk of that column ends before that row; GET finds the rows behind it"},
       set_instance<&Faults::early_end>},
      {{"vanish_row", "{if_index, after_requests}", "a row is gone after so many requests"}, set_vanish_row},
      {{"no_ifx", "flag", "there is no ifXTable"}, set_flag<&Faults::no_ifx>},
      {{"no_sys_uptime", "flag", "there is no sysUpTime"}, set_flag<&Faults::no_sys_uptime>},
      {{"big_if_index", "flag", "2^31 is added to each ifIndex"}, set_flag<&Faults::big_if_index>},
      {{"zero_if_index", "flag", "the first interface has ifIndex 0"}, set_flag<&Faults::zero_if_index>},
      {{"ifx_offset", "number", "ifXTable's rows have that added to their ifIndex"}, set_number<&Faults::ifx_offset>},
      {{"trim_zeros", "flag", "names in answers lack a zero at their end"}, set_flag<&Faults::trim_zeros>},
      {{"wrong_types", "flag or {counter32, counter64}",
        "counters have another type: Gauge32 for Counter32, Integer32 for Counter64"},
       set_wrong_types},
      {{"duplicate_names", "flag", "every second interface has the ifName and ifDescr of the one before"},
       set_flag<&Faults::duplicate_names>},
      {{"bad_utf8", "flag", "texts of the system group and of interfaces end in octets that are not UTF-8"},
       set_flag<&Faults::bad_utf8>},
      {{"trailing_nul", "flag", "texts of the system group and of interfaces end in a NUL"},
       set_flag<&Faults::trailing_nul>},
      {{"stuck_hc", "flag", "64-bit counters stand at 2^64-1"}, set_flag<&Faults::stuck_hc>},
      {{"dead_hc", "flag", "64-bit counters stand at 0"}, set_flag<&Faults::dead_hc>},
      {{"odd_numbers", "flag",
        "Counter32 is encoded in five octets or, from 2^31 on, as a negative number; Counter64 in nine"},
       set_flag<&Faults::odd_numbers>},
      {{"bad_cell", "{column, if_index, how}",
        "one value cannot be decoded: long_counter64, empty_integer, empty_counter32, long_integer or unknown_tag"},
       set_bad_cell},
      {{"frozen_uptime", "flag", "sysUpTime stands still from when it is set"}, set_flag<&Faults::frozen_uptime>},
      {{"restless_tables", "flag", "ifTableLastChange is sysUpTime, whatever changes"},
       set_flag<&Faults::restless_tables>},
  };
  return all;
}

}  // namespace
}  // namespace fleet
