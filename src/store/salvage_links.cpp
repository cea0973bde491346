#include "salvage_links.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdint>
#include <string_view>
#include <utility>

#include "octopoll/core/text.hpp"

namespace octopoll::store {
namespace {

constexpr std::string_view take_out_samples = "DELETE FROM sample_rows WHERE id >> 24 NOT IN (SELECT id FROM polls)";

constexpr std::string_view name_devices =
    "INSERT INTO devices (id, name, first_seen)"
    " SELECT device_id, 'lost-device-' || device_id, unixepoch() * 1000 FROM"
    "  (SELECT device_id FROM interfaces UNION SELECT device_id FROM polls UNION SELECT device_id FROM sealed_polls"
    "   UNION SELECT device_id FROM device_latest UNION SELECT device_id FROM rollup_state"
    "   UNION SELECT device_id FROM rollups_due UNION SELECT device_id FROM rate_histograms"
    "   UNION SELECT device_id FROM base_lines)"
    " WHERE device_id NOT IN (SELECT id FROM devices)";

// Whose an interface was say its newest samples, if they are plain rows.
constexpr std::string_view find_interfaces =
    "CREATE TEMP TABLE lost_interfaces AS"
    " WITH sampled(id, poll_id) AS (SELECT id & 16777215, max(id >> 24) FROM sample_rows GROUP BY 1),"
    "  told(id) AS (SELECT id FROM sampled UNION SELECT interface_id FROM sealed_rows"
    "   UNION SELECT id & 16777215 FROM traffic_5m UNION SELECT id & 16777215 FROM traffic_1h"
    "   UNION SELECT id & 16777215 FROM traffic_1d UNION SELECT interface_id FROM older_readings"
    "   UNION SELECT interface_id FROM interface_moves UNION SELECT higher_id FROM interface_stack"
    "   UNION SELECT lower_id FROM interface_stack)"
    " SELECT t.id, p.device_id FROM told t LEFT JOIN sampled s ON s.id = t.id LEFT JOIN polls p ON p.id = s.poll_id"
    " WHERE t.id NOT IN (SELECT id FROM interfaces)";

constexpr std::string_view name_their_device =
    "INSERT INTO devices (name, first_seen) SELECT 'lost-device', unixepoch() * 1000"
    " WHERE EXISTS (SELECT 1 FROM temp.lost_interfaces WHERE device_id IS NULL)"
    " ON CONFLICT (name) DO NOTHING";

constexpr std::string_view name_interfaces =
    "INSERT INTO interfaces (id, device_id, name, if_index, speed_source, first_seen)"
    " SELECT id, ifnull(device_id, (SELECT id FROM devices WHERE name = 'lost-device')), 'lost-interface-' || id, 0,"
    "  'none', unixepoch() * 1000 FROM temp.lost_interfaces";

constexpr std::string_view stand_in_for_polls =
    "INSERT INTO polls (id, device_id, poll_number, slot, started_at, duration_ms, interval_ms, outcome, error_kind,"
    "  error, rebooted, cache_period_ms, requests, responses, retries, octets_sent, octets_received)"
    " SELECT l.poll_id, l.device_id,"
    "  1 + max(ifnull((SELECT max(poll_number) FROM polls p WHERE p.device_id = l.device_id), 0),"
    "          ifnull((SELECT max(last_number) FROM sealed_polls b WHERE b.device_id = l.device_id), 0)),"
    "  0, ifnull(l.started_at, 0), 0, 0, 'failed', 'store', 'lost from a damaged store', 0, 0, 0, 0, 0, 0, 0"
    " FROM device_latest l WHERE l.poll_id NOT IN (SELECT id FROM polls)";

constexpr std::string_view take_out_readings = "DELETE FROM older_readings WHERE poll_id NOT IN (SELECT id FROM polls)";
constexpr std::string_view take_out_put_off = "DELETE FROM rollups_put_off WHERE poll_id NOT IN (SELECT id FROM polls)";

}  // namespace

Result<> mend_links(Database& to, std::vector<std::string>& lost) {
  // Each with what is told of its rows; nothing is told where that is empty.
  constexpr std::pair<std::string_view, std::string_view> steps[]{
      {take_out_samples, "sample_rows: {} of polls that are lost"},
      {name_devices, "devices: the names of {}, called lost-device-… in the copy"},
      {find_interfaces, ""},
      {name_their_device, ""},
      {name_interfaces, "interfaces: the names of {}, called lost-interface-… in the copy"},
      {stand_in_for_polls, "polls: the newest of {}, failed in the copy"},
      {take_out_readings, "older_readings: {} of polls that are lost"},
      {take_out_put_off, "rollups_put_off: {} of polls that are lost"},
  };
  for (const auto& [sql, words] : steps) {
    const std::int64_t before = sqlite3_total_changes64(to.native());
    if (auto done = to.execute(std::string(sql).c_str()); !done) return done;
    const auto rows = static_cast<std::uint64_t>(sqlite3_total_changes64(to.native()) - before);
    if (rows != 0 && !words.empty()) lost.push_back(fmt::format(fmt::runtime(words), format_counted(rows, "row")));
  }
  return to.execute("DROP TABLE temp.lost_interfaces");
}

}  // namespace octopoll::store
