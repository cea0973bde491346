#include "octopoll/store/care.hpp"

#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/statvfs.h>

#include <array>
#include <memory>
#include <system_error>
#include <utility>

#include "care_parts.hpp"
#include "old_blocks.hpp"
#include "open.hpp"
#include "retention.hpp"
#include "writer_lock.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t pruned_rows = 20'000;  // of each kind, a transaction
constexpr std::int64_t pruned_blocks = 1000;  // of each level, a transaction

constexpr std::array<Exportable, 6> all_exportables{{
    {"samples", "v_interface_rates", "started_at", "device", "each interface in each cycle: rates, qualities, errors"},
    {"5m", "v_utilization_5m", "begins_at", "device", "sums of 5 minutes of each interface"},
    {"1h", "v_utilization_1h", "begins_at", "device", "sums of hours"},
    {"1d", "v_utilization_1d", "begins_at", "device", "sums of days of UTC"},
    {"polls", "v_polls", "started_at", "device", "cycles of each device: outcome, duration, cost"},
    {"pings", "v_ping", "started_at", "target", "rounds of pings: loss, round trips, jitter"},
}};

struct KindOfRow {
  const char* name;
  const char* table;
  const char* oldest;  ///< SQL for its begin, unix ms; by an index
  const char* newest;
  const char* rows = nullptr;    ///< SQL, where the table's own rows are not what is counted
  const char* octets = nullptr;  ///< likewise
};
constexpr std::array<KindOfRow, 11> kinds{{
    {"polls", "polls", "SELECT started_at FROM polls ORDER BY id LIMIT 1",
     "SELECT started_at FROM polls ORDER BY id DESC LIMIT 1"},
    {"samples", "sample_rows",
     "SELECT max(ifnull((SELECT begins_at FROM kept_from), 0), started_at) FROM polls WHERE id ="
     " (SELECT min(id) >> 24 FROM sample_rows)",
     "SELECT started_at FROM polls WHERE id = (SELECT max(id) >> 24 FROM sample_rows)"},
    {"traffic_5m", "traffic_5m", "SELECT (min(id) >> 24) * 300000 FROM traffic_5m",
     "SELECT (max(id) >> 24) * 300000 FROM traffic_5m"},
    {"traffic_1h", "traffic_1h", "SELECT (min(id) >> 24) * 3600000 FROM traffic_1h",
     "SELECT (max(id) >> 24) * 3600000 FROM traffic_1h"},
    {"traffic_1d", "traffic_1d", "SELECT (min(id) >> 24) * 86400000 FROM traffic_1d",
     "SELECT (max(id) >> 24) * 86400000 FROM traffic_1d"},
    {"sealed_samples", "sealed_rows", "SELECT min(begins_at) FROM sealed_rows WHERE level = 0",
     "SELECT max(begins_at) FROM sealed_rows WHERE level = 0",
     "SELECT ifnull(sum(row_count), 0) FROM sealed_rows WHERE level = 0",
     "SELECT ifnull(sum(length(packed)), 0) FROM sealed_rows WHERE level = 0"},
    {"sealed_5m", "sealed_rows", "SELECT min(begins_at) FROM sealed_rows WHERE level = 300",
     "SELECT max(begins_at) FROM sealed_rows WHERE level = 300",
     "SELECT ifnull(sum(row_count), 0) FROM sealed_rows WHERE level = 300",
     "SELECT ifnull(sum(length(packed)), 0) FROM sealed_rows WHERE level = 300"},
    {"sealed_1h", "sealed_rows", "SELECT min(begins_at) FROM sealed_rows WHERE level = 3600",
     "SELECT max(begins_at) FROM sealed_rows WHERE level = 3600",
     "SELECT ifnull(sum(row_count), 0) FROM sealed_rows WHERE level = 3600",
     "SELECT ifnull(sum(length(packed)), 0) FROM sealed_rows WHERE level = 3600"},
    {"sealed_polls", "sealed_polls",
     "SELECT min(first_at) FROM sealed_polls WHERE begins_at = (SELECT min(begins_at) FROM sealed_polls)",
     "SELECT max(last_at) FROM sealed_polls WHERE begins_at = (SELECT max(begins_at) FROM sealed_polls)",
     "SELECT ifnull(sum(row_count), 0) FROM sealed_polls", "SELECT ifnull(sum(length(packed)), 0) FROM sealed_polls"},
    {"ping_rounds", "ping_rounds", "SELECT started_at FROM ping_rounds ORDER BY id LIMIT 1",
     "SELECT started_at FROM ping_rounds ORDER BY id DESC LIMIT 1"},
    {"ping_hours", "ping_hours", "SELECT min(begins_at) FROM ping_hours", "SELECT max(begins_at) FROM ping_hours"},
}};

