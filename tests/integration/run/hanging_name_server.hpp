#pragma once
// A name server that hears every question and answers none.

#include <string>
#include <vector>

#include "octopoll/core/fd.hpp"
#include "support/netns.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {

/// Listens on 127.0.0.1:53 of a network namespace of its own, so it needs what Netns needs.
class HangingNameServer {
 public:
  HangingNameServer();

  [[nodiscard]] const Netns& space() const noexcept { return space_; }
  /// `argv` with what makes it run in that namespace and ask this server, for minutes, before it gives up.
  [[nodiscard]] std::vector<std::string> inside(const std::vector<std::string>& argv) const;
  /// How many of the questions so far had `label` in their name. Asks each packet once: call it at the end.
  [[nodiscard]] int queries(const std::string& label) const;

 private:
  Netns space_;
  TempDir directory_;
  Fd socket_;
};

}  // namespace octopoll::test
