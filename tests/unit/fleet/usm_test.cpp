// SNMPv3 of the test agent, asked by Net-SNMP's snmpget: an implementation that shares nothing with it.

#include "fleet/usm.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "client.hpp"
#include "support/run_command.hpp"

namespace fleet::testing {
namespace {

using octopoll::test::ChildOptions;
using octopoll::test::CommandResult;
using octopoll::test::run_command;

std::string hex(Octets octets) {
  std::string text;
  for (const std::uint8_t octet : octets) text += fmt::format("{:02x}", octet);
  return text;
}

UsmKey key_from(AuthProtocol auth, std::string_view passphrase, Octets engine_id) {
  const UsmUser user("u", auth, passphrase, PrivProtocol::none, {});
  return localized(auth, user.auth_key, engine_id);
}

/// RFC 3414 appendix A.3 and A.5: the engine of its examples.
constexpr std::array<std::uint8_t, 12> example_engine{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};

DeviceSpec device_with(std::vector<std::string> users) {
  DeviceSpec spec;
  spec.name = "vault";
  spec.place.community = "public";
  spec.synthetic.interfaces = make_interfaces(3, {});
  for (const auto& user : users) spec.users.push_back(parse_user(user));
  return spec;
}

ChildOptions surroundings() {
  ChildOptions options;
  options.env = {{"SNMP_PERSISTENT_DIR", "/dev/null"}, {"SNMPCONFPATH", "/nonexistent"}, {"MIBS", ""}};
  return options;
}

CommandResult snmpget(const Fleet& fleet, std::vector<std::string> security,
                      std::vector<std::string> names = {"1.3.6.1.2.1.1.5.0"}) {
  std::vector<std::string> argv{"snmpget", "-m", "", "-On", "-t", "20", "-r", "0", "-v3"};
  argv.insert(argv.end(), security.begin(), security.end());
  argv.push_back(fleet.target());
  argv.insert(argv.end(), names.begin(), names.end());
  return run_command(std::move(argv), surroundings());
}

const std::string answered = ".1.3.6.1.2.1.1.5.0 = STRING: \"vault\"\n";

TEST_CASE("keys are those of the RFC's examples") {
  const UsmUser md5("u", AuthProtocol::md5, "maplesyrup", PrivProtocol::none, {});
  CHECK(hex(md5.auth_key.view()) == "9faf3283884e92834ebc9847d8edd963");
  CHECK(hex(key_from(AuthProtocol::md5, "maplesyrup", example_engine).view()) == "526f5eed9fcce26f8964c2930787d82b");
  const UsmUser sha("u", AuthProtocol::sha, "maplesyrup", PrivProtocol::none, {});
  CHECK(hex(sha.auth_key.view()) == "9fb5cc0381497b3793528939ff788d5d79145211");
  CHECK(hex(key_from(AuthProtocol::sha, "maplesyrup", example_engine).view()) ==
        "6695febc9288e36282235fc7151f128497b38f3f");
}

TEST_CASE("snmpget is answered with every protocol") {
  struct Pair {
    const char* ours;
    std::vector<std::string> theirs;
  };
  const std::vector<Pair> pairs{
      {"MD5:authentication", {"-l", "authNoPriv", "-a", "MD5"}},
      {"SHA:authentication:DES:confidentiality", {"-l", "authPriv", "-a", "SHA", "-x", "DES"}},
      {"SHA224:authentication:AES:confidentiality", {"-l", "authPriv", "-a", "SHA-224", "-x", "AES"}},
      {"SHA256:authentication:AES:confidentiality", {"-l", "authPriv", "-a", "SHA-256", "-x", "AES"}},
      {"SHA384:authentication:AES192:confidentiality", {"-l", "authPriv", "-a", "SHA-384", "-x", "AES-192"}},
      {"SHA512:authentication:AES256:confidentiality", {"-l", "authPriv", "-a", "SHA-512", "-x", "AES-256"}},
      {"MD5:authentication:AES256:confidentiality", {"-l", "authPriv", "-a", "MD5", "-x", "AES-256"}},
      {"SHA:authentication:AES192C:confidentiality", {"-l", "authPriv", "-a", "SHA", "-x", "AES-192-C"}},
      {"SHA:authentication:AES256C:confidentiality", {"-l", "authPriv", "-a", "SHA", "-x", "AES-256-C"}},
  };
  std::vector<std::string> users{"open"};
  for (std::size_t i = 0; i < pairs.size(); ++i) users.push_back(fmt::format("user{}:{}", i, pairs[i].ours));
  Fleet fleet;
  fleet.add(device_with(users));
  fleet.start();
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    auto security = pairs[i].theirs;
    for (const std::string& word : {std::string("-u"), fmt::format("user{}", i), std::string("-A"),
                                    std::string("authentication"), std::string("-X"), std::string("confidentiality")}) {
      security.push_back(word);
    }
    const auto result = snmpget(fleet, security);
    INFO(pairs[i].ours << ": " << result.describe());
    CHECK(result.out == answered);
  }
  const auto open = snmpget(fleet, {"-u", "open", "-l", "noAuthNoPriv"});
  INFO(open.describe());
  CHECK(open.out == answered);
  CHECK(fleet.stats("vault").gets == pairs.size() + 1);
  CHECK(fleet.stats("vault").reports >= pairs.size() + 1);  // a discovery each, for snmpget keeps nothing
}

TEST_CASE("what is wrong is told by the report that stands for it") {
  Fleet fleet;
  fleet.add(device_with({"vera:SHA256:authentication:AES:confidentiality", "open"}));
  fleet.start();
  const auto error_of = [&](std::vector<std::string> security) { return snmpget(fleet, std::move(security)).err; };
  CHECK_THAT(error_of({"-u", "nobody", "-l", "noAuthNoPriv"}), Catch::Contains("Unknown user name"));
  CHECK_THAT(error_of({"-u", "vera", "-l", "authNoPriv", "-a", "SHA-256", "-A", "something else"}),
             Catch::Contains("Authentication failure"));
  CHECK_THAT(error_of({"-u", "open", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authentication"}),
             Catch::Contains("Unsupported security level"));
  CHECK_THAT(error_of({"-u", "vera", "-l", "authPriv", "-a", "SHA-256", "-A", "authentication", "-x", "AES", "-X",
                       "confidentiality", "-n", "elsewhere"}),
             Catch::Contains("Bad context"));
  // Less than the user has is what access control refuses.
  CHECK_THAT(error_of({"-u", "vera", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authentication"}),
             Catch::Contains("authorizationError"));
  CHECK_THAT(error_of({"-u", "vera", "-l", "noAuthNoPriv"}), Catch::Contains("authorizationError"));
}

TEST_CASE("large answers keep to the limit under encryption") {
  Fleet fleet;
  auto spec = device_with({"vera:SHA512:authentication:DES:confidentiality"});
  spec.synthetic.interfaces = make_interfaces(100, {});
  spec.max_message_size = 1472;
  fleet.add(spec);
  fleet.start();
  std::vector<std::string> argv{"snmpbulkwalk",
                                "-m",
                                "",
                                "-On",
                                "-t",
                                "20",
                                "-v3",
                                "-u",
                                "vera",
                                "-l",
                                "authPriv",
                                "-a",
                                "SHA-512",
                                "-A",
                                "authentication",
                                "-x",
                                "DES",
                                "-X",
                                "confidentiality",
                                "-Cr60",
                                fleet.target(),
                                if_x_table};
  const auto result = run_command(argv, surroundings());
  INFO(result.err);
  CHECK(std::count(result.out.begin(), result.out.end(), '\n') == 19 * 100);
  CHECK(fleet.stats("vault").largest_answer <= 1472);
  CHECK(fleet.stats("vault").largest_answer > 1400);
}

TEST_CASE("faults concern reports and answers of SNMPv3 too") {
  Fleet fleet;
  fleet.add(device_with({"open"}));
  fleet.start();
  fleet.set("vault", {{"silent", true}});
  std::vector<std::string> argv{
      "snmpget", "-m", "", "-t", "1", "-r", "0", "-v3", "-u", "open", "-l", "noAuthNoPriv", fleet.target(), sys_uptime};
  CHECK_THAT(run_command(argv, surroundings()).err, Catch::Contains("Timeout"));
  CHECK(fleet.stats("vault").answers == 0);
  fleet.set("vault", {{"silent", false}});
  CHECK(run_command(argv, surroundings()).exit_code() == 0);
}

TEST_CASE("after a reboot the window has moved, and who asks again is answered") {
  Fleet fleet;
  fleet.add(device_with({"vera:SHA256:authentication"}));
  fleet.start();
  const std::vector<std::string> security{"-u", "vera", "-l", "authNoPriv", "-a", "SHA-256", "-A", "authentication"};
  CHECK(snmpget(fleet, security, {"1.3.6.1.6.3.10.2.1.2.0"}).out == ".1.3.6.1.6.3.10.2.1.2.0 = INTEGER: 1\n");
  fleet.reboot("vault");
  CHECK(snmpget(fleet, security, {"1.3.6.1.6.3.10.2.1.2.0"}).out == ".1.3.6.1.6.3.10.2.1.2.0 = INTEGER: 2\n");
  // An engine that is told a time that is not its own.
  auto wrong_time = security;
  wrong_time.insert(wrong_time.end(), {"-Z", "1,1000"});
  const auto result = snmpget(fleet, wrong_time);
  INFO(result.describe());
  CHECK(result.out == answered);  // it was told the right one by a report
}

/// A GET of sysUpTime as RFC 3412 and RFC 3414 have it, signed for vera.
std::vector<std::uint8_t> signed_request(UsmCrypto& crypto, UsmEngine& engine, const EngineFacts& facts) {
  const auto piece = [](Tag tag, Octets content) {
    std::vector<std::uint8_t> whole(element_size(content.size()));
    Writer(whole).element(tag, content);
    return whole;
  };
  const auto join = [](std::initializer_list<std::vector<std::uint8_t>> parts) {
    std::vector<std::uint8_t> all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  };
  const auto number = [](std::int64_t value) {
    std::vector<std::uint8_t> whole(element_size(integer_size(value)));
    Writer(whole).integer(Tag::integer, value);
    return whole;
  };
  const auto text = [&](std::string_view octets) {
    return piece(Tag::octet_string, {reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()});
  };
  Ask ask;
  ask.names = {sys_uptime};
  const auto v2c = encode(ask);
  Reader message(Reader(v2c).next()->content);
  static_cast<void>(message.next());  // version
  static_cast<void>(message.next());  // community
  const auto pdu = message.next()->whole;
  const std::string digest(24, '\0');
  const auto engine_id = piece(Tag::octet_string, facts.id);
  const auto security = piece(
      Tag::sequence, join({engine_id, number(facts.boots), number(facts.time), text("vera"), text(digest), text("")}));
  const auto header = piece(Tag::sequence, join({number(77), number(65'507), text("\x05"), number(3)}));
  const auto scoped = piece(Tag::sequence, join({engine_id, text(""), {pdu.begin(), pdu.end()}}));
  auto octets = piece(Tag::sequence, join({number(3), header, piece(Tag::octet_string, security), scoped}));
  const auto place = std::search(octets.begin(), octets.end(), digest.begin(), digest.end());
  std::array<std::uint8_t, 64> mac{};
  crypto.sign(AuthProtocol::sha256, engine.find("vera", facts.id)->auth_key, octets, mac.data());
  std::copy_n(mac.begin(), digest.size(), place);
  return octets;
}

TEST_CASE("a signed message with any octet changed is not taken for one of its sender's") {
  UsmEngine engine({parse_user("vera:SHA256:authentication")});
  const SyntheticModel model("vault", {}, std::make_shared<LayoutCache>(), {});
  const EngineFacts facts = model.engine(std::chrono::seconds(100));
  UsmCrypto crypto;
  UsmMessage reading(crypto);
  Request request;
  const auto good = signed_request(crypto, engine, facts);
  auto untouched = good;
  REQUIRE(reading.read(untouched));
  REQUIRE(reading.accept(engine, facts, request) == UsmMessage::Verdict::request);
  CHECK_FALSE(reading.is_below_level());
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      auto octets = good;
      octets[at] = static_cast<std::uint8_t>(octets[at] ^ 1 << bit);
      INFO("octet " << at << " bit " << bit);
      // Without the flag it is a message that does not claim to be signed, and gets what such a one gets.
      const bool taken = reading.read(octets) && reading.accept(engine, facts, request) == UsmMessage::Verdict::request;
      CHECK((!taken || reading.is_below_level()));
    }
  }
  // Old ones are told from new ones by the clock.
  for (const auto& [later, verdict] :
       {std::pair(150, UsmMessage::Verdict::request), std::pair(151, UsmMessage::Verdict::report)}) {
    auto octets = good;
    REQUIRE(reading.read(octets));
    CHECK(reading.accept(engine, model.engine(std::chrono::seconds(100 + later)), request) == verdict);
  }
}

TEST_CASE("users are described in one word") {
  CHECK(parse_user("x")->auth == AuthProtocol::none);
  CHECK(parse_user("x:SHA256:12345678")->priv == PrivProtocol::none);
  for (const char* wrong : {"", ":SHA256:12345678", "x:SHA257:12345678", "x:SHA256", "x:SHA256:short",
                            "x:SHA256:12345678:AES", "x:SHA256:12345678:ROT13:12345678"}) {
    INFO(wrong);
    CHECK_THROWS_AS(parse_user(wrong), std::invalid_argument);
  }
}

TEST_CASE("two engines at one place are refused") {
  Fleet fleet;
  fleet.add(device_with({"open"}));
  auto second = device_with({"open"});
  second.name = "second";
  second.place.community = "other";
  CHECK_THROWS_WITH(fleet.add(second), Catch::Contains("vault and second speak SNMPv3 at the same address"));
}

}  // namespace
}  // namespace fleet::testing
