# Everything octopoll links, all of it packaged by Debian 12 (scripts/install-deps names the packages).
find_package(Threads REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS program_options)
find_package(yaml-cpp REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(tl-expected REQUIRED)
# 3: contexts that are kept (EVP_MAC); what Net-SNMP itself is linked with.
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(PkgConfig REQUIRED)
pkg_check_modules(re2 REQUIRED IMPORTED_TARGET re2)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)

# Net-SNMP ships no CMake package; its headers must be found as system headers, for they do not compile
# cleanly under -Wpedantic.
find_path(NETSNMP_INCLUDE_DIR net-snmp/net-snmp-config.h REQUIRED)
find_library(NETSNMP_LIBRARY netsnmp REQUIRED)
add_library(netsnmp::netsnmp UNKNOWN IMPORTED)
set_target_properties(netsnmp::netsnmp PROPERTIES
  IMPORTED_LOCATION ${NETSNMP_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${NETSNMP_INCLUDE_DIR})
