#pragma once
// What the parts of the reader share.

#include <cstdint>
#include <memory>

#include "database.hpp"
#include "octopoll/store/reader.hpp"

namespace octopoll::store {

struct Reader::Impl {
  class Traffic;
  class Rates;

  explicit Impl(Database opened);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Database database;
  // Their statements and what they know of this snapshot; made when they are asked for.
  std::unique_ptr<Traffic> traffic;
  std::unique_ptr<Rates> rates;
};

/// The bin of a device that is not in rows yet, and from which of its cycles on.
struct OpenBinOf {
  std::int64_t number, from_poll;
};

}  // namespace octopoll::store
