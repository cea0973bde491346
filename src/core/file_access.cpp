#include "octopoll/core/file_access.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <optional>
#include <system_error>
#include <vector>

#include "octopoll/core/text.hpp"

namespace octopoll {
namespace {

namespace fs = std::filesystem;

constexpr mode_t may_read = 04;
constexpr mode_t may_write = 02;
constexpr mode_t may_enter = 01;

/// What refuses, and the bits of its mode that are missed.
struct Refusal {
  fs::path path;
  mode_t missed = 0;
};

/// access(2) takes the same bits as a mode has for others.
bool refuses(const fs::path& path, mode_t wanted) { return ::access(path.c_str(), static_cast<int>(wanted)) != 0; }

std::optional<Refusal> refusal_of(const fs::path& file, FileUse use) {
  fs::path on_the_way;
  for (const fs::path& part : file.parent_path()) {
    on_the_way /= part;
    if (refuses(on_the_way, may_enter)) return Refusal{on_the_way, may_enter};
  }
  const Refusal last = use == FileUse::create  ? Refusal{file.parent_path(), may_write | may_enter}
                       : use == FileUse::write ? Refusal{file, may_read | may_write}
                                               : Refusal{file, may_read};
  return refuses(last.path, last.missed) ? std::optional(last) : std::nullopt;
}

template <class Id, class Entry>
std::string name_of(Id id, int (*look_up)(Id, Entry*, char*, std::size_t, Entry**), char* Entry::*name) {
  std::vector<char> buffer(16384);
  Entry entry{};
  Entry* found = nullptr;
  if (look_up(id, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) return fmt::format("{}", id);
  return found->*name;
}
std::string user_name(uid_t id) { return name_of(id, ::getpwuid_r, &passwd::pw_name); }
std::string group_name(gid_t id) { return name_of(id, ::getgrgid_r, &group::gr_name); }

}  // namespace

std::string remedy_of_refusal(const fs::path& file, FileUse use) {
  std::error_code problem;
  const fs::path whole = fs::absolute(file, problem).lexically_normal();
  if (problem) return {};
  const auto refusal = refusal_of(whole, use);
  struct stat status {};
  if (!refusal || ::stat(refusal->path.c_str(), &status) != 0) return {};
  const std::string owner = user_name(status.st_uid);
  const std::string group = group_name(status.st_gid);
  const std::string self = user_name(::geteuid());
  std::string text =
      fmt::format("{} belongs to {}:{} with mode {:04o}, and this user is {}: ", agent_text(refusal->path.string()),
                  owner, group, status.st_mode & 07777U, self);
  const mode_t of_group = refusal->missed << 3U;
  const mode_t of_owner = refusal->missed << 6U;
  const bool group_may = (status.st_mode & of_group) == of_group && status.st_gid != 0;
  if (status.st_uid == ::geteuid() || (status.st_mode & of_owner) != of_owner) {
    text += "change its mode (chmod)";
  } else {
    text += status.st_uid == 0 ? "run this as root (sudo)" : fmt::format("run this as {0} (sudo -u {0})", owner);
    text += group_may ? fmt::format(", or join its group (usermod -aG {} {})", group, self) : ", or change its mode";
  }
  return text;
}

}  // namespace octopoll
