#pragma once
// The reader's side of sums of 5 minutes, plain and sealed.

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "id_runs.hpp"
#include "reader_impl.hpp"
#include "stored_blocks.hpp"
#include "traffic_bin.hpp"

namespace octopoll::store {

/// Reads the file's own tables, by interface: the blocks of one are unpacked one after another, each once, and plain
/// rows are read where there are any.
class Reader::Impl::Traffic {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Traffic>> create(Impl& impl);
  [[nodiscard]] Result<> for_each(const SampleQuery& query, const std::function<void(const StoredTraffic&)>& callback);

 private:
  using Callback = std::function<void(const StoredTraffic&)>;
  struct Statements {
    Statement ids, next_plain, plain, open_bin, open_samples;
  };
  struct PlainRow {
    std::int64_t interface_id, number;
    TrafficBin bin;
  };
  /// What is in no row of a device, by interface.
  struct OpenBins {
    std::int64_t device_id = 0;
    std::optional<OpenBinOf> of;
    std::optional<std::map<std::int64_t, TrafficBin>> bins;  ///< once they were asked for
  };
  /// Numbers of bins.
  struct Numbers {
    std::int64_t first, last;
  };

  Traffic(Impl& impl, Statements statements, BlockReader blocks)
      : impl_(impl), statements_(std::move(statements)), blocks_(std::move(blocks)) {}

  [[nodiscard]] Result<std::vector<std::int64_t>> ids_of(const SampleQuery& query);
  [[nodiscard]] Result<> read_plain(const Numbers& numbers, const std::vector<IdRun>& runs);
  [[nodiscard]] Result<> read_interface(std::int64_t interface_id, const Numbers& numbers, const Callback& callback);
  [[nodiscard]] Result<bool> unpack(std::int64_t interface_id, std::int64_t begins_at);
  [[nodiscard]] Result<> read_open(const SampleQuery& query, const Callback& callback);

  Impl& impl_;
  Statements statements_;
  BlockReader blocks_;
  SealedBlock block_;
  std::vector<PlainRow> plain_;  ///< of the interfaces that are read together, by interface and number
  OpenBins open_;
};

}  // namespace octopoll::store
