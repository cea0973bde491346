#include "csv.hpp"

#include <cstddef>
#include <stdexcept>
#include <utility>

namespace octopoll::test {

std::vector<std::vector<std::string>> parse_csv(const std::string& text) {
  std::vector<std::vector<std::string>> records;
  std::vector<std::string> record;
  std::string field;
  std::size_t at = 0;
  const auto refuse = [&at](const char* why) { throw std::runtime_error(why + (" at octet " + std::to_string(at))); };
  while (at < text.size()) {
    if (text[at] == '"') {
      for (++at;; ++at) {
        if (at >= text.size()) refuse("a quote that is never closed");
        if (text[at] != '"') {
          field += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '"') {
          field += text[at++];
        } else {
          break;
        }
      }
      ++at;
      if (at < text.size() && text[at] != ',' && text[at] != '\n' && text[at] != '\r') refuse("text after a quote");
    } else {
      const std::size_t end = text.find_first_of(",\r\n\"", at);
      field = text.substr(at, end - at);
      at = end == std::string::npos ? text.size() : end;
      if (at < text.size() && text[at] == '"') refuse("a quote inside a field");
    }
    record.push_back(std::exchange(field, {}));
    if (at < text.size() && text[at] == ',') {
      ++at;
      if (at == text.size() || text[at] == '\r' || text[at] == '\n') record.emplace_back();
      if (at < text.size() && text[at] != '\r' && text[at] != '\n') continue;
    }
    if (at < text.size() && text[at] == '\r') ++at;
    if (at < text.size() && text[at] == '\n') ++at;
    records.push_back(std::exchange(record, {}));
  }
  return records;
}

}  // namespace octopoll::test
