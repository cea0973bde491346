// Answers that are put together from what was found before must be the ones that a search would give.

#include "fleet/kept_answers.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "client.hpp"

namespace fleet::testing {
namespace {

SyntheticSpec busy_device(std::size_t interfaces) {
  InterfaceSpec pattern;
  pattern.traffic.in_bps = 300'000'000;
  pattern.traffic.out_bps = 7'000'000'000;
  pattern.traffic.multicast_permille = 20;
  pattern.traffic.in_errors_per_1000_s = 900;
  SyntheticSpec spec;
  spec.interfaces = make_interfaces(interfaces, pattern);
  return spec;
}

/// One device asked twice for everything: by a responder that remembers, and by one that has seen nothing yet.
class Twins {
 public:
  explicit Twins(SyntheticSpec spec)
      : device_("twin", Place{"public", {}, 0},
                std::make_unique<SyntheticModel>("twin", std::move(spec), std::make_shared<LayoutCache>(), now)) {}

  std::vector<std::uint8_t> remembered(const Ask& ask) { return answer(remembering_, ask); }
  std::vector<std::uint8_t> searched(const Ask& ask) {
    Responder fresh(7);
    return answer(fresh, ask);
  }
  Device& device() { return device_; }
  SyntheticModel& model() { return dynamic_cast<SyntheticModel&>(device_.model()); }

  Instant now = std::chrono::hours(1);

 private:
  std::vector<std::uint8_t> answer(Responder& responder, const Ask& ask) {
    const auto octets = encode(ask);
    Request request;
    if (request.decode(octets) != DecodeError::none) throw std::runtime_error("not a request");
    const Answer answer = responder.respond(request, device_, now, buffer_);
    return {answer.octets.begin(), answer.octets.end()};
  }

