#include "octopoll/core/interface.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <new>

#include "octopoll/core/text.hpp"

namespace octopoll {
namespace {

constexpr std::int64_t least_integer = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t most_integer = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t most_gauge = std::numeric_limits<std::uint32_t>::max();

// Texts are packed one behind the other, each after its length: seven bits an octet, the highest bit says "and more".
std::size_t octets_of_length(std::size_t length) noexcept {
  std::size_t octets = 1;
  while (length >>= 7U) ++octets;
  return octets;
}

char* put(char* to, std::string_view text) noexcept {
  std::size_t length = text.size();
  for (; length >= 0x80; length >>= 7U) *to++ = static_cast<char>(0x80U | (length & 0x7FU));
  *to++ = static_cast<char>(length);
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

std::string_view take(const char*& from) noexcept {
  std::size_t length = 0;
  for (unsigned shift = 0;; shift += 7) {
    const auto octet = static_cast<unsigned char>(*from++);
    length |= static_cast<std::size_t>(octet & 0x7FU) << shift;
    if ((octet & 0x80U) == 0) break;
  }
  const std::string_view text(from, length);
  from += length;
  return text;
}

int digit_of(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// The octets of "aa:bb:cc"; nullopt where to_hex() would not make just this text of them.
std::optional<std::string> octets_of_hex(std::string_view text) {
  if (text.size() % 3 != 2) return std::nullopt;
  std::string octets;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    const int high = digit_of(text[at]), low = digit_of(text[at + 1]);
    if (high < 0 || low < 0 || (at != 0 && text[at - 1] != ':')) return std::nullopt;
    octets.push_back(static_cast<char>(high * 16 + low));
  }
  return octets;
}

std::optional<std::string> copy(std::optional<std::string_view> text) {
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

}  // namespace

Interface::Interface(std::string_view name, const InterfaceFacts& facts) {
  unsigned flags = 0;
  if (facts.type) flags |= has_type;
  if (facts.mtu) flags |= has_mtu;
  if (facts.mtu.value_or(0) < 0) flags |= mtu_below_0;
  if (facts.speed_bps) flags |= has_speed;
  std::array<std::string_view, 5> kept{name};
  std::size_t count = 1;
  const auto octets_of_address = facts.phys_address ? octets_of_hex(*facts.phys_address) : std::nullopt;
  if (octets_of_address) flags |= phys_address_is_octets;
  const auto keep = [&](const std::optional<std::string>& text, Flag there, unsigned is_name) {
    if (!text) return;
    flags |= there;
    if (is_name != 0 && *text == name) {
      flags |= is_name;
    } else {
      kept[count++] = *text;
    }
  };
  keep(facts.if_name, has_if_name, if_name_is_name);
  keep(facts.descr, has_descr, descr_is_name);
  keep(facts.alias, has_alias, 0);
  keep(octets_of_address ? octets_of_address : facts.phys_address, has_phys_address, 0);
  std::size_t octets = 0;
  for (std::size_t each = 0; each < count; ++each) octets += octets_of_length(kept[each].size()) + kept[each].size();

  auto* const block = new (::operator new(sizeof(Block) + octets)) Block;
  handle_ = reinterpret_cast<std::uintptr_t>(block);
  block->if_index = facts.if_index.value;
  block->speed_low = static_cast<std::uint32_t>(facts.speed_bps.value_or(0));
  block->speed_high = static_cast<std::uint32_t>(facts.speed_bps.value_or(0) >> 32U);
  block->type = static_cast<std::int32_t>(std::clamp(facts.type.value_or(0), least_integer, most_integer));
  block->mtu = static_cast<std::uint32_t>(std::clamp(facts.mtu.value_or(0), least_integer, most_gauge));
  block->flags = static_cast<std::uint16_t>(flags);
  block->speed_source = facts.speed_source;
  char* to = block->texts();
  for (std::size_t each = 0; each < count; ++each) to = put(to, kept[each]);
}

std::string_view Interface::Block::all_texts() const noexcept {
  const char* end = texts();
  (void)take(end);
  if ((flags & has_if_name) != 0 && (flags & if_name_is_name) == 0) (void)take(end);
  if ((flags & has_descr) != 0 && (flags & descr_is_name) == 0) (void)take(end);
  if ((flags & has_alias) != 0) (void)take(end);
  if ((flags & has_phys_address) != 0) (void)take(end);
  return {texts(), static_cast<std::size_t>(end - texts())};
}

void Interface::release() noexcept {
  Block* const mine = block();
  // Whoever frees it must see that all others are done with reading it.
  if (mine->handles.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  mine->~Block();
  ::operator delete(mine);
}

std::optional<std::string_view> Interface::text(Text which) const noexcept {
  if (handle_ == 0) return std::nullopt;
  const char* from = block()->texts();
  const std::string_view name = take(from);
  if (which == Text::name) return name;
  const std::array<std::array<std::uint16_t, 2>, 4> flags{
      {{has_if_name, if_name_is_name}, {has_descr, descr_is_name}, {has_alias, 0}, {has_phys_address, 0}}};
  for (std::size_t each = 0; each < flags.size(); ++each) {
    const bool there = has(flags[each][0]);
    const std::string_view text = !there ? std::string_view() : has(flags[each][1]) ? name : take(from);
    if (each + 1 == static_cast<std::size_t>(which)) return there ? std::optional(text) : std::nullopt;
  }
  return std::nullopt;
}

std::string_view Interface::name() const noexcept {
  if (handle_ == 0) return {};
  const char* from = block()->texts();
  return take(from);
}
std::optional<std::string_view> Interface::if_name() const noexcept { return text(Text::if_name); }
std::optional<std::string_view> Interface::descr() const noexcept { return text(Text::descr); }
std::optional<std::string_view> Interface::alias() const noexcept { return text(Text::alias); }
std::optional<std::string> Interface::phys_address() const {
  const auto kept = text(Text::phys_address);
  return kept && has(phys_address_is_octets) ? to_hex(*kept, ':') : copy(kept);
}

InterfaceFacts Interface::facts() const {
  return {if_index(), copy(if_name()), copy(descr()), copy(alias()), type(),
          mtu(),      phys_address(),  speed_bps(),   speed_source()};
}

bool operator==(const Interface& a, const Interface& b) noexcept {
  if (a.same_block(b)) return true;
  if (a.handle_ == 0 || b.handle_ == 0) return false;
  const Interface::Block& one = *a.block();
  const Interface::Block& other = *b.block();
  return one.if_index == other.if_index && one.speed_bps() == other.speed_bps() && one.type == other.type &&
         one.mtu == other.mtu && one.flags == other.flags && one.speed_source == other.speed_source &&
         one.all_texts() == other.all_texts();
}

bool is_logical_if_type(std::optional<std::int64_t> type) noexcept {
  static constexpr std::array<std::int64_t, 10> types{
      53,   // propVirtual
      54,   // propMultiplexor
      108,  // pppMultilinkBundle
      131,  // tunnel
      135,  // l2vlan
      136,  // l3ipvlan
      150,  // mplsTunnel
      161,  // ieee8023adLag
      166,  // mpls
      209,  // bridge
  };
  return type && std::find(types.begin(), types.end(), *type) != types.end();
}

std::string to_string(IfStatus status) {
  static constexpr std::array<std::string_view, 7> words{"up",      "down",       "testing",       "unknown",
                                                         "dormant", "notPresent", "lowerLayerDown"};
  if (status.code >= 1 && status.code <= static_cast<std::int64_t>(words.size())) {
    return std::string(words[static_cast<std::size_t>(status.code - 1)]);
  }
  return std::to_string(status.code);
}

std::string_view to_string(SpeedSource source) noexcept {
  switch (source) {
    case SpeedSource::none:
      return "none";
    case SpeedSource::if_speed:
      return "ifSpeed";
    case SpeedSource::if_high_speed:
      return "ifHighSpeed";
    case SpeedSource::override_rule:
      return "override";
  }
  return "none";
}

std::optional<std::uint64_t> link_speed(const Interface& interface) noexcept {
  constexpr std::uint64_t tunnel_metric = 9'000;
  constexpr std::uint64_t newer_tunnel_metric = 100'000;
  const auto stated = interface.speed_bps();
  if (!stated || *stated == 0) return std::nullopt;
  const auto type = interface.type();
  if (type == if_type_software_loopback) return std::nullopt;
  if (type == if_type_tunnel && (stated == tunnel_metric || stated == newer_tunnel_metric)) return std::nullopt;
  return stated;
}

}  // namespace octopoll
