#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "local/work_directory.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::local {

/// A daemon to start, bound to our life. The file descriptors stay the caller's.
struct SpawnPlan {
  std::filesystem::path program;
  std::vector<std::string> arguments;    ///< from argv[0] on
  std::vector<std::string> environment;  ///< "NAME=value"; the child gets no other
  int directory = -1;                    ///< becomes its working directory
  int log = -1;                          ///< becomes its stdout and stderr
  int socket = -1;                       ///< becomes fd 3, announced as systemd does (sd_listen_fds(3))
  std::optional<Identity> identity;      ///< who to be
};

/// Starts the program in a session of its own; the kernel kills it when the calling THREAD ends, however that comes.
/// It cannot gain rights, leaves no core file and writes no file longer than 1 MiB.
/// Errors: permission (the user could not be changed), io (all else); the program is running, or nothing is.
[[nodiscard]] Result<pid_t> spawn(const SpawnPlan& plan);

/// Whom a child of ours should be: nobody, if we are root; else no change. A user namespace without any user but
/// "root" has nobody less privileged, and its root is an ordinary user outside.
[[nodiscard]] std::optional<Identity> unprivileged_identity();

}  // namespace octopoll::local
