#include "damaged_blocks.hpp"

#include <chrono>
#include <memory>
#include <utility>

#include "sealed_levels.hpp"
#include "sqlite_api.hpp"

namespace octopoll::store {
namespace {

WallTime wall_time(std::int64_t unix_ms) { return WallTime(std::chrono::milliseconds(unix_ms)); }

std::string who_of(const DamagedBlock& block) {
  if (block.interface_id == 0) return block.device.empty() ? "a device that is not known" : block.device;
  const std::string number = "interface " + std::to_string(block.interface_id);
  if (block.device.empty() && block.interface.empty()) return number;
  return block.device + " " + block.interface + " (" + number + ")";
}

}  // namespace

DamagedBlock damaged_block(sqlite3* connection, const SealedIdentity& which, std::string fault) {
  const SealedLevel& level = sealed_level(which.level);
  DamagedBlock block;
  block.rows = level.name;
  const bool of_device = which.level == sealed_polls.level;
  if (!of_device) block.interface_id = which.interface_id;
  block.since = wall_time(which.begins_at);
  block.until = wall_time(which.begins_at + level.span_ms);
  block.fault = std::move(fault);
  sqlite3_stmt* prepared = nullptr;
  sqlite3_prepare_v2(connection,
                     of_device ? "SELECT name, '' FROM main.devices WHERE id = ?"
                               : "SELECT d.name, i.name FROM main.interfaces i JOIN main.devices d"
                                 " ON d.id = i.device_id WHERE i.id = ?",
                     -1, &prepared, nullptr);
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> names(
      prepared, [](sqlite3_stmt* statement) { return sqlite3_finalize(statement); });
  sqlite3_bind_int64(names.get(), 1, which.interface_id);
  if (sqlite3_step(names.get()) != SQLITE_ROW) return block;
  const auto text = [&names](int column) {
    const auto* octets = reinterpret_cast<const char*>(sqlite3_column_text(names.get(), column));
    return octets == nullptr ? std::string() : std::string(octets);
  };
  block.device = text(0);
  block.interface = text(1);
  return block;
}

std::string words_of(const DamagedBlock& block) {
  return "the block of " + text_of(block) + " is damaged: " + block.fault;
}

void DamagedBlocks::add(sqlite3* connection, const SealedIdentity& which, std::string fault) {
  if (known_.insert(which).second) blocks_.push_back(damaged_block(connection, which, std::move(fault)));
}

std::string text_of(const DamagedBlock& block) {
  const std::string who = who_of(block);
  const auto date = [](WallTime time) { return date_of(time.time_since_epoch().count()); };
  const std::string first = date(block.since);
  const std::string last = date(block.until - std::chrono::milliseconds(1));
  return block.rows + " of " + who + ", " + first + (last == first ? "" : " to " + last) + " UTC";
}

}  // namespace octopoll::store