std::uint64_t size_of(const fs::path& file) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(file, problem);
  return problem ? 0 : size;
}

Result<std::optional<std::int64_t>> maybe_integer(Database& database, const char* sql) {
  auto statement = database.prepare(sql);
  if (!statement) return tl::make_unexpected(statement.error());
  const auto row = statement->first();
  if (!row) return tl::make_unexpected(row.error());
  if (!*row || statement->is_null(0)) return std::nullopt;
  return statement->integer(0);
}

Result<KeptSpan> span_of(Database& database, const KindOfRow& kind, bool counted) {
  KeptSpan span;
  span.what = kind.name;
  for (const auto& [sql, time] : {std::pair{kind.oldest, &span.since}, std::pair{kind.newest, &span.until}}) {
    const auto ms = maybe_integer(database, sql);
    if (!ms) return tl::make_unexpected(ms.error());
    if (*ms) *time = WallTime(std::chrono::milliseconds(**ms));
  }
  if (!counted) return span;
  const auto rows =
      database.integer(kind.rows != nullptr ? kind.rows : fmt::format("SELECT count(*) FROM {}", kind.table));
  if (!rows) return tl::make_unexpected(rows.error());
  span.rows = *rows;
  if (kind.octets != nullptr) {
    const auto packed = database.integer(kind.octets);
    if (!packed) return tl::make_unexpected(packed.error());
    span.octets = *packed;
    return span;
  }
  // By pages, which an aggregate has in `pageno`: its `pgsize` is modulo 2^32 (SQLite 3.40).
  const auto octets = database.integer(
      fmt::format("SELECT ifnull(sum(pageno), 0) * (SELECT page_size FROM pragma_page_size) FROM dbstat"
                  " WHERE aggregate = 1 AND name IN (SELECT name FROM sqlite_master WHERE tbl_name = '{}')",
                  kind.table));
  if (octets) span.octets = *octets;  // where SQLite is built without dbstat it stays unknown
  return span;
}

Result<> add_lost_references(Database& database, std::vector<std::string>& wrong) {
  auto references =
      database.prepare("SELECT \"table\", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2 ORDER BY 1, 2");
  if (!references) return tl::make_unexpected(references.error());
  for (;;) {
    const auto row = references->next();
    if (!row && interrupted(database)) return stopped("the check");
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    wrong.push_back(fmt::format("{} rows of {} refer to rows of {} that are not there", references->integer(2),
                                references->text(0), references->text(1)));
  }
}

/// The store for whoever changes it in place of a running octopoll.
struct Held {
  WriterLock lock;
  Database database;
};
Result<Held> hold(const fs::path& path) {
  // Refuses what is missing, empty or not ours before anything is made.
  if (auto readable = open_for_reading(path); !readable) return tl::make_unexpected(readable.error());
  std::error_code problem;
  const fs::path canonical = fs::weakly_canonical(path, problem);
  if (problem) return fail(ErrorKind::io, path.string() + ": " + problem.message(), "name another file with --db");
  auto lock = WriterLock::take(canonical);
  if (!lock) return tl::make_unexpected(lock.error());
  auto database = open_for_writing(canonical);
  if (!database) return tl::make_unexpected(database.error());
  return Held{std::move(*lock), std::move(*database)};
}

}  // namespace

