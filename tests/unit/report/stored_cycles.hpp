#pragma once
// A store with some cycles in it, to report on.

#include <catch2/catch.hpp>
#include <memory>
#include <utility>
#include <vector>

#include "octopoll/store/reader.hpp"
#include "octopoll/store/writer.hpp"
#include "support/temp_dir.hpp"
#include "unit/store/make_record.hpp"

namespace octopoll::report::test_support {

class StoredCycles {
 public:
  StoredCycles& add(DeviceCycle cycle) {
    cycles_.push_back(std::move(cycle));
    return *this;
  }
  /// The next cycle of sw1, so many minutes after noon.
  StoredCycles& add(int minute, std::vector<InterfaceRecord> rows) {
    return add(test::make_cycle("sw1", ++number_, test::noon + std::chrono::minutes(minute), std::move(rows)));
  }
  [[nodiscard]] std::unique_ptr<store::Reader> read() {
    auto writer = store::Writer::open(dir_ / "x.db").value();
    for (DeviceCycle& cycle : cycles_) writer->take(test::share(std::move(cycle)));
    cycles_.clear();
    writer.reset();
    return store::Reader::open(dir_ / "x.db").value();
  }

 private:
  test::TempDir dir_;
  std::vector<DeviceCycle> cycles_;
  std::uint64_t number_ = 0;
};

}  // namespace octopoll::report::test_support
