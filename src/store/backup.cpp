// Copies of a store: of its pages, and of what can be read of it.

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include "care_parts.hpp"
#include "octopoll/core/fd.hpp"
#include "octopoll/store/care.hpp"
#include "open.hpp"
#include "salvage.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;

constexpr int backup_pages = 2000;  // at once: 8 MB

/// A copy that is being made: a file that goes with it unless it gets its name.
class Part {
 public:
  /// Errors: `to` is there already, or nothing can be made there.
  static Result<Part> create(const fs::path& to);
  Part(Part&& other) noexcept : to_(std::move(other.to_)), file_(std::exchange(other.file_, {})) {}
  Part& operator=(Part&&) = delete;
  ~Part() {
    if (!file_.empty()) remove({"", "-wal", "-shm", "-journal"});
  }

  [[nodiscard]] const fs::path& file() const noexcept { return file_; }
  [[nodiscard]] Result<> finish();

 private:
  Part(fs::path to, fs::path file) : to_(std::move(to)), file_(std::move(file)) {}
  void remove(std::initializer_list<const char*> ends) const {
    std::error_code ignored;
    for (const char* end : ends) fs::remove(file_.string() + end, ignored);
  }

  fs::path to_, file_;
};

Result<Part> Part::create(const fs::path& to) {
  std::error_code problem;
  if (fs::exists(fs::symlink_status(to, problem))) {
    return fail(ErrorKind::io, fmt::format("{} is there already", to.string()),
                "name a file that does not exist; nothing is written over");
  }
  const fs::path file = to.string() + ".part";
  fs::remove(file, problem);
  const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
  if (!fd) {
    return fail(ErrorKind::io, fmt::format("cannot make {}: {}", file.string(), std::generic_category().message(errno)),
                "name a file in a directory that exists and may be written to");
  }
  return Part(to, file);
}

// The check has made the files of a log, which go with the name of the part.
Result<> Part::finish() {
  remove({"-wal", "-shm"});
  std::error_code problem;
  fs::rename(file_, to_, problem);
  if (problem) {
    return fail(ErrorKind::io, fmt::format("cannot call it {}: {}", to_.string(), problem.message()),
                "name a file in a directory that may be written to");
  }
  file_.clear();
  return {};
}

/// In a transaction that stays open: it reads one moment, while a writer commits.
Result<Database> open_one_moment(const fs::path& path) {
  auto source = open_for_reading(path, Versions::older_too);
  if (!source) return source;
  if (auto begun = source->execute("BEGIN"); !begun) return tl::make_unexpected(begun.error());
  if (auto taken = source->integer("SELECT count(*) FROM sqlite_master"); !taken)
    return tl::make_unexpected(taken.error());
  return source;
}

Result<> copy_pages(Database& source, const fs::path& to, const Progress& progress) {
  auto target = Database::open(to, Database::Access::read_write);
  if (!target) return tl::make_unexpected(target.error());
  const std::unique_ptr<sqlite3_backup, int (*)(sqlite3_backup*)> copy(
      sqlite3_backup_init(target->native(), "main", source.native(), "main"), sqlite3_backup_finish);
  if (!copy) return tl::make_unexpected(target->error("cannot copy to"));
  for (int code = SQLITE_OK; code != SQLITE_DONE;) {
    code = sqlite3_backup_step(copy.get(), backup_pages);
    if (code != SQLITE_OK && code != SQLITE_DONE) {
      return fail(ErrorKind::io,
                  fmt::format("cannot copy {} to {}: {}", source.path().string(), to.string(), sqlite3_errstr(code)),
                  code == SQLITE_FULL ? "free space on its file system" : "");
    }
    const std::int64_t pages = sqlite3_backup_pagecount(copy.get());
    if (progress && !progress(pages - sqlite3_backup_remaining(copy.get()), pages)) return stopped("the backup");
  }
  return {};
}

/// The first line of an answer that is not its headline.
std::string first_remark(std::string_view answer) {
  if (answer.starts_with("***") && answer.find('\n') != answer.npos) answer.remove_prefix(answer.find('\n') + 1);
  return std::string(answer.substr(0, answer.find('\n')));
}

}  // namespace

// Without the transaction each commit of a writer would begin the copy anew.
Result<> back_up_store(const fs::path& path, const fs::path& to, const Progress& progress) {
  auto part = Part::create(to);
  if (!part) return tl::make_unexpected(part.error());
  auto source = open_one_moment(path);
  if (!source) return tl::make_unexpected(source.error());
  if (auto copied = copy_pages(*source, part->file(), progress); !copied) return copied;
  // SQLite copies pages without a look at what is in them.
  auto wrong = check_store(part->file(), true, progress);
  if (!wrong) return tl::make_unexpected(wrong.error());
  if (wrong->empty()) {
    auto copied = open_for_reading(part->file(), Versions::older_too);
    if (!copied) return tl::make_unexpected(copied.error());
    const Watched watched(*copied, progress);
    if (auto checked = add_damaged_blocks(*copied, *wrong, progress); !checked) return checked;
  }
  if (!wrong->empty()) {
    return fail(ErrorKind::store, fmt::format("{} is damaged, and so was its copy: {}", path.string(), wrong->front()),
                "octopoll db check says more; keep the backups that you have, and take one of all that can be read by"
                " --leave-out-damaged");
  }
  return part->finish();
}

Result<std::vector<std::string>> salvage_store(const fs::path& path, const fs::path& to, const Progress& progress) {
  auto part = Part::create(to);
  if (!part) return tl::make_unexpected(part.error());
  auto source = open_one_moment(path);
  if (!source) return tl::make_unexpected(source.error());
  std::vector<std::string> lost;
  {
    auto target = Database::open(part->file(), Database::Access::read_write);
    if (!target) return tl::make_unexpected(target.error());
    // Of a file that goes with whatever fails nothing needs to be undone.
    if (auto set = target->execute("PRAGMA journal_mode = OFF"); !set) return tl::make_unexpected(set.error());
    const auto done =
        salvage(*source, *target, lost, [&](std::int64_t rows) { return !progress || progress(rows, 0); });
    if (!done) return tl::make_unexpected(done.error());
    if (!*done) return stopped("the backup");
  }
  // A page that was lost may leave rows that look as if nothing were missing.
  std::vector<std::string> wrong;
  const Watched watched(*source, progress);
  if (const auto checked = add_damaged_pages(*source, true, wrong); !checked)
    return tl::make_unexpected(checked.error());
  if (!wrong.empty()) {
    lost.push_back("the file has damaged pages, and may have had more there: " + first_remark(wrong.front()));
  }
  if (auto named = part->finish(); !named) return tl::make_unexpected(named.error());
  return lost;
}

}  // namespace octopoll::store
