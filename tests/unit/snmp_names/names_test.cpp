#include "octopoll/snmp/names.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "octopoll/core/text.hpp"

namespace octopoll::snmp {
namespace {

NamesOptions ours_alone() {
  NamesOptions options;
  options.directories = {OCTOPOLL_SOURCE_DIR "/mibs"};
  options.user_modules = false;
  return options;
}

/// One for all cases of a run: each further load costs memory that the library never gives back.
const Names* load_ours() {
  static const auto names = Names::load(ours_alone());
  REQUIRE(names);
  return names->get();
}

FormatOptions letters(std::string_view text) {
  const auto options = FormatOptions::parse(text);
  REQUIRE(options);
  return *options;
}

VarBind variable(const Names& names, std::string_view name, Value value) {
  const auto oid = names.resolve(name);
  REQUIRE(oid);
  return {*oid, std::move(value)};
}

/// No octet that a terminal would obey, but TAB and the ends of lines.
bool is_safe(const std::string& text) {
  return text.find_first_of(std::string("\0\1\2\3\4\5\6\a\b\v\f\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b"
                                        "\x1c\x1d\x1e\x1f\x7f",
                                        30)) == std::string::npos &&
         agent_text(text) == text;
}

// The objects that a poller asks for and a person names, with their OIDs typed from the figures of the RFCs.
const std::vector<std::pair<std::string, std::string>>& known_objects() {
  static const std::vector<std::pair<std::string, std::string>> table = {
      // RFC 3418
      {"system", "1.3.6.1.2.1.1"},
      {"sysDescr", "1.3.6.1.2.1.1.1"},
      {"sysObjectID", "1.3.6.1.2.1.1.2"},
      {"sysUpTime", "1.3.6.1.2.1.1.3"},
      {"sysContact", "1.3.6.1.2.1.1.4"},
      {"sysName", "1.3.6.1.2.1.1.5"},
      {"sysLocation", "1.3.6.1.2.1.1.6"},
      {"sysServices", "1.3.6.1.2.1.1.7"},
      {"sysORLastChange", "1.3.6.1.2.1.1.8"},
      {"sysORTable", "1.3.6.1.2.1.1.9"},
      {"sysORID", "1.3.6.1.2.1.1.9.1.2"},
      {"sysORUpTime", "1.3.6.1.2.1.1.9.1.4"},
      {"snmp", "1.3.6.1.2.1.11"},
      {"snmpInPkts", "1.3.6.1.2.1.11.1"},
      {"snmpEnableAuthenTraps", "1.3.6.1.2.1.11.30"},
      {"snmpProxyDrops", "1.3.6.1.2.1.11.32"},
      {"snmpTrapOID", "1.3.6.1.6.3.1.1.4.1"},
      {"coldStart", "1.3.6.1.6.3.1.1.5.1"},
      {"linkDown", "1.3.6.1.6.3.1.1.5.3"},
      {"linkUp", "1.3.6.1.6.3.1.1.5.4"},
      // RFC 2863
      {"interfaces", "1.3.6.1.2.1.2"},
      {"ifNumber", "1.3.6.1.2.1.2.1"},
      {"ifTable", "1.3.6.1.2.1.2.2"},
      {"ifEntry", "1.3.6.1.2.1.2.2.1"},
      {"ifIndex", "1.3.6.1.2.1.2.2.1.1"},
      {"ifDescr", "1.3.6.1.2.1.2.2.1.2"},
      {"ifType", "1.3.6.1.2.1.2.2.1.3"},
      {"ifMtu", "1.3.6.1.2.1.2.2.1.4"},
      {"ifSpeed", "1.3.6.1.2.1.2.2.1.5"},
      {"ifPhysAddress", "1.3.6.1.2.1.2.2.1.6"},
      {"ifAdminStatus", "1.3.6.1.2.1.2.2.1.7"},
      {"ifOperStatus", "1.3.6.1.2.1.2.2.1.8"},
      {"ifLastChange", "1.3.6.1.2.1.2.2.1.9"},
      {"ifInOctets", "1.3.6.1.2.1.2.2.1.10"},
      {"ifInUcastPkts", "1.3.6.1.2.1.2.2.1.11"},
      {"ifInNUcastPkts", "1.3.6.1.2.1.2.2.1.12"},
      {"ifInDiscards", "1.3.6.1.2.1.2.2.1.13"},
      {"ifInErrors", "1.3.6.1.2.1.2.2.1.14"},
      {"ifInUnknownProtos", "1.3.6.1.2.1.2.2.1.15"},
      {"ifOutOctets", "1.3.6.1.2.1.2.2.1.16"},
      {"ifOutUcastPkts", "1.3.6.1.2.1.2.2.1.17"},
      {"ifOutNUcastPkts", "1.3.6.1.2.1.2.2.1.18"},
      {"ifOutDiscards", "1.3.6.1.2.1.2.2.1.19"},
      {"ifOutErrors", "1.3.6.1.2.1.2.2.1.20"},
      {"ifOutQLen", "1.3.6.1.2.1.2.2.1.21"},
      {"ifSpecific", "1.3.6.1.2.1.2.2.1.22"},
      {"ifMIB", "1.3.6.1.2.1.31"},
      {"ifXTable", "1.3.6.1.2.1.31.1.1"},
      {"ifName", "1.3.6.1.2.1.31.1.1.1.1"},
      {"ifInMulticastPkts", "1.3.6.1.2.1.31.1.1.1.2"},
      {"ifInBroadcastPkts", "1.3.6.1.2.1.31.1.1.1.3"},
      {"ifOutMulticastPkts", "1.3.6.1.2.1.31.1.1.1.4"},
      {"ifOutBroadcastPkts", "1.3.6.1.2.1.31.1.1.1.5"},
      {"ifHCInOctets", "1.3.6.1.2.1.31.1.1.1.6"},
      {"ifHCInUcastPkts", "1.3.6.1.2.1.31.1.1.1.7"},
      {"ifHCInMulticastPkts", "1.3.6.1.2.1.31.1.1.1.8"},
      {"ifHCInBroadcastPkts", "1.3.6.1.2.1.31.1.1.1.9"},
      {"ifHCOutOctets", "1.3.6.1.2.1.31.1.1.1.10"},
      {"ifHCOutUcastPkts", "1.3.6.1.2.1.31.1.1.1.11"},
      {"ifHCOutMulticastPkts", "1.3.6.1.2.1.31.1.1.1.12"},
      {"ifHCOutBroadcastPkts", "1.3.6.1.2.1.31.1.1.1.13"},
      {"ifLinkUpDownTrapEnable", "1.3.6.1.2.1.31.1.1.1.14"},
      {"ifHighSpeed", "1.3.6.1.2.1.31.1.1.1.15"},
      {"ifPromiscuousMode", "1.3.6.1.2.1.31.1.1.1.16"},
      {"ifConnectorPresent", "1.3.6.1.2.1.31.1.1.1.17"},
      {"ifAlias", "1.3.6.1.2.1.31.1.1.1.18"},
      {"ifCounterDiscontinuityTime", "1.3.6.1.2.1.31.1.1.1.19"},
      {"ifStackTable", "1.3.6.1.2.1.31.1.2"},
      {"ifStackStatus", "1.3.6.1.2.1.31.1.2.1.3"},
      {"ifRcvAddressTable", "1.3.6.1.2.1.31.1.4"},
      {"ifRcvAddressType", "1.3.6.1.2.1.31.1.4.1.3"},
      {"ifTableLastChange", "1.3.6.1.2.1.31.1.5"},
      {"ifStackLastChange", "1.3.6.1.2.1.31.1.6"},
      // RFC 3635
      {"dot3StatsTable", "1.3.6.1.2.1.10.7.2"},
      {"dot3StatsAlignmentErrors", "1.3.6.1.2.1.10.7.2.1.2"},
      {"dot3StatsFCSErrors", "1.3.6.1.2.1.10.7.2.1.3"},
      {"dot3StatsFrameTooLongs", "1.3.6.1.2.1.10.7.2.1.13"},
      {"dot3StatsSymbolErrors", "1.3.6.1.2.1.10.7.2.1.18"},
      {"dot3StatsDuplexStatus", "1.3.6.1.2.1.10.7.2.1.19"},
      {"dot3HCStatsFCSErrors", "1.3.6.1.2.1.10.7.11.1.2"},
      {"dot3HCInPauseFrames", "1.3.6.1.2.1.10.7.10.1.5"},
      // RFC 4293
      {"ipForwarding", "1.3.6.1.2.1.4.1"},
      {"ipAddrTable", "1.3.6.1.2.1.4.20"},
      {"ipAdEntIfIndex", "1.3.6.1.2.1.4.20.1.2"},
      {"ipIfStatsHCInOctets", "1.3.6.1.2.1.4.31.3.1.6"},
      {"ipAddressTable", "1.3.6.1.2.1.4.34"},
      {"ipAddressIfIndex", "1.3.6.1.2.1.4.34.1.3"},
      {"ipNetToPhysicalPhysAddress", "1.3.6.1.2.1.4.35.1.4"},
      {"icmpInEchos", "1.3.6.1.2.1.5.8"},
      {"icmpOutEchoReps", "1.3.6.1.2.1.5.22"},
      // RFC 3411
      {"snmpEngineID", "1.3.6.1.6.3.10.2.1.1"},
      {"snmpEngineBoots", "1.3.6.1.6.3.10.2.1.2"},
      {"snmpEngineTime", "1.3.6.1.6.3.10.2.1.3"},
      {"snmpEngineMaxMessageSize", "1.3.6.1.6.3.10.2.1.4"},
  };
  return table;
}

}  // namespace

TEST_CASE("names resolve to the OIDs that the RFCs give them, and back") {
  const auto names = load_ours();
  for (const auto& [name, oid] : known_objects()) {
    CAPTURE(name);
    const auto resolved = names->resolve(name);
    REQUIRE(resolved);
    CHECK(resolved->to_string() == oid);
    CHECK_THAT(names->name(*resolved), Catch::EndsWith("::" + name));
  }
}

TEST_CASE("a name may be written in every way that snmpwalk takes") {
  const auto names = load_ours();
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"ifDescr", "1.3.6.1.2.1.2.2.1.2"},
      {"ifDescr.1", "1.3.6.1.2.1.2.2.1.2.1"},
      {"IF-MIB::ifDescr.1", "1.3.6.1.2.1.2.2.1.2.1"},
      {"IF-MIB:ifDescr.1", "1.3.6.1.2.1.2.2.1.2.1"},
      {"IF-MIB::ifXTable", "1.3.6.1.2.1.31.1.1"},
      {"sysUpTime.0", "1.3.6.1.2.1.1.3.0"},
      {"mib-2.2", "1.3.6.1.2.1.2"},
      {"interfaces.2", "1.3.6.1.2.1.2.2"},
      {"interfaces.ifTable.ifEntry.ifInOctets", "1.3.6.1.2.1.2.2.1.10"},
      {"ifTable.1.10", "1.3.6.1.2.1.2.2.1.10"},
      {".1.3.6.1.2.1.2", "1.3.6.1.2.1.2"},
      {"1.3.6.1.2.1.2", "1.3.6.1.2.1.2"},
      {".iso.org.dod.internet.mgmt.mib-2.system", "1.3.6.1.2.1.1"},
      {".iso.3.6.1", "1.3.6.1"},
      {"ipAdEntIfIndex.127.0.0.1", "1.3.6.1.2.1.4.20.1.2.127.0.0.1"},
      {"ifRcvAddressStatus.2.\"0:1b\"", "1.3.6.1.2.1.31.1.4.1.2.2.2.0.27"},
      {"enterprises.8072", "1.3.6.1.4.1.8072"},
      {"zeroDotZero", "0.0"},
  };
  for (const auto& [text, oid] : cases) {
    CAPTURE(text);
    const auto resolved = names->resolve(text);
    REQUIRE(resolved);
    CHECK(resolved->to_string() == oid);
  }
}

