#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <malloc.h>
#include <net-snmp/net-snmp-includes.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "snmp/library.hpp"

namespace octopoll::snmp {
namespace {

std::atomic<std::thread::id> owner;

/// Takes a variable out of the environment, and puts it back at the end.
class Hidden {
 public:
  Hidden(const char* name, const char* meanwhile) : name_(name) {
    if (const char* value = std::getenv(name)) before_ = value;
    ::setenv(name, meanwhile, 1);
  }
  ~Hidden() {
    if (before_) {
      ::setenv(name_, before_->c_str(), 1);
    } else {
      ::unsetenv(name_);
    }
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};

void set_up() {
  owner = std::this_thread::get_id();

  // glibc hands the top of the heap back at every large free; with the library's 1,136 octets a varbind that doubles
  // the price of decoding an answer of a hundred of them.
  ::mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
  // It also frees a buffer of 64 kB with each datagram, at which glibc goes through all its fast bins; without them it
  // has nothing to go through, and what is small is in the thread's own cache anyway.
  ::mallopt(M_MXFAST, 0);

  netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);

  // init_snmp() makes directories below the persistent one even when told to keep nothing; below /dev/null it cannot.
  set_persistent_directory("/dev/null");
  for (const int flag : {NETSNMP_DS_LIB_DONT_READ_CONFIGS, NETSNMP_DS_LIB_DONT_PERSIST_STATE,
                         NETSNMP_DS_LIB_DISABLE_PERSISTENT_LOAD, NETSNMP_DS_LIB_DISABLE_PERSISTENT_SAVE})
    netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, flag, 1);

  // An index outside the range that a MIB gives is the agent's affair: some number an interface 0, or above 2^31-1.
  netsnmp_ds_set_boolean(NETSNMP_DS_LIBRARY_ID, NETSNMP_DS_LIB_DONT_CHECK_RANGE, 1);

  const Hidden mibs("MIBS", "");
  const Hidden mib_files("MIBFILES", "");
  netsnmp_set_mib_directory("");
  init_snmp("octopoll");
}

}  // namespace

void initialize_library() {
  static std::once_flag once;
  std::call_once(once, set_up);
}

void claim_library() noexcept { owner = std::this_thread::get_id(); }

bool owns_library() noexcept {
  const std::thread::id id = owner;
  return id == std::thread::id() || id == std::this_thread::get_id();
}

void start_mib_parser() {
  initialize_library();
  const Hidden mibs("MIBS", "");
  const Hidden mib_files("MIBFILES", "");
  netsnmp_set_mib_directory("");
  netsnmp_init_mib();
}

}  // namespace octopoll::snmp
