#include "octopoll/store/writer.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "last_readings.hpp"
#include "octopoll/core/clock.hpp"
#include "octopoll/core/guarded.hpp"
#include "octopoll/core/log.hpp"
#include "octopoll/core/memory.hpp"
#include "octopoll/core/queue.hpp"
#include "old_blocks.hpp"
#include "open.hpp"
#include "poll_sealer.hpp"
#include "recorder.hpp"
#include "retention.hpp"
#include "sealer.hpp"
#include "writer_lock.hpp"

namespace octopoll::store {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::int64_t least_taken = 1000;        // old rows of each kind that a transaction takes, where there are any
constexpr std::int64_t rows_of_a_block = 1000;    // of those that retention takes, about
constexpr milliseconds idle_patience{60'000};     // nothing to do: wakes early for a record or close()
constexpr milliseconds closing_pause{100};        // between attempts once close() was called
constexpr std::chrono::minutes caring_again{10};  // for sums and old rows, after that failed
constexpr std::chrono::seconds giving_back_again{30};  // what this thread has at hand
constexpr std::chrono::minutes dropping_again{1};      // a disk that stays too slow is reported this often

/// What care has learnt, also while the store is opened anew.
struct CareMemory {
  std::array<BootTime, 5> not_before{};  ///< of each of `cares`, since it failed
  PassedBlocks passed{};
};

/// The connection and what was prepared on it; the statements go first.
struct Storage {
  Database database;
  Recorder recorder;
  Pruner pruner;
  OldBlocks old_blocks;
  Sealer sealer;
  PollSealer poll_sealer;
  Retention retention;

  static Result<Storage> open(const fs::path& path, const Retention& retention, std::int64_t most_plain);
  /// After a transaction was undone.
  void forget() {
    recorder.forget();
    pruner.forget();
  }
};

/// What one transaction did.
struct Committed {
  std::vector<RecordPtr> stored;
  std::uint64_t rows = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t rejected = 0;
};

/// Why a transaction was undone, with SQLite's code, which the undoing overwrites on the connection.
struct Failure {
  Error error;
  int code = 0;
  bool of_care = false;  ///< it will do without that care
};

/// What a record does that SQLite refuses for what it is.
enum class Refusal : std::uint8_t { ends_the_batch, skips_the_record };

tl::expected<Committed, Failure> commit(Storage& storage, CareMemory& memory, const std::vector<RecordPtr>& batch);
tl::expected<Committed, Failure> store_all(Storage& storage, CareMemory& memory, const std::vector<RecordPtr>& batch,
                                           Refusal refusal);
/// Sums of hours and days that are due, what retention takes, and what is to be sealed: as far as that can be done.
tl::expected<void, Failure> care_for(Storage& storage, CareMemory& memory, std::uint64_t rows);
bool heals_on_this_connection(int code);
bool is_about_the_record(int code);
std::string name_of(const Record& record);
std::size_t rows_of(const Record& record);
milliseconds until(BootTime deadline);

}  // namespace

struct Writer::Impl {
  Impl(fs::path where, WriterOptions how, WriterLock held, Storage opened)
      : path(std::move(where)),
        options(std::move(how)),
        retention(options.retention),
        lock(std::move(held)),
        storage(std::move(opened)),
        queue(std::max<std::size_t>(1, options.backlog)) {
    options.backlog = std::max<std::size_t>(1, options.backlog);
    options.batch = std::max<std::size_t>(1, options.batch);
  }

  void put(const RecordPtr& record);
  [[nodiscard]] std::uint64_t dropped() const;

  void run();
  std::vector<RecordPtr> gather();
  void take_queued(milliseconds patience, std::vector<RecordPtr>& batch, std::size_t& rows);
  void wait_for_rows(milliseconds patience, std::size_t held);
  bool write(const std::vector<RecordPtr>& batch);
  Result<Committed> attempt(const std::vector<RecordPtr>& batch);
  void note_commit(const Committed& done);
  void note_failure(const Error& error);
  [[nodiscard]] bool drops_are_due() const;
  void report_drops(std::string_view why);
  void give_up(std::size_t held);
  bool pause(milliseconds delay);

