#include "snmp/get_packer.hpp"

#include <algorithm>
#include <utility>

namespace octopoll::snmp {
namespace {

/// Tag and length of a variable, of its name and of its value.
constexpr std::size_t variable_overhead = 6;
constexpr PduSize uptime_size{20, 1};

/// Octets of an OID in BER: the first two numbers share one, each other takes one for every seven bits.
std::size_t encoded_octets(const Oid& oid) {
  std::size_t octets = 1;
  for (std::size_t i = 2; i < oid.size(); ++i) {
    std::size_t length = 1;
    for (std::uint32_t rest = oid[i] >> 7U; rest != 0; rest >>= 7U) ++length;
    octets += length;
  }
  return octets;
}

/// The values of a group are taken for equally large.
PduSize object_size(const GetGroup& group, std::size_t member) {
  return {encoded_octets(group.names[member]) + variable_overhead +
              (group.answer_octets + group.names.size() - 1) / group.names.size(),
          1};
}

PduSize operator+(const PduSize& a, const PduSize& b) { return {a.octets + b.octets, a.variables + b.variables}; }

}  // namespace

std::size_t GetPacket::size() const noexcept {
  std::size_t objects = with_uptime ? 1 : 0;
  for (const GetPart& part : parts) objects += part.members.size();
  return objects;
}

PduSize size_of(const MultiGetPlan& plan, const GetPacket& packet) {
  PduSize size = packet.with_uptime ? uptime_size : PduSize{};
  for (const GetPart& part : packet.parts) {
    for (const std::size_t member : part.members) size = size + object_size(plan.groups[part.group], member);
  }
  return size;
}

GetPacker::GetPacker(const MultiGetPlan& plan, bool with_uptime, std::size_t room, const PduSize& most,
                     const PduSize& first_most)
    : plan_(plan), with_uptime_(with_uptime), room_(room), most_(most), first_most_(first_most) {}

void GetPacker::add(const GetPart& part) {
  PduSize whole;
  for (const std::size_t member : part.members) whole = whole + object_size(plan_.groups[part.group], member);
  const PduSize alone = with_uptime_ ? whole + uptime_size : whole;
  const bool joins = !packets_.empty() && packets_.back().with_uptime == with_uptime_ && fits(whole);
  if (!joins && !alone.within(packets_.empty() ? first_most_ : most_) && part.members.size() > 1) return divide(part);
  if (!joins) begin_packet(with_uptime_ && alone.within(packets_.empty() ? first_most_ : most_));
  if (part.members.empty()) packets_.back().parts.push_back(part);
  for (const std::size_t member : part.members) put(part.group, member);
}

bool GetPacker::fits(const PduSize& size) const {
  const PduSize& most = packets_.size() <= 1 ? first_most_ : most_;
  return (used_ + size).within({std::min(room_, most.octets), most.variables});
}

void GetPacker::begin_packet(bool with_uptime) {
  packets_.emplace_back().with_uptime = with_uptime;
  used_ = with_uptime ? uptime_size : PduSize{};
}

void GetPacker::put(std::size_t group, std::size_t member) {
  GetPacket& packet = packets_.back();
  if (packet.parts.empty() || packet.parts.back().group != group) packet.parts.push_back({group, {}});
  packet.parts.back().members.push_back(member);
  used_ = used_ + object_size(plan_.groups[group], member);
}

void GetPacker::divide(const GetPart& part) {
  const GetGroup& group = plan_.groups[part.group];
  std::vector<std::size_t> others;
  std::size_t dating = 0;
  bool dates = false;  // an optional is more than g++ 12 sees through at -O3
  PduSize largest;
  for (const std::size_t member : part.members) {
    if (group.dating == member) {
      dating = member;
      dates = true;
      continue;
    }
    others.push_back(member);
    largest.octets = std::max(largest.octets, object_size(group, member).octets);
    largest.variables = 1;
  }
  const PduSize dated = dates ? largest + object_size(group, dating) : largest;
  const bool with_uptime = with_uptime_ && (dated + uptime_size).within(most_);
  const bool lone = dates && !dated.within(most_);
  if (lone) {
    others.insert(others.begin(), dating);
    others.push_back(dating);
    dates = false;
  }
  bool begun = false;  // this part, in the last packet
  for (const std::size_t member : others) {
    PduSize more = object_size(group, member);
    if (dates && !begun) more = more + object_size(group, dating);
    const bool joins = !packets_.empty() && packets_.back().with_uptime == with_uptime && fits(more);
    if (!joins || lone) {
      begin_packet(with_uptime);
      begun = false;
    }
    if (dates && !std::exchange(begun, true)) put(part.group, dating);
    put(part.group, member);
  }
}

}  // namespace octopoll::snmp
