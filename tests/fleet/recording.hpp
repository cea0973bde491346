#pragma once
// A device that was recorded: it stands still.

#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "fleet/model.hpp"

namespace fleet {

/// What a .snmprec file holds, one object a line: `OID|TYPE|VALUE`. TYPE is the number of the ASN.1 tag (2, 4, 5, 6,
/// 64, 65, 66, 67, 68, 70), with an `x` after it where VALUE is its octets in hex. Sharing: devices that play the same
/// file share one.
struct Recording {
  struct Item {
    Tag tag;
    std::vector<std::uint8_t> content;
  };
  std::shared_ptr<const Layout> layout;
  std::vector<Item> items;  ///< by Slot::row
};

/// `origin` is the file's name in error messages. Errors: std::runtime_error with "FILE:LINE: what is wrong".
[[nodiscard]] std::shared_ptr<const Recording> parse_recording(std::string_view text, const std::string& origin);
[[nodiscard]] std::shared_ptr<const Recording> load_recording(const std::filesystem::path& file);

class RecordedModel final : public Model {
 public:
  explicit RecordedModel(std::shared_ptr<const Recording> recording, std::string_view name = "recording")
      : recording_(std::move(recording)), engine_id_(make_engine_id(name)) {}
  [[nodiscard]] const std::shared_ptr<const Layout>& layout() const override { return recording_->layout; }
  [[nodiscard]] Value value(Slot slot, Instant now) override;
  /// Its own, whatever was recorded: the clock must run, and like recordings are several engines.
  [[nodiscard]] EngineFacts engine(Instant now) const override;

 private:
  std::shared_ptr<const Recording> recording_;
  std::string engine_id_;
};

}  // namespace fleet
