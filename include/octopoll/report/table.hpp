#pragma once
// One table model, several printers: what every command that shows rows uses.

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace octopoll::report {

enum class Align : std::uint8_t { left, right };

/// A column: `key` is its name in CSV and JSON (the field's words: "in_bps"), `title` its heading for people.
struct Column {
  std::string key;
  std::string title;
  Align align = Align::left;
};

/// A value for machines; monostate is "unknown": null in JSON, an empty field in CSV, `-` in a text table.
using Value = std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string>;

/// One cell: `value` for CSV and JSON, `text` for people (made from `value` where empty).
struct Cell {
  Value value;
  std::string text;
};

/// Rows of one report. `notes` stand below the text table only.
struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::string> notes;
};

/// How the text printer may draw. `width` 0: as wide as it gets.
struct TextStyle {
  std::size_t width = 0;
  bool color = false;  ///< bold headings; off in a pipe and with NO_COLOR
};
/// From the terminal behind `fd`: its width and whether colour is wanted.
[[nodiscard]] TextStyle style_of(int fd);

/// Aligned columns with a heading line; cells are kept on one line, and the widest left-aligned column is shortened
/// with "…" when the table is wider than the style allows.
[[nodiscard]] std::string to_text(const Table& table, const TextStyle& style);
/// RFC 4180 with LF line ends; the heading line has the keys.
[[nodiscard]] std::string to_csv(const Table& table);
/// One field of it, quoted where that is needed.
[[nodiscard]] std::string csv_field(const std::string& text);
/// An array of objects, one a row, keys as in `columns`; integers stay integers up to 2^64-1.
[[nodiscard]] nlohmann::ordered_json to_json(const Table& table);

enum class Format : std::uint8_t { table, csv, json };

}  // namespace octopoll::report
