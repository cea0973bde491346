#pragma once
// What is done with prepared statements again and again.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "database.hpp"

namespace octopoll::store {

/// An aggregate of statements: its members are those of `sql`, in that order.
template <class Statements, class Text, std::size_t count>
[[nodiscard]] Result<Statements> prepare_all(Database& database, const std::array<Text, count>& sql) {
  std::vector<Statement> made;
  for (const Text& each : sql) {
    auto statement = database.prepare(each);
    if (!statement) return tl::make_unexpected(statement.error());
    made.push_back(std::move(*statement));
  }
  return [&made]<std::size_t... place>(std::index_sequence<place...>) { return Statements{std::move(made[place])...}; }
  (std::make_index_sequence<count>());
}

/// Resets a statement at the end of its scope, also where memory gave out: one that stays open keeps the log from being
/// taken over.
class ResetLater {
 public:
  explicit ResetLater(Statement& statement) noexcept : statement_(statement) {}
  ResetLater(const ResetLater&) = delete;
  ResetLater& operator=(const ResetLater&) = delete;
  ~ResetLater() { statement_.reset(); }

 private:
  Statement& statement_;
};

/// The first column of the first row; nullopt where there is none, or NULL in it. The statement is reset.
template <class... Args>
[[nodiscard]] Result<std::optional<std::int64_t>> one(Statement& statement, const Args&... args) {
  const ResetLater open(statement);
  const auto found = statement.first(args...);
  if (!found) return tl::make_unexpected(found.error());
  return *found && !statement.is_null(0) ? std::optional(statement.integer(0)) : std::nullopt;
}

/// Whether each_row() goes on.
enum class Rows : std::uint8_t { more, enough };

/// Calls `take`, which gives a Result<>, or a Result<Rows>, for each row until it fails or has enough. The statement is
/// reset.
template <class Take, class... Args>
[[nodiscard]] Result<> each_row(Statement& statement, Take&& take, const Args&... args) {
  const ResetLater open(statement);
  for (auto row = statement.first(args...);; row = statement.next()) {
    if (!row) return tl::make_unexpected(row.error());
    if (!*row) return {};
    const auto taken = take();
    if (!taken) return tl::make_unexpected(taken.error());
    if constexpr (std::is_same_v<decltype(take()), Result<Rows>>) {
      if (*taken == Rows::enough) return {};
    }
  }
}

}  // namespace octopoll::store
