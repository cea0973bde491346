#pragma once
// As much of SNMPv2c as a bare client needs: requests encoded once, answers decoded in full without allocating.
// It shares no code with the poller, which is measured against it.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "workload.hpp"

namespace bench {

using Octets = std::span<const std::uint8_t>;

/// A request for some rows, which all devices are asked with, and the names that the answer must have.
struct Template {
  std::string datagram;
  std::size_t id_at = 0;           ///< of the request-id's four octets
  std::vector<std::string> names;  ///< contents of the OBJECT IDENTIFIERs, row by row
};
[[nodiscard]] Template make_template(const Workload& workload, std::uint32_t request);

/// Header fields of an answer, up to its bindings.
struct Head {
  std::uint32_t id = 0;
  Octets bindings;
};
/// False where it is no answer without an error, or has another community.
[[nodiscard]] bool read_head(Octets datagram, std::string_view community, Head& head);

using Row = std::array<std::uint64_t, column_count>;
/// False unless exactly the objects of the request came back, each with its type.
[[nodiscard]] bool read_rows(Octets bindings, const Template& asked, std::span<Row> rows);

}  // namespace bench