TEST_CASE("an index that the MIB does not allow is taken, for agents have such rows") {
  const auto names = load_ours();
  CHECK(names->resolve("ifDescr.0")->back() == 0);
  CHECK(names->resolve("ifDescr.4294967295")->back() == 4294967295U);
}

TEST_CASE("an unknown name says why and what was meant") {
  const auto names = load_ours();
  struct Case {
    std::string text;
    std::string message;
    std::string remedy;
  };
  const std::vector<Case> cases = {
      {"ifDesc", "no MIB module that was read has this name", "did you mean ifDescr?"},
      {"ifdescr", "no MIB module that was read has this name", "did you mean ifDescr?"},
      {"IFINOCTETS", "no MIB module that was read has this name", "did you mean ifInOctets?"},
      {"ifHC", "no MIB module that was read has this name", "ifHCInOctets"},
      {"sysUptime.0", "no MIB module that was read has this name", "did you mean sysUpTime?"},
      {"zzzzzzzzzz", "no MIB module that was read has this name", "MIBDIRS=+DIRECTORY and MIBS=+MODULE"},
      {"IF-MIB::ifDesc", "IF-MIB has no ifDesc", "did you mean ifDescr?"},
      {"IF-MIB::sysDescr", "sysDescr is not in IF-MIB but in SNMPv2-MIB", "write SNMPv2-MIB::sysDescr"},
      {"IF-MIB::sysDescr.0", "sysDescr is not in IF-MIB but in SNMPv2-MIB", "write SNMPv2-MIB::sysDescr.0"},
      {"IP-MBI::ipForwarding", "there is no MIB module IP-MBI", "did you mean IP-MIB?"},
      {"ACME-MIB::acme", "there is no MIB module ACME-MIB", "MIBDIRS=+DIRECTORY and MIBS=+MODULE"},
      {"IF-MIB::", "IF-MIB has no ", "MIBDIRS"},
      {"::", "no MIB module", "MIBDIRS"},
      {"ifDescr.foo", "ifDescr is known, but not what follows it", "its index"},
      {"ifDescr.4294967296", "4294967296 is above 4294967295", ""},
      {"ifDescr.", "ifDescr is known, but not what follows it", "its index"},
      {"\x1b[31mred", "no MIB module that was read has this name", "MIBDIRS"},
      {"1.3.6.x", "no MIB module that was read has this name", "MIBDIRS"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto resolved = names->resolve(c.text);
    REQUIRE_FALSE(resolved);
    CHECK(resolved.error().kind == ErrorKind::usage);
    CHECK_THAT(resolved.error().message, Catch::Contains(c.message));
    CHECK_THAT(resolved.error().remedy, Catch::Contains(c.remedy));
    CHECK(is_safe(resolved.error().text()));
  }
}

TEST_CASE("what is no name at all is refused") {
  const auto names = load_ours();
  CHECK_FALSE(names->resolve(""));
  CHECK_FALSE(names->resolve("."));
  CHECK_FALSE(names->resolve("1.3.6.1."));
  CHECK_FALSE(names->resolve(std::string("ifDescr\0x", 9)));
  CHECK_FALSE(names->resolve(std::string(5000, 'x')));
  CHECK_FALSE(names->resolve("1.4294967296"));
  std::string too_long = "ifDescr";
  for (int i = 0; i < 200; ++i) too_long += ".1";
  CHECK_FALSE(names->resolve(too_long));
}

TEST_CASE("a line reads as snmpwalk prints it") {
  const auto names = load_ours();
  struct Case {
    std::string name;
    Value value;
    std::string line;
  };
  const std::vector<Case> cases = {
      {"ifOperStatus.1", Value::integer(1), "IF-MIB::ifOperStatus.1 = INTEGER: up(1)"},
      {"ifOperStatus.1", Value::integer(99), "IF-MIB::ifOperStatus.1 = INTEGER: 99"},
      {"ifType.1", Value::integer(24), "IF-MIB::ifType.1 = INTEGER: softwareLoopback(24)"},
      {"ifDescr.1", Value::octet_string("lo"), "IF-MIB::ifDescr.1 = STRING: lo"},
      {"ifDescr.1", Value::octet_string(""), "IF-MIB::ifDescr.1 = STRING: "},
      {"ifPhysAddress.2", Value::octet_string(std::string("\0\x1b\x21\xff\x0a\x02", 6)),
       "IF-MIB::ifPhysAddress.2 = STRING: 0:1b:21:ff:a:2"},
      {"ifInOctets.1", Value::counter32(4294967295U), "IF-MIB::ifInOctets.1 = Counter32: 4294967295"},
      {"ifHCInOctets.1", Value::counter64(18446744073709551615U),
       "IF-MIB::ifHCInOctets.1 = Counter64: 18446744073709551615"},
      {"ifSpeed.1", Value::gauge32(10000000), "IF-MIB::ifSpeed.1 = Gauge32: 10000000"},
      {"ifMtu.1", Value::integer(-1), "IF-MIB::ifMtu.1 = INTEGER: -1"},
      {"sysUpTime.0", Value::time_ticks(123), "SNMPv2-MIB::sysUpTime.0 = Timeticks: (123) 0:00:01.23"},
      {"sysObjectID.0", Value::oid({1, 3, 6, 1, 4, 1, 8072}),
       "SNMPv2-MIB::sysObjectID.0 = OID: SNMPv2-SMI::enterprises.8072"},
      {"ipAdEntAddr.127.0.0.1", Value::ip_address(std::string("\x7f\0\0\1", 4)),
       "IP-MIB::ipAdEntAddr.127.0.0.1 = IpAddress: 127.0.0.1"},
      {"snmpEngineTime.0", Value::integer(12), "SNMP-FRAMEWORK-MIB::snmpEngineTime.0 = INTEGER: 12 seconds"},
      {"ifPromiscuousMode.1", Value::integer(2), "IF-MIB::ifPromiscuousMode.1 = INTEGER: false(2)"},
      {"snmpEngineID.0", Value::octet_string(std::string("\x80\0\x1f\x88\x04", 5)),
       "SNMP-FRAMEWORK-MIB::snmpEngineID.0 = Hex-STRING: 80 00 1F 88 04 "},
      {"ifDescr.7", Value::no_such_instance(), "IF-MIB::ifDescr.7 = No Such Instance currently exists at this OID"},
      {"ifDescr.7", Value::no_such_object(), "IF-MIB::ifDescr.7 = No Such Object available on this agent at this OID"},
      {"ifDescr.7", Value::end_of_mib_view(),
       "IF-MIB::ifDescr.7 = No more variables left in this MIB View (It is past the end of the MIB tree)"},
      {"ifInOctets.1", Value::gauge32(5), "IF-MIB::ifInOctets.1 = Wrong Type (should be Counter32): Gauge32: 5"},
      {"enterprises.1", Value(), "SNMPv2-SMI::enterprises.1 = NULL"},
      {"enterprises.2", Value::opaque_float(1.5F), "SNMPv2-SMI::enterprises.2 = Opaque: Float: 1.500000"},
      {"enterprises.3", Value::opaque_double(2.5), "SNMPv2-SMI::enterprises.3 = Opaque: Float: 2.500000"},
      {"enterprises.4", Value::octet_string("text"), "SNMPv2-SMI::enterprises.4 = STRING: \"text\""},
      {"ipAddressType.ipv4.\"127.0.0.1\"", Value::integer(1),
       "IP-MIB::ipAddressType.ipv4.\"127.0.0.1\" = INTEGER: unicast(1)"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.name);
    CHECK(names->format(variable(*names, c.name, c.value)) == c.line);
  }
}

TEST_CASE("the letters of -O change a line as they do for snmpwalk, and leave the next line alone") {
  const auto names = load_ours();
  const VarBind status = variable(*names, "ifOperStatus.1", Value::integer(1));
  const VarBind uptime = variable(*names, "sysUpTime.0", Value::time_ticks(123));
  const VarBind descr = variable(*names, "ifDescr.1", Value::octet_string("lo"));
  CHECK(names->format(status, letters("n")) == ".1.3.6.1.2.1.2.2.1.8.1 = INTEGER: up(1)");
  CHECK(names->format(status, letters("q")) == "IF-MIB::ifOperStatus.1 up");
  CHECK(names->format(status, letters("Q")) == "IF-MIB::ifOperStatus.1 = up");
  CHECK(names->format(status, letters("s")) == "ifOperStatus.1 = INTEGER: up(1)");
  CHECK(names->format(status, letters("e")) == "IF-MIB::ifOperStatus.1 = INTEGER: 1");
  CHECK(names->format(status, letters("v")) == "INTEGER: up(1)");
  CHECK(names->format(status, letters("qv")) == "up");
  CHECK(names->format(status, letters("X")) == "IF-MIB::ifOperStatus[1] = INTEGER: up(1)");
  CHECK(names->format(status, letters("f")) ==
        ".iso.org.dod.internet.mgmt.mib-2.interfaces.ifTable.ifEntry.ifOperStatus.1 = INTEGER: up(1)");
  CHECK(names->format(uptime, letters("t")) == "SNMPv2-MIB::sysUpTime.0 = 123");
  CHECK(names->format(descr, letters("x")) == "IF-MIB::ifDescr.1 = STRING: lo");
  CHECK(names->format(status) == "IF-MIB::ifOperStatus.1 = INTEGER: up(1)");
  CHECK(names->format(uptime) == "SNMPv2-MIB::sysUpTime.0 = Timeticks: (123) 0:00:01.23");

  const auto wrong = FormatOptions::parse("nz");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().kind == ErrorKind::usage);
  CHECK_THAT(wrong.error().message, Catch::Contains("\"z\""));
  CHECK_FALSE(FormatOptions::parse("p"));
}

