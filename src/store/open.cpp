#include "open.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/file_access.hpp"
#include "octopoll/store/path.hpp"
#include "schema.hpp"
#include "united_tables.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

enum class Content { missing, empty, ours, foreign };

using Open = Result<Database>(const fs::path&);
Result<Content> content_of(const fs::path& path, Open* open);
Result<Database> open_to_read(const fs::path& path);
Result<Database> open_to_look(const fs::path& path);
Result<std::vector<fs::path>> missing_directories(const fs::path& path);
Result<> check_rights(const fs::path& path, Content content);
Result<> create_file(const fs::path& path);
Result<Content> identify(Database& database);
tl::unexpected<Error> not_ours(const fs::path& path);
tl::unexpected<Error> cannot_look_at(const fs::path& path, std::error_code problem);
tl::unexpected<Error> not_to_be_written(const fs::path& path);

}  // namespace

Result<Database> open_for_writing(const fs::path& path) {
  const auto content = content_of(path, open_to_read);
  if (!content) return tl::make_unexpected(content.error());
  if (*content == Content::foreign) return not_ours(path);
  if (*content == Content::missing) {
    if (auto made = create_file(path); !made) return tl::make_unexpected(made.error());
  }
  auto database = Database::open(path, Database::Access::read_write);
  if (!database) return database;
  if (database->read_only()) return not_to_be_written(path);
  const auto mode = database->text("PRAGMA journal_mode = WAL");
  if (!mode) return tl::make_unexpected(mode.error());
  if (*mode != "wal") {
    return fail(ErrorKind::store, fmt::format("{}: SQLite cannot use a write-ahead log there", path.string()),
                "keep the store on a local file system");
  }
  database->keep_wal();
  // A WAL that grew behind a long report is cut back, as it is kept when the writer stops. Foreign keys are not checked
  // here: the writer refers to rows that it has just read or inserted, and the check costs as much as the row. Debian's
  // SQLite zeroes each new page and all that is freed, which hides nothing here. A log of 16 MB before it goes into the
  // file takes together what several batches change of one page: a tenth less is written.
  if (auto set = database->execute(
          "PRAGMA cache_size = -1000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = OFF; PRAGMA secure_delete = OFF;"
          "PRAGMA journal_size_limit = 67108864; PRAGMA wal_autocheckpoint = 4000;");
      !set) {
    return tl::make_unexpected(set.error());
  }
  if (auto migrated = migrate(*database, migrations()); !migrated) return tl::make_unexpected(migrated.error());
  if (auto added = add_late_columns(*database, late_columns()); !added) return tl::make_unexpected(added.error());
  if (auto renewed = renew_views(*database); !renewed) return tl::make_unexpected(renewed.error());
  return database;
}