  const fs::path path;
  WriterOptions options;  ///< but for the retention, which may change
  Guarded<Retention> retention;
  WriterLock lock;
  std::optional<Storage>
      storage;             ///< the writer's thread alone, once it runs; empty until a failed store is open again
  CareMemory care_memory;  ///< likewise, and as long as it is the same file
  std::map<std::string, std::uint64_t> last_poll_numbers;
  std::map<std::string, LastReadings> last_readings;
  BoundedQueue<RecordPtr> queue;      ///< bounded in rows by put(); its own bound, in records, is never reached
  mutable std::mutex queue_mutex;     ///< held for moments: what is in the queue and its rows change together
  std::size_t queued_rows = 0;        ///< under queue_mutex
  std::uint64_t dropped_records = 0;  ///< under queue_mutex: gave way to newer ones
  std::size_t rows_wanted = 0;        ///< under queue_mutex: rows_are_there is due at so many in the queue; 0: at none
  bool closing = false;               ///< under queue_mutex
  std::condition_variable rows_are_there;
  mutable Guarded<WriterStatistics> statistics;  ///< without what waits in the queue and what was dropped from it
  std::uint64_t drops_reported = 0;              ///< the writer's thread alone
  std::optional<BootTime> drops_reported_at;     ///< likewise
  BootTime memory_given_back;                    ///< likewise

  std::mutex stop_mutex;
  std::condition_variable stop_changed;
  std::optional<BootTime> give_up_at;  ///< set by close()

