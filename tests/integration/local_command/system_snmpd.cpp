#include "system_snmpd.hpp"

#include <stdexcept>

#include "support/wait_until.hpp"

namespace octopoll::test {

const std::string debian_configuration =
    "agentaddress 127.0.0.1\n"
    "view systemonly included .1.3.6.1.2.1.1\n"
    "view systemonly included .1.3.6.1.2.1.25.1\n"
    "rocommunity public default -V systemonly\n"
    "rouser authPrivUser authpriv -V systemonly\n";

namespace {

Child start(const Netns& space, const TempDir& directory, const std::string& configuration) {
  write_file(directory / "snmpd.conf", configuration);
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", directory.path().string()}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBS", ""}};
  return Child::start(space.inside({"snmpd", "-f", "-C", "-c", (directory / "snmpd.conf").string(), "-Le", "-p",
                                    (directory / "pid").string()}),
                      options);
}

}  // namespace

SystemSnmpd::SystemSnmpd(const Netns& space, const std::string& configuration, const std::string& community)
    : process_(start(space, directory_, configuration)) {
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBS", ""}};
  const auto answers = [&] {
    return run_command(space.inside({"snmpget", "-v2c", "-c", community, "-t", "1", "-r", "0", "127.0.0.1",
                                     ".1.3.6.1.2.1.1.3.0"}),
                       options)
        .ok();
  };
  if (!wait_until(answers)) throw std::runtime_error("snmpd on 127.0.0.1:161 does not answer:\n" + process_.err());
}

}  // namespace octopoll::test
