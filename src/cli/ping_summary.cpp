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
  for (const PingHost& host : hosts) width = std::max(width, host.shown.size());
  return width;
}

void print_ping_summary(const std::vector<PingHost>& hosts, bool each) {
  const std::size_t width = name_width(hosts);
  if (each) {
    for (const PingHost& host : hosts) {
      if (!host.endpoint) continue;
      fmt::print(stderr, "{:<{}} :", host.shown, width);
      for (const auto& round_trip : host.each) {
        fmt::print(stderr, " {}", round_trip ? latency::milliseconds_text(*round_trip) : "-");
      }
      fmt::print(stderr, "\n");
    }
  }
  for (const PingHost& host : hosts) {
    if (!host.endpoint) continue;
    // Of no probes nothing is known: neither that they were lost nor that they were not.
    const std::string loss = host.sent == 0 ? "-" : fmt::format("{}%", host.loss_percent());
    fmt::print(stderr, "{:<{}} : xmt/rcv/%loss = {}/{}/{}", host.shown, width, host.sent, host.received, loss);
    if (host.received != 0) {
      fmt::print(stderr, ", min/avg/max = {}/{}/{}", latency::milliseconds_text(host.fastest),
                 latency::milliseconds_text(host.mean()), latency::milliseconds_text(host.slowest));
    }
    if (host.duplicates != 0) fmt::print(stderr, ", duplicates {}", host.duplicates);
    if (host.late != 0) fmt::print(stderr, ", late {}", host.late);
    if (host.errors != 0) fmt::print(stderr, ", ICMP errors {}", host.errors);
    if (host.not_sent != 0) fmt::print(stderr, ", not sent {}", host.not_sent);
    fmt::print(stderr, "\n");
  }
}

void print_ping_statistics(const std::vector<PingHost>& hosts, nanoseconds elapsed) {
  std::uint64_t alive = 0, unknown = 0, sent = 0, received = 0, errors = 0;
  nanoseconds fastest = nanoseconds::max(), slowest{}, sum{};
  for (const PingHost& host : hosts) {
    alive += host.received != 0 ? 1 : 0;
    unknown += host.endpoint ? 0 : 1;
    sent += host.sent;
    received += host.received;
    errors += host.errors;
    fastest = std::min(fastest, host.fastest);
    slowest = std::max(slowest, host.slowest);
    sum += host.sum;
  }
  fmt::print(stderr,
             "\n{0:8} targets\n{1:8} alive\n{2:8} unreachable\n{3:8} unknown addresses\n"
             "\n{4:8} timeouts (waiting for response)\n{5:8} ICMP Echos sent\n{6:8} ICMP Echo Replies received\n"
             "{7:8} other ICMP received\n\n",
             hosts.size(), alive, hosts.size() - alive - unknown, unknown, sent - received, sent, received, errors);
  if (received != 0) {
    const nanoseconds mean = sum / static_cast<std::int64_t>(received);
    fmt::print(stderr, " {} ms (min round trip time)\n {} ms (avg round trip time)\n {} ms (max round trip time)\n",
               latency::milliseconds_text(fastest), latency::milliseconds_text(mean),
               latency::milliseconds_text(slowest));
  }
  fmt::print(stderr, "{:13.3f} sec (elapsed real time)\n\n", std::chrono::duration<double>(elapsed).count());
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
  object["not_sent"] = host.not_sent;
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
