// Runs a fuzz target over the files of its seed folders, without libFuzzer. A failure names the file.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

std::vector<std::filesystem::path> files_in(const std::vector<std::string>& folders) {
  std::vector<std::filesystem::path> files;
  for (const std::string& folder : folders) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto files = files_in({argv + 1, argv + argc});
    if (files.empty()) {
      std::cerr << "usage: " << argv[0] << " FOLDER...: no files in what was given\n";
      return 2;
    }
    for (const auto& file : files) {
      std::ifstream stream(file, std::ios::binary);
      const std::string octets{std::istreambuf_iterator<char>(stream), {}};
      if (!stream) {
        std::cerr << "cannot read " << file << "\n";
        return 2;
      }
      // Said before, and flushed: where the target aborts this is the last line.
      std::cout << file.filename().string() << ": " << octets.size() << " octets" << std::endl;
      if (LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(octets.data()), octets.size()) != 0) return 1;
    }
    std::cout << files.size() << " files\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 2;
  }
  return 0;
}
