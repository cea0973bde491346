#include "octopoll/core/result.hpp"

namespace octopoll {

std::string_view to_string(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::usage:
      return "usage";
    case ErrorKind::config:
      return "config";
    case ErrorKind::io:
      return "io";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::resolve:
      return "resolve";
    case ErrorKind::timeout:
      return "timeout";
    case ErrorKind::unreachable:
      return "unreachable";
    case ErrorKind::auth:
      return "auth";
    case ErrorKind::unknown_user:
      return "unknown_user";
    case ErrorKind::privacy:
      return "privacy";
    case ErrorKind::engine:
      return "engine";
    case ErrorKind::agent:
      return "agent";
    case ErrorKind::partial:
      return "partial";
    case ErrorKind::store:
      return "store";
    case ErrorKind::internal:
      return "internal";
  }
  return "internal";
}

std::string Error::text() const { return remedy.empty() ? message : message + "; " + remedy; }

}  // namespace octopoll
