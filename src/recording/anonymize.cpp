#include "octopoll/recording/anonymize.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "octopoll/core/text.hpp"
#include "octopoll/recording/recording.hpp"
#include "recording/address_text.hpp"
#include "recording/pseudonyms.hpp"

namespace octopoll::recording {
namespace {

using snmp::Oid;
using snmp::Type;
using snmp::Value;

/// Objects whose values are somebody's words, and what they are called afterwards.
const std::vector<std::pair<Oid, std::string_view>>& text_objects() {
  static const std::vector<std::pair<Oid, std::string_view>> objects{
      {{1, 3, 6, 1, 2, 1, 1, 5}, "device"},                     // sysName
      {{1, 3, 6, 1, 2, 1, 1, 4}, "contact"},                    // sysContact
      {{1, 3, 6, 1, 2, 1, 1, 6}, "location"},                   // sysLocation
      {{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18}, "alias"},           // ifAlias
      {{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 11}, "serial"},       // entPhysicalSerialNum
      {{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 14}, "alias"},        // entPhysicalAlias
      {{1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1, 15}, "asset"},        // entPhysicalAssetID
      {{1, 0, 8802, 1, 1, 2, 1, 3, 3}, "device"},               // lldpLocSysName
      {{1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 9}, "device"},         // lldpRemSysName
      {{1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 6}, "device"},  // cdpCacheDeviceId
  };
  return objects;
}

const std::vector<Oid>& left_out() {
  static const std::vector<Oid> subtrees{
      {1, 3, 6, 1, 2, 1, 3},                        // atTable
      {1, 3, 6, 1, 2, 1, 4, 20},                    // ipAddrTable
      {1, 3, 6, 1, 2, 1, 4, 21},                    // ipRouteTable
      {1, 3, 6, 1, 2, 1, 4, 22},                    // ipNetToMediaTable
      {1, 3, 6, 1, 2, 1, 4, 24},                    // ipForward
      {1, 3, 6, 1, 2, 1, 4, 32},                    // ipAddressPrefixTable
      {1, 3, 6, 1, 2, 1, 4, 34},                    // ipAddressTable
      {1, 3, 6, 1, 2, 1, 4, 35},                    // ipNetToPhysicalTable
      {1, 3, 6, 1, 2, 1, 4, 37},                    // ipDefaultRouterTable
      {1, 3, 6, 1, 2, 1, 6, 13},                    // tcpConnTable
      {1, 3, 6, 1, 2, 1, 6, 19},                    // tcpConnectionTable
      {1, 3, 6, 1, 2, 1, 6, 20},                    // tcpListenerTable
      {1, 3, 6, 1, 2, 1, 7, 5},                     // udpTable
      {1, 3, 6, 1, 2, 1, 7, 7},                     // udpEndpointTable
      {1, 3, 6, 1, 2, 1, 14},                       // OSPF-MIB
      {1, 3, 6, 1, 2, 1, 15},                       // BGP4-MIB
      {1, 3, 6, 1, 2, 1, 17, 4, 3},                 // dot1dTpFdbTable
      {1, 3, 6, 1, 2, 1, 17, 7, 1, 2},              // dot1qTpFdbTable
      {1, 3, 6, 1, 2, 1, 25, 2, 3},                 // hrStorageTable: paths
      {1, 3, 6, 1, 2, 1, 25, 3, 8},                 // hrFSTable: paths
      {1, 3, 6, 1, 2, 1, 25, 4},                    // hrSWRun: command lines
      {1, 3, 6, 1, 2, 1, 25, 6},                    // hrSWInstalled
      {1, 3, 6, 1, 2, 1, 31, 1, 4},                 // ifRcvAddressTable
      {1, 3, 6, 1, 2, 1, 55},                       // IPV6-MIB
      {1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, 4},  // cdpCacheAddress
      {1, 0, 8802, 1, 1, 2, 1, 4, 2},               // lldpRemManAddrTable
  };
  return subtrees;
}

bool is_below(const Oid& oid, std::span<const Oid> roots) {
  return std::any_of(roots.begin(), roots.end(), [&oid](const Oid& root) { return oid.starts_with(root); });
}

const Oid& sys_name() {
  static const Oid oid{1, 3, 6, 1, 2, 1, 1, 5, 0};
  return oid;
}

/// Shorter names are words that other texts may have by chance.
constexpr std::size_t shortest_name_inside = 4;

class Anonymizer {
 public:
  explicit Anonymizer(Objects& objects) : objects_(objects) {}

