#pragma once
// Net-SNMP as a whole: what is set up once a process, and whose thread it is.

namespace octopoll::snmp {

/// Makes Net-SNMP ready: silent, reading no configuration, writing nothing, with no MIB loaded. The first call does it
/// all and makes the caller's thread the owner; later calls do nothing.
///
/// Thread: the first call before other threads start, for it changes the environment for a moment and the locale's
///         character types for good (LC_CTYPE, as every program of Net-SNMP does).
void initialize_library();

/// Debian's Net-SNMP is built without its locks, so one thread owns it. A loop that is to own it from now on calls this
/// on its own thread, after the thread before has made its last call.
void claim_library() noexcept;
/// True on the owner's thread, and everywhere before initialize_library().
[[nodiscard]] bool owns_library() noexcept;

/// Brings the MIB parser up with an empty tree; nothing where it is up already. Needed after shutdown_mib() alone.
void start_mib_parser();

}  // namespace octopoll::snmp
