#pragma once
// Rows of tests that differ in what stands still: an Interface itself never changes.

#include <string_view>

#include "octopoll/core/interface.hpp"

namespace octopoll::test {

/// `change` takes the row's InterfaceFacts by reference.
template <class F>
void change_facts(InterfaceSample& sample, F&& change) {
  InterfaceFacts facts = sample.interface.facts();
  change(facts);
  sample.interface = Interface(sample.interface.name(), facts);
}

inline void rename(InterfaceSample& sample, std::string_view name) {
  sample.interface = Interface(name, sample.interface.facts());
}

}  // namespace octopoll::test
