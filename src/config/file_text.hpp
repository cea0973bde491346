#pragma once
// A whole text file in memory, known to be text.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "config/problems.hpp"
#include "octopoll/core/result.hpp"

namespace octopoll::config {

struct FileText {
  std::string text;
  mode_t mode = 0;  ///< permissions, for who else may read it
};

/// Errors: io or config; not there, not readable, not a regular file, larger than 64 MiB.
[[nodiscard]] Result<FileText> read_text_file(const std::filesystem::path& file);

/// Takes a UTF-8 byte order mark off, which some editors write.
[[nodiscard]] std::string_view without_bom(std::string_view text);

/// The first reason why `text` is not what YAML calls text, if any: other encodings than UTF-8, NUL and control
/// characters. Source: YAML 1.2.2 section 5.1; yaml-cpp would take U+0004 as the end of the file.
[[nodiscard]] bool check_encoding(std::string_view text, Problems& problems);

}  // namespace octopoll::config
