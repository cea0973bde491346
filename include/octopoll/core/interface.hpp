#pragma once
// What an agent says of one interface at one moment: the raw row, before any judgement.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/core/clock.hpp"
#include "octopoll/core/counters.hpp"
#include "octopoll/core/units.hpp"

namespace octopoll {

/// ifAdminStatus and ifOperStatus (RFC 2863): 1 up, 2 down, 3 testing, 4 unknown, 5 dormant, 6 notPresent,
/// 7 lowerLayerDown; any other number is kept as it came.
struct IfStatus {
  std::int64_t code = 0;
  friend bool operator==(const IfStatus&, const IfStatus&) = default;
};
inline constexpr IfStatus status_up{1};
inline constexpr IfStatus status_down{2};
/// The MIB's word, or the number in decimal.
[[nodiscard]] std::string to_string(IfStatus status);

/// Where an interface's name came from (invariant 4).
enum class NameSource : std::uint8_t { none, if_name, descr };

/// Which rule gave the speed (invariant 5).
enum class SpeedSource : std::uint8_t { none, if_speed, if_high_speed, override_rule };
[[nodiscard]] std::string_view to_string(SpeedSource source) noexcept;

/// ifType values that octopoll treats apart (IANAifType-MIB).
inline constexpr std::int64_t if_type_software_loopback = 24;
inline constexpr std::int64_t if_type_tunnel = 131;
/// Whether interfaces of this type run on others: LAG, VLAN, tunnel, bridge and so on.
[[nodiscard]] bool is_logical_if_type(std::optional<std::int64_t> type) noexcept;

/// The columns that stand still, as text and numbers ready to show; `Interface` keeps them in less memory.
/// Absent is nullopt, never 0 or "": an empty ifAlias and a missing one are different facts.
struct InterfaceFacts {
  IfIndex if_index;
  std::optional<std::string> if_name;
  std::optional<std::string> descr;
  std::optional<std::string> alias;
  std::optional<std::int64_t> type;
  std::optional<std::int64_t> mtu;
  std::optional<std::string> phys_address;  ///< "aa:bb:cc", "" where it is empty
  std::optional<std::uint64_t> speed_bps;   ///< by the rule of invariant 5, before overrides of the inventory
  SpeedSource speed_source = SpeedSource::none;
  friend bool operator==(const InterfaceFacts&, const InterfaceFacts&) = default;
};

/// An interface as discovery found it: its identity and the columns that stand still.
///
/// Shape:  a handle on one block of memory that never changes: 28 octets and the texts, those that repeat the name
///         once, each after its length, and ifPhysAddress as the octets that it is. Copying it costs a count, no
///         allocation. A default one is nobody: no name, ifIndex 0, all else absent. Rows carry *borrowed* handles,
///         which cost not even that (each row's count would travel between the processors with each poll): they are
///         good while what lent them lives, and a copy of one keeps the block.
/// Errors: none.
/// Thread: any. The block goes with its last handle, on whatever thread that is.
class Interface {
 public:
  Interface() noexcept = default;
  /// `name`: the identity: ifName, else ifDescr, else "#<ifIndex>"; made unique within the device (invariant 4).
  Interface(std::string_view name, const InterfaceFacts& facts);
  Interface(const Interface& other) noexcept : handle_(other.handle_ & ~borrowed_bit) {
    if (handle_ != 0) block()->handles.fetch_add(1, std::memory_order_relaxed);
  }
  Interface(Interface&& other) noexcept : handle_(std::exchange(other.handle_, 0)) {}
  Interface& operator=(Interface other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Interface() {
    if (handle_ != 0 && (handle_ & borrowed_bit) == 0) release();
  }
  /// A handle that keeps nothing: another one of the block must outlive it. Moving it makes it no other.
  [[nodiscard]] Interface borrowed() const noexcept {
    Interface lent;
    if (handle_ != 0) lent.handle_ = handle_ | borrowed_bit;
    return lent;
  }

  // Views live as long as any handle on the block.
  [[nodiscard]] std::string_view name() const noexcept;
  [[nodiscard]] IfIndex if_index() const noexcept { return {handle_ == 0 ? 0 : block()->if_index}; }
  [[nodiscard]] std::optional<std::string_view> if_name() const noexcept;
  [[nodiscard]] std::optional<std::string_view> descr() const noexcept;
  [[nodiscard]] std::optional<std::string_view> alias() const noexcept;
  [[nodiscard]] std::optional<std::int64_t> type() const noexcept {
    return has(has_type) ? std::optional<std::int64_t>(block()->type) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::int64_t> mtu() const noexcept {
    if (!has(has_mtu)) return std::nullopt;
    const std::uint32_t mtu = block()->mtu;
    return has(mtu_below_0) ? std::int64_t{static_cast<std::int32_t>(mtu)} : std::int64_t{mtu};
  }
  [[nodiscard]] std::optional<std::string> phys_address() const;
  [[nodiscard]] std::optional<std::uint64_t> speed_bps() const noexcept {
    return has(has_speed) ? std::optional(block()->speed_bps()) : std::nullopt;
  }
  [[nodiscard]] SpeedSource speed_source() const noexcept {
    return handle_ == 0 ? SpeedSource::none : block()->speed_source;
  }
  /// All but the name, unpacked.
  [[nodiscard]] InterfaceFacts facts() const;

  /// Fetches what will be asked in a moment: among a million interfaces each is far from the processor.
  void prefetch() const noexcept {
    if (handle_ != 0) __builtin_prefetch(block());
    if (handle_ != 0) __builtin_prefetch(block()->texts());
  }

  /// Handles on one block.
  [[nodiscard]] bool same_block(const Interface& other) const noexcept {
    return ((handle_ ^ other.handle_) & ~borrowed_bit) == 0;
  }
  /// Same name, same facts; a glance where both are handles on one block.
  friend bool operator==(const Interface& a, const Interface& b) noexcept;

 private:
  /// What is there, and which texts stand for themselves by being the name again.
  enum Flag : std::uint16_t {
    has_if_name = 1U << 0U,
    has_descr = 1U << 1U,
    has_alias = 1U << 2U,
    has_phys_address = 1U << 3U,
    has_type = 1U << 4U,
    has_mtu = 1U << 5U,
    has_speed = 1U << 6U,
    if_name_is_name = 1U << 7U,
    descr_is_name = 1U << 8U,
    mtu_below_0 = 1U << 9U,
    phys_address_is_octets = 1U << 10U,  ///< of which its text is made; else it is kept as it came
  };
  struct Block {
    std::atomic<std::uint32_t> handles = 1;
    std::uint32_t if_index = 0;
    std::uint32_t speed_low = 0, speed_high = 0;  // of 32 bits each, so that no octet is lost before the texts
    // Numbers that need more than 32 bits are no INTEGER, and kept at the nearest that is one or a Gauge32.
    std::int32_t type = 0;
    std::uint32_t mtu = 0;  ///< with mtu_below_0: of a signed one
    std::uint16_t flags = 0;
    SpeedSource speed_source = SpeedSource::none;

    [[nodiscard]] std::uint64_t speed_bps() const noexcept { return std::uint64_t{speed_high} << 32U | speed_low; }
    /// Behind the block: the name, then those of the others that are kept.
    [[nodiscard]] char* texts() noexcept { return reinterpret_cast<char*>(this + 1); }
    [[nodiscard]] const char* texts() const noexcept { return reinterpret_cast<const char*>(this + 1); }
    [[nodiscard]] std::string_view all_texts() const noexcept;
  };
  static_assert(sizeof(Block) == 28);
  enum class Text : std::uint8_t { name, if_name, descr, alias, phys_address };
  [[nodiscard]] std::optional<std::string_view> text(Text which) const noexcept;
  [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return handle_ != 0 && (block()->flags & flag) != 0; }
  [[nodiscard]] Block* block() const noexcept { return reinterpret_cast<Block*>(handle_ & ~borrowed_bit); }
  void release() noexcept;

  static constexpr std::uintptr_t borrowed_bit = 1;  // blocks begin at even addresses
  std::uintptr_t handle_ = 0;                        // address of the block, and that bit
};

/// The stated speed, if it is that of a link: what may bound octets, and what utilisation may be a share of. Unit:
/// bit/s. nullopt where it is 0 (RFC 2863, ifSpeed: no concept of bandwidth; VLANs, LAGs and tunnels of many agents),
/// for a softwareLoopback(24) (Net-SNMP and Windows say 10 Mb/s), and for a tunnel(131) of 9 or 100 kbit/s: what Cisco
/// IOS and Windows say of every tunnel, for the metric of routing. Other wrong speeds look like right ones until the
/// octets refute them (rates::DeviceHistory); the inventory may override each.
[[nodiscard]] std::optional<std::uint64_t> link_speed(const Interface& interface) noexcept;

/// 2^32-1, or 2^32-2 as some agents have it, where no ifHighSpeed says more: the link is at least that fast (RFC 2863,
/// ifSpeed). It may wrap so much sooner, and utilisation is not known.
[[nodiscard]] constexpr bool is_saturated_speed(std::uint64_t bits_per_second) noexcept {
  return bits_per_second == 4'294'967'295 || bits_per_second == 4'294'967'294;
}

/// When the counters of one row were read. All of a row's counters come in one PDU, together with sysUpTime.
struct ReadingTime {
  BootTime received;                      ///< our clock at reception
  std::chrono::nanoseconds round_trip{};  ///< of the request that this answers
  std::optional<TimeTicks> sys_uptime;    ///< the agent's clock, from the same PDU
  /// How old the counters may have been when the agent answered: 0 for an agent that answers fresh, the period of its
  /// cache for one that caches, less where the poller saw the cache move.
  std::chrono::nanoseconds age_bound{};

  friend bool operator==(const ReadingTime&, const ReadingTime&) = default;
};

/// One row as read in one cycle.
struct InterfaceSample {
  Interface interface;
  std::optional<IfStatus> admin_status;
  std::optional<IfStatus> oper_status;
  std::optional<TimeTicks> last_change;         ///< ifLastChange: sysUpTime when the present state was entered
  std::optional<TimeTicks> discontinuity_time;  ///< ifCounterDiscontinuityTime
  RowReadings counters;
  ReadingTime time;
};

/// The system group (RFC 3418), as far as the agent has it.
struct DeviceFacts {
  std::optional<std::string> sys_name;
  std::optional<std::string> sys_descr;
  std::optional<std::string> sys_object_id;  ///< "1.3.6.1.4.1.8072.3.2.10"
  std::optional<std::string> sys_contact;
  std::optional<std::string> sys_location;
  friend bool operator==(const DeviceFacts&, const DeviceFacts&) = default;
};

/// All that one cycle read of one device.
struct DeviceSnapshot {
  std::optional<std::uint32_t> if_number;
  std::optional<TimeTicks> if_table_last_change;
  std::optional<std::uint32_t> engine_boots;  ///< snmpEngineBoots, RFC 3411 section 5
  std::optional<std::uint32_t> engine_time;   ///< snmpEngineTime, seconds
  std::optional<TimeTicks> sys_uptime;        ///< as first read in the cycle
  BootTime read_at;                           ///< when that answer arrived
  std::vector<InterfaceSample> interfaces;    ///< ordered by ifIndex
};

}  // namespace octopoll
