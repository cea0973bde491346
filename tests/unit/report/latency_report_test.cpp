#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "octopoll/report/latency.hpp"
#include "octopoll/store/writer.hpp"
#include "store/database.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report {
namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;
using test::noon;
using RoundTrips = std::vector<nanoseconds>;

/// A store with rounds of pings.
class Store {
 public:
  Store& add(const std::string& target, std::chrono::milliseconds after_noon, std::uint32_t sent,
             RoundTrips round_trips = {}, std::optional<Error> error = {}) {
    PingRound round;
    round.error = std::move(error);
    round.target = target;
    round.started_at = noon + after_noon;
    round.round_number = ++number_;
    round.interval = 60s;
    round.sent = sent;
    round.received = static_cast<std::uint32_t>(round_trips.size());
    round.round_trips = std::move(round_trips);
    rounds_.push_back(std::move(round));
    return *this;
  }
  LatencyReport report(const LatencyQuery& query) {
    auto writer = store::Writer::open(dir_ / "x.db").value();
    for (PingRound& round : rounds_) writer->take(test::share(std::move(round)));
    rounds_.clear();
    REQUIRE(writer->close().dropped == 0);
    auto reader = store::Reader::open(dir_ / "x.db");
    REQUIRE(reader);
    const auto made = make_latency(**reader, query);
    REQUIRE(made);
    return *made;
  }
  /// Rounds that a retention of the future took away.
  Store& without_rounds_before(std::chrono::milliseconds after_noon) {
    auto database = store::Database::open(dir_ / "x.db", store::Database::Access::read_write);
    REQUIRE(database);
    const std::int64_t until = (noon + after_noon).time_since_epoch().count();
    REQUIRE(database->execute(("DELETE FROM ping_rounds WHERE started_at < " + std::to_string(until)).c_str()));
    return *this;
  }
  TargetLatency only(const LatencyQuery& query) {
    const auto made = report(query);
    REQUIRE(made.targets.size() == 1);
    return made.targets[0];
  }

 private:
  test::TempDir dir_;
  std::vector<PingRound> rounds_;
  std::uint64_t number_ = 0;
};

LatencyQuery over(std::chrono::milliseconds since, std::chrono::milliseconds until) {
  LatencyQuery query;
  query.window = {noon + since, noon + until};
  return query;
}

TEST_CASE("a target's numbers, by hand") {
  Store store;
  store.add("a", 0s, 4, {10ms, 26ms, 18ms}).add("a", 60s, 2, {50ms}).add("a", 120s, 1, {}).add("a", 180s, 0);
  const TargetLatency target = store.only(over(0s, 1h));
  CHECK(target.rounds == 3);  // of the fourth nothing was sent
  CHECK(target.echoes.sent == 7);
  CHECK(target.echoes.received == 4);
  CHECK(target.echoes.loss() == Approx(3.0 / 7.0));
  REQUIRE(target.round_trips);
  CHECK(target.round_trips->min == 10ms);
  CHECK(target.round_trips->p5 == 10ms);
  CHECK(target.round_trips->median == 22ms);
  CHECK(target.round_trips->mean == 26ms);
  CHECK(target.round_trips->p95 == 50ms);
  CHECK(target.round_trips->max == 50ms);
  CHECK(target.jitter.pairs() == 2);  // 16 and 8; 18 and 50 are of two rounds
  CHECK(target.jitter.delay_variation() == 12ms);
  REQUIRE(target.voice);
  CHECK(target.voice->r == Approx(latency::voice_score(26ms, 12ms, 3.0 / 7.0).r));
}