  Anonymized run() {
    counts_.left_out = std::erase_if(objects_, [](const auto& object) {
      return is_below(object.first, left_out()) || is_below(object.first, secret_subtrees());
    });
    learn_texts();
    learn_name();
    for (auto& [oid, value] : objects_) replace(oid, value);
    return counts_;
  }

 private:
  /// Before anything is replaced: a value is known by then wherever else it stands.
  void learn_texts() {
    for (const auto& [root, kind] : text_objects()) {
      for (auto at = objects_.lower_bound(root); at != objects_.end() && at->first.starts_with(root); ++at) {
        if (at->second.octets() != nullptr) pseudonyms_.text(kind, *at->second.octets());
      }
    }
  }

  /// The device's name, whole and without its domain, stands in sysDescr of most Unix systems.
  void learn_name() {
    const auto object = objects_.find(sys_name());
    if (object == objects_.end() || object->second.octets() == nullptr) return;
    const std::string name = agent_text(*object->second.octets());
    const auto known = pseudonyms_.known_text(*object->second.octets());
    if (!known) return;
    const std::string host = name.substr(0, name.find('.'));
    for (const std::string& word : {name, host}) {
      names_.emplace_back(word, *known);
    }
  }

  void replace(const Oid& oid, Value& value) {
    if (value.type() == Type::ip_address) {
      put(value, Value::ip_address(pseudonyms_.ipv4(*value.octets())), counts_.addresses);
    } else if (value.type() == Type::octet_string) {
      replace_octets(oid, value);
    }
  }

  void replace_octets(const Oid& oid, Value& value) {
    static const Oid if_descr{1, 3, 6, 1, 2, 1, 2, 2, 1, 2};
    static const Oid if_name{1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1};
    static const Oid sys_descr{1, 3, 6, 1, 2, 1, 1, 1};
    static const Oid if_phys_address{1, 3, 6, 1, 2, 1, 2, 2, 1, 6};
    static const Oid engine_id{1, 3, 6, 1, 6, 3, 10, 2, 1, 1};
    const std::string& octets = *value.octets();
    if (oid.starts_with(if_descr) || oid.starts_with(if_name)) return;
    if (oid.starts_with(engine_id)) {
      put(value, Value::octet_string(pseudonyms_.engine_id(octets)), counts_.others);
    } else if (oid.starts_with(if_phys_address) || is_link_address(octets)) {
      put(value, Value::octet_string(pseudonyms_.link_address(octets)), counts_.addresses);
    } else if (const auto known = pseudonyms_.known_text(octets)) {
      put(value, Value::octet_string(*known), counts_.texts);
    } else {
      const std::size_t shortest = oid.starts_with(sys_descr) ? 1 : shortest_name_inside;
      put(value, Value::octet_string(replaced_inside(octets, shortest)), counts_.others);
    }
  }

  /// Six octets that are no text.
  static bool is_link_address(const std::string& octets) { return octets.size() == 6 && needs_raw(octets); }

  std::string replaced_inside(const std::string& octets, std::size_t shortest_name) {
    std::string text = octets;
    for (const auto& [word, other] : names_) {
      if (word.size() >= shortest_name) text = replace_word(text, word, other);
    }
    return replace_serials(replace_addresses(text, pseudonyms_), pseudonyms_);
  }

  static void put(Value& value, Value other, std::size_t& count) {
    if (other == value) return;
    value = std::move(other);
    ++count;
  }

  Objects& objects_;
  Pseudonyms pseudonyms_;
  std::vector<std::pair<std::string, std::string>> names_;
  Anonymized counts_;
};

}  // namespace

Anonymized anonymize(Objects& objects) { return Anonymizer(objects).run(); }

}  // namespace octopoll::recording