Result<StoreInfo> store_info(const fs::path& path, bool counted, const Progress& progress) {
  auto database = open_for_reading(path);
  if (!database) return tl::make_unexpected(database.error());
  const Watched watched(*database, progress);
  StoreInfo info;
  const auto failed = [&](const Error& error) -> tl::unexpected<Error> {
    if (interrupted(*database)) return stopped("counting");
    return tl::make_unexpected(error);
  };
  std::int64_t page_size = 0, pages = 0, free_pages = 0, backlog = 0;
  const std::array<std::pair<const char*, std::int64_t*>, 9> numbers{
      {{"PRAGMA user_version", &info.schema_version},
       {"PRAGMA page_size", &page_size},
       {"PRAGMA page_count", &pages},
       {"PRAGMA freelist_count", &free_pages},
       {"SELECT count(*) FROM devices", &info.devices},
       {"SELECT count(*) FROM interfaces", &info.interfaces},
       {"SELECT count(*) FROM ping_targets", &info.ping_targets},
       {"SELECT count(*) FROM rollups_due", &info.sums_due},
       {"SELECT count(*) FROM rollup_backlog", &backlog}}};
  for (const auto& [sql, number] : numbers) {
    const auto answer = database->integer(sql);
    if (!answer) return failed(answer.error());
    *number = *answer;
  }
  info.has_backlog = backlog != 0;
  info.file_octets = size_of(path);
  info.log_octets = size_of(path.string() + "-wal");
  info.free_octets = static_cast<std::uint64_t>(free_pages * page_size);
  for (const KindOfRow& kind : kinds) {
    auto span = span_of(*database, kind, counted);
    if (!span) return failed(span.error());
    info.spans.push_back(std::move(*span));
  }
  return info;
}

Result<std::vector<std::string>> check_store(const fs::path& path, bool quick, const Progress& progress) {
  auto database = open_for_reading(path, Versions::older_too);
  if (!database) return tl::make_unexpected(database.error());
  const Watched watched(*database, progress);
  std::vector<std::string> wrong;
  const auto to_the_end = add_damaged_pages(*database, quick, wrong);
  if (!to_the_end) return tl::make_unexpected(to_the_end.error());
  if (!*to_the_end || quick) return wrong;
  const bool pages_are_damaged = !wrong.empty();
  if (!pages_are_damaged) {
    if (auto looked = add_lost_references(*database, wrong); !looked) return tl::make_unexpected(looked.error());
  }
  // Also where pages are damaged: of what and when the rows in them were is what one wants to know.
  if (auto checked = add_damaged_blocks(*database, wrong, progress); !checked) {
    if (!pages_are_damaged || checked.error().kind == ErrorKind::io) return tl::make_unexpected(checked.error());
    wrong.push_back(checked.error().message);
  }
  return wrong;
}

Result<std::int64_t> prune_store(const fs::path& path, const Retention& retention, const Progress& progress) {
  auto held = hold(path);
  if (!held) return tl::make_unexpected(held.error());
  Database& database = held->database;
  const auto newest = maybe_integer(database,
                                    "SELECT max(at) FROM (SELECT max(started_at) AS at FROM (SELECT started_at FROM"
                                    " polls ORDER BY id DESC LIMIT 1) UNION ALL SELECT max(started_at) FROM (SELECT"
                                    " started_at FROM ping_rounds ORDER BY id DESC LIMIT 1))");
  if (!newest) return tl::make_unexpected(newest.error());
  if (!*newest) return 0;
  // A record that was labelled by a clock ahead of ours makes nothing old; and without a record nothing ages.
  const WallTime now = std::min(WallTime(std::chrono::milliseconds(**newest)), wall_now());
  auto pruner = Pruner::create(database, retention);
  if (!pruner) return tl::make_unexpected(pruner.error());
  auto old_blocks = OldBlocks::create(database);
  if (!old_blocks) return tl::make_unexpected(old_blocks.error());
  const auto targets = database.integer("SELECT count(*) FROM ping_targets");
  if (!targets) return tl::make_unexpected(targets.error());

  std::int64_t all = 0;
  PassedBlocks passed;
  // A pass looks at the hours of one target of pings.
  for (std::int64_t idle = 0; idle <= *targets;) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return tl::make_unexpected(transaction.error());
    const auto taken = pruner->take(now, pruned_rows);
    if (!taken) return taken;
    const auto blocks = old_blocks->take(now, retention, pruned_blocks, passed);
    if (!blocks) return blocks;
    if (auto committed = transaction->commit(); !committed) return tl::make_unexpected(committed.error());
    all += *taken + *blocks;
    idle = *taken + *blocks == 0 ? idle + 1 : 0;
    if (progress && !progress(all, 0)) return stopped(fmt::format("after {} rows it", all));
  }
  return all;
}

