// Keys are made when a session first meets its agent, and never again for a poll.

#include <dlfcn.h>
#include <net-snmp/net-snmp-config.h>
// The library's headers need the line above first.
#include <net-snmp/net-snmp-includes.h>
// Not part of the umbrella header.
#include <net-snmp/library/keytools.h>

#include <memory>
#include <vector>

#include "v3_users.hpp"

namespace {

struct KeyWork {
  int passphrases_hashed = 0;  ///< generate_Ku: a megabyte of hashing each
  int keys_localised = 0;      ///< generate_kul
  friend bool operator==(const KeyWork&, const KeyWork&) = default;
};
KeyWork done;

template <class Function>
Function* the_librarys(Function*, const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

}  // namespace

// The library's own key functions, counted on their way: the dynamic linker prefers a program's symbols, for the calls
// within the library as well.

extern "C" int generate_Ku(const oid* hash, u_int hash_length, const u_char* passphrase, size_t length, u_char* key,
                           size_t* key_length) {
  ++done.passphrases_hashed;
  return the_librarys(&generate_Ku, "generate_Ku")(hash, hash_length, passphrase, length, key, key_length);
}

extern "C" int generate_kul(const oid* hash, u_int hash_length, const u_char* engine, size_t engine_length,
                            const u_char* ku, size_t ku_length, u_char* key, size_t* key_length) {
  ++done.keys_localised;
  return the_librarys(&generate_kul, "generate_kul")(hash, hash_length, engine, engine_length, ku, ku_length, key,
                                                     key_length);
}

using namespace octopoll;
using namespace octopoll::test;

TEST_CASE("a hundred polls and a restart cost no work on keys", "[snmp][snmpd]") {
  // Every way a key can be made: plain, with DES's own use of it, and extended after both drafts.
  const std::vector<UsmPair> pairs{{AuthProtocol::sha512, PrivProtocol::aes},
                                   {AuthProtocol::md5, PrivProtocol::des},
                                   {AuthProtocol::sha, PrivProtocol::aes256},
                                   {AuthProtocol::sha, PrivProtocol::aes256c}};
  SnmpdOptions agent_options;
  for (const UsmPair& pair : pairs) agent_options.users.push_back(agent_user(pair));
  Snmpd agent(std::move(agent_options));
  agent.start();
  done = {};
  const Bench bench;
  std::vector<std::unique_ptr<snmp::Session>> sessions;
  for (const UsmPair& pair : pairs) sessions.push_back(bench.open(session_of(at("127.0.0.1", agent.port()), pair)));
  for (const auto& session : sessions) REQUIRE(bench.ask(*session, get(sys_name)).good());

  const KeyWork first = done;
  // Three hashes, two passphrases, SHA's for two users; and draft-reeder's extension hashes a key as if it were one.
  CHECK(first.passphrases_hashed == 7);
  CHECK(first.keys_localised >= 8);
  for (int poll = 0; poll < 100; ++poll) {
    for (const auto& session : sessions) REQUIRE(bench.ask(*session, get(sys_name)).good());
  }
  CHECK(done == first);
  agent.restart();
  for (const auto& session : sessions) CHECK(bench.ask(*session, get(sys_name)).good());
  CHECK(done == first);

  // Another session of a known user: its passphrases are not hashed again.
  const auto another = bench.open(session_of(at("127.0.0.1", agent.port()), pairs[0]));
  CHECK(bench.ask(*another, get(sys_name)).good());
  CHECK(done.passphrases_hashed == first.passphrases_hashed);
}