  Device device_;
  Responder remembering_{7};
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(Responder::buffer_size);
};

Ask asking(Tag type, std::vector<std::string> names, std::int32_t non_repeaters = 0, std::int32_t repetitions = 0) {
  Ask ask;
  ask.type = type;
  ask.names = std::move(names);
  ask.non_repeaters = non_repeaters;
  ask.max_repetitions = repetitions;
  return ask;
}

std::vector<Ask> all_kinds() {
  const std::string hc_in = if_x_table + ".6";
  return {
      asking(Tag::get_request, {sys_uptime, column(if_x_table, 6, 1), column(if_table, 14, 2)}),
      asking(Tag::get_request, {column(if_table, 14, 99), "1.3.6.1.2.1.99.0", sys_descr}),
      asking(Tag::get_request, {}),
      asking(Tag::get_next_request, {if_table, hc_in, "1.3.6.1.9"}),
      asking(Tag::get_bulk_request, {sys_uptime, if_table + ".10", hc_in}, 1, 4),
      asking(Tag::get_bulk_request, {hc_in, "1.3.6.1.6.3.10.2.1.3"}, 0, 30),
      asking(Tag::get_bulk_request, {"1.3.6"}, 0, 100'000),
      asking(Tag::get_bulk_request, {"1.3.6"}, 0, 0),
      asking(Tag::get_bulk_request, {"1.3.6"}, 5, 3),
  };
}

TEST_CASE("remembered answers are those of a search, while the counters move") {
  Twins twins(busy_device(8));
  for (int round = 0; round < 4; ++round) {
    for (const Ask& ask : all_kinds()) {
      INFO("round " << round << " type " << static_cast<int>(ask.type) << " " << ask.names.size() << " names");
      const auto octets = twins.remembered(ask);
      REQUIRE_FALSE(octets.empty());
      CHECK(octets == twins.searched(ask));
    }
    twins.now += std::chrono::seconds(977);
  }
}

TEST_CASE("remembered answers follow rows that come and go") {
  Twins twins(busy_device(4));
  const auto compare = [&] {
    for (const Ask& ask : all_kinds()) CHECK(twins.remembered(ask) == twins.searched(ask));
  };
  compare();
  twins.model().remove_interface("eth2", twins.now);
  compare();
  InterfaceSpec seventh = make_interfaces(7, {}).back();
  twins.model().add_interface(seventh, twins.now);
  compare();
  twins.model().reboot({true, 0}, twins.now);
  compare();
}

TEST_CASE("remembered answers follow faults") {
  Twins twins(busy_device(4));
  for (const Ask& ask : all_kinds()) REQUIRE_FALSE(twins.remembered(ask).empty());
  for (const Json& fault : std::vector<Json>{{{"no_ifx", true}},
                                             {{"max_repetitions_cap", 2}},
                                             {{"wrong_types", true}},
                                             {{"duplicate_names", true}},
                                             {{"frozen_uptime", true}},
                                             {{"loop", "ifInOctets"}},
                                             {{"non_increasing", true}},
                                             {{"no_getbulk", true}},
                                             {{"wrong_request_id", true}},
                                             {{"wrong_community_reply", true}},
                                             {{"too_big_over", 200}}}) {
    INFO(fault.dump());
    twins.device().change_faults(fault, twins.now);
    twins.now += std::chrono::seconds(3);
    for (const Ask& ask : all_kinds()) CHECK(twins.remembered(ask) == twins.searched(ask));
    twins.device().change_faults({{fault.begin().key(), false}}, twins.now);
  }
}

TEST_CASE("an answer that was cut grows again when its values get shorter") {
  Twins twins(busy_device(8));
  twins.device().set_max_message_size(300);
  const Ask ask = asking(Tag::get_bulk_request, {if_x_table + ".6", if_x_table + ".10"}, 0, 8);
  twins.now += std::chrono::hours(24 * 365);  // long counters
  const auto cut = twins.remembered(ask);
  CHECK(cut == twins.searched(ask));
  twins.model().reboot({}, twins.now);  // all at 0
  const auto more = twins.remembered(ask);
  CHECK(more == twins.searched(ask));
  CHECK(decode_response(more)->bindings.size() > decode_response(cut)->bindings.size());
}

TEST_CASE("a GET that once fitted is too big when its values have grown") {
  Twins twins(busy_device(8));
  std::vector<std::string> names;
  for (std::uint32_t row = 1; row <= 8; ++row) names.push_back(column(if_x_table, 6, row));
  const Ask ask = asking(Tag::get_request, names);
  twins.now = std::chrono::hours(1);
  twins.device().set_max_message_size(twins.remembered(ask).size());
  CHECK(decode_response(twins.remembered(ask))->error_status == 0);
  twins.now += std::chrono::hours(24 * 365);
  CHECK(twins.remembered(ask) == twins.searched(ask));
  CHECK(decode_response(twins.remembered(ask))->error_status == 1);  // tooBig
}

TEST_CASE("what is remembered is bounded") {
  Twins twins(busy_device(2));
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    const Ask ask = asking(Tag::get_next_request, {column(if_table, 1, i)});
    REQUIRE_FALSE(twins.remembered(ask).empty());
  }
  CHECK(twins.remembered(all_kinds()[0]) == twins.searched(all_kinds()[0]));
}

TEST_CASE("requests with malformed bindings are told, also where others like them were answered") {
  Twins twins(busy_device(2));
  const Ask ask = asking(Tag::get_request, {sys_uptime});
  REQUIRE_FALSE(twins.remembered(ask).empty());
  auto octets = encode(ask);
  octets[octets.size() - 1] = 5;  // the NULL would have content behind the end of the message
  Request request;
  REQUIRE(request.decode(octets) == DecodeError::none);
  Responder responder(7);
  std::vector<std::uint8_t> buffer(Responder::buffer_size);
  const Answer answer = responder.respond(request, twins.device(), twins.now, buffer);
  CHECK(answer.malformed);
  CHECK(answer.octets.empty());
}

TEST_CASE("what a flow has brought is exact at any rate and after any time") {
  __extension__ using Wide = unsigned __int128;
  std::mt19937_64 random(3);
  const auto any = [&](int bits) { return random() >> (64 - bits); };
  for (int i = 0; i < 20'000; ++i) {
    Traffic traffic;
    traffic.in_bps = any(1 + i % 42);
    traffic.in_errors_per_1000_s = any(1 + i % 34);
    const std::uint64_t nanoseconds = any(1 + i % 63);
    const auto product = [&](std::uint64_t rate, std::uint64_t per) {
      return static_cast<std::uint64_t>(Wide{rate} * nanoseconds / per);
    };
    const Instant elapsed(static_cast<std::int64_t>(nanoseconds));
    REQUIRE(gained(traffic, Count::in_octets, elapsed) == product(traffic.in_bps, 8'000'000'000));
    REQUIRE(gained(traffic, Count::in_errors, elapsed) == product(traffic.in_errors_per_1000_s, 1'000'000'000'000));
  }
}

}  // namespace
}  // namespace fleet::testing