TEST_CASE("a variable in parts, for machines") {
  const auto names = load_ours();
  const auto describe = [&](std::string_view name, Value value) {
    return names->describe(variable(*names, name, std::move(value)));
  };
  CHECK(describe("ifOperStatus.1", Value::integer(1)) ==
        NamedValue{"IF-MIB::ifOperStatus.1", "1.3.6.1.2.1.2.2.1.8.1", "INTEGER", "1", "up"});
  CHECK(describe("ifOperStatus.1", Value::integer(99)).label == std::nullopt);
  CHECK(describe("ifMtu.1", Value::integer(-5)).text == "-5");
  CHECK(describe("ifHCInOctets.1", Value::counter64(18446744073709551615U)) ==
        NamedValue{"IF-MIB::ifHCInOctets.1", "1.3.6.1.2.1.31.1.1.1.6.1", "Counter64", "18446744073709551615",
                   std::nullopt});
  CHECK(describe("ifInOctets.1", Value::gauge32(5)).text == "5");
  CHECK(describe("sysUpTime.0", Value::time_ticks(123)).text == "123");
  CHECK(describe("snmpEngineTime.0", Value::integer(12)).text == "12");
  CHECK(describe("ifDescr.1", Value::octet_string("lo")).text == "lo");
  CHECK(describe("ifDescr.1", Value::octet_string(" a \"b\" \\ ")).text == " a \"b\" \\ ");
  CHECK(describe("ifPhysAddress.1", Value::octet_string(std::string("\0\x1b\xff", 3))).text == "0:1b:ff");
  CHECK(describe("snmpEngineID.0", Value::octet_string(std::string("\x80\0\x1f", 3))).text == "80 00 1f");
  CHECK(describe("enterprises.1", Value::octet_string("plain")).text == "plain");
  CHECK(describe("enterprises.1", Value::octet_string("\xff\xfe")).text == "ff fe");
  CHECK(describe("enterprises.1", Value::opaque("AB")).text == "41 42");
  CHECK(describe("enterprises.1", Value::opaque_float(1.5F)).text == "1.5");
  CHECK(describe("sysObjectID.0", Value::oid({1, 3, 6, 1, 4, 1, 9})).text == "SNMPv2-SMI::enterprises.9");
  CHECK(describe("ipAdEntAddr.1.2.3.4", Value::ip_address("\1\2\3\4")).text == "1.2.3.4");
  CHECK(describe("ipAdEntAddr.1.2.3.4", Value::ip_address("")).text.empty());
  CHECK(describe("ifDescr.9", Value::no_such_instance()) ==
        NamedValue{"IF-MIB::ifDescr.9", "1.3.6.1.2.1.2.2.1.2.9", "noSuchInstance", "", std::nullopt});
}