TEST_CASE("only rounds that began in the window count") {
  Store store;
  store.add("a", -1ms, 1, {1ms}).add("a", 0ms, 1, {2ms}).add("a", 59'999ms, 1, {3ms}).add("a", 60s, 1, {4ms});
  const TargetLatency target = store.only(over(0s, 60s));
  CHECK(target.rounds == 2);
  CHECK(target.round_trips->min == 2ms);
  CHECK(target.round_trips->max == 3ms);
}

TEST_CASE("percentiles are of all round trips together, not of the rounds'") {
  // One round in twenty has slow answers: the mean of the rounds' 95th percentiles would be 14.5 ms.
  Store store;
  for (int minute = 0; minute < 20; ++minute) {
    store.add("a", minute * 60s, 10, RoundTrips(10, minute == 7 ? nanoseconds(100ms) : nanoseconds(10ms)));
  }
  CHECK(store.only(over(0s, 1h)).round_trips->p95 == 10ms);
  CHECK(store.only(over(0s, 1h)).round_trips->p99 == 100ms);
}

TEST_CASE("numbers of a random day are those of all its round trips sorted") {
  std::mt19937 random(20260131);  // NOLINT: the same day each time
  std::lognormal_distribution<double> milliseconds(2.0, 0.8);
  Store store;
  RoundTrips all;
  std::uint64_t sent = 0;
  for (int minute = 0; minute < 24 * 60; minute += 7) {
    RoundTrips round;
    for (int i = 0; i < 10; ++i) {
      ++sent;
      if (random() % 13 == 0) continue;
      round.emplace_back(static_cast<std::int64_t>(milliseconds(random) * 1e6));
    }
    all.insert(all.end(), round.begin(), round.end());
    store.add("a", minute * 60s, 10, round);
  }
  const TargetLatency target = store.only(over(0s, 24h));
  std::sort(all.begin(), all.end());
  CHECK(target.echoes.sent == sent);
  CHECK(target.echoes.received == all.size());
  CHECK(target.round_trips->min == all.front());
  CHECK(target.round_trips->max == all.back());
  for (const auto& [percent, value] : {std::pair(5U, target.round_trips->p5), std::pair(95U, target.round_trips->p95),
                                       std::pair(99U, target.round_trips->p99)}) {
    CAPTURE(percent);
    const auto not_above = std::upper_bound(all.begin(), all.end(), value) - all.begin();
    const auto below = std::lower_bound(all.begin(), all.end(), value) - all.begin();
    CHECK(static_cast<double>(not_above) * 100.0 >= percent * static_cast<double>(all.size()));
    CHECK(static_cast<double>(below) * 100.0 < percent * static_cast<double>(all.size()));
  }
}

TEST_CASE("the worst hours are those with the most loss, then with the slowest answers") {
  Store store;
  for (int hour = 0; hour < 6; ++hour) {
    for (int minute = 0; minute < 60; minute += 20) {
      const bool lossy = hour == 4 && minute == 20;
      store.add("a", hour * 1h + minute * 1min, 2, lossy ? RoundTrips{1ms} : RoundTrips{1ms, (10 + hour % 3) * 1ms});
    }
  }
  const TargetLatency target = store.only(over(0s, 24h));
  REQUIRE(target.worst_hours.size() == 3);
  CHECK(target.worst_hours[0].begin == noon + 4h);
  CHECK(target.worst_hours[0].echoes.loss() == Approx(1.0 / 6.0));
  CHECK(target.worst_hours[1].begin == noon + 5h);  // 12 ms, as at 2; the later one
  CHECK(target.worst_hours[1].round_trips->p95 == 12ms);
  CHECK(target.worst_hours[1].echoes.sent == 6);
  CHECK(target.worst_hours[2].begin == noon + 2h);
}

TEST_CASE("a window's hours are cut by its edges alone") {
  Store store;
  store.add("a", 30min, 2, {1ms}).add("a", 59min, 2, {}).add("a", 60min, 2, {1ms, 1ms});
  LatencyQuery query = over(45min, 2h);
  query.worst_hours = 10;
  const TargetLatency target = store.only(query);
  REQUIRE(target.worst_hours.size() == 2);
  CHECK(target.worst_hours[0].begin == noon);
  CHECK(target.worst_hours[0].echoes.sent == 2);
  CHECK(target.worst_hours[0].echoes.loss() == 1.0);
  CHECK_FALSE(target.worst_hours[0].round_trips);
}

Store four_targets() {
  Store store;
  store.add("silent", 0s, 4);
  store.add("lossy", 0s, 4, {2ms, 3ms});
  store.add("slow", 0s, 4, {80ms, 90ms, 90ms, 90ms});
  store.add("shaky", 0s, 4, {1ms, 60ms, 1ms, 60ms});
  return store;
}

std::string names_by(LatencyOrder order) {
  LatencyQuery query = over(0s, 1h);
  query.order = order;
  std::string names;
  for (const TargetLatency& target : four_targets().report(query).targets) names += target.target + " ";
  return names;
}

TEST_CASE("targets are ordered the worst first, and a silent one is the worst of all") {
  CHECK(names_by(LatencyOrder::loss) == "silent lossy slow shaky ");
  CHECK(names_by(LatencyOrder::p95) == "silent slow shaky lossy ");
  CHECK(names_by(LatencyOrder::median) == "silent slow shaky lossy ");
  CHECK(names_by(LatencyOrder::jitter) == "silent shaky slow lossy ");
  CHECK(names_by(LatencyOrder::voice) == "silent lossy shaky slow ");
  CHECK(names_by(LatencyOrder::name) == "lossy shaky silent slow ");
}

TEST_CASE("some targets, by name and by number") {
  LatencyQuery query = over(0s, 1h);
  query.target_pattern = "^s";
  query.top = 2;
  const LatencyReport made = four_targets().report(query);
  CHECK(made.found == 3);
  REQUIRE(made.targets.size() == 2);
  CHECK(made.targets[1].target == "slow");
  const auto notes = latency_for_people(made, 0, false).notes;
  CHECK(notes.back() == "The first 2 of 3 targets.");
}

TEST_CASE("a target that could not be measured is listed with its reason, and is none of those that were") {
  const Error no_socket{ErrorKind::permission, "no IPv4 ICMP socket is allowed to this user", {}};
  const Error no_name{ErrorKind::resolve, "gone.example: Name or service not known", {}};
  const Error cut_short{ErrorKind::partial, "c was not resolved before the end", {}};
  Store store;
  store.add("a", 0s, 0, {}, no_socket).add("a", 60s, 0, {}, no_name);
  store.add("b", 0s, 2, {1ms, 2ms}).add("b", 60s, 0, {}, no_name);
  store.add("c", 0s, 0, {}, cut_short);
  LatencyQuery query = over(0s, 1h);
  query.top = 1;
  const LatencyReport made = store.report(query);
  REQUIRE(made.targets.size() == 1);
  CHECK(made.targets[0].target == "b");
  REQUIRE(made.unmeasured.size() == 2);
  CHECK(made.unmeasured[0].target == "a");
  CHECK(made.unmeasured[0].not_measured == 2);
  CHECK(made.unmeasured[0].measured == 0);
  CHECK(made.unmeasured[1].measured == 1);
  const Table table = latency_for_people(made, 0, false);
  REQUIRE_FALSE(table.notes.empty());
  CHECK(table.notes[0] == "Not measured: a, b (1 of 2 rounds): gone.example: Name or service not known");
  const auto json = latency_json(made, "x.db");
  CHECK(json["unmeasured"].size() == 2);
  CHECK(json["unmeasured"][0]["reason"] == "gone.example: Name or service not known");
}

TEST_CASE("orders have words, and what is none is told with them") {
  CHECK(latency_orders() == "loss, p95, median, jitter, voice, name");
  CHECK(latency_order_from("voice").value() == LatencyOrder::voice);
  const auto wrong = latency_order_from("los");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().remedy.find("did you mean \"loss\"?") != std::string::npos);
}

