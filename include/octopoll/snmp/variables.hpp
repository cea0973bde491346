#pragma once
// The variables of requests that are encoded once, and of their answers, read where they lie.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "octopoll/snmp/oid.hpp"

namespace octopoll::snmp {

/// Appends one VarBind with a NULL value, as a GET has it (RFC 3416 section 3).
void append_variable(std::string& encoded, const Oid& name);

/// An arc of an OID in BER: seven bits an octet.
struct EncodedArc {
  explicit EncodedArc(std::uint32_t arc) noexcept;
  [[nodiscard]] static std::size_t size_of(std::uint32_t arc) noexcept {
    return (static_cast<std::size_t>(std::bit_width(arc | 1U)) + 6) / 7;
  }
  [[nodiscard]] std::string_view octets() const noexcept { return {octets_, size_}; }

 private:
  char octets_[5] = {};
  std::size_t size_ = 0;
};

/// The objects of one row: columns that are asked for at the same instance, encoded once for all rows of a device.
///
/// Shape:  immutable after construction; a row is encoded by copying it and setting its index, without allocation.
/// Source: RFC 2578 section 7.7 (an instance of a table with an integer index is column.index), RFC 3417 section 8.
class RowNames {
 public:
  struct Column {
    Oid oid;
    bool second = false;  ///< of a second table, where the row may have another index
  };
  explicit RowNames(std::span<const Column> columns);

  /// Appends the row's VarBinds with NULL values.
  void append(std::string& encoded, std::uint32_t index, std::uint32_t second_index) const;
  /// Octets that the names take in an answer, with the headers of VarBind, name and value.
  [[nodiscard]] std::size_t octets(std::uint32_t index, std::uint32_t second_index) const noexcept;

 private:
  static constexpr std::size_t longest_arc = 5;
  struct Prefix {
    std::string octets;  ///< of the column's OBJECT IDENTIFIER, without header
    bool second;
  };
  /// The row of both indexes zero, for indexes that take so many octets each; where they go.
  struct Template {
    std::string octets;
    std::vector<std::uint32_t> first, second;
  };
  template <std::size_t size>
  static void set_all(char* octets, const Template& row, const EncodedArc& first, const EncodedArc& second) noexcept;
  void append_each(std::string& encoded, std::string_view first, std::string_view second) const;

  std::vector<Prefix> prefixes_;
  std::array<Template, longest_arc> templates_;  ///< by the octets of an index, less one
  std::size_t name_octets_ = 0;                  ///< of all names in an answer, without the indexes
  std::size_t first_count_ = 0, second_count_ = 0;
};

/// Eight octets, the first the highest.
[[nodiscard]] inline std::uint64_t big_endian_word(const char* octets) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, octets, sizeof word);
  return std::endian::native == std::endian::little ? __builtin_bswap64(word) : word;
}

/// One variable of an answer, still encoded. The views point into the answer.
struct WireVariable {
  std::string_view name;  ///< contents of its OBJECT IDENTIFIER
  std::uint8_t tag = 0;   ///< of its value
  std::string_view value;
  std::uint64_t last_octets = 0;  ///< of the value the last eight; of a shorter one with anything before them

  /// noSuchObject, noSuchInstance, endOfMibView, or NULL: there is none.
  [[nodiscard]] bool absent() const noexcept { return (tag & 0xf0U) == 0x80 || tag == 0x05; }
  /// A number by its type, and none by its contents: empty, or more than 64 bits.
  [[nodiscard]] bool unreadable() const noexcept {
    const bool long_number = value.size() > 9 || (value.size() == 9 && (tag == 0x02 || value[0] != 0));
    return bits() != 0 && (value.empty() || long_number);
  }
  /// Counter64: 64; Counter32, Gauge32, TimeTicks, INTEGER: 32; any other type: 0.
  [[nodiscard]] unsigned bits() const noexcept {
    return tag == 0x46 ? 64 : (tag >= 0x41 && tag <= 0x43) || tag == 0x02 ? 32 : 0;
  }
  /// Of these types, in the encodings that Net-SNMP takes as well; nullopt for all else, also for a negative INTEGER.
  [[nodiscard]] std::optional<std::uint64_t> number() const noexcept;
  /// INTEGER alone.
  [[nodiscard]] std::optional<std::int64_t> integer() const noexcept;
};

