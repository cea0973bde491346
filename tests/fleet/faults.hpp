#pragma once
// What an agent may do wrong, each thing by its name.
//
// A device without faults follows the RFCs. A fault is a field here, a row in the table of faults.cpp (its name, what
// it does, how it is read from JSON) and the one place that acts on it: names in view.cpp, values in device.cpp, the
// protocol in responder.cpp, the packet in server.cpp.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fleet/address.hpp"
#include "fleet/ber.hpp"
#include "fleet/json_fields.hpp"
#include "fleet/oid.hpp"

namespace fleet {

struct Delay {
  std::chrono::nanoseconds fixed{};
  std::chrono::nanoseconds jitter{};  ///< up to so much more, evenly spread
};

/// A column without some of its rows; without any where `rows` is empty.
struct Hole {
  Oid column;
  std::vector<std::uint32_t> rows;
};

struct VanishingRow {
  std::uint32_t if_index = 0;
  std::uint64_t after_requests = 0;  ///< so many requests still see it, counted from when the fault is set
};

/// One object of one row.
struct Instance {
  Oid column;
  std::uint32_t if_index = 0;
};

/// Whoever asks below that name gets an error instead.
struct ErrorBelow {
  Oid prefix;
  std::int32_t status = 5;  ///< of RFC 3416 section 3: genErr
};

/// One object whose value is encoded as no decoder takes it.
struct BadCell {
  Oid name;  ///< with its index
  enum class How : std::uint8_t { long_counter64, empty_integer, empty_counter32, long_integer, unknown_tag };
  How how = How::unknown_tag;
};

enum class NoGetbulk : std::uint8_t { off, gen_err, silent, empty };

/// Which type stands in for which.
struct WrongTypes {
  Tag counter32 = Tag::gauge32;
  Tag counter64 = Tag::integer;
};

struct Faults {
  // The packet.
  bool silent = false;
  bool stuck_flow = false;
  std::optional<std::uint64_t> silent_after;
  double drop_rate = 0;
  Delay delay;
  std::uint32_t duplicate = 0;
  bool reply_from_other_port = false;
  std::optional<Address> reply_from_other_address;
  bool garbage = false;
  bool truncated = false;
  std::optional<std::uint32_t> truncated_each;
  // The message.
  bool wrong_request_id = false;
  bool request_id_16_bit = false;
  std::optional<std::string> wrong_community_reply;
  // The protocol.
  NoGetbulk no_getbulk = NoGetbulk::off;
  std::optional<std::size_t> too_big_over;
  std::optional<std::size_t> silent_over;
  std::optional<std::uint32_t> max_repetitions_cap;
  std::optional<std::uint32_t> silent_repetitions_over;
  std::optional<std::uint32_t> skip_rows_over;
  std::optional<std::uint32_t> zero_values_over;
  bool repeats_row = false;
  std::optional<std::uint32_t> fewer_bindings;
  std::optional<std::uint32_t> silent_bindings_over;
  bool leaves_out_absent = false;
  std::optional<Oid> loop;
  std::optional<Oid> non_increasing;
  std::optional<ErrorBelow> error_below;
  std::optional<Instance> silent_instance;
  std::optional<Instance> refuse_instance;
  std::optional<Instance> refuse_in_walks;
  bool v1_only = false;
  // Which instances there are.
  std::vector<Hole> hole;
  /// The walk of a column ends before this row; who asks by GET, or goes on behind it, finds the rest (SONiC).
  std::optional<Instance> early_end;
  std::optional<VanishingRow> vanish_row;
  bool no_ifx = false;
  bool no_sys_uptime = false;
  bool big_if_index = false;
  bool zero_if_index = false;
  std::optional<std::uint32_t> ifx_offset;
  bool trim_zeros = false;
  // What they say.
  std::optional<WrongTypes> wrong_types;
  bool duplicate_names = false;
  bool bad_utf8 = false;
  bool trailing_nul = false;
  bool stuck_hc = false;
  bool dead_hc = false;
  bool odd_numbers = false;
  std::optional<BadCell> bad_cell;
  bool frozen_uptime = false;
  bool restless_tables = false;
};

/// Changes the named faults and leaves the others: {"silent": true, "delay": {"fixed_ms": 40}}. `false` switches any of
/// them off. Errors: std::invalid_argument naming the fault and what it takes; then nothing is changed.
void apply(Faults& faults, const Json& changes);

struct FaultHelp {
  std::string_view name;
  std::string_view takes;
  std::string_view does;
};
[[nodiscard]] std::vector<FaultHelp> fault_help();

}  // namespace fleet
