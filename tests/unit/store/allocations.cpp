#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max();
thread_local bool counting = false;
thread_local std::size_t allocated = 0;
thread_local std::size_t most_allocated = unbounded;

void* allocate(std::size_t size) noexcept {
  if (counting) {
    allocated += size;
    if (allocated > most_allocated) {
      most_allocated = unbounded;
      return nullptr;
    }
  }
  return std::malloc(size == 0 ? 1 : size);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* memory = allocate(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace octopoll::test {

Allocations::Allocations(std::size_t most) noexcept {
  allocated = 0;
  most_allocated = most;
  counting = true;
}
Allocations::~Allocations() { counting = false; }
std::size_t Allocations::octets() const noexcept { return allocated; }

}  // namespace octopoll::test
