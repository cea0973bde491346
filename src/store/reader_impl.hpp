#pragma once
// What the parts of the reader share.

#include <cstdint>
#include <memory>

#include "database.hpp"
#include "octopoll/store/reader.hpp"
#include "united_tables.hpp"

namespace octopoll::store {

struct Reader::Impl {
  class Traffic;
  class Rates;

  Impl(Database opened, std::shared_ptr<OnDamage> met);
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Database database;
  std::shared_ptr<OnDamage> damage;
  // Their statements and what they know of this snapshot; made when they are asked for.
  std::unique_ptr<Traffic> traffic;
  std::unique_ptr<Rates> rates;
};

/// The bin of a device that is not in rows yet, and from which of its cycles on.
struct OpenBinOf {
  std::int64_t number, from_poll;
};

}  // namespace octopoll::store
