#pragma once
// The sink that makes cycles and ping rounds durable.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>

#include "octopoll/core/cycle.hpp"
#include "octopoll/core/last_readings.hpp"
#include "octopoll/core/result.hpp"
#include "octopoll/core/retention.hpp"

namespace octopoll::store {

/// About 4,000 interfaces at an interval of 60 s, or 700 at 10 s. Plain rows are what any SQLite tool sees and what
/// questions about today read, so they stay where their room costs nobody anything; a sealed sample takes a fifth of
/// it, which counts where there are many. Unit: octets.
inline constexpr std::int64_t plain_allowance = 1'000'000'000;

struct WriterOptions {
  /// Rows that wait while the disk is slow or full: an interface in a cycle, a ping round, or a cycle without
  /// interfaces is one (an interface's takes about 1 kB of memory). Beyond it the OLDEST records are dropped, counted
  /// and reported; a single record is kept however large it is.
  std::size_t backlog = 200'000;
  /// A commit follows the first record of a batch after at most this, or with this many rows.
  std::chrono::milliseconds commit_interval{500};
  std::size_t batch = 20'000;
  /// Pause before a failed batch is tried again: doubled each time, from the first to the second.
  std::chrono::milliseconds retry_first{1000};
  std::chrono::milliseconds retry_most{30000};
  /// How long close() goes on trying against a store that refuses.
  std::chrono::milliseconds close_patience{5000};
  /// How long what is stored stays.
  Retention retention;
  /// What the newest two days may take of the file as plain rows (octets).
  std::int64_t most_plain = plain_allowance;
  /// Called after each commit with what is now on disk. Thread: the writer's; must not call close().
  std::function<void(std::span<const RecordPtr>)> on_commit;
};

/// What the writer has done since it was opened.
struct WriterStatistics {
  std::uint64_t records = 0;  ///< taken into the store
  std::uint64_t rows = 0;     ///< interface rows and ping rounds among them
  std::uint64_t commits = 0;
  std::uint64_t duplicates = 0;  ///< records that were there already: nothing changed
  std::uint64_t rejected = 0;    ///< records that SQLite refused by themselves; each is logged
  std::uint64_t dropped = 0;     ///< lost to the bound of the backlog, or at close()
  std::uint64_t failures = 0;    ///< commits that failed and were, or will be, tried again
  std::size_t backlog = 0;       ///< records waiting now
  bool failing = false;          ///< the last attempt failed
};

/// Writes records to one SQLite file.
///
/// Shape:  one thread of its own owns the connection; what is queued goes into one transaction (WAL, synchronous=FULL),
///         so committed means on disk. Storing a cycle (device, poll_number) or a ping round again changes nothing.
/// Errors: open() says why not and what to do. Later failures (disk full, locked, I/O) keep the batch, are logged once,
///         tried again with back-off, and their end is logged too; meanwhile the backlog is bounded. A store that was
///         moved away or deleted while open is made again.
/// Thread: take(), keep(), statistics() and close() from any thread; take() never waits for the disk.
/// Source: https://sqlite.org/wal.html, https://sqlite.org/pragma.html#pragma_synchronous
class Writer final : public Sink {
 public:
  /// Opens the store, makes or migrates it, and starts the thread. Refuses a file that is not ours, is damaged, newer,
  /// not writable, or being written by another octopoll; such a file stays as it is.
  [[nodiscard]] static Result<std::unique_ptr<Writer>> open(const std::filesystem::path& path,
                                                            WriterOptions options = {});
  /// What open() would refuse for its place, its content or its rights, found out without making or changing a file.
  /// That another octopoll writes to it now is none of it.
  [[nodiscard]] static Result<> check(const std::filesystem::path& path);
  ~Writer() override;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void take(const RecordPtr& record) override;

  /// How long what is stored stays, from the next batch on.
  void keep(const Retention& retention);

  /// Stores all that is queued, then stops; bounded by `close_patience` where the store refuses. What was lost is
  /// logged and in `dropped`. Further records are ignored. The destructor does this too.
  WriterStatistics close();

  [[nodiscard]] WriterStatistics statistics() const;

  /// The highest poll number stored of each device, as found at open(): a device goes on from there.
  [[nodiscard]] const std::map<std::string, std::uint64_t>& last_poll_numbers() const noexcept;

  /// The last readings of each device, as found at open(): for a poller that goes on from them. They are given away:
  /// empty from the second call on. Thread: one at a time.
  [[nodiscard]] std::map<std::string, LastReadings> take_last_readings();

 private:
  struct Impl;
  explicit Writer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace octopoll::store