TEST_CASE("queries that make no sense are refused before a store is read") {
  LatencyQuery query = over(1h, 0s);
  CHECK(check(query).error().message.find("is not after --since") != std::string::npos);
  query = over(0s, 1h);
  query.target_pattern = "(";
  CHECK(check(query).error().message.find("--device \"(\" is no regular expression") != std::string::npos);
}

TEST_CASE("the table says what is known, and a dash for what is not") {
  LatencyQuery query = over(0s, 1h);
  query.top = 2;
  Table table = latency_for_people(four_targets().report(query), 0, true);
  table.notes.clear();
  // Times of day are those of this machine's zone.
  for (auto& row : table.rows) row[row.size() - 3].text = "-";
  CHECK(to_text(table, {}) ==
        "Target  Address  Sent      Loss  min ms    p5  median  mean   p95   p99   max   sdev  Jitter   MOS     R  "
        "Worst hour      loss   p95\n"
        "silent  -           4  100.00 %       -     -       -     -     -     -     -      -       -     -     -  "
        "         -  100.00 %     -\n"
        "lossy   -           4   50.00 %    2.00  2.00    2.50  2.50  3.00  3.00  3.00  0.500    1.00  1.58  29.4  "
        "         -   50.00 %  3.00\n");
}

TEST_CASE("a narrow terminal keeps what tells most") {
  const LatencyReport made = four_targets().report(over(0s, 1h));
  const Table table = latency_for_people(made, 60, false);
  std::string keys;
  for (const Column& column : table.columns) keys += column.key + " ";
  CHECK(keys == "target loss rtt_median_ms rtt_p95_ms rtt_max_ms delay_variation_ms ");
  CHECK(table.notes.back() == "Columns that do not fit are left out; --format csv has them all.");
}

TEST_CASE("JSON has every number, with all the worst hours") {
  Store store;
  store.add("a", 0s, 3, {1ms, 3ms});
  const nlohmann::ordered_json json = latency_json(store.report(over(0s, 1h)), "x.db");
  CHECK(json["report"] == "latency");
  CHECK(json["since"] == "2026-01-31T12:00:00Z");
  CHECK(json["targets_found"] == 1);
  const auto& target = json["targets"][0];
  CHECK(target["target"] == "a");
  CHECK(target["is_device"] == false);
  CHECK(target["address"].is_null());
  CHECK(target["sent"] == 3);
  CHECK(target["loss"].get<double>() == Approx(1.0 / 3.0));
  CHECK(target["rtt_median_ms"] == 2.0);
  CHECK(target["delay_variation_ms"] == 2.0);
  CHECK(target["smoothed_jitter_ms"] == 0.125);
  CHECK(target["voice_mos"].is_number());
  CHECK(target["worst_hours"][0]["begin"] == "2026-01-31T12:00:00Z");
  CHECK(target["worst_hours"][0]["rtt_p95_ms"] == 3.0);
}

