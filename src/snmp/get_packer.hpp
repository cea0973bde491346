#pragma once
// Which objects of which groups travel in which PDU.

#include <deque>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/snmp/get_profile.hpp"
#include "octopoll/snmp/multi_get.hpp"

namespace octopoll::snmp {

/// A group in a PDU: those of its objects that are asked for there.
struct GetPart {
  std::size_t group = 0;
  std::vector<std::size_t> members;
};

struct GetPacket {
  std::vector<GetPart> parts;
  bool with_uptime = true;
  bool trial = false;       ///< larger than what the agent is known to answer
  std::size_t came_of = 0;  ///< asks again for what an answer left out: so many variables came with that
  PduSize cut{};            ///< of the PDU that had it

  /// Variables that it names.
  [[nodiscard]] std::size_t size() const noexcept;
};

/// Fills PDUs in the order of what is added. A part is divided only where it is more than the agent answers; then each
/// PDU has the object that dates the others (GetGroup::dating) and sysUpTime. Where even that is too much for the
/// agent, first sysUpTime is left out, and at last each object has a PDU of its own, between two that ask for the one
/// that dates.
class GetPacker {
 public:
  /// `room`: octets that parts may have together. `most`: what the agent answers; `first_most`: of the first PDU, where
  /// that is to be larger than the others.
  GetPacker(const MultiGetPlan& plan, bool with_uptime, std::size_t room, const PduSize& most,
            const PduSize& first_most);

  void add(const GetPart& part);
  [[nodiscard]] std::deque<GetPacket> take() { return std::move(packets_); }

 private:
  [[nodiscard]] bool fits(const PduSize& size) const;
  void begin_packet(bool with_uptime);
  void put(std::size_t group, std::size_t member);
  void divide(const GetPart& part);

  const MultiGetPlan& plan_;
  bool with_uptime_;
  std::size_t room_;
  PduSize most_, first_most_;
  std::deque<GetPacket> packets_;
  PduSize used_{};  ///< of the last one
};

/// As it is expected.
[[nodiscard]] PduSize size_of(const MultiGetPlan& plan, const GetPacket& packet);

}  // namespace octopoll::snmp
