#pragma once
// Names to addresses, beside the loop.

#include <functional>
#include <memory>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"

namespace octopoll::poll {

/// Resolves names on a few threads of its own, so that a name server that hangs never holds up the loop.
///
/// Order: IPv4 addresses first, as snmpwalk takes them, then IPv6.
/// Thread: resolve() and the callbacks on the loop's; the destructor does not wait for look-ups under way, their
/// results are dropped.
class Resolver {
 public:
  using Resolved = std::function<void(Result<std::vector<Endpoint>>&&)>;

  explicit Resolver(EventLoop& loop);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// `done` is called once, never from inside this call, unless the resolver is destroyed before.
  void resolve(const Target& target, Resolved done);

 private:
  struct Shared;
  void add_thread();

  EventLoop& loop_;
  std::shared_ptr<Shared> shared_;  // with the threads, which may outlive this in a look-up that hangs
};

/// The same order for a list from resolve_blocking().
void prefer_ipv4(std::vector<Endpoint>& endpoints);

}  // namespace octopoll::poll
