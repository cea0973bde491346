#include "octopoll/ifmib/row_objects.hpp"

namespace octopoll::ifmib {

RowObjects::RowObjects(RowLayout::Handle layout, std::optional<Odd> odd)
    : place_(odd ? reinterpret_cast<std::uintptr_t>(new OddRow{std::move(layout), *std::move(odd)}) | odd_bit
                 : reinterpret_cast<std::uintptr_t>(layout.detach())) {}

RowObjects::RowObjects(const RowObjects& other)
    : RowObjects(RowLayout::Handle(other.layout()),
                 other.odd() == nullptr ? std::nullopt : std::optional<Odd>(*other.odd())) {}

RowObjects::~RowObjects() {
  if (is_odd()) {
    delete odd_row();
  } else {
    const RowLayout::Handle goes(layout(), false);
  }
}

void RowObjects::set_layout(RowLayout::Handle layout) {
  *this = RowObjects(std::move(layout), odd() == nullptr ? std::nullopt : std::optional<Odd>(*odd()));
}

}  // namespace octopoll::ifmib
