#include "cli/ping_summary.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "octopoll/latency/round_trips.hpp"
#include "octopoll/latency/voice.hpp"

namespace octopoll::cli {
namespace {

using Json = nlohmann::ordered_json;
using std::chrono::nanoseconds;

double milliseconds(nanoseconds time) { return std::chrono::duration<double, std::milli>(time).count(); }
Json maybe_milliseconds(const std::optional<nanoseconds>& time) { return time ? Json(milliseconds(*time)) : Json(); }
std::vector<nanoseconds> answered(const PingHost& host);
Json host_json(const PingHost& host);
Json round_trip_json(const std::optional<latency::RoundTripSummary>& summary);

}  // namespace

std::size_t name_width(const std::vector<PingHost>& hosts) {
  std::size_t width = 0;
  for (const PingHost& host : hosts) width = std::max(width, host.name.size());
  return width;
}

void print_ping_summary(const std::vector<PingHost>& hosts, bool each) {
  const std::size_t width = name_width(hosts);
  if (each) {
    for (const PingHost& host : hosts) {
      if (!host.endpoint) continue;
      fmt::print(stderr, "{:<{}} :", host.name, width);
      for (const auto& round_trip : host.each) {
        fmt::print(stderr, " {}", round_trip ? latency::milliseconds_text(*round_trip) : "-");
      }
      fmt::print(stderr, "\n");
    }
  }
  for (const PingHost& host : hosts) {
    if (!host.endpoint) continue;
    fmt::print(stderr, "{:<{}} : xmt/rcv/%loss = {}/{}/{}%", host.name, width, host.sent, host.received,
               host.loss_percent());
    if (host.received != 0) {
      fmt::print(stderr, ", min/avg/max = {}/{}/{}", latency::milliseconds_text(host.fastest),
                 latency::milliseconds_text(host.mean()), latency::milliseconds_text(host.slowest));
    }
    if (host.duplicates != 0) fmt::print(stderr, ", duplicates {}", host.duplicates);
    if (host.late != 0) fmt::print(stderr, ", late {}", host.late);
    if (host.errors != 0) fmt::print(stderr, ", ICMP errors {}", host.errors);
    fmt::print(stderr, "\n");
  }
}

Json ping_json(const std::vector<PingHost>& hosts) {
  Json array = Json::array();
  for (const PingHost& host : hosts) array.push_back(host_json(host));
  return array;
}

namespace {

std::vector<nanoseconds> answered(const PingHost& host) {
  std::vector<nanoseconds> round_trips;
  for (const auto& round_trip : host.each) {
    if (round_trip) round_trips.push_back(*round_trip);
  }
  return round_trips;
}

Json host_json(const PingHost& host) {
  const std::vector<nanoseconds> round_trips = answered(host);
  const auto summary = latency::summarize(round_trips);
  const latency::Jitter jitter = latency::jitter_of(round_trips);
  Json each = Json::array();
  for (const auto& round_trip : host.each) each.push_back(maybe_milliseconds(round_trip));
  Json object{{"target", host.name}};
  object["address"] = host.endpoint ? Json(host.endpoint->host_text()) : Json();
  object["sent"] = host.sent;
  object["received"] = host.received;
  // Of no probes nothing is known: neither that they were lost nor that they were not.
  const bool known = host.sent != 0;
  const double loss = known ? 1.0 - static_cast<double>(host.received) / static_cast<double>(host.sent) : 0.0;
  object["loss"] = known ? Json(loss) : Json();
  object["duplicates"] = host.duplicates;
  object["late"] = host.late;
  object["errors"] = host.errors;
  object["rtt_ms"] = round_trip_json(summary);
  object["delay_variation_ms"] = maybe_milliseconds(jitter.delay_variation());
  object["smoothed_jitter_ms"] = maybe_milliseconds(jitter.smoothed());
  object["voice"] = Json();
  if (summary && known && jitter.delay_variation()) {
    const latency::VoiceScore score = latency::voice_score(summary->mean, *jitter.delay_variation(), loss);
    object["voice"] = {{"mos", score.mos}, {"r", score.r}};
  }
  object["round_trips_ms"] = std::move(each);
  object["error"] = host.error ? Json(host.error->text()) : Json();
  return object;
}

Json round_trip_json(const std::optional<latency::RoundTripSummary>& summary) {
  if (!summary) return {};
  return {{"min", milliseconds(summary->min)},       {"p5", milliseconds(summary->p5)},
          {"median", milliseconds(summary->median)}, {"mean", milliseconds(summary->mean)},
          {"p95", milliseconds(summary->p95)},       {"p99", milliseconds(summary->p99)},
          {"max", milliseconds(summary->max)},       {"deviation", milliseconds(summary->deviation)}};
}

}  // namespace
}  // namespace octopoll::cli
