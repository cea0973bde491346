#pragma once
// What this process holds and does not use.

namespace octopoll {

/// Gives whole pages that the allocator keeps free back to the kernel. It takes about a millisecond for ten megabytes,
/// and tcmalloc gives 64 MiB a call, so that no loop stands still for long; what is needed again is asked for anew: to
/// be called now and then, for peaks that come seldom (tables that are read, rows of sums that are written). So are
/// pages of programs and libraries: most of their code runs at the start alone, and the kernel maps a page again from
/// its file's cache where it is used (some 100 faults, each of 64 kB). Thread: any.
void give_back_memory() noexcept;

/// Of these only what the allocator keeps for this thread alone, for others and for give_back_memory(): a thread that
/// frees what another one has made gathers it. It takes some microseconds.
void give_back_own_memory() noexcept;

}  // namespace octopoll
