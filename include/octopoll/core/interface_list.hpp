#pragma once
// What somebody keeps of each interface of one device.

#include <algorithm>
#include <cstddef>
#include <deque>
#include <numeric>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "octopoll/core/interface.hpp"
#include "octopoll/core/own_copy.hpp"

namespace octopoll {

/// Items by the names of their interfaces, in blocks of 512 octets: no node, no copy of the name and no hash an
/// interface. One array of all is rounded up by the allocator, by a seventh where 48 base lines are.
///
/// Rows come in the same order cycle after cycle, so each is looked for behind the one found before; only where it is
/// not there, names are indexed for the rest of the pass, and end_pass() puts the items into the order asked for.
/// Shape:  `Item` has a member `interface`, whose name stays the same while the item is in here. Names are unique.
///         A pass in the order of the last one allocates nothing.
/// Thread: any, one at a time.
template <class Item>
class InterfaceList {
 public:
  /// Before the rows of a cycle.
  void begin_pass() {
    end_pass();
    next_ = 0;
    first_pass_ = items_.empty();
  }

  /// As by its name; without a look at the name where the next item has the same block.
  [[nodiscard]] Item* find(const Interface& wanted) {
    if (!search_ && next_ < items_.size() && items_[next_].interface.same_block(wanted)) return &items_[next_++];
    return find(wanted.name());
  }

  /// nullptr where there is none. The item stays where it is until the next end_pass() or erase_if().
  [[nodiscard]] Item* find(std::string_view name) {
    if (!search_ && next_ < items_.size() && items_[next_].interface.name() == name) return &items_[next_++];
    if (first_pass_) return nullptr;
    if (!search_) search_.emplace(index());
    const auto known = search_->places.find(std::string(name));
    if (known == search_->places.end()) return nullptr;
    search_->asked.push_back(known->second);
    return &items_[known->second];
  }

  /// One of a few, not within a pass: each item is looked at, for the index that find() makes would stay until the next
  /// one. nullptr where there is none.
  [[nodiscard]] Item* look_for(std::string_view name) noexcept {
    const auto found =
        std::find_if(items_.begin(), items_.end(), [&](const Item& item) { return item.interface.name() == name; });
    return found == items_.end() ? nullptr : &*found;
  }

  /// After find() gave nullptr for its name.
  Item& append(Item item) {
    const std::size_t place = items_.size();
    items_.push_back(std::move(item));
    if (search_) {
      search_->places.emplace(items_.back().interface.name(), place);
      search_->asked.push_back(place);
    } else {
      next_ = items_.size();
    }
    return items_.back();
  }

  /// After the rows of a cycle. What find() is asked from here on until the next pass comes best in the order of the
  /// rows that were missing.
  void end_pass() {
    first_pass_ = false;
    if (!search_) return;
    std::deque<Item> ordered;
    std::vector<bool> taken(items_.size());
    const auto take = [&](std::size_t place) {
      if (!taken[place]) ordered.push_back(std::move(items_[place]));
      taken[place] = true;
    };
    for (const std::size_t place : search_->asked) take(place);
    for (std::size_t place = 0; place < items_.size(); ++place) take(place);
    items_ = std::move(ordered);
    next_ = search_->asked.size();
    search_.reset();
  }

  /// Not within a pass.
  template <class Action>
  void for_each(Action&& action) {
    for (Item& item : items_) action(item);
  }
  template <class Condition>
  void erase_if(Condition&& condition) {
    std::erase_if(items_, std::forward<Condition>(condition));
  }

  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

 private:
  struct Search {
    std::unordered_map<std::string, std::size_t> places;
    std::vector<std::size_t> asked;  // in their order
  };

  [[nodiscard]] Search index() const {
    Search search;
    for (std::size_t place = 0; place < items_.size(); ++place) {
      search.places.emplace(items_[place].interface.name(), place);
    }
    search.asked.resize(next_);
    std::iota(search.asked.begin(), search.asked.end(), std::size_t{0});
    return search;
  }

  std::deque<Item> items_;
  std::size_t next_ = 0;
  bool first_pass_ = false;  // all that is here came in this pass, so whoever is asked for is new
  OwnCopy<Search> search_;   // rarely there, and larger than the list
};

}  // namespace octopoll
