#pragma once
// What an object's value is before it is written into an answer.

#include <bit>
#include <cstdint>
#include <string_view>

#include "fleet/ber.hpp"

namespace fleet {

/// A number, or content octets that are encoded already and borrowed from the model until its next value.
struct Value {
  enum class Form : std::uint8_t { octets, signed_number, unsigned_number };
  Tag tag = Tag::null;
  Form form = Form::octets;
  std::uint64_t number = 0;  ///< two's complement where it is signed
  Octets octets;

  [[nodiscard]] static Value integer(std::int64_t number) noexcept {
    return {Tag::integer, Form::signed_number, std::bit_cast<std::uint64_t>(number), {}};
  }
  [[nodiscard]] static Value unsigned_number(Tag tag, std::uint64_t number) noexcept {
    return {tag, Form::unsigned_number, number, {}};
  }
  [[nodiscard]] static Value encoded(Tag tag, Octets content) noexcept { return {tag, Form::octets, 0, content}; }
  [[nodiscard]] static Value string(std::string_view text) noexcept {
    return encoded(Tag::octet_string, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  }
  [[nodiscard]] static Value exception(Tag tag) noexcept { return {tag, Form::octets, 0, {}}; }

  [[nodiscard]] bool is_exception() const noexcept {
    return tag == Tag::no_such_object || tag == Tag::no_such_instance || tag == Tag::end_of_mib_view;
  }
  [[nodiscard]] std::size_t content_size() const noexcept {
    switch (form) {
      case Form::signed_number:
        return integer_size(std::bit_cast<std::int64_t>(number));
      case Form::unsigned_number:
        return unsigned_size(number);
      case Form::octets:
        break;
    }
    return octets.size();
  }
  void write(Writer& writer) const {
    switch (form) {
      case Form::signed_number:
        writer.integer(tag, std::bit_cast<std::int64_t>(number));
        return;
      case Form::unsigned_number:
        writer.unsigned_integer(tag, number);
        return;
      case Form::octets:
        writer.element(tag, octets);
        return;
    }
  }
};

}  // namespace fleet
