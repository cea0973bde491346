#include "snmp/kept_crypto.hpp"

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <vector>

#include "octopoll/core/text.hpp"

using namespace octopoll;
using namespace octopoll::snmp;

namespace {

OctetSpan span_of(const std::string& octets) {
  return {reinterpret_cast<const unsigned char*>(octets.data()), octets.size()};
}

std::string from_hex(std::string_view digits) {
  std::string octets;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    octets += static_cast<char>(std::stoi(std::string(digits.substr(i, 2)), nullptr, 16));
  }
  return octets;
}

std::string mac_of(KeptCrypto& crypto, AuthProtocol protocol, const std::string& key,
                   std::initializer_list<std::string_view> parts) {
  KeptCrypto::Mac mac{};
  REQUIRE(crypto.mac(protocol, span_of(key), parts, mac));
  return to_hex({reinterpret_cast<const char*>(mac.data()), mac_octets(protocol)});
}

KeptCrypto::Iv iv_of(std::string_view digits) {
  KeptCrypto::Iv iv{};
  const std::string octets = from_hex(digits);
  std::copy(octets.begin(), octets.end(), iv.begin());
  return iv;
}

}  // namespace

TEST_CASE("a digest is that of the standards, cut to what a message carries", "[snmp][usm]") {
  struct Case {
    AuthProtocol protocol;
    std::string key;
    std::string text;
    std::string digest;
  };
  const std::string jefe = "Jefe";
  const std::string question = "what do ya want for nothing?";
  const std::string greeting = "Hi There";
  const std::string dd(50, '\xdd');
  using enum AuthProtocol;
  // MD5 and SHA-1: RFC 2202 sections 2 and 3, test cases 1 to 3. SHA-2: RFC 4231 sections 4.2 to 4.4.
  const std::vector<Case> cases{
      {md5, std::string(16, '\x0b'), greeting, "9294727a3638bb1c13f48ef8158bfc9d"},
      {md5, jefe, question, "750c783e6ab0b503eaa86e310a5db738"},
      {md5, std::string(16, '\xaa'), dd, "56be34521d144c88dbb8c733f0e8b3f6"},
      {sha, std::string(20, '\x0b'), greeting, "b617318655057264e28bc0b6fb378c8ef146be00"},
      {sha, jefe, question, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"},
      {sha, std::string(20, '\xaa'), dd, "125d7342b9ac11cd91a39af48aa17b4f63f175d3"},
      {sha224, std::string(20, '\x0b'), greeting, "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"},
      {sha224, jefe, question, "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44"},
      {sha256, std::string(20, '\x0b'), greeting, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
      {sha256, jefe, question, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
      {sha256, std::string(20, '\xaa'), dd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
      {sha384, std::string(20, '\x0b'), greeting,
       "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6"},
      {sha384, jefe, question,
       "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"},
      {sha512, std::string(20, '\x0b'), greeting,
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f17"
       "02e696c203a126854"},
      {sha512, jefe, question,
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4"
       "b636e070a38bce737"}};
  KeptCrypto crypto;
  // Twice and mixed: the contexts are kept, and take another key each time.
  for (int round = 0; round < 2; ++round) {
    for (const Case& each : cases) {
      CAPTURE(to_string(each.protocol), each.text, round);
      const std::string digest = each.digest.substr(0, 2 * mac_octets(each.protocol));
      CHECK(mac_of(crypto, each.protocol, each.key, {each.text}) == digest);
      // In parts, one of them empty.
      const std::string_view text = each.text;
      CHECK(mac_of(crypto, each.protocol, each.key, {text.substr(0, 3), "", text.substr(3)}) == digest);
    }
  }
}

TEST_CASE("what a message carries of a digest is as long as the standards have it", "[snmp][usm]") {
  using enum AuthProtocol;
  CHECK(mac_octets(md5) == 12);     // RFC 3414 section 6.3.1
  CHECK(mac_octets(sha) == 12);     // RFC 3414 section 7.3.1
  CHECK(mac_octets(sha224) == 16);  // RFC 7860 section 4, as those that follow
  CHECK(mac_octets(sha256) == 24);
  CHECK(mac_octets(sha384) == 32);
  CHECK(mac_octets(sha512) == 48);
}

TEST_CASE("no digest is made without a key", "[snmp][usm]") {
  KeptCrypto crypto;
  KeptCrypto::Mac mac{};
  CHECK_FALSE(crypto.mac(AuthProtocol::sha256, {}, {"text"}, mac));
  // Nor with the key of the message before.
  REQUIRE(crypto.mac(AuthProtocol::sha256, span_of("secret"), {"text"}, mac));
  const KeptCrypto::Mac none{};
  mac = none;
  CHECK_FALSE(crypto.mac(AuthProtocol::sha256, {}, {"text"}, mac));
  CHECK(mac == none);
}

TEST_CASE("AES is that of the standards in CFB mode", "[snmp][usm]") {
  struct Case {
    PrivProtocol protocol;
    std::string key;
    std::string encrypted;
  };
  // NIST SP 800-38A sections F.3.13, F.3.15 and F.3.17.
  const std::string iv = "000102030405060708090a0b0c0d0e0f";
  const std::string plain = from_hex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  using enum PrivProtocol;
  const std::string aes_192 =
      "cdc80d6fddf18cab34c25909c99a417467ce7f7f81173621961a2b70171d3d7a"
      "2e1e8a1dd59b88b1c8e60fed1efac4c9c05f9f9ca9834fa042ae8fba584b09ff";
  const std::string aes_256 =
      "dc7e84bfda79164b7ecd8486985d386039ffed143b28b1c832113c6331e5407b"
      "df10132415e54b92a13ed0a8267ae2f975a385741ab9cef82031623d55b1e471";
  const std::string key_192 = "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b";
  const std::string key_256 = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
  const std::vector<Case> cases{{aes, "2b7e151628aed2a6abf7158809cf4f3c",
                                 "3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"
                                 "26751f67a3cbb140b1808cf187a4f4dfc04b05357c5d1c0eeac4c66f9ff7f2e6"},
                                {aes192, key_192, aes_192},
                                {aes192c, key_192, aes_192},
                                {aes256, key_256, aes_256},
                                {aes256c, key_256, aes_256}};
  KeptCrypto crypto;
  for (int round = 0; round < 2; ++round) {
    for (const Case& each : cases) {
      CAPTURE(to_string(each.protocol), round);
      const std::string key = from_hex(each.key);
      // Cut anywhere: the last block need not be a whole one (RFC 3826 section 3.1.3).
      for (std::size_t length = 1; length <= plain.size(); ++length) {
        const std::string encrypted = from_hex(each.encrypted).substr(0, length);
        std::string octets = plain.substr(0, length);
        REQUIRE(crypto.encrypt(each.protocol, span_of(key), iv_of(iv), octets));
        CHECK(octets == encrypted);
        std::string back(length, '\0');
        REQUIRE(crypto.decrypt(each.protocol, span_of(key), iv_of(iv), encrypted, back.data()));
        CHECK(back == plain.substr(0, length));
      }
    }
  }
}

TEST_CASE("neither DES nor a key that is too short is taken for encryption", "[snmp][usm]") {
  KeptCrypto crypto;
  std::string octets = "unchanged";
  std::string to(octets.size(), 'x');
  CHECK_FALSE(KeptCrypto::has(PrivProtocol::des));
  for (const PrivProtocol protocol : {PrivProtocol::des, PrivProtocol::aes, PrivProtocol::aes256}) {
    const std::string key(15, 'k');
    CHECK_FALSE(crypto.encrypt(protocol, span_of(key), {}, octets));
    CHECK_FALSE(crypto.decrypt(protocol, span_of(key), {}, octets, to.data()));
  }
  CHECK(octets == "unchanged");
  CHECK(to == "xxxxxxxxx");
}
