#include <catch2/catch.hpp>

#include "client.hpp"

namespace fleet::testing {
namespace {

const char* const small_device =
    "1.3.6.1.2.1.1.1.0|4|a small device\n"
    "1.3.6.1.2.1.1.3.0|67|4242\n"
    "1.3.6.1.2.1.2.1.0|2|2\n"
    "1.3.6.1.2.1.2.2.1.1.1|2|1\n"
    "1.3.6.1.2.1.2.2.1.1.2|2|2\n"
    "1.3.6.1.2.1.2.2.1.10.1|65|100\n"
    "1.3.6.1.2.1.2.2.1.10.2|65|4294967295\n"
    "1.3.6.1.2.1.31.1.1.1.6.1|70|100\n"
    "1.3.6.1.2.1.31.1.1.1.6.2|70|18446744073709551615\n"
    "1.3.6.1.2.1.31.1.1.1.18.1|4|\n"
    "1.3.6.1.2.1.31.1.1.1.18.2|4|uplink\n";

Ask asking(Tag type, std::vector<std::string> names, Version version = Version::v2c) {
  Ask ask;
  ask.type = type;
  ask.names = std::move(names);
  ask.version = version;
  return ask;
}

Ask bulk(std::vector<std::string> names, std::int32_t non_repeaters, std::int32_t max_repetitions) {
  Ask ask = asking(Tag::get_bulk_request, std::move(names));
  ask.non_repeaters = non_repeaters;
  ask.max_repetitions = max_repetitions;
  return ask;
}

TEST_CASE("GET answers values, noSuchInstance and noSuchObject side by side") {
  Bench bench(small_device);
  const auto response = bench.ask(asking(Tag::get_request, {"1.3.6.1.2.1.1.1.0",       // there
                                                            "1.3.6.1.2.1.2.2.1.10.2",  // there
                                                            "1.3.6.1.2.1.2.2.1.10.3",  // no such row
                                                            "1.3.6.1.2.1.2.2.1.10",    // a column, no instance
                                                            "1.3.6.1.2.1.1.1.1",       // no such instance of a scalar
                                                            "1.3.6.1.2.1.2.2.1.11.1",  // no such column
                                                            "1.3.6.1.4.1.9.1"}));      // nothing there at all
  REQUIRE(response);
  CHECK(response->type == Tag::response);
  CHECK(response->version == 1);
  CHECK(response->community == "public");
  CHECK(response->request_id == 1234);
  CHECK(response->error_status == 0);
  REQUIRE(response->bindings.size() == 7);
  CHECK(response->bindings[0].text() == "a small device");
  CHECK(response->bindings[1].tag == Tag::counter32);
  CHECK(response->bindings[1].number() == 4294967295);
  CHECK(response->bindings[2].tag == Tag::no_such_instance);
  CHECK(response->bindings[3].tag == Tag::no_such_instance);
  CHECK(response->bindings[4].tag == Tag::no_such_instance);
  CHECK(response->bindings[5].tag == Tag::no_such_object);
  CHECK(response->bindings[6].tag == Tag::no_such_object);
  CHECK(response->bindings[6].name == "1.3.6.1.4.1.9.1");
}

TEST_CASE("GETNEXT goes through all and ends with endOfMibView") {
  Bench bench(small_device);
  CHECK(bench.walk("1.3").size() == 11);
  CHECK(bench.walk("0.0").front() == "1.3.6.1.2.1.1.1.0");
  CHECK(bench.walk("1.3.6.1.2.1.2.2.1.1.1").front() == "1.3.6.1.2.1.2.2.1.1.2");
  CHECK(bench.walk("1.3.6.1.2.1.2.2.1.1.1.0").front() == "1.3.6.1.2.1.2.2.1.1.2");
  const auto end = bench.ask(asking(Tag::get_next_request, {"1.3.6.1.2.1.31.1.1.1.18.2", "2.0"}));
  REQUIRE(end);
  CHECK(end->error_status == 0);
  CHECK(end->bindings[0].tag == Tag::end_of_mib_view);
  CHECK(end->bindings[0].name == "1.3.6.1.2.1.31.1.1.1.18.2");
  CHECK(end->bindings[1].name == "2.0");
}

TEST_CASE("GETBULK: non-repeaters once, the others row by row") {
  Bench bench(small_device);
  const auto response = bench.ask(bulk({"1.3.6.1.2.1.1.3", "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.31.1.1.1.6"}, 1, 2));
  REQUIRE(response);
  CHECK(response->error_status == 0);
  CHECK(response->names() == std::vector<std::string>{"1.3.6.1.2.1.1.3.0", "1.3.6.1.2.1.2.2.1.1.1",
                                                      "1.3.6.1.2.1.31.1.1.1.6.1", "1.3.6.1.2.1.2.2.1.1.2",
                                                      "1.3.6.1.2.1.31.1.1.1.6.2"});
}

TEST_CASE("GETBULK: negative numbers count as zero, more non-repeaters than names as all of them") {
  Bench bench(small_device);
  CHECK(bench.ask(bulk({"1.3.6.1.2.1.1.3"}, -5, -5))->bindings.empty());
  CHECK(bench.ask(bulk({"1.3.6.1.2.1.1.3"}, 0, 0))->bindings.empty());
  CHECK(bench.ask(bulk({"1.3.6.1.2.1.1.3"}, 9, 9))->names() == std::vector<std::string>{"1.3.6.1.2.1.1.3.0"});
  CHECK(bench.ask(bulk({}, 0, 10))->bindings.empty());
}

TEST_CASE("GETBULK: past the end the last name is repeated with endOfMibView, and once all ended it stops") {
  Bench bench(small_device);
  const auto response = bench.ask(bulk({"1.3.6.1.2.1.31.1.1.1.18.1", "1.3.6.1.2.1.31.1.1.1.6.2"}, 0, 100));
  REQUIRE(response);
  // Repetitions: (18.2, 18.1), (end, 18.2), (end, end).
  CHECK(response->names() == std::vector<std::string>{"1.3.6.1.2.1.31.1.1.1.18.2", "1.3.6.1.2.1.31.1.1.1.18.1",
                                                      "1.3.6.1.2.1.31.1.1.1.18.2", "1.3.6.1.2.1.31.1.1.1.18.2",
                                                      "1.3.6.1.2.1.31.1.1.1.18.2", "1.3.6.1.2.1.31.1.1.1.18.2"});
  CHECK(response->bindings[1].tag == Tag::octet_string);
  CHECK(response->bindings[2].tag == Tag::end_of_mib_view);
  CHECK(response->bindings[5].tag == Tag::end_of_mib_view);
}

TEST_CASE("GETBULK is cut at a binding so that the message has just the size allowed") {
  Bench bench(small_device);
  const auto whole = bench.ask(bulk({"1.3"}, 0, 11));
  REQUIRE(whole->bindings.size() == 11);
  for (std::size_t limit = 60; limit <= whole->size; ++limit) {
    bench.device().set_max_message_size(limit);
    const auto cut = bench.ask(bulk({"1.3"}, 0, 11));
    INFO(limit);
    REQUIRE(cut);
    CHECK(cut->error_status == 0);
    CHECK(cut->size <= limit);
    // One more would not have fitted: it takes at least its name, which is 10 octets and more here.
    CHECK((cut->bindings.size() == 11) == (limit >= whole->size));
    for (std::size_t i = 0; i < cut->bindings.size(); ++i) CHECK(cut->bindings[i].name == whole->bindings[i].name);
  }
}

TEST_CASE("an answer of exactly the size allowed is not too big, one octet less is") {
  Bench bench(small_device);
  const auto ask = asking(Tag::get_request, {"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.1.3.0"});
  const auto whole = bench.ask(ask);
  bench.device().set_max_message_size(whole->size);
  CHECK(bench.ask(ask)->error_status == 0);
  bench.device().set_max_message_size(whole->size - 1);
  const auto refused = bench.ask(ask);
  CHECK(refused->error_status == 1);
  CHECK(refused->error_index == 0);
  CHECK(refused->bindings.empty());  // RFC 3416 section 4.2.1
}

TEST_CASE("version 1: tooBig has the request's own bindings") {
  Bench bench(small_device);
  const auto ask = asking(Tag::get_next_request, {"1.3.6.1.2.1.1.1", "1.3.6.1.2.1.1.3"}, Version::v1);
  bench.device().set_max_message_size(bench.ask(ask)->size - 1);
  const auto refused = bench.ask(ask);
  CHECK(refused->error_status == 1);
  CHECK(refused->error_index == 0);
  CHECK(refused->names() == ask.names);
}

TEST_CASE("version 1: what is missing is noSuchName with its place, and nothing else is answered") {
  Bench bench(small_device);
  const auto response = bench.ask(
      asking(Tag::get_request, {"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.2.2.1.10.9", "1.3.6.1.2.1.1.9.0"}, Version::v1));
  CHECK(response->version == 0);
  CHECK(response->error_status == 2);
  CHECK(response->error_index == 2);
  CHECK(response->names() ==
        std::vector<std::string>{"1.3.6.1.2.1.1.1.0", "1.3.6.1.2.1.2.2.1.10.9", "1.3.6.1.2.1.1.9.0"});
  CHECK(response->bindings[0].tag == Tag::null);
}

TEST_CASE("version 1: a Counter64 is not there (RFC 3584 section 4.2.2.1)") {
  Bench bench(small_device);
  const auto get = bench.ask(asking(Tag::get_request, {"1.3.6.1.2.1.31.1.1.1.6.1"}, Version::v1));
  CHECK(get->error_status == 2);
  const auto next = bench.ask(asking(Tag::get_next_request, {"1.3.6.1.2.1.2.2.1.10.2"}, Version::v1));
  CHECK(next->error_status == 0);
  CHECK(next->names() == std::vector<std::string>{"1.3.6.1.2.1.31.1.1.1.18.1"});
  const auto end = bench.ask(asking(Tag::get_next_request, {"1.3.6.1.2.1.31.1.1.1.18.2"}, Version::v1));
  CHECK(end->error_status == 2);
  CHECK(end->error_index == 1);
}

TEST_CASE("version 1: a walk over Counter64 at the end of the MIB ends") {
  Bench bench("1.3.6.1.2.1.1.1.0|4|x\n1.3.6.1.2.1.31.1.1.1.6.1|70|1\n1.3.6.1.2.1.31.1.1.1.6.2|70|2\n");
  CHECK(bench.ask(asking(Tag::get_next_request, {"1.3.6.1.2.1.1.1.0"}, Version::v1))->error_status == 2);
}

TEST_CASE("SET changes nothing: notWritable, in version 1 noSuchName") {
  Bench bench(small_device);
  const auto response = bench.ask(asking(Tag::set_request, {"1.3.6.1.2.1.1.1.0"}));
  CHECK(response->error_status == 17);
  CHECK(response->error_index == 1);
  CHECK(bench.ask(asking(Tag::set_request, {"1.3.6.1.2.1.1.1.0"}, Version::v1))->error_status == 2);
  CHECK(bench.get(sys_descr).text() == "a small device");
}

TEST_CASE("where not even the error fits there is silence") {
  Bench bench(small_device);
  bench.device().set_max_message_size(20);
  CHECK_FALSE(bench.ask(asking(Tag::get_request, {"1.3.6.1.2.1.1.1.0"})));
}

TEST_CASE("request ids come back as they were") {
  Bench bench(small_device);
  const std::int32_t id = GENERATE(0, 1, -1, 127, 128, 2147483647, std::numeric_limits<std::int32_t>::min());
  Ask ask = asking(Tag::get_request, {sys_uptime});
  ask.request_id = id;
  CHECK(bench.ask(ask)->request_id == id);
}

}  // namespace
}  // namespace fleet::testing
