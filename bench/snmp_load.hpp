#pragma once
// A poller at full load: SNMP requests without a pause on somebody else's loop.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "octopoll/core/endpoint.hpp"
#include "octopoll/core/event_loop.hpp"
#include "octopoll/snmp/engine.hpp"

namespace bench {

/// Asks each of `devices` agents, at addresses that go up by one from `base` (IPv4, host byte order), for six rows of
/// workload.hpp's columns, and again as soon as it has answered. The agents, on other processors, may be slower than
/// the loop: in the time that they leave it reads an answer over and over, in callbacks as long as those of a busy
/// poller, so that it is never idle.
///
/// Errors: std::runtime_error. Thread: the loop's. It asks until it is destroyed.
class SnmpLoad {
 public:
  SnmpLoad(octopoll::EventLoop& loop, std::uint32_t base, std::uint16_t port, std::uint32_t devices);
  ~SnmpLoad();
  SnmpLoad(const SnmpLoad&) = delete;
  SnmpLoad& operator=(const SnmpLoad&) = delete;

  [[nodiscard]] std::uint64_t answers() const noexcept { return answers_; }

 private:
  void ask(std::size_t device);
  void keep_busy();

  octopoll::EventLoop& loop_;
  std::unique_ptr<octopoll::snmp::Engine> engine_;
  std::string request_;
  std::vector<std::unique_ptr<octopoll::snmp::Session>> sessions_;
  std::string asked_, answer_;  // of the first exchange
  std::uint64_t answers_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // shared with callbacks, which outlive this
};

}  // namespace bench
