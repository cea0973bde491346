#include "octopoll/report/damaged.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "octopoll/core/text.hpp"
#include "octopoll/report/time_window.hpp"

namespace octopoll::report {

std::string damaged_note(std::span<const store::DamagedBlock> damaged) {
  return fmt::format("Not all of the store could be read: what {} of sealed rows held is missing here.",
                     format_counted(damaged.size(), "damaged block"));
}

nlohmann::ordered_json damaged_json(std::span<const store::DamagedBlock> damaged) {
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  for (const store::DamagedBlock& block : damaged) {
    all.push_back({{"rows", block.rows},
                   {"device", agent_text(block.device)},
                   {"interface", agent_text(block.interface)},
                   {"since", utc_text(block.since)},
                   {"until", utc_text(block.until)},
                   {"fault", agent_text(block.fault)}});
  }
  return all;
}

Result<> check_whole(std::span<const store::DamagedBlock> damaged, std::string_view where) {
  constexpr std::size_t most_named = 10;
  if (damaged.empty()) return {};
  std::string named;
  for (const store::DamagedBlock& block : damaged.first(std::min(damaged.size(), most_named)))
    named += fmt::format("\n  {}: {}", agent_text(text_of(block)), agent_text(block.fault));
  if (damaged.size() > most_named) named += fmt::format("\n  and {} more", damaged.size() - most_named);
  return fail(ErrorKind::store,
              fmt::format("what {} of sealed rows held is missing {}:{}",
                          format_counted(damaged.size(), "damaged block"), where, named),
              "octopoll db check names all that is damaged; a backup from before has the rows");
}

}  // namespace octopoll::report
