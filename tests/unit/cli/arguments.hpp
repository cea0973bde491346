#pragma once
// A command line that may be written to, as main() gets it.

#include <string>
#include <utility>
#include <vector>

namespace octopoll::cli::test {

class Arguments {
 public:
  explicit Arguments(std::vector<std::string> words) : words_(std::move(words)) {
    for (std::string& word : words_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  Arguments(const Arguments&) = delete;
  Arguments& operator=(const Arguments&) = delete;

  [[nodiscard]] int count() const noexcept { return static_cast<int>(words_.size()); }
  [[nodiscard]] char** values() noexcept { return pointers_.data(); }
  [[nodiscard]] const std::vector<std::string>& words() const noexcept { return words_; }

 private:
  std::vector<std::string> words_;
  std::vector<char*> pointers_;
};

}  // namespace octopoll::cli::test
