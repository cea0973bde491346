#pragma once
// Where the cells of a table lie for the short time that they are of use.

#include <cstddef>
#include <memory>
#include <memory_resource>
#include <new>
#include <type_traits>
#include <utility>

namespace octopoll::ifmib {

/// Memory that the rows of one reading share: it goes as a whole, with the last of them. Thousands of cells that come
/// and go one by one leave holes among what stays, which nobody else fills. By default that of the program.
/// Shape: a handle; copies are handles on the same memory. Thread: one at a time, for all handles on one.
class CellMemory {
 public:
  CellMemory() noexcept = default;
  [[nodiscard]] static CellMemory of_one_reading() {
    // Allocators keep free blocks of less for blocks like them; of this the pages may go, and untouched ones never
    // come.
    constexpr std::size_t first_part = 320U << 10U;
    CellMemory memory;
    memory.shared_ = std::make_shared<std::pmr::monotonic_buffer_resource>(first_part);
    return memory;
  }

  [[nodiscard]] void* allocate(std::size_t octets, std::size_t alignment) const {
    return shared_ ? shared_->allocate(octets, alignment) : ::operator new(octets);
  }
  void deallocate(void* at) const noexcept {
    if (!shared_) ::operator delete(at);
  }
  friend bool operator==(const CellMemory&, const CellMemory&) = default;

 private:
  std::shared_ptr<std::pmr::memory_resource> shared_;
};

/// The same for containers. One that is made as a copy of another has the program's: it may stay for long.
template <class T>
class CellAllocator {
  static_assert(alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

 public:
  using value_type = T;
  using propagate_on_container_move_assignment = std::true_type;
  using propagate_on_container_swap = std::true_type;

  CellAllocator() noexcept = default;
  CellAllocator(const CellAllocator&) noexcept = default;  // and no other: what is moved from keeps its memory
  CellAllocator& operator=(const CellAllocator&) noexcept = default;
  explicit CellAllocator(CellMemory memory) noexcept : memory_(std::move(memory)) {}
  template <class U>
  explicit CellAllocator(const CellAllocator<U>& other) noexcept : memory_(other.memory()) {}

  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(memory_.allocate(count * sizeof(T), alignof(T)));
  }
  void deallocate(T* at, std::size_t) noexcept { memory_.deallocate(at); }
  [[nodiscard]] CellAllocator select_on_container_copy_construction() const noexcept { return {}; }
  [[nodiscard]] const CellMemory& memory() const noexcept { return memory_; }
  friend bool operator==(const CellAllocator&, const CellAllocator&) = default;

 private:
  CellMemory memory_;
};

}  // namespace octopoll::ifmib
