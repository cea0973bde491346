#pragma once
// Strict reading of JSON objects: every key is known, every value has its type and range.

#include <fmt/format.h>

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fleet {

using Json = nlohmann::ordered_json;

/// Takes fields out of one object and remembers which names it was asked for; finish() objects to all others.
/// Errors: std::invalid_argument "WHERE: what is wrong".
class JsonFields {
 public:
  JsonFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    if (!object.is_object()) throw std::invalid_argument(where_ + ": an object is expected");
  }

  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  /// Null when the object has no such field.
  [[nodiscard]] const Json* find(std::string_view key) {
    known_.emplace_back(key);
    const auto at = object_.find(std::string(key));
    return at == object_.end() ? nullptr : &*at;
  }
  [[nodiscard]] std::string path(std::string_view key) const { return fmt::format("{}.{}", where_, key); }

  /// Overwrites `target` when the field is there.
  void take(std::string_view key, bool& target) {
    if (const Json* value = find(key)) {
      if (!value->is_boolean()) throw std::invalid_argument(path(key) + ": true or false is expected");
      target = value->get<bool>();
    }
  }
  void take(std::string_view key, std::string& target) {
    if (const Json* value = find(key)) {
      if (!value->is_string()) throw std::invalid_argument(path(key) + ": a string is expected");
      target = value->get<std::string>();
    }
  }
  template <std::integral Number>
  void take(std::string_view key, Number& target) {
    if (const Json* value = find(key)) target = number<Number>(*value, path(key));
  }
  template <class T>
  void take(std::string_view key, std::optional<T>& target) {
    if (!object_.contains(std::string(key))) {
      known_.emplace_back(key);
      return;
    }
    T value{};
    take(key, value);
    target = std::move(value);
  }

  /// Errors: a field that nobody asked for.
  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        throw std::invalid_argument(
            fmt::format("{}: unknown key \"{}\"; known are {}", where_, key, fmt::join(known_, ", ")));
      }
    }
  }

  template <std::integral Number>
  [[nodiscard]] static Number number(const Json& value, const std::string& where) {
    if (value.is_number_unsigned() && std::in_range<Number>(value.get<std::uint64_t>())) return value.get<Number>();
    if (value.is_number_integer() && !value.is_number_unsigned() && std::in_range<Number>(value.get<std::int64_t>())) {
      return value.get<Number>();
    }
    throw std::invalid_argument(fmt::format("{}: a whole number from {} to {} is expected", where,
                                            std::numeric_limits<Number>::min(), std::numeric_limits<Number>::max()));
  }

 private:
  const Json& object_;
  std::string where_;
  std::vector<std::string> known_;
};

}  // namespace fleet
