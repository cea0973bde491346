#pragma once
// The snmpd of a machine: on 127.0.0.1:161 of a network namespace, with a configuration of the test's choice.

#include <string>
#include <vector>

#include "support/child.hpp"
#include "support/netns.hpp"
#include "support/temp_dir.hpp"

namespace octopoll::test {

/// What Debian 12 ships in /etc/snmp/snmpd.conf, as far as access goes.
extern const std::string debian_configuration;

/// Runs from construction to the end of the scope. Errors: std::runtime_error when it does not answer `community`.
class SystemSnmpd {
 public:
  SystemSnmpd(const Netns& space, const std::string& configuration, const std::string& community = "public");

 private:
  TempDir directory_;
  Child process_;
};

}  // namespace octopoll::test