TEST_CASE("text of an agent cannot work a terminal") {
  const auto names = load_ours();
  const auto line = [&](std::string octets) {
    return names->format(variable(*names, "ifAlias.1", Value::octet_string(std::move(octets))));
  };
  const std::string head = "IF-MIB::ifAlias.1 = STRING: ";
  CHECK(line("\x1b[2Jgone") == head + "\\x1b[2Jgone");
  CHECK(line("a\nb") == head + "a\nb");
  CHECK(line("a\r\nb") == head + "a\r\nb");
  CHECK(line("up\rdown") == head + "up\\x0ddown");
  CHECK(line("end\r") == head + "end\\x0d");
  CHECK(line("col\tumn") == head + "col\tumn");
  CHECK(line("caf\xc3\xa9") == head + "caf\xc3\xa9");
  CHECK(line("caf\xe9") == head + "caf\\xe9");
  CHECK(line("\xc2\x9b"
             "31m") == head + "\\xc2\\x9b31m");
  CHECK(line("\x7f") == head + "\\x7f");
}

TEST_CASE("octets of every length and kind print for every object with nothing unsafe") {
  const auto names = load_ours();
  std::mt19937 random(20061);
  std::uniform_int_distribution<int> octet(0, 255);
  const std::vector<std::string> objects = {"ifDescr.1",           "ifPhysAddress.1", "ifAlias.1",
                                            "snmpEngineID.0",      "enterprises.1",   "ipv6InterfaceIdentifier.1",
                                            "ipAdEntAddr.1.2.3.4", "ifOperStatus.1",  "dot3ControlFunctionsSupported.1",
                                            "sysUpTime.0",         "sysObjectID.0",   "ifHCInOctets.1"};
  std::size_t printed = 0;
  for (const std::string& object : objects) {
    const auto oid = names->resolve(object);
    REQUIRE(oid);
    for (std::size_t length = 0; length <= 300; length = length < 24 ? length + 1 : length * 2) {
      std::string octets(length, '\0');
      std::generate(octets.begin(), octets.end(), [&] { return static_cast<char>(octet(random)); });
      for (const Value& value : {Value::octet_string(octets), Value::ip_address(octets), Value::opaque(octets)}) {
        const VarBind bound{*oid, value};
        CAPTURE(object, length, to_hex(octets));
        const std::string line = names->format(bound);
        CHECK(is_safe(line));
        CHECK(is_safe(names->format(bound, letters("aT"))));
        CHECK(is_safe(names->describe(bound).text));
        CHECK_THAT(line, Catch::StartsWith(names->name(*oid) + " = "));
        ++printed;
      }
    }
  }
  CHECK(printed > 900);
}

