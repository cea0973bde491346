#include "round_trips_text.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <system_error>

namespace octopoll::store {

std::string write_round_trips(std::span<const std::chrono::nanoseconds> round_trips) {
  std::string json = "[";
  for (const auto trip : round_trips) {
    if (json.size() > 1) json += ',';
    // Whole nanoseconds in microseconds: three decimals are exact.
    json += fmt::format("{}.{:03}", trip.count() / 1000, trip.count() % 1000);
  }
  return json += ']';
}

bool read_round_trips(std::string_view json, std::vector<std::chrono::nanoseconds>& round_trips) {
  round_trips.clear();
  if (json.size() < 2 || json.front() != '[' || json.back() != ']') return false;
  const char* at = json.data() + 1;
  const char* const end = json.data() + json.size() - 1;
  while (at != end) {
    double microseconds = 0.0;
    const auto [stopped, error] = std::from_chars(at, end, microseconds);
    if (error != std::errc{} || !(microseconds >= 0.0) || microseconds > 1e12) return false;
    round_trips.emplace_back(std::llround(microseconds * 1e3));
    at = stopped;
    if (at == end) return true;
    if (*at != ',' || ++at == end) return false;
  }
  return true;
}

std::string write_histogram(const latency::Histogram& histogram) {
  std::string json = "{";
  for (const auto& [bucket, count] : histogram.buckets()) {
    if (json.size() > 1) json += ',';
    json += fmt::format("\"{}\":{}", bucket, count);
  }
  return json += '}';
}

std::optional<latency::Histogram> read_histogram(std::string_view json) {
  if (json.size() < 2 || json.front() != '{' || json.back() != '}') return std::nullopt;
  latency::Histogram histogram;
  const char* at = json.data() + 1;
  const char* const end = json.data() + json.size() - 1;
  const auto takes = [&](std::string_view mark) {
    if (std::string_view(at, static_cast<std::size_t>(end - at)).substr(0, mark.size()) != mark) return false;
    at += mark.size();
    return true;
  };
  const auto reads = [&](auto& number) {
    const auto [stopped, error] = std::from_chars(at, end, number);
    at = stopped;
    return error == std::errc{};
  };
  while (at != end) {
    latency::Histogram::Bucket bucket = 0;
    std::uint64_t count = 0;
    if (!takes("\"") || !reads(bucket) || !takes("\":") || !reads(count)) return std::nullopt;
    histogram.add(bucket, count);
    if (at != end && (!takes(",") || at == end)) return std::nullopt;
  }
  return histogram;
}

}  // namespace octopoll::store
