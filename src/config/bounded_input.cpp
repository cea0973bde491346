#include "config/bounded_input.hpp"

#include <algorithm>

namespace octopoll::config {

BoundedInput::int_type BoundedInput::underflow() {
  if (open_brackets_ > most_open_brackets) stopped_ = Stopped::too_deep;
  if (since_progress_ > furthest) stopped_ = Stopped::too_long;
  if (stopped_ != Stopped::no || next_ == text_.size()) return traits_type::eof();
  const std::size_t count = std::min(sizeof chunk_, text_.size() - next_);
  for (std::size_t i = 0; i < count; ++i) {
    const char c = text_[next_ + i];
    chunk_[i] = c;
    if (c == '[' || c == '{') ++open_brackets_;
    if ((c == ']' || c == '}') && open_brackets_ > 0) --open_brackets_;
  }
  next_ += count;
  since_progress_ += count;
  setg(chunk_, chunk_, chunk_ + count);
  return traits_type::to_int_type(chunk_[0]);
}

}  // namespace octopoll::config
