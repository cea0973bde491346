#pragma once
// What Net-SNMP's MIB parser complains of, caught before it reaches stderr.

#include <string>
#include <string_view>
#include <vector>

namespace octopoll::snmp {

/// One complaint of the parser, taken apart. `where` is the file, or "module NAME"; empty where it says neither.
struct ParserMessage {
  std::string where;
  int line = 0;  ///< 0: unknown
  std::string what;
  friend bool operator==(const ParserMessage&, const ParserMessage&) = default;
};
[[nodiscard]] ParserMessage read_parser_message(std::string_view text);

/// One line for each file with a complaint: its first, and how many more there are. A bad file can have hundreds,
/// nearly all of them consequences of the first. In the order of their appearance.
[[nodiscard]] std::vector<std::string> summarize(const std::vector<ParserMessage>& messages);

/// While it lives, what the library logs on this thread's behalf goes into messages().
class ParserMessages {
 public:
  ParserMessages();
  ~ParserMessages();
  ParserMessages(const ParserMessages&) = delete;
  ParserMessages& operator=(const ParserMessages&) = delete;

  [[nodiscard]] const std::vector<ParserMessage>& messages() const noexcept { return messages_; }

 private:
  std::vector<ParserMessage> messages_;
};

}  // namespace octopoll::snmp