Result<Database> open_for_reading(const fs::path& path, Versions versions) {
  const auto content = content_of(path, open_to_read);
  if (!content) return tl::make_unexpected(content.error());
  switch (*content) {
    case Content::missing:
      return fail(ErrorKind::store, fmt::format("there is no store at {}", path.string()),
                  "make one with \"octopoll run -c FILE\", or name another with --db");
    case Content::empty:
      return fail(ErrorKind::store, fmt::format("{} is empty", path.string()),
                  "let \"octopoll run -c FILE\" write to it first, or name another store with --db");
    case Content::foreign:
      return not_ours(path);
    case Content::ours:
      break;
  }
  auto database = open_to_read(path);
  if (!database) return database;
  const auto version = database->integer("PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  if (*version > newest_version()) return newer_than_known(path, *version, newest_version());
  if (*version < newest_version() && versions == Versions::newest) {
    return fail(
        ErrorKind::store,
        fmt::format("{} has schema version {}, this octopoll reads {}", path.string(), *version, newest_version()),
        "start \"octopoll run\" on it once: that brings it up to date (octopoll db backup FILE copies it as it is)");
  }
  return database;
}

Result<> check_not_foreign(const fs::path& path) {
  const auto content = content_of(path, open_to_read);
  if (!content) return tl::make_unexpected(content.error());
  if (*content == Content::foreign) return not_ours(path);
  return {};
}

Result<> check_writable(const fs::path& path) {
  const auto missing = missing_directories(path);
  if (!missing) return tl::make_unexpected(missing.error());
  if (!missing->empty()) return check_rights(missing->back(), Content::missing);
  const auto content = content_of(path, open_to_look);
  if (!content) return tl::make_unexpected(content.error());
  if (*content == Content::foreign) return not_ours(path);
  if (*content == Content::ours) {
    auto database = open_to_look(path);
    if (!database) return tl::make_unexpected(database.error());
    const auto version = database->integer("PRAGMA user_version");
    if (!version) return tl::make_unexpected(version.error());
    if (*version > newest_version()) return newer_than_known(path, *version, newest_version());
  }
  return check_rights(path, *content);
}

Result<> unite_where_sealed(Database& database, Unite what, std::shared_ptr<OnDamage> damage) {
  const auto any = database.integer("SELECT EXISTS (SELECT 1 FROM sealed_rows) OR EXISTS (SELECT 1 FROM sealed_polls)");
  if (!any) return tl::make_unexpected(any.error());
  if (*any == 0) return {};
  const std::string failed = what == Unite::tables ? unite_tables(database.native(), std::move(damage))
                                                   : unite_tables_and_views(database.native(), std::move(damage));
  if (failed.empty()) return {};
  return fail(ErrorKind::store, fmt::format("cannot read the sealed rows of {}: {}", database.path().string(), failed));
}

Result<> make_parent(const fs::path& path) {
  const auto missing = missing_directories(path);
  if (!missing) return tl::make_unexpected(missing.error());
  for (auto each = missing->rbegin(); each != missing->rend(); ++each) {
    if (::mkdir(each->c_str(), 0750) != 0 && errno != EEXIST) return cannot_make(*each, errno);
  }
  return {};
}

tl::unexpected<Error> cannot_make(const fs::path& path, int reason) {
  const bool refused = reason == EACCES || reason == EPERM || reason == EROFS;
  const std::string whose = refused ? remedy_of_refusal(path, FileUse::create) : "";
  return fail(
      refused ? ErrorKind::permission : ErrorKind::io,
      fmt::format("cannot make {}: {}", path.string(), std::generic_category().message(reason)),
      whose.empty() ? "name a file that this user may write to with --db" : whose + "; or name another file with --db");
}

tl::unexpected<Error> newer_than_known(const fs::path& path, std::int64_t version, std::int64_t known) {
  return fail(ErrorKind::store,
              fmt::format("{} has schema version {}, this octopoll knows up to {}", path.string(), version, known),
              "use the newer octopoll that wrote it, or name another file with --db");
}

namespace {

/// The directories of a store that are to be made, the innermost first. Errors: those that are not, and why.
Result<std::vector<fs::path>> missing_directories(const fs::path& path) {
  const fs::path parent = fs::absolute(path).parent_path();
  std::vector<fs::path> missing;
  std::error_code problem;
  for (fs::path each = parent; !fs::exists(each, problem) && each.has_relative_path(); each = each.parent_path()) {
    if (problem) return cannot_look_at(each, problem);
    missing.push_back(each);
  }
  const fs::path there = missing.empty() ? parent : missing.back().parent_path();
  if (!fs::is_directory(there, problem))
    return fail(ErrorKind::store, fmt::format("{} is no directory", there.string()), "name another file with --db");
  // More than one level is rather a slip of the pen than a wish; root would get a tree of directories for it.
  if (missing.size() > 1 && !is_default_store_path(fs::absolute(path))) {
    return fail(ErrorKind::store,
                fmt::format("no store at {}: there is no directory {}", path.string(), missing.back().string()),
                fmt::format("check the spelling, or make it: mkdir -p {}", parent.string()));
  }
  return missing;
}

/// What a writer makes first is its lock, beside the file.
Result<> check_rights(const fs::path& path, Content content) {
  const fs::path lock = path.string() + ".lock";
  const auto writable = [](const fs::path& which) { return ::access(which.c_str(), R_OK | W_OK) == 0 ? 0 : errno; };
  if (content != Content::missing && writable(path) != 0) return not_to_be_written(path);
  if (const int reason = ::access(fs::absolute(path).parent_path().c_str(), W_OK | X_OK) == 0 ? 0 : errno; reason != 0)
    return cannot_make(content == Content::missing ? path : lock, reason);
  if (const int reason = writable(lock); reason != 0 && reason != ENOENT) return not_to_be_written(lock);
  return {};
}

// Asks through a read-only connection: opening for writing could already replay a foreign journal.
Result<Content> content_of(const fs::path& path, Open* open) {
  std::error_code problem;
  const fs::file_status status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found) return Content::missing;
  if (problem) return cannot_look_at(path, problem);
  if (status.type() == fs::file_type::directory) {
    return fail(ErrorKind::store, fmt::format("{} is a directory", path.string()),
                fmt::format("name a file, for example {}", (path / "octopoll.db").string()));
  }
  if (status.type() != fs::file_type::regular) {
    return fail(ErrorKind::store, fmt::format("{} is no regular file", path.string()), "name another file with --db");
  }
  auto database = open(path);
  if (!database) return tl::make_unexpected(database.error());
  return identify(*database);
}

// Nothing is made beside the file: without a log it is all there is.
Result<Database> open_to_look(const fs::path& path) {
  std::error_code problem;
  const std::uintmax_t log = fs::file_size(path.string() + "-wal", problem);
  return !problem && log > 0 ? open_to_read(path) : Database::open(path, Database::Access::immutable);
}

// SQLite makes the files beside a database before it reads one with a write-ahead log, and reads none where it may not:
// on a medium that is read-only, say. Without a log to heed, and for who could not write to the file anyway, it is
// taken as it stands.
Result<Database> open_to_read(const fs::path& path) {
  auto database = Database::open(path, Database::Access::read_only);
  if (!database) return database;
  auto read = database->integer("SELECT count(*) FROM sqlite_master");
  if (read) return database;
  const int code = database->last_code();
  const fs::path folder = fs::absolute(path).parent_path();
  const bool may_read = ::access(path.c_str(), R_OK) == 0;
  const bool may_write = ::access(folder.c_str(), W_OK) == 0;
  if ((code != SQLITE_CANTOPEN && code != SQLITE_READONLY) || !may_read || may_write) return database;
  const fs::path log = path.string() + "-wal";
  std::error_code problem;
  const std::uintmax_t size = fs::file_size(log, problem);
  if (!problem && size > 0) {
    return fail(
        ErrorKind::permission,
        fmt::format("{} has what {} lacks, and cannot be read without writing beside it", log.string(), path.string()),
        fmt::format("copy both to a directory that this user may write to, or let someone who may write to {} "
                    "open the store once",
                    folder.string()));
  }
  return Database::open(path, Database::Access::immutable);
}

Result<Content> identify(Database& database) {
  const auto id = database.integer("PRAGMA application_id");
  if (!id) return tl::make_unexpected(id.error());
  if (*id == application_id) return Content::ours;
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::make_unexpected(version.error());
  const auto objects = database.integer("SELECT count(*) FROM sqlite_master");
  if (!objects) return tl::make_unexpected(objects.error());
  return *id == 0 && *version == 0 && *objects == 0 ? Content::empty : Content::foreign;
}

// SQLite would make it readable for all; what the network carries is nobody's business. It gives the mode of the
// database to the -wal and -shm files as well.
Result<> create_file(const fs::path& path) {
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!fd) return cannot_make(path, errno);
  return {};
}

tl::unexpected<Error> not_ours(const fs::path& path) {
  return fail(ErrorKind::store, fmt::format("{} is a database of another program", path.string()),
              "it was left as it is; name another file with --db");
}

tl::unexpected<Error> cannot_look_at(const fs::path& path, std::error_code problem) {
  return fail(problem == std::errc::permission_denied ? ErrorKind::permission : ErrorKind::io,
              fmt::format("cannot look at {}: {}", path.string(), problem.message()),
              remedy_of_refusal(path, FileUse::read));
}

tl::unexpected<Error> not_to_be_written(const fs::path& path) {
  std::string remedy = remedy_of_refusal(path, FileUse::write);
  if (remedy.empty()) remedy = remedy_of_refusal(path, FileUse::create);
  if (remedy.empty()) remedy = "check owner and permissions of the file and its directory";
  return fail(ErrorKind::permission, fmt::format("{} may not be written by this user", path.string()),
              remedy + "; or name another file with --db");
}

}  // namespace
}  // namespace octopoll::store