/// Goes through a VarBindList. Errors: next() is false at the end and at the first variable that is not sound.
class VariableReader {
 public:
  explicit VariableReader(std::string_view list) noexcept : rest_(list) {}
  [[nodiscard]] bool next(WireVariable& variable) noexcept;
  /// After next() was false: all of the list was sound.
  [[nodiscard]] bool finished() const noexcept { return rest_.empty(); }
  [[nodiscard]] std::string_view rest() const noexcept { return rest_; }

 private:
  std::string_view rest_;
};

/// Goes through an answer beside what was asked for: for who asks for the same objects again and again, and takes only
/// an answer that names them as they were asked for, in their order, octet by octet.
class AnswerReader {
 public:
  AnswerReader(std::string_view asked, std::string_view answered) noexcept : asked_(asked), answered_(answered) {}

  /// False at the end, and at the first variable that is not sound or not the one that was asked for.
  [[nodiscard]] bool next(WireVariable& variable) noexcept {
    const char* const asked = asked_.data();
    const char* const answer = answered_.data();
    // A VarBind is 30 LENGTH 06 LENGTH name TAG LENGTH value. Nearly all have a name that two words hold, and a value
    // that is no long text; then each length is one octet. What is asked for has 05 00 for its value.
    if (asked_.size() >= shortest && answered_.size() >= shortest) {
      const std::size_t name = octet(asked, 3);
      const std::size_t value = octet(answer, 1) - name - 4;  // of one that is shorter than its name: no small number
      const std::size_t length = value + name + 6;
      if (name - 6 <= 8 && value < 64 && octet(asked, 1) == name + 4 && asked_.size() >= name + 6 &&
          answered_.size() >= length && asked[0] == varbind_tag && answer[0] == varbind_tag && answer[2] == name_tag &&
          same(asked + 2, answer + 2, name + 2) && octet(answer, name + 5) == value) {
        variable.name = {answer + 4, name};
        variable.tag = static_cast<std::uint8_t>(answer[name + 4]);
        variable.value = {answer + name + 6, value};
        variable.last_octets = big_endian_word(answer + length - 8);
        asked_.remove_prefix(name + 6);
        answered_.remove_prefix(length);
        return true;
      }
    }
    return next_of_any_length(variable);
  }
  /// All that was asked for has come, and nothing else.
  [[nodiscard]] bool finished() const noexcept { return asked_.empty() && answered_.empty(); }

 private:
  static constexpr std::size_t shortest = 8;
  static constexpr char varbind_tag = 0x30;
  static constexpr char name_tag = 0x06;

  [[nodiscard]] static std::size_t octet(const char* octets, std::size_t place) noexcept {
    return static_cast<unsigned char>(octets[place]);
  }
  /// Of 8 to 16 octets: two words that may overlap.
  [[nodiscard]] static bool same(const char* a, const char* b, std::size_t length) noexcept {
    const auto word = [](const char* at) {
      std::uint64_t octets = 0;
      std::memcpy(&octets, at, sizeof octets);
      return octets;
    };
    return word(a) == word(b) && word(a + length - 8) == word(b + length - 8);
  }
  [[nodiscard]] bool next_of_any_length(WireVariable& variable) noexcept;

  std::string_view asked_;
  std::string_view answered_;
};

inline std::optional<std::uint64_t> WireVariable::number() const noexcept {
  if (tag == 0x02) {
    const auto signed_number = integer();
    return signed_number && *signed_number >= 0 ? std::optional(static_cast<std::uint64_t>(*signed_number))
                                                : std::nullopt;
  }
  const std::size_t longest = bits() / 8;
  std::size_t size = value.size();
  if (size - 1 >= longest) {
    // One octet more than the type has bits for is the sign, which must be none.
    if (longest == 0 || size != longest + 1 || value[0] != 0) return std::nullopt;
    size = longest;
  }
  const std::size_t unused = 64 - 8 * size;
  return last_octets << unused >> unused;
}

inline std::optional<std::int64_t> WireVariable::integer() const noexcept {
  if (tag != 0x02 || value.empty() || value.size() > 4) return std::nullopt;
  const std::size_t unused = 64 - 8 * value.size();
  return static_cast<std::int64_t>(last_octets << unused) >> unused;
}

}  // namespace octopoll::snmp