LatencyQuery smoke_over(std::chrono::milliseconds since, std::chrono::milliseconds until) {
  LatencyQuery query = over(since, until);
  query.smoke = true;
  return query;
}

TEST_CASE("smoke is a line an hour, the denser the more of the hour's round trips") {
  // 1 ms is in bucket 159 (from 981 us), 1.1 ms in 161, 1.4 ms in 167 (to 1.45 ms).
  Store store;
  store.add("a", 0s, 12, {1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1ms, 1100us});
  store.add("a", 1h, 4, {1400us, 1400us, 1ms, 1ms}).add("a", 2h, 3);
  const LatencyReport made = store.report(smoke_over(0s, 24h));
  std::string text = latency_smoke(made, 80);
  // Times of day are those of this machine's zone.
  for (std::size_t at = 0; (at = text.find("2026-01-31 ", at)) != std::string::npos; at += 16)
    text.replace(at, 16, 16, '#');
  CHECK(text ==
        "\n"
        "a\n"
        "                           0.981 ms 1.45 ms\n"
        "################    16.67 %  |@ .      |\n"
        "################     0.00 %  |@       @|\n"
        "################   100.00 %  |         |\n"
        "\n"
        "Round trips on a logarithmic scale; from . to @ the more of the hour's.\n");
  CHECK(latency_smoke(store.report(over(0s, 24h)), 80).empty());
}

TEST_CASE("a wide smoke says what stands in its middle") {
  Store store;
  store.add("a", 0s, 2, {1ms, 100ms});
  const std::string text = latency_smoke(store.report(smoke_over(0s, 1h)), 140);
  const std::size_t begin = text.find("0.981 ms");
  REQUIRE(begin != std::string::npos);
  const std::string axis = text.substr(begin, text.find('\n', begin) - begin);
  // 107 buckets on 100 columns: the 51st column begins with the 54th bucket, at 981 us * 2^(53/16).
  CHECK(axis.find("9.74") == 53);
  CHECK(axis.substr(axis.size() - 6) == "101 ms");
}

TEST_CASE("smoke fits into a narrow terminal, and takes no more room than it has buckets") {
  Store store;
  store.add("a", 0s, 2, {1us, 10s});
  for (const std::size_t width : {60U, 80U, 200U}) {
    const std::string text = latency_smoke(store.report(smoke_over(0s, 1h)), width);
    const std::size_t line = text.find('|');
    const std::size_t scale = text.find('|', line + 1) - line - 1;
    CHECK(scale == std::min<std::size_t>(width - 29, 100));
    CHECK(text[line + 1] == '@');
    CHECK(text[line + scale] == '@');
  }
}

TEST_CASE("a target without an answer has smoke without a scale") {
  Store store;
  store.add("a", 0s, 2);
  CHECK(latency_smoke(store.report(smoke_over(0s, 1h)), 80).find("no answer") != std::string::npos);
}

TEST_CASE("an hour whose rounds are gone is still in the picture") {
  Store store;
  store.add("a", 0s, 3, {1ms, 2ms}).add("a", 1h, 1, {4ms}).add("a", 2h, 1, {8ms}).add("b", 0s, 1, {1ms});
  store.add("b", 1h, 1, {1ms});
  (void)store.report(smoke_over(0s, 24h));
  store.without_rounds_before(1h);
  LatencyQuery query = smoke_over(0s, 24h);
  query.target_pattern = "a";
  const TargetLatency target = store.only(query);
  CHECK(target.rounds == 2);
  REQUIRE(target.smoke.size() == 3);
  CHECK(target.smoke[0].begin == noon);
  CHECK(target.smoke[0].echoes.sent == 3);
  CHECK(target.smoke[0].distribution.count() == 2);
  CHECK(target.smoke[1].begin == noon + 1h);
  CHECK(target.smoke[1].echoes.sent == 1);
  // An hour that the window cuts is not known in part.
  query = smoke_over(30min, 24h);
  query.target_pattern = "a";
  CHECK(store.only(query).smoke.size() == 2);
}

TEST_CASE("smoke as JSON has the edges of its buckets") {
  Store store;
  store.add("a", 0s, 1, {1'024us});
  const auto hours = latency_json(store.report(smoke_over(0s, 1h)), "x.db")["targets"][0]["hours"];
  REQUIRE(hours.size() == 1);
  CHECK(hours[0]["distribution"][0]["from_ms"] == 1.024);
  CHECK(hours[0]["distribution"][0]["to_ms"].get<double>() == Approx(1.069334));
  CHECK(hours[0]["distribution"][0]["count"] == 1);
}

}  // namespace
}  // namespace octopoll::report
