#include "snmp/usm.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "octopoll/core/text.hpp"
#include "snmp/library.hpp"

using namespace octopoll;
using namespace octopoll::snmp;

namespace {

/// Of RFC 3414 section A.3, and of draft-reeder-snmpv3-usm-3desede-00 appendix B after it.
const Secret passphrase("maplesyrup");
const std::string engine_id("\0\0\0\0\0\0\0\0\0\0\0\2", 12);

struct Vector {
  AuthProtocol hash;
  std::string ku;
  std::string kul;
};

/// MD5 and SHA-1: RFC 3414 sections A.3.1 and A.3.2. RFC 7860 has none for SHA-2; these were made with Python's
/// hashlib by the algorithm of RFC 3414 section A.2, to which its section 9.3 refers.
const std::vector<Vector> vectors{
    {AuthProtocol::md5, "9faf3283884e92834ebc9847d8edd963", "526f5eed9fcce26f8964c2930787d82b"},
    {AuthProtocol::sha, "9fb5cc0381497b3793528939ff788d5d79145211", "6695febc9288e36282235fc7151f128497b38f3f"},
    {AuthProtocol::sha224, "282a5867ee9aac639ad59df9572c7d3ac0fbc13a905b6df07dbbf00b",
     "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674"},
    {AuthProtocol::sha256, "ab51014d1e077f6017df2b12bee5f5aa72993177e9bb569c4dff5a4ca0b4afac",
     "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b"},
    {AuthProtocol::sha384,
     "e06eccdf2c68a06ed034723c9c26e0db3b669e1e2efed49150b55377a2e98f383c86fb836857444654b287c93f51ff64",
     "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f0455a53689a3937eea07319a633d2ccba78"},
    {AuthProtocol::sha512,
     "7e4396de5aadc77be853819b98c9406265b3a9c37cc3176569847a4e4f6fba63dd3a73d04924d31a63f95a601f9385af6be4ed1b37f87d040"
     "f7c6"
     "ed6f8d38a91",
     "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099ad1ea87a8db096714d9788bd544047c9021e4229ce27e4c0a"
     "6925"
     "0adfcffbb0b"},
};

std::string hex(const u_char* octets, std::size_t length) {
  return to_hex({reinterpret_cast<const char*>(octets), length});
}

/// The user that a session of these protocols has at the engine of the vectors.
UsmUserPtr localised(AuthProtocol auth, PrivProtocol priv) {
  initialize_library();
  SnmpCredentials credentials;
  credentials.version = SnmpVersion::v3;
  credentials.username = "alice";
  credentials.level = SecurityLevel::auth_priv;
  credentials.auth_protocol = auth;
  credentials.password = passphrase;
  credentials.priv_protocol = priv;
  credentials.priv_password = passphrase;
  netsnmp_session session;
  snmp_sess_init(&session);
  session.version = SNMP_VERSION_3;
  KuCache keys;
  REQUIRE(fill_usm(session, credentials, keys));
  std::string id = engine_id;
  session.securityEngineID = reinterpret_cast<u_char*>(id.data());
  session.securityEngineIDLen = id.size();
  UsmUserPtr user = make_usm_user(session);
  REQUIRE(user != nullptr);
  return user;
}

std::string priv_key(AuthProtocol auth, PrivProtocol priv, std::size_t octets) {
  const UsmUserPtr user = localised(auth, priv);
  REQUIRE(user->privKeyLen >= octets);
  return hex(user->privKey, octets);
}

}  // namespace

TEST_CASE("a passphrase becomes the Ku of the standards", "[snmp][usm]") {
  KuCache keys;
  for (int round = 0; round < 2; ++round) {  // made, and kept
    for (const Vector& vector : vectors) {
      CAPTURE(to_string(vector.hash), round);
      const auto ku = keys.get(vector.hash, passphrase);
      REQUIRE(ku);
      CHECK(hex(ku->octets.data(), ku->length) == vector.ku);
    }
  }
  const auto other = keys.get(AuthProtocol::md5, Secret("maplesyrop"));
  REQUIRE(other);
  CHECK(hex(other->octets.data(), other->length) != vectors[0].ku);
}

TEST_CASE("keys are localised to the engine as the standards have it", "[snmp][usm]") {
  for (const Vector& vector : vectors) {
    CAPTURE(to_string(vector.hash));
    const UsmUserPtr user = localised(vector.hash, PrivProtocol::aes);
    CHECK(hex(user->authKey, user->authKeyLen) == vector.kul);
    // The first 16 octets: RFC 3414 section 8.2.1 (DES), RFC 3826 section 1.2.1 (AES-128).
    CHECK(priv_key(vector.hash, PrivProtocol::aes, 16) == vector.kul.substr(0, 32));
    CHECK(priv_key(vector.hash, PrivProtocol::des, 16) == vector.kul.substr(0, 32));
  }
}

