#pragma once
// How this codebase reports the expected failure: as a value. Exceptions are for bugs and failed starts.

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace octopoll {

/// What sort of thing went wrong; decides exit codes and what is stored with a failed cycle.
enum class ErrorKind {
  usage,         ///< command line
  config,        ///< inventory or settings
  io,            ///< files, sockets, the operating system
  permission,    ///< the system refused us
  resolve,       ///< a name has no address
  timeout,       ///< nothing came back
  unreachable,   ///< an ICMP error said so (closed port, no route)
  auth,          ///< SNMPv3 authentication: wrong digest, or a level the user does not have
  unknown_user,  ///< SNMPv3: the agent does not know the user
  privacy,       ///< SNMPv3: decryption failed
  engine,        ///< SNMPv3: engine id or time window trouble that did not heal
  agent,         ///< the agent answered, but with an error or nonsense
  partial,       ///< the cycle's time was over before all answers were there
  store,         ///< SQLite
  internal,      ///< ours
};

/// The word used in the store and in JSON, for example "timeout".
[[nodiscard]] std::string_view to_string(ErrorKind kind) noexcept;

/// One failure, ready to be shown: what, where, what to do.
/// Shape: `message` names device, interface or file and the cause; `remedy` is the next step, may be empty.
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string message;
  std::string remedy;

  /// "message; remedy" on one line.
  [[nodiscard]] std::string text() const;
};

template <class T = void>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message, std::string remedy = {}) {
  return tl::make_unexpected(Error{kind, std::move(message), std::move(remedy)});
}

}  // namespace octopoll