  std::mutex close_mutex;  ///< close() may be called by several
  std::thread thread;
};

Result<std::unique_ptr<Writer>> Writer::open(const fs::path& path, WriterOptions options) {
  if (auto made = make_parent(path); !made) return tl::make_unexpected(made.error());
  std::error_code problem;
  // One store, one lock, whatever symbolic links lead to it.
  const fs::path canonical = fs::weakly_canonical(path, problem);
  if (problem) return fail(ErrorKind::io, path.string() + ": " + problem.message(), "name another file with --db");
  if (auto usable = check_not_foreign(canonical); !usable) return tl::make_unexpected(usable.error());
  auto lock = WriterLock::take(canonical);
  if (!lock) return tl::make_unexpected(lock.error());
  auto storage = Storage::open(canonical, options.retention, options.most_plain);
  if (!storage) return tl::make_unexpected(storage.error());
  auto numbers = read_last_poll_numbers(storage->database);
  if (!numbers) return tl::make_unexpected(numbers.error());
  auto readings = read_last_readings(storage->database);
  if (!readings) return tl::make_unexpected(readings.error());

  auto impl = std::make_unique<Impl>(canonical, std::move(options), std::move(*lock), std::move(*storage));
  impl->last_poll_numbers = std::move(*numbers);
  impl->last_readings = std::move(*readings);
  try {
    impl->thread = std::thread([self = impl.get()] { self->run(); });
  } catch (const std::system_error& refused) {
    return fail(ErrorKind::io, std::string("cannot start the thread that writes the store: ") + refused.what());
  }
  return std::unique_ptr<Writer>(new Writer(std::move(impl)));
}

Result<> Writer::check(const fs::path& path) { return check_writable(path); }

Writer::Writer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Writer::~Writer() { close(); }

void Writer::take(const RecordPtr& record) {
  if (record != nullptr) impl_->put(record);
}

void Writer::keep(const Retention& retention) {
  impl_->retention.with([&retention](Retention& now) { now = retention; });
}

WriterStatistics Writer::close() {
  const std::lock_guard closing(impl_->close_mutex);
  if (impl_->thread.joinable()) {
    {
      const std::lock_guard guard(impl_->stop_mutex);
      impl_->give_up_at = BootClock::now() + impl_->options.close_patience;
    }
    impl_->stop_changed.notify_all();
    impl_->queue.close();
    {
      const std::lock_guard guard(impl_->queue_mutex);
      impl_->closing = true;
    }
    impl_->rows_are_there.notify_all();
    impl_->thread.join();
  }
  return statistics();
}

WriterStatistics Writer::statistics() const {
  WriterStatistics now = impl_->statistics.with([](const WriterStatistics& known) { return known; });
  now.dropped += impl_->dropped();
  now.backlog += impl_->queue.size();
  return now;
}

const std::map<std::string, std::uint64_t>& Writer::last_poll_numbers() const noexcept {
  return impl_->last_poll_numbers;
}

std::map<std::string, LastReadings> Writer::take_last_readings() { return std::exchange(impl_->last_readings, {}); }

void Writer::Impl::run() {
  for (;;) {
    const std::vector<RecordPtr> batch = gather();
    statistics.with([&batch](WriterStatistics& now) { now.backlog = batch.size(); });
    if (batch.empty()) {
      if (queue.finished()) break;
      continue;
    }
    if (!write(batch)) {
      give_up(batch.size());
      break;
    }
    const BootTime now = BootClock::now();
    if (now - memory_given_back >= giving_back_again) {
      give_back_own_memory();
      memory_given_back = now;
    }
  }
  storage.reset();
}

void Writer::Impl::put(const RecordPtr& record) {
  const std::size_t rows = rows_of(*record);
  const std::lock_guard guard(queue_mutex);
  while (queued_rows + rows > options.backlog) {
    const auto oldest = queue.drain(milliseconds::zero(), 1);
    if (oldest.empty()) break;
    queued_rows -= rows_of(*oldest.front());
    ++dropped_records;
  }
  if (queue.push(record)) queued_rows += rows;
  if (rows_wanted != 0 && queued_rows >= rows_wanted) rows_are_there.notify_all();
}

std::uint64_t Writer::Impl::dropped() const {
  const std::lock_guard guard(queue_mutex);
  return dropped_records;
}

// The first record opens the batch; what comes within the commit interval shares its fsync. The thread sleeps through
// it: waking for each record costs both threads more than storing some of its rows.
std::vector<RecordPtr> Writer::Impl::gather() {
  std::vector<RecordPtr> batch;
  std::size_t rows = 0;
  take_queued(idle_patience, batch, rows);
  if (batch.empty()) return batch;
  const BootTime deadline = BootClock::now() + options.commit_interval;
  while (rows < options.batch && !queue.finished()) {
    const milliseconds left = until(deadline);
    if (left <= milliseconds::zero()) break;
    wait_for_rows(left, rows);
    take_queued(milliseconds::zero(), batch, rows);
  }
  return batch;
}

// Returns early when the batch is full, or half of the backlog, which must not drop what could be written.
void Writer::Impl::wait_for_rows(milliseconds patience, std::size_t held) {
  std::unique_lock guard(queue_mutex);
  rows_wanted = std::max<std::size_t>(1, std::min(options.batch - held, options.backlog / 2));
  rows_are_there.wait_for(guard, patience, [this] { return closing || queued_rows >= rows_wanted; });
  rows_wanted = 0;
}

void Writer::Impl::take_queued(milliseconds patience, std::vector<RecordPtr>& batch, std::size_t& rows) {
  static_cast<void>(queue.drain(patience, 0));  // waits, and takes nothing yet
  const std::lock_guard guard(queue_mutex);
  while (rows < options.batch) {
    auto next = queue.drain(milliseconds::zero(), 1);
    if (next.empty()) break;
    const std::size_t more = rows_of(*next.front());
    queued_rows -= more;
    rows += more;
    batch.push_back(std::move(next.front()));
  }
}

// False: close() was called and the store still refuses.
bool Writer::Impl::write(const std::vector<RecordPtr>& batch) {
  milliseconds delay = options.retry_first;
  for (;;) {
    const auto done = attempt(batch);
    if (done) {
      note_commit(*done);
      if (options.on_commit) options.on_commit(done->stored);
      return true;
    }
    note_failure(done.error());
    if (!pause(delay)) return false;
    delay = std::min(delay * 2, options.retry_most);
  }
}

Result<Committed> Writer::Impl::attempt(const std::vector<RecordPtr>& batch) {
  const Retention keep = retention.with([](const Retention& now) { return now; });
  if (storage && storage->database.moved()) {
    log::warning("the store {} was moved away or deleted while in use; it is made again", path.string());
    storage.reset();
    care_memory = {};
  }
  for (;;) {
    if (!storage) {
      auto made = make_parent(path);
      if (!made) return tl::make_unexpected(made.error());
      auto opened = Storage::open(path, keep, options.most_plain);
      if (!opened) return tl::make_unexpected(opened.error());
      storage.emplace(std::move(*opened));
    }
    storage->pruner.keep(keep);
    storage->retention = keep;
    auto done = commit(*storage, care_memory, batch);
    if (done) return std::move(*done);
    storage->forget();
    if (!heals_on_this_connection(done.error().code)) storage.reset();
    if (!done.error().of_care) return tl::make_unexpected(std::move(done.error().error));
  }
}

void Writer::Impl::note_commit(const Committed& done) {
  const std::uint64_t failures = statistics.with([&done](WriterStatistics& now) {
    now.records += done.stored.size() - done.duplicates;
    now.rows += done.rows;
    now.duplicates += done.duplicates;
    now.rejected += done.rejected;
    ++now.commits;
    now.backlog = 0;
    return std::exchange(now.failing, false) ? now.failures : 0;
  });
  if (failures != 0) log::info("the store {} takes records again", path.string());
  if (failures != 0 || drops_are_due()) report_drops(failures != 0 ? "while it failed" : "because it is too slow");
}

void Writer::Impl::note_failure(const Error& error) {
  const bool already = statistics.with([](WriterStatistics& now) {
    ++now.failures;
    return std::exchange(now.failing, true);
  });
  if (already) {
    if (drops_are_due()) report_drops("while it fails");
    return;
  }
  log::error("{}; up to {} rows wait in memory and are stored when it works again", error.text(), options.backlog);
}

bool Writer::Impl::drops_are_due() const {
  return !drops_reported_at || BootClock::now() - *drops_reported_at >= dropping_again;
}

void Writer::Impl::report_drops(std::string_view why) {
  const std::uint64_t now = dropped();
  if (now == drops_reported) return;
  log::error("{} records were not stored in {} {}: the oldest gave way to newer ones", now - drops_reported,
             path.string(), why);
  drops_reported = now;
  drops_reported_at = BootClock::now();
}

void Writer::Impl::give_up(std::size_t held) {
  std::size_t lost = held;
  for (;;) {
    std::vector<RecordPtr> more;
    std::size_t rows = 0;
    take_queued(milliseconds::zero(), more, rows);
    if (more.empty()) break;
    lost += more.size();
  }
  statistics.with([lost](WriterStatistics& now) {
    now.dropped += lost;
    now.backlog = 0;
  });
  report_drops("while it failed");
  log::error("{} records could not be stored in {} before the end", lost, path.string());
}

bool Writer::Impl::pause(milliseconds delay) {
  std::unique_lock guard(stop_mutex);
  if (!give_up_at) {
    stop_changed.wait_for(guard, delay, [this] { return give_up_at.has_value(); });
    return true;  // closed meanwhile or not: one more attempt is due
  }
  const BootTime deadline = *give_up_at;
  guard.unlock();
  if (BootClock::now() >= deadline) return false;
  std::this_thread::sleep_for(std::min(closing_pause, delay));
  return true;
}

namespace {

Result<Storage> Storage::open(const fs::path& path, const Retention& retention, std::int64_t most_plain) {
  auto database = open_for_writing(path);
  if (!database) return tl::make_unexpected(database.error());
  auto recorder = Recorder::create(*database);
  if (!recorder) return tl::make_unexpected(recorder.error());
  auto pruner = Pruner::create(*database, retention);
  if (!pruner) return tl::make_unexpected(pruner.error());
  auto old_blocks = OldBlocks::create(*database);
  if (!old_blocks) return tl::make_unexpected(old_blocks.error());
  auto sealer = Sealer::create(*database, most_plain);
  if (!sealer) return tl::make_unexpected(sealer.error());
  auto poll_sealer = PollSealer::create(*database);
  if (!poll_sealer) return tl::make_unexpected(poll_sealer.error());
  return Storage{std::move(*database), std::move(*recorder),    std::move(*pruner), std::move(*old_blocks),
                 std::move(*sealer),   std::move(*poll_sealer), retention};
}

tl::expected<Committed, Failure> commit(Storage& storage, CareMemory& memory, const std::vector<RecordPtr>& batch) {
  auto done = store_all(storage, memory, batch, Refusal::ends_the_batch);
  if (done || !is_about_the_record(done.error().code)) return done;
  storage.forget();
  return store_all(storage, memory, batch, Refusal::skips_the_record);
}

/// What is done beside the records, at most about `most` rows.
struct Care {
  std::string_view undone;  ///< while it fails
  Result<> (*run)(Storage& storage, CareMemory& memory, std::int64_t most);
};
Result<> done_or_failed(const Result<std::int64_t>& result) {
  return result ? Result<>() : tl::make_unexpected(result.error());
}
constexpr std::array<Care, std::tuple_size_v<decltype(CareMemory::not_before)>> cares{{
    {"no sums of hours and days are made",
     [](Storage& storage, CareMemory&, std::int64_t) { return storage.recorder.tend(); }},
    {"no old rows are taken",
     [](Storage& storage, CareMemory&, std::int64_t most) {
       return done_or_failed(storage.pruner.take(storage.recorder.now(), most));
     }},
    {"no old sealed rows are taken",
     [](Storage& storage, CareMemory& memory, std::int64_t most) {
       return done_or_failed(storage.old_blocks.take(storage.recorder.now(), storage.retention,
                                                     most / rows_of_a_block + 1, memory.passed));
     }},
    {"no rows are sealed",
     [](Storage& storage, CareMemory&, std::int64_t most) {
       return done_or_failed(storage.sealer.seal(storage.recorder.now(), 2 * most));
     }},
    {"no polls are sealed",
     [](Storage& storage, CareMemory& memory, std::int64_t most) {
       return done_or_failed(storage.poll_sealer.seal(storage.recorder.now(), storage.retention, most, memory.passed));
     }},
}};
constexpr std::size_t first_that_trusts_the_clock = 1;  // of cares

// Looks into old pages, where damage must not keep new records out, nor one kind of care from what another one looks
// at.
tl::expected<void, Failure> care_for(Storage& storage, CareMemory& memory, std::uint64_t rows) {
  Database& database = storage.database;
  // More than comes, so that it catches up with what is old.
  const auto most = std::max<std::int64_t>(least_taken, 2 * static_cast<std::int64_t>(rows));
  for (std::size_t place = 0; place < cares.size(); ++place) {
    const BootTime now = BootClock::now();
    if (place == first_that_trusts_the_clock && !storage.pruner.believes(storage.recorder.now(), now)) return {};
    if (now < memory.not_before[place]) continue;
    const auto mark = [&database](const char* sql) -> tl::expected<void, Failure> {
      if (auto done = database.execute(sql); !done)
        return tl::make_unexpected(Failure{done.error(), database.last_code()});
      return {};
    };
    if (auto begun = mark("SAVEPOINT care"); !begun) return begun;
    if (const auto cared = cares[place].run(storage, memory, most); !cared) {
      Failure failure{cared.error(), database.last_code()};
      if (heals_on_this_connection(failure.code) || !database.in_transaction()) return tl::make_unexpected(failure);
      memory.not_before[place] = now + caring_again;
      log::error("{}; records are stored as before, but {} (octopoll db check says more)", failure.error.text(),
                 cares[place].undone);
      // Where pages are damaged SQLite can neither write on nor commit after that, whatever was rolled back to.
      failure.of_care = failure.code == SQLITE_CORRUPT;
      if (failure.of_care) return tl::make_unexpected(failure);
      if (auto undone = mark("ROLLBACK TO care"); !undone) return undone;
      storage.forget();
    }
    if (auto released = mark("RELEASE care"); !released) return released;
  }
  return {};
}

// A record that SQLite refuses for what it is must not hold up all others for ever. So that it can be taken out again
// each record needs a savepoint, whose journal costs all of them; hence only where a batch has such a record.
tl::expected<Committed, Failure> store_all(Storage& storage, CareMemory& memory, const std::vector<RecordPtr>& batch,
                                           Refusal refusal) {
  Database& database = storage.database;
  const bool one_by_one = refusal == Refusal::skips_the_record;
  const auto failed = [&database](const Error& error) {
    return tl::make_unexpected(Failure{error, database.last_code()});
  };
  auto transaction = Transaction::begin(database);
  if (!transaction) return failed(transaction.error());
  Committed done;
  for (const RecordPtr& record : batch) {
    if (one_by_one) {
      if (auto marked = database.execute("SAVEPOINT record"); !marked) return failed(marked.error());
    }
    const auto recorded = storage.recorder.store(*record);
    if (recorded) {
      done.rows += recorded->rows;
      done.duplicates += recorded->duplicate ? 1U : 0U;
      done.stored.push_back(record);
    } else {
      if (!one_by_one || !is_about_the_record(database.last_code()) || !database.in_transaction()) {
        return failed(recorded.error());
      }
      ++done.rejected;
      log::error("{} is not stored: {}", name_of(*record), recorded.error().text());
      storage.recorder.forget();
      if (auto undone = database.execute("ROLLBACK TO record"); !undone) return failed(undone.error());
    }
    if (one_by_one) {
      if (auto released = database.execute("RELEASE record"); !released) return failed(released.error());
    }
  }
  if (const auto cared = care_for(storage, memory, done.rows); !cared) return tl::make_unexpected(cared.error());
  if (auto committed = transaction->commit(); !committed) return failed(committed.error());
  return done;
}

// After any other failure the connection is opened anew: what it believes of the file may be wrong.
bool heals_on_this_connection(int code) {
  return code == SQLITE_FULL || code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_NOMEM;
}

bool is_about_the_record(int code) {
  return code == SQLITE_CONSTRAINT || code == SQLITE_MISMATCH || code == SQLITE_TOOBIG || code == SQLITE_RANGE;
}

std::string name_of(const Record& record) {
  if (const auto* cycle = std::get_if<DeviceCycle>(&record)) {
    return fmt::format("cycle {} of {}", cycle->poll_number, cycle->device);
  }
  const auto& round = std::get<PingRound>(record);
  return fmt::format("ping round {} of {}", round.round_number, round.target);
}

std::size_t rows_of(const Record& record) {
  const auto* cycle = std::get_if<DeviceCycle>(&record);
  return cycle == nullptr ? 1 : std::max<std::size_t>(1, cycle->interfaces.size());
}

milliseconds until(BootTime deadline) { return std::chrono::ceil<milliseconds>(deadline - BootClock::now()); }

}  // namespace
}  // namespace octopoll::store
