#pragma once
// What requests were answered with before: so that asking again costs no search.

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "fleet/layout.hpp"
#include "fleet/request.hpp"

namespace fleet {

/// The bindings of one answer without their values: which instances in which order, their names encoded.
struct KeptAnswer {
  struct Binding {
    std::uint32_t name_at = 0;  ///< in `names`
    std::uint32_t name_size = 0;
    Slot slot{};
    Tag exception = Tag::null;  ///< noSuchObject, noSuchInstance or endOfMibView stands instead of a value
  };
  std::vector<Binding> bindings{};
  std::vector<std::uint8_t> names{};
  std::size_t asked = 0;  ///< bindings of the request
  bool cut = false;       ///< more would follow if there were room

  void add(Octets encoded_name, Slot slot, Tag exception);
};

/// Remembers answers by layout and request. Devices of one layout have them in common, so that thousands of like
/// devices cost as many entries as one. Values are never kept: counters move.
///
/// Only for versions that can say everything (not SNMPv1) and for devices whose faults touch neither names nor values.
/// Thread: the fleet's. Cost: a look-up hashes a part of the request and compares all of it.
class KeptAnswers {
 public:
  /// Null when there is none. Lives until keep() is called.
  [[nodiscard]] const KeptAnswer* find(const std::shared_ptr<const Layout>& layout, const Request& request) const;
  void keep(std::shared_ptr<const Layout> layout, const Request& request, KeptAnswer answer);

 private:
  /// Beyond so many all are forgotten: a walk with ever new names must not fill the memory.
  static constexpr std::size_t most_kept = 8192;

  struct Entry {
    std::shared_ptr<const Layout> layout;  // held, so that no other layout gets its address
    Tag type;
    std::int32_t non_repeaters;
    std::int32_t max_repetitions;
    std::vector<std::uint8_t> asked;
    KeptAnswer answer;
    [[nodiscard]] bool is_for(const std::shared_ptr<const Layout>& of, const Request& request) const noexcept;
  };
  std::unordered_multimap<std::uint64_t, Entry> entries_;
};

}  // namespace fleet
