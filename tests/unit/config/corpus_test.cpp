// The fuzz target over its corpus, and over what a fixed dice makes of it: without libFuzzer, on every run.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "support/temp_dir.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::string> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(OCTOPOLL_TEST_DATA "/config"))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> texts;
  for (const auto& file : files) texts.push_back(octopoll::test::read_file(file));
  texts.push_back(octopoll::test::read_file(OCTOPOLL_SOURCE_DIR "/config/example.yaml"));
  return texts;
}

void run(const std::string& text) {
  REQUIRE(LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()) == 0);
}

/// One to four edits: an octet, a cut, a doubled stretch, a piece of YAML.
std::string mutated(std::string text, std::mt19937& dice) {
  static const std::vector<std::string> pieces{
      "[",  "]",     "{",    "}",     ": ",  "- ", "\n",       "&a ",          "*a",
      "<<", "!!x ",  "'",    "\"",    "|\n", "? ", "\t",       "---\n",        "...\n",
      "#",  "\\x00", "${A}", "file:", "~",   "\r", "\xC3\xA9", "\xEF\xBB\xBF", "%"};
  const auto below = [&dice](std::size_t bound) { return bound == 0 ? 0 : dice() % bound; };
  for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
    const std::size_t at = below(text.size() + 1);
    switch (below(4)) {
      case 0:
        if (at < text.size()) text[at] = static_cast<char>(below(256));
        break;
      case 1:
        text.erase(at, below(40));
        break;
      case 2:
        text.insert(at, text.substr(below(text.size() + 1), below(200)));
        break;
      default:
        text.insert(at, pieces[below(pieces.size())]);
        break;
    }
  }
  return text;
}

}  // namespace

TEST_CASE("the corpus is loaded or refused", "[config]") {
  const auto texts = corpus();
  REQUIRE(texts.size() > 10);
  for (const std::string& text : texts) run(text);
}

TEST_CASE("mutations of the corpus are loaded or refused", "[config]") {
  const auto texts = corpus();
  std::mt19937 dice(20240229);  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same mutations every time
  for (int round = 0; round < 100; ++round) {
    for (const std::string& text : texts) run(mutated(text, dice));
  }
}
