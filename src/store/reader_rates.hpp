#pragma once
// The reader's side of the histograms of rates: which of them say the whole truth of their time.

#include <array>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "reader_impl.hpp"

namespace octopoll::store {

class Reader::Impl::Rates {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Rates>> create(Database& database);
  [[nodiscard]] Result<> for_each(std::int64_t device_id, std::int64_t since_s, std::int64_t until_s, RateDetail detail,
                                  const std::function<void(const StoredRates&)>& callback);

 private:
  struct Statements {
    Statement rounded, packed, open_bin;
  };
  struct Due {
    std::int64_t device_id, begins_s, ends_s;
  };
  struct Changing {
    std::int64_t begins_s, ends_s;
  };
  explicit Rates(Statements statements) : statements_(std::move(statements)) {}
  /// False where there is no histogram that can be trusted.
  [[nodiscard]] Result<bool> say(std::int64_t step_s, std::int64_t begins_s, std::int64_t device_id, RateDetail detail,
                                 const std::function<void(const StoredRates&)>& callback);

  Statements statements_;
  std::vector<Due> due_;  ///< all of the file, by device
  std::int64_t first_hour_ = 0;
  std::vector<Changing> changing_;  ///< of the device that is asked for
};

}  // namespace octopoll::store
