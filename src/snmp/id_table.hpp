#pragma once
// Which session sent the message with this id.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace octopoll::snmp {

/// A hash table for ids that are random already: open addressing, linear probing, no tombstones. Every message that
/// leaves is entered and every one that is answered is taken out, so a node allocated for each would be felt.
/// `Owner` is a pointer. Ids are positive.
template <class Owner>
class IdTable {
 public:
  void set(std::int64_t id, Owner owner) {
    if ((size_ + 1) * 2 > slots_.size()) grow();
    std::size_t at = home(id);
    while (slots_[at].id != 0 && slots_[at].id != id) at = next(at);
    if (slots_[at].id == 0) ++size_;
    slots_[at] = {id, owner};
  }

  /// Null where nobody did.
  [[nodiscard]] Owner find(std::int64_t id) const noexcept {
    if (id <= 0 || slots_.empty()) return nullptr;
    for (std::size_t at = home(id); slots_[at].id != 0; at = next(at)) {
      if (slots_[at].id == id) return slots_[at].owner;
    }
    return nullptr;
  }

  void erase(std::int64_t id) noexcept {
    if (id <= 0 || slots_.empty()) return;
    std::size_t at = home(id);
    while (slots_[at].id != id) {
      if (slots_[at].id == 0) return;
      at = next(at);
    }
    --size_;
    // Those behind it move up, unless they are at home already or would come before it (Knuth 6.4, algorithm R).
    for (std::size_t other = next(at); slots_[other].id != 0; other = next(other)) {
      const std::size_t wanted = home(slots_[other].id);
      const bool stays = at <= other ? (at < wanted && wanted <= other) : (at < wanted || wanted <= other);
      if (stays) continue;
      slots_[at] = slots_[other];
      at = other;
    }
    slots_[at] = {};
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  struct Slot {
    std::int64_t id = 0;  ///< 0: empty
    Owner owner = nullptr;
  };

  [[nodiscard]] std::size_t home(std::int64_t id) const noexcept {
    return static_cast<std::size_t>(id) & (slots_.size() - 1);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & (slots_.size() - 1); }

  void grow() {
    std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
    old.swap(slots_);
    size_ = 0;
    for (const Slot& slot : old) {
      if (slot.id != 0) set(slot.id, slot.owner);
    }
  }

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace octopoll::snmp
