#pragma once
// A switch of an office and its interfaces, for benchmarks that make their own cycles.

#include <fmt/format.h>

#include <cstdint>
#include <string>

#include "octopoll/core/cycle.hpp"
#include "octopoll/core/interface.hpp"

namespace octopoll::bench {

/// Unit: bit/s, of each.
inline constexpr std::uint64_t made_speed_bps = 1'000'000'000;

inline Interface made_interface(std::uint32_t index) {
  InterfaceFacts facts;
  facts.if_index = IfIndex{index};
  facts.if_name = fmt::format("Gi1/0/{}", index);
  facts.descr = fmt::format("GigabitEthernet1/0/{}", index);
  facts.alias = fmt::format("to desk {}, second floor", index);
  facts.type = 6;
  facts.mtu = 1500;
  facts.phys_address = fmt::format("00:1b:54:aa:{:02x}:{:02x}", index / 256 % 256, index % 256);
  facts.speed_bps = made_speed_bps;
  facts.speed_source = SpeedSource::if_speed;
  return Interface(*facts.if_name, facts);
}

inline DeviceFacts made_facts(const std::string& name) {
  DeviceFacts facts;
  facts.sys_name = name;
  facts.sys_descr = "a switch with a description that is as long as they usually are";
  facts.sys_object_id = "1.3.6.1.4.1.9.1.1208";
  facts.sys_contact = "network operations";
  facts.sys_location = "building 7, second floor";
  return facts;
}

}  // namespace octopoll::bench