TEST_CASE("keys longer than their hash are extended, each form after its own draft", "[snmp][usm]") {
  using enum AuthProtocol;
  using enum PrivProtocol;
  // Appendices B.1 and B.2 of draft-reeder-snmpv3-usm-3desede-00; AES takes as much of them as it needs.
  CHECK(priv_key(md5, aes256c, 32) == "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0a3a40abfac5acc12");
  CHECK(priv_key(md5, aes192c, 24) == "526f5eed9fcce26f8964c2930787d82b79eff44a90650ee0");
  CHECK(priv_key(sha, aes256c, 32) == "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78936ba6e7d19dfd9c");
  CHECK(priv_key(sha, aes192c, 24) == "6695febc9288e36282235fc7151f128497b38f3f9b8b6d78");
  // draft-blumenthal-aes-usm-04 section 3.1.2.1 has no vectors: Kul with H(Kul) behind it, by Python's hashlib.
  CHECK(priv_key(md5, aes256, 32) == "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f4b09192be10dfaec");
  CHECK(priv_key(md5, aes192, 24) == "526f5eed9fcce26f8964c2930787d82bfa24a92467426c2f");
  CHECK(priv_key(sha, aes256, 32) == "6695febc9288e36282235fc7151f128497b38f3f505e07eb9af25568fa1f5dbe");
  CHECK(priv_key(sha, aes192, 24) == "6695febc9288e36282235fc7151f128497b38f3f505e07eb");
  // Appended once more where SHA-224's 28 octets are too few, by either draft.
  CHECK(priv_key(sha224, aes256, 32) == "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674e82d9bf0");
  CHECK(priv_key(sha224, aes256c, 32) == "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be68207567422c34be4");
  // Long enough: both forms are Kul itself.
  for (const Vector& vector : vectors) {
    if (vector.kul.size() >= 48) {
      CHECK(priv_key(vector.hash, aes192, 24) == vector.kul.substr(0, 48));
      CHECK(priv_key(vector.hash, aes192c, 24) == vector.kul.substr(0, 48));
    }
    if (vector.kul.size() >= 64) {
      CHECK(priv_key(vector.hash, aes256, 32) == vector.kul.substr(0, 64));
      CHECK(priv_key(vector.hash, aes256c, 32) == vector.kul.substr(0, 64));
    }
  }
}

TEST_CASE("a passphrase below eight characters makes no key, and says so", "[snmp][usm]") {
  KuCache keys;
  const auto refused = keys.get(AuthProtocol::sha256, Secret("seven77"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::config);
  CHECK_THAT(refused.error().remedy, Catch::Contains("at least 8 characters"));
  CHECK_THAT(refused.error().text(), !Catch::Contains("seven77"));
  CHECK(keys.get(AuthProtocol::sha256, Secret("eight888")));
}

TEST_CASE("an agent's clock is followed forwards, also where it runs slow", "[snmp][usm]") {
  using std::chrono::seconds;
  const BootTime start = BootClock::now();
  EngineClock clock{5, 1000, start, true, true};
  CHECK(clock.time_at(start + seconds(60)) == 1060);

  SECTION("one that loses a second a minute stays within the window for ever") {
    for (int minute = 1; minute <= 300; ++minute) {
      const BootTime now = start + minute * seconds(60);
      const std::int64_t shown = 1000 + minute * std::int64_t{59};
      CHECK(clock.time_at(now) - shown <= 1);
      clock.follow({5, shown}, now);
      CHECK(clock.time_at(now) == shown);
    }
  }
  SECTION("one that runs fast, and one that has restarted") {
    clock.follow({5, 1070}, start + seconds(60));
    CHECK(clock.time_at(start + seconds(61)) == 1071);
    clock.follow({6, 3}, start + seconds(120));
    CHECK(clock.boots == 6);
    CHECK(clock.time_at(start + seconds(121)) == 4);
  }
  SECTION("never back to what an earlier message has shown") {
    clock.follow({5, 1000}, start + seconds(100));
    clock.follow({5, 999}, start + seconds(100));
    clock.follow({4, 5000}, start + seconds(100));
    CHECK(clock.time_at(start + seconds(100)) == 1100);
  }
}
