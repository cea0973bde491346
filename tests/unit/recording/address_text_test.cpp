#include "recording/address_text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace octopoll::recording;

TEST_CASE("addresses in texts are replaced in their own spelling", "[recording]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"at 10.0.0.1.", "at 192.0.2.1."},
      {"10.0.0.1/24", "192.0.2.1/24"},
      {"addr:10.0.0.1", "addr:192.0.2.1"},
      {"10.0.0.1 and 10.0.0.1", "192.0.2.1 and 192.0.2.1"},
      {"mask 255.255.255.0", "mask 255.255.255.0"},
      {"Version 12.2.50.5", "Version 12.2.50.5"},
      {"v1.2.3.4, rel. 1.2.3.4", "v1.2.3.4, rel. 1.2.3.4"},
      {"1.3.6.1.4.1.9", "1.3.6.1.4.1.9"},
      {"1.2.3", "1.2.3"},
      {"300.1.1.1", "300.1.1.1"},
      {"10.0.0.1x", "10.0.0.1x"},
      {"00:50:c2:a1:b2:c3", "00:50:c2:00:00:01"},
      {"MAC:00-50-C2-A1-B2-C3", "MAC:00-50-C2-00-00-01"},
      {"0050.c2a1.b2c3", "0050.c200.0001"},
      {"fe80::1:2:3", "2001:db8::1"},
      {"[2001:67c::5:1]:161", "[2001:db8::1]:161"},
      {"12:30:45", "12:30:45"},
      {"", ""},
      {"eth0", "eth0"},
  }));
  CAPTURE(text);
  Pseudonyms pseudonyms;
  CHECK(replace_addresses(text, pseudonyms) == expected);
}

TEST_CASE("what looks like a serial number is one", "[recording]") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"FGT60E4Q16012345", "serial-1xxxxxxxx"},
      {"(FOC1234X0AB)", "(serial-1xxx)"},
      {"S/N: 12345", "S/N: serial-1"},
      {"Serial Number 4711a", "Serial Number serial-1"},
      {"C3750-IPBASE-M", "C3750-IPBASE-M"},
      {"GigabitEthernet1/0/1", "GigabitEthernet1/0/1"},
      {"20160519", "20160519"},
      {"RELEASE SOFTWARE", "RELEASE SOFTWARE"},
  }));
  CAPTURE(text);
  Pseudonyms pseudonyms;
  CHECK(replace_serials(text, pseudonyms) == expected);
}

TEST_CASE("a word is replaced where it stands by itself", "[recording]") {
  CHECK(replace_word("Linux gate7 6.1", "gate7", "device-1") == "Linux device-1 6.1");
  CHECK(replace_word("gate70 agate7 gate7", "gate7", "X") == "gate70 agate7 X");
}
