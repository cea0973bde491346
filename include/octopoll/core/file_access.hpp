#pragma once
// Why the system lets this user not at a file, said so that whoever administers it knows what to change.

#include <cstdint>
#include <filesystem>
#include <string>

namespace octopoll {

/// What a file is wanted for. `create` is about its directory.
enum class FileUse : std::uint8_t { read, write, create };

/// "/a/b belongs to octopoll:octopoll with mode 0640, and this user is alice: ..., or ...": whose the file is, or the
/// directory on the way to it that refuses, and who could change that. Empty where owner, group and mode of none of
/// them refuse (a read-only file system does, and access lists may), or where the file is not there.
/// Thread: any.
[[nodiscard]] std::string remedy_of_refusal(const std::filesystem::path& file, FileUse use);

}  // namespace octopoll
