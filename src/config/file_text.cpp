#include "config/file_text.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "octopoll/core/fd.hpp"
#include "octopoll/core/file_access.hpp"

namespace octopoll::config {
namespace {

constexpr std::size_t largest_file = std::size_t{64} * 1024 * 1024;

tl::unexpected<Error> cannot_read(int error, std::string remedy);
std::size_t character_length(std::string_view rest);
bool is_control(std::string_view character);

}  // namespace

Result<FileText> read_text_file(const std::filesystem::path& file) {
  // O_NONBLOCK: opening a FIFO must not wait for somebody who writes to it.
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) {
    const int error = errno;
    std::string whose = error == EACCES ? remedy_of_refusal(file, FileUse::read) : "check the path";
    return cannot_read(error, whose.empty() ? "check that this user may read it" : std::move(whose));
  }
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return cannot_read(errno, {});
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorKind::config, S_ISDIR(status.st_mode) ? "this is a folder, not a file" : "not a regular file",
                "name the YAML file itself");
  }
  FileText result{{}, status.st_mode & 07777};
  char chunk[65536];
  for (;;) {
    const ssize_t count = ::read(fd.get(), chunk, sizeof chunk);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannot_read(errno, {});
    if (count == 0) return result;
    result.text.append(chunk, static_cast<std::size_t>(count));
    if (result.text.size() > largest_file) {
      return fail(ErrorKind::config, "the file is larger than 64 MiB", "split the inventory, one poller for each part");
    }
  }
}

std::string_view without_bom(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  return text;
}

bool check_encoding(std::string_view text, Problems& problems) {
  static const std::string to_utf8 = "save the file as UTF-8, for example with `iconv -t UTF-8`";
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    problems.add({}, "the file is UTF-16 or UTF-32, not UTF-8", to_utf8);
    return false;
  }
  Place place;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    const std::size_t length = character_length(rest);
    if (length == 0) {
      problems.add(place, fmt::format("octet 0x{:02x} is not UTF-8", static_cast<unsigned char>(rest[0])), to_utf8);
      return false;
    }
    if (is_control(rest.substr(0, length))) {
      const auto octet = static_cast<unsigned char>(rest[length - 1]);
      problems.add(
          place,
          octet == 0 ? "a NUL character: is this a text file?" : fmt::format("control character U+{:04X}", octet),
          "delete it; in double quotes it may be written as an escape");
      return false;
    }
    place = rest[0] == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + static_cast<int>(length)};
    at += length;
  }
  return true;
}

namespace {

tl::unexpected<Error> cannot_read(int error, std::string remedy) {
  return fail(error == EACCES ? ErrorKind::permission : ErrorKind::io,
              fmt::format("cannot read the file: {}", std::strerror(error)), std::move(remedy));
}

/// Octets of the character at the front, 0 where it is not well-formed. Source: Unicode 15 table 3-7.
std::size_t character_length(std::string_view rest) {
  const auto octet = [&rest](std::size_t i) { return i < rest.size() ? static_cast<unsigned char>(rest[i]) : 0U; };
  const auto follows = [&octet](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return octet(i) >= low && octet(i) <= high;
  };
  const unsigned first = octet(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const unsigned low = first == 0xE0 ? 0xA0 : 0x80;   // no longer form than needed
    const unsigned high = first == 0xED ? 0x9F : 0xBF;  // no surrogates
    return follows(1, low, high) && follows(2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const unsigned low = first == 0xF0 ? 0x90 : 0x80;
    const unsigned high = first == 0xF4 ? 0x8F : 0xBF;  // not above U+10FFFF
    return follows(1, low, high) && follows(2) && follows(3) ? 4 : 0;
  }
  return 0;
}

bool is_control(std::string_view character) {
  const auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return (first < 0x20 && first != '\t' && first != '\n' && first != '\r') || first == 0x7F;
  const auto second = static_cast<unsigned char>(character[1]);
  return first == 0xC2 && second < 0xA0 && second != 0x85;  // U+0080-009F but NEL
}

}  // namespace
}  // namespace octopoll::config