TEST_CASE("OIDs of every length print, also where an index claims more than there is") {
  const auto names = load_ours();
  std::mt19937 random(1035);
  std::uniform_int_distribution<std::uint32_t> number;
  const std::vector<std::string> stems = {
      "ifRcvAddressStatus", "ipAddressIfIndex", "ipAdEntAddr", "ifDescr", "ipAddressPrefixOrigin", "system"};
  for (const std::string& stem : stems) {
    Oid oid = *names->resolve(stem);
    for (int step = 0; oid.size() < Oid::max_length; ++step) {
      const std::vector<std::uint32_t> tails = {0, 1, 4, 16, 255, 0x1b, number(random)};
      oid = oid.child(tails[static_cast<std::size_t>(step) % tails.size()]);
      CAPTURE(oid.to_string());
      CHECK(is_safe(names->name(oid)));
      CHECK(is_safe(names->format({oid, Value::oid(oid)})));
    }
  }
  CHECK(is_safe(names->format({Oid{}, Value::oid({})})));
  CHECK(names->describe({Oid{1, 3}, Value::oid({})}).oid == "1.3");
}

TEST_CASE("the library has one tree: a second Names is refused while the first lives") {
  const auto first = load_ours();
  const auto second = Names::load(ours_alone());
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::internal);
  CHECK(first->resolve("ifDescr"));
}

TEST_CASE("another thread than the owner's is turned away") {
  const auto names = load_ours();
  bool refused = false;
  std::thread([&] {
    try {
      static_cast<void>(names->resolve("ifDescr"));
    } catch (const std::logic_error&) {
      refused = true;
    }
  }).join();
  CHECK(refused);
}

TEST_CASE("a directory without the modules is an error that names it") {
  NamesOptions options;
  options.directories = {"/nonexistent/mibs"};
  auto names = Names::load(options);
  REQUIRE_FALSE(names);
  CHECK(names.error().kind == ErrorKind::config);
  CHECK_THAT(names.error().message, Catch::Contains("/nonexistent/mibs"));
  options.directories = {OCTOPOLL_SOURCE_DIR "/tests"};
  names = Names::load(options);
  REQUIRE_FALSE(names);
  CHECK_THAT(names.error().message, Catch::Contains("IF-MIB.txt"));
}

}  // namespace octopoll::snmp
