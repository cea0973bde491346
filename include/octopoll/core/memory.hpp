#pragma once
// What the allocator holds and nobody uses.

namespace octopoll {

/// Gives whole pages that the allocator keeps free back to the kernel. It takes about a millisecond for ten megabytes,
/// and tcmalloc gives 64 MiB a call, so that no loop stands still for long; what is needed again is asked for anew: to
/// be called now and then, for peaks that come seldom (tables that are read, rows of sums that are written). Thread:
/// any.
void give_back_memory() noexcept;

}  // namespace octopoll
