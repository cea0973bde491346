#include "fleet/model.hpp"

namespace fleet {

std::string make_engine_id(std::string_view name) {
  constexpr std::size_t longest_text = 27;
  std::string id{'\x80', '\x00', '\x7e', '\xd9', '\x04'};
  // What does not fit would make engines of long names alike, so the end counts: there the numbers are.
  return id.append(name.substr(name.size() > longest_text ? name.size() - longest_text : 0));
}

}  // namespace fleet
