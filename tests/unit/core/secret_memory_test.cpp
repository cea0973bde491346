// A secret's memory is overwritten before it is given back, whichever way the value ends.

#include <malloc.h>
#include <string.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <new>
#include <optional>
#include <string>
#include <utility>

#include "octopoll/core/secret.hpp"

namespace {

constexpr char marker[] = "Zq9-a-secret-too-long-to-stay-within-the-string";
std::atomic<bool> looking{false};
std::atomic<int> leaks{0};

void look_at(void* memory) noexcept {
  if (memory != nullptr && looking &&
      memmem(memory, malloc_usable_size(memory), marker, sizeof marker - 1) != nullptr) {
    ++leaks;
  }
}

/// A secret whose only copy in freed memory would be its own.
octopoll::Secret made() {
  std::string text;
  text.reserve(sizeof marker);
  text.append(marker);
  return octopoll::Secret(std::move(text));
}

}  // namespace

// All forms, or a sanitizer's own would allocate what is freed here.
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size == 0 ? 1 : size); }
void* operator new(std::size_t size) {
  if (void* memory = operator new(size, std::nothrow)) return memory;
  throw std::bad_alloc();
}
void* operator new[](std::size_t size) { return operator new(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return operator new(size, std::nothrow); }
void operator delete(void* memory) noexcept {
  look_at(memory);
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept { operator delete(memory); }
void operator delete[](void* memory) noexcept { operator delete(memory); }
void operator delete[](void* memory, std::size_t) noexcept { operator delete(memory); }

namespace octopoll {
namespace {

TEST_CASE("this test would see a secret left behind in memory") {
  leaks = 0;
  looking = true;
  delete new std::string(marker);
  looking = false;
  CHECK(leaks == 1);
}

TEST_CASE("a secret leaves nothing behind in memory") {
  leaks = 0;
  looking = true;
  SECTION("when it dies") { std::optional<Secret>(made()).reset(); }
  SECTION("when it is replaced by a copy") {
    Secret secret = made();
    const Secret longer(std::string(500, 'x'));
    secret = longer;
  }
  SECTION("when it is replaced by a move") {
    Secret secret = made();
    secret = Secret(std::string(500, 'x'));
  }
  SECTION("when it is replaced by nothing") {
    Secret secret = made();
    secret = Secret{};
  }
  SECTION("when it was moved") {
    Secret secret = made();
    const Secret other = std::move(secret);
  }
  looking = false;
  CHECK(leaks == 0);
}

}  // namespace
}  // namespace octopoll
