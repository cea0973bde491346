#pragma once
// One octopoll at a time writes to a store.

#include <filesystem>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::store {

/// Holds `STORE.lock` for as long as it lives; the kernel lets go of it when the process dies, however it dies.
///
/// A file of its own: closing any descriptor of the database file would drop the locks that SQLite holds on it
/// (fcntl(2): they belong to the process). It is never removed: whoever waits for a removed file's lock would hold
/// the lock of a file that nobody else finds.
class WriterLock {
 public:
  /// Errors: store, naming the process that holds it; permission or io where the file cannot be made.
  [[nodiscard]] static Result<WriterLock> take(const std::filesystem::path& store);

 private:
  explicit WriterLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace octopoll::store
