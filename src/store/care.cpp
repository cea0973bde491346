#include "octopoll/store/care.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/statvfs.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "octopoll/core/fd.hpp"
#include "open.hpp"
#include "retention.hpp"
#include "sealed_check.hpp"
#include "sealer.hpp"
#include "writer_lock.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

constexpr int backup_pages = 2000;            // at once: 8 MB
constexpr std::int64_t pruned_rows = 20'000;  // of each kind, a transaction
constexpr std::int64_t pruned_blocks = 1000;  // of each level, a transaction
constexpr int ticks = 100'000;                // of SQLite's machine between two looks at the progress

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
constexpr std::array<KindOfRow, 10> kinds{{
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
    {"ping_rounds", "ping_rounds", "SELECT started_at FROM ping_rounds ORDER BY id LIMIT 1",
     "SELECT started_at FROM ping_rounds ORDER BY id DESC LIMIT 1"},
    {"ping_hours", "ping_hours", "SELECT min(begins_at) FROM ping_hours", "SELECT max(begins_at) FROM ping_hours"},
}};

tl::unexpected<Error> stopped(const std::string& what) { return fail(ErrorKind::io, what + " was stopped", {}); }

std::uint64_t size_of(const fs::path& file) {
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(file, problem);
  return problem ? 0 : size;
}

/// Asks `progress` now and then while SQLite works on one statement; false from it interrupts the statement.
class Watched {
 public:
  Watched(Database& database, const Progress& progress) : database_(database), progress_(progress) {
    sqlite3_progress_handler(
        database.native(), ticks,
        [](void* self) {
          auto& watched = *static_cast<Watched*>(self);
          return watched.progress_ && !watched.progress_(++watched.asked_, 0) ? 1 : 0;
        },
        this);
  }
  ~Watched() { sqlite3_progress_handler(database_.native(), 0, nullptr, nullptr); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  Database& database_;
  const Progress& progress_;
  std::int64_t asked_ = 0;
};

bool interrupted(const Database& database) { return database.last_code() == SQLITE_INTERRUPT; }

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

Result<> add_damaged_blocks(Database& database, std::vector<std::string>& wrong, const Progress& progress) {
  const auto any = database.integer("SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'sealed_rows')");
  if (!any) return tl::make_unexpected(any.error());
  if (*any == 0) return {};  // of a version that had none
  const auto checked = check_blocks(database, wrong, [&progress] { return !progress || progress(0, 0); });
  if (!checked && interrupted(database)) return stopped("the check");
  if (!checked) return tl::make_unexpected(checked.error());
  if (!*checked) return stopped("the check");
  return {};
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
  auto integrity = database->prepare(quick ? "PRAGMA quick_check" : "PRAGMA integrity_check");
  if (!integrity) return tl::make_unexpected(integrity.error());
  for (;;) {
    const auto row = integrity->next();
    if (!row && interrupted(*database)) return stopped("the check");
    if (!row) {
      wrong.push_back(row.error().message);  // damage that ends the check itself
      return wrong;
    }
    if (!*row) break;
    if (integrity->text(0) != "ok") wrong.emplace_back(integrity->text(0));
  }
  if (quick) return wrong;
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

// The snapshot is that of a transaction that stays open: otherwise each commit of a writer would begin the copy anew.
Result<> back_up_store(const fs::path& path, const fs::path& to, const Progress& progress) {
  std::error_code problem;
  if (fs::exists(fs::symlink_status(to, problem))) {
    return fail(ErrorKind::io, fmt::format("{} is there already", to.string()),
                "name a file that does not exist; nothing is written over");
  }
  auto source = open_for_reading(path, Versions::older_too);
  if (!source) return tl::make_unexpected(source.error());
  if (auto begun = source->execute("BEGIN"); !begun) return begun;
  if (auto taken = source->integer("SELECT count(*) FROM sqlite_master"); !taken)
    return tl::make_unexpected(taken.error());

  const fs::path part = to.string() + ".part";
  fs::remove(part, problem);
  {
    const Fd fd(::open(part.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!fd) {
      return fail(ErrorKind::io,
                  fmt::format("cannot make {}: {}", part.string(), std::generic_category().message(errno)),
                  "name a file in a directory that exists and may be written to");
    }
  }
  struct Removal {
    const fs::path& file;
    bool wanted = true;
    ~Removal() {
      std::error_code ignored;
      for (const char* end : {"", "-wal", "-shm"}) {
        if (wanted) fs::remove(file.string() + end, ignored);
      }
    }
  } removal{part};
  {
    auto target = Database::open(part, Database::Access::read_write);
    if (!target) return tl::make_unexpected(target.error());
    const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> copy(
        sqlite3_backup_init(target->native(), "main", source->native(), "main"), sqlite3_backup_finish);
    if (!copy) return tl::make_unexpected(target->error("cannot copy to"));
    for (int code = SQLITE_OK; code != SQLITE_DONE;) {
      code = sqlite3_backup_step(copy.get(), backup_pages);
      if (code != SQLITE_OK && code != SQLITE_DONE) {
        return fail(ErrorKind::io,
                    fmt::format("cannot copy {} to {}: {}", path.string(), part.string(), sqlite3_errstr(code)),
                    code == SQLITE_FULL ? "free space on its file system" : "");
      }
      const std::int64_t pages = sqlite3_backup_pagecount(copy.get());
      if (progress && !progress(pages - sqlite3_backup_remaining(copy.get()), pages)) return stopped("the backup");
    }
  }
  // SQLite copies pages without a look at what is in them.
  auto wrong = check_store(part, true, progress);
  if (!wrong) return tl::make_unexpected(wrong.error());
  if (wrong->empty()) {
    auto copied = open_for_reading(part, Versions::older_too);
    if (!copied) return tl::make_unexpected(copied.error());
    const Watched watched(*copied, progress);
    if (auto checked = add_damaged_blocks(*copied, *wrong, progress); !checked) return checked;
  }
  if (!wrong->empty()) {
    return fail(ErrorKind::store, fmt::format("{} is damaged, and so was its copy: {}", path.string(), wrong->front()),
                "octopoll db check says more; keep the backups that you have");
  }
  // The check has made the files of a log, which go with the name of the part.
  for (const char* end : {"-wal", "-shm"}) fs::remove(part.string() + end, problem);
  fs::rename(part, to, problem);
  if (problem) {
    return fail(ErrorKind::io, fmt::format("cannot call it {}: {}", to.string(), problem.message()),
                "name a file in a directory that may be written to");
  }
  removal.wanted = false;
  return {};
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
  auto sealer = Sealer::create(database);
  if (!sealer) return tl::make_unexpected(sealer.error());
  const auto targets = database.integer("SELECT count(*) FROM ping_targets");
  if (!targets) return tl::make_unexpected(targets.error());

  std::int64_t all = 0;
  // A pass looks at the hours of one target of pings.
  for (std::int64_t idle = 0; idle <= *targets;) {
    auto transaction = Transaction::begin(database);
    if (!transaction) return tl::make_unexpected(transaction.error());
    const auto taken = pruner->take(now, pruned_rows);
    if (!taken) return taken;
    const auto blocks = sealer->take_old(now, retention, pruned_blocks);
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
