// What reports ask of the histograms of rates.

#include "reader_rates.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include "octopoll/core/clock.hpp"
#include "sealed_levels.hpp"
#include "statements.hpp"
#include "traffic_rows.hpp"

namespace octopoll::store {
namespace {

constexpr std::int64_t hour_s = traffic_levels[1].length.count();
constexpr std::int64_t day_s = traffic_levels[2].length.count();

}  // namespace

Result<std::unique_ptr<Reader::Impl::Rates>> Reader::Impl::Rates::create(Database& database) {
  constexpr std::array<std::string_view, 3> sql = {
      "SELECT rounded FROM rate_histograms WHERE step_s = ? AND begins_at = ? AND device_id = ?",
      "SELECT packed FROM rate_histograms WHERE step_s = ? AND begins_at = ? AND device_id = ?",
      "SELECT open_bin FROM rollup_state WHERE device_id = ?",
  };
  auto statements = prepare_all<Statements>(database, sql);
  if (!statements) return tl::make_unexpected(statements.error());
  std::unique_ptr<Rates> rates(new Rates(std::move(*statements)));
  auto due = database.prepare("SELECT device_id, begins_at, step_s FROM rollups_due ORDER BY device_id, begins_at");
  if (!due) return tl::make_unexpected(due.error());
  auto read = each_row(*due, [&]() -> Result<> {
    rates->due_.push_back({due->integer(0), due->integer(1), due->integer(1) + due->integer(2)});
    return {};
  });
  if (!read) return tl::make_unexpected(read.error());
  auto first = database.prepare("SELECT min(begins_at) / 1000 FROM rate_histograms WHERE step_s = 3600");
  if (!first) return tl::make_unexpected(first.error());
  const auto first_hour = one(*first);
  if (!first_hour) return tl::make_unexpected(first_hour.error());
  rates->first_hour_ = first_hour->value_or(std::numeric_limits<std::int64_t>::max());
  return rates;
}

Result<> Reader::Impl::Rates::for_each(std::int64_t device_id, std::int64_t since_s, std::int64_t until_s,
                                       RateDetail detail, const std::function<void(const StoredRates&)>& callback) {
  const auto open_bin = one(statements_.open_bin, device_id);
  if (!open_bin) return tl::make_unexpected(open_bin.error());
  changing_.clear();
  const auto first =
      std::partition_point(due_.begin(), due_.end(), [device_id](const Due& due) { return due.device_id < device_id; });
  for (auto due = first; due != due_.end() && due->device_id == device_id; ++due)
    changing_.push_back({due->begins_s, due->ends_s});
  if (*open_bin) {
    const std::int64_t begins_s = **open_bin * bin_length.count();
    changing_.push_back({begins_s, begins_s + bin_length.count()});
  }

  for (std::int64_t day = begin_of(since_s, day_s); day < until_s; day += day_s) {
    const auto said = say(day_s, day, device_id, detail, callback);
    if (!said) return tl::make_unexpected(said.error());
    if (*said) continue;
    const std::int64_t from = std::max({day, begin_of(since_s, hour_s), begin_of(first_hour_, hour_s)});
    for (std::int64_t hour = from; hour < std::min(day + day_s, until_s); hour += hour_s) {
      if (auto more = say(hour_s, hour, device_id, detail, callback); !more) return tl::make_unexpected(more.error());
    }
  }
  return {};
}

// What is due to be summed again, or has a bin that is open, has more than was counted.
Result<bool> Reader::Impl::Rates::say(std::int64_t step_s, std::int64_t begins_s, std::int64_t device_id,
                                      RateDetail detail, const std::function<void(const StoredRates&)>& callback) {
  const bool changes = std::any_of(changing_.begin(), changing_.end(), [&](const Changing& span) {
    // An hour is whole although its day is to be summed again.
    const bool longer = span.ends_s - span.begins_s > step_s;
    return !longer && span.begins_s < begins_s + step_s && begins_s < span.ends_s;
  });
  if (changes) return false;
  Statement& read = detail == RateDetail::whole ? statements_.packed : statements_.rounded;
  const ResetLater open(read);
  const auto found = read.first(step_s, begins_s * 1000, device_id);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return false;
  callback({WallTime(std::chrono::seconds(begins_s)), std::chrono::seconds(step_s), read.blob(0)});
  return true;
}

Result<> Reader::for_each_rates(std::int64_t device_id, WallTime since, WallTime until, RateDetail detail,
                                const std::function<void(const StoredRates&)>& callback) {
  if (!impl_->rates) {
    auto rates = Impl::Rates::create(impl_->database);
    if (!rates) return tl::make_unexpected(rates.error());
    impl_->rates = std::move(*rates);
  }
  return impl_->rates->for_each(device_id, std::chrono::floor<std::chrono::seconds>(since).time_since_epoch().count(),
                                std::chrono::ceil<std::chrono::seconds>(until).time_since_epoch().count(), detail,
                                callback);
}

}  // namespace octopoll::store