Result<std::int64_t> vacuum_store(const fs::path& path, const Progress& progress) {
  auto held = hold(path);
  if (!held) return tl::make_unexpected(held.error());
  Database& database = held->database;
  const auto before = static_cast<std::int64_t>(size_of(path));
  const auto used = database.integer(
      "SELECT (page_count - freelist_count) * page_size FROM pragma_page_count, pragma_freelist_count,"
      " pragma_page_size");
  if (!used) return tl::make_unexpected(used.error());
  // SQLite writes the new file aside and then all of it through the log.
  struct statvfs system {};
  const fs::path folder = fs::absolute(path).parent_path();
  if (::statvfs(folder.c_str(), &system) == 0) {
    const std::uint64_t free = system.f_bavail * system.f_frsize;
    const std::uint64_t needed = 2 * static_cast<std::uint64_t>(*used);
    if (free < needed) {
      return fail(ErrorKind::store,
                  fmt::format("a vacuum of {} needs {} MB on its file system, {} MB are free", path.string(),
                              needed >> 20U, free >> 20U),
                  "free some, or take a backup to another one: it may be vacuumed there");
    }
  }
  {
    const Watched watched(database, progress);
    auto done = database.execute("VACUUM");
    if (!done && interrupted(database)) return stopped("the vacuum");
    if (!done) return tl::make_unexpected(done.error());
  }
  // The first column says whether somebody else kept it from the end.
  const auto busy = database.integer("PRAGMA wal_checkpoint(TRUNCATE)");
  if (!busy) return tl::make_unexpected(busy.error());
  if (*busy != 0) {
    return fail(ErrorKind::store,
                fmt::format("{} is written anew, but stays as large while another program reads it", path.string()),
                "end that program (a report, sqlite3, a dashboard), then vacuum again");
  }
  return before - static_cast<std::int64_t>(size_of(path));
}

std::span<const Exportable> exportables() { return all_exportables; }

Result<> check_export(const fs::path& path, const ExportQuery& query) {
  auto database = open_for_reading(path);
  if (!database) return tl::make_unexpected(database.error());
  if (!query.subject) return {};
  const bool target = query.what->subject == std::string_view("target");
  auto known =
      database->prepare(target ? "SELECT 1 FROM ping_targets WHERE name = ?" : "SELECT 1 FROM devices WHERE name = ?");
  if (!known) return tl::make_unexpected(known.error());
  const auto found = known->first(*query.subject);
  if (!found) return tl::make_unexpected(found.error());
  if (*found) return {};
  return fail(ErrorKind::usage,
              fmt::format("{} has no {} \"{}\"", path.string(), target ? "target of pings" : "device", *query.subject),
              fmt::format("--device takes a whole name; sqlite3 FILE 'SELECT name FROM {}' lists them",
                          target ? "ping_targets" : "devices"));
}

Result<std::vector<DamagedBlock>> export_rows(const fs::path& path, const ExportQuery& query,
                                              const std::function<void(std::span<const std::string>)>& columns,
                                              const std::function<bool(std::span<const ExportedValue>)>& row) {
  auto database = open_for_reading(path);
  if (!database) return tl::make_unexpected(database.error());
  if (auto begun = database->execute("BEGIN"); !begun) return tl::make_unexpected(begun.error());
  const auto damage = std::make_shared<OnDamage>(OnDamage{true, {}});
  if (auto united = unite_where_sealed(*database, Unite::views, damage); !united)
    return tl::make_unexpected(united.error());
  std::string sql = fmt::format("SELECT * FROM {} WHERE 1", query.what->view);
  if (query.since) sql += fmt::format(" AND {} >= {}", query.what->time, query.since->time_since_epoch().count());
  if (query.until) sql += fmt::format(" AND {} < {}", query.what->time, query.until->time_since_epoch().count());
  if (query.subject) sql += fmt::format(" AND {} = ?1", query.what->subject);
  auto statement = database->prepare(sql);
  if (!statement) return tl::make_unexpected(statement.error());

  std::vector<std::string> names;
  for (int column = 0; column < statement->columns(); ++column) names.emplace_back(statement->name(column));
  columns(names);
  std::vector<ExportedValue> values(names.size());
  for (auto next = query.subject ? statement->first(*query.subject) : statement->next();; next = statement->next()) {
    if (!next) return tl::make_unexpected(next.error());
    if (!*next) return damage->met.all();
    for (std::size_t place = 0; place < values.size(); ++place) {
      const int column = static_cast<int>(place);
      if (statement->is_null(column)) {
        values[place] = std::monostate();
      } else if (statement->is_integer(column)) {
        values[place] = statement->integer(column);
      } else if (statement->is_real(column)) {
        values[place] = statement->real(column);
      } else {
        values[place] = std::string(statement->text(column));
      }
    }
    if (!row(values)) return damage->met.all();
  }
}

}  // namespace octopoll::store
