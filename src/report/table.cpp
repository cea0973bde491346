#include "octopoll/report/table.hpp"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>
#include <numeric>

#include "octopoll/core/text.hpp"

namespace octopoll::report {
namespace {

using Lines = std::vector<std::vector<std::string>>;

constexpr std::string_view gutter = "  ";
constexpr std::string_view ellipsis = "…";  // one column wide
constexpr std::size_t narrowest = 6;        // a shortened column keeps at least this much, "Gi0/1…"

std::string text_of(const Cell& cell);
Lines cells_as_text(const Table& table);
std::vector<std::size_t> natural_widths(const Table& table, const Lines& lines);
void narrow(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t available);
void append_line(std::string& out, const std::vector<Column>& columns, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths);
std::string shortened(const std::string& utf8, std::size_t width);
std::string machine_text(const Value& value);
nlohmann::ordered_json json_value(const Value& value);

}  // namespace

TextStyle style_of(int fd) {
  TextStyle style;
  if (::isatty(fd) != 1) return style;
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0) style.width = size.ws_col;
  const char* no_color = std::getenv("NO_COLOR");  // https://no-color.org: present and not empty
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::string_view(term) == "dumb";
  style.color = !dumb && (no_color == nullptr || *no_color == '\0');
  return style;
}

std::string to_text(const Table& table, const TextStyle& style) {
  const Lines lines = cells_as_text(table);
  std::vector<std::size_t> widths = natural_widths(table, lines);
  if (style.width != 0) narrow(widths, table.columns, style.width);

  std::vector<std::string> titles;
  for (const Column& column : table.columns) titles.push_back(column.title);
  std::string out;
  if (style.color) out += "\033[1m";
  append_line(out, table.columns, titles, widths);
  if (style.color) out.insert(out.size() - 1, "\033[0m");
  for (const auto& cells : lines) append_line(out, table.columns, cells, widths);

  if (!table.notes.empty()) out += '\n';
  for (const std::string& note : table.notes) out += note + '\n';
  return out;
}

std::string csv_field(const std::string& text) {
  const bool padded = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!padded && text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted += '"';
}

std::string to_csv(const Table& table) {
  std::string out;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i != 0) out += ',';
    out += csv_field(table.columns[i].key);
  }
  out += '\n';
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i != 0) out += ',';
      if (i < row.size()) out += csv_field(machine_text(row[i].value));
    }
    out += '\n';
  }
  return out;
}

nlohmann::ordered_json to_json(const Table& table) {
  auto array = nlohmann::ordered_json::array();
  for (const auto& row : table.rows) {
    auto object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      object[table.columns[i].key] = i < row.size() ? json_value(row[i].value) : nlohmann::ordered_json();
    }
    array.push_back(std::move(object));
  }
  return array;
}

namespace {

std::string text_of(const Cell& cell) {
  if (!cell.text.empty()) return one_line(cell.text);
  if (std::holds_alternative<std::monostate>(cell.value)) return "-";
  return one_line(machine_text(cell.value));
}

Lines cells_as_text(const Table& table) {
  Lines lines;
  lines.reserve(table.rows.size());
  for (const auto& row : table.rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      cells.push_back(i < row.size() ? text_of(row[i]) : std::string{"-"});
    }
    lines.push_back(std::move(cells));
  }
  return lines;
}

std::vector<std::size_t> natural_widths(const Table& table, const Lines& lines) {
  std::vector<std::size_t> widths;
  for (const Column& column : table.columns) widths.push_back(display_width(column.title));
  for (const auto& cells : lines) {
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], display_width(cells[i]));
  }
  return widths;
}

// Numbers are never cut: a shortened number reads like another number. So right-aligned columns stay, and where the
// left-aligned ones cannot give enough, the line is longer than the terminal.
void narrow(std::vector<std::size_t>& widths, const std::vector<Column>& columns, std::size_t available) {
  if (widths.empty()) return;
  std::size_t total = std::accumulate(widths.begin(), widths.end(), gutter.size() * (widths.size() - 1));
  while (total > available) {
    std::size_t widest = columns.size();
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].align != Align::left || widths[i] <= narrowest) continue;
      if (widest == columns.size() || widths[i] > widths[widest]) widest = i;
    }
    if (widest == columns.size()) return;
    --widths[widest];
    --total;
  }
}

void append_line(std::string& out, const std::vector<Column>& columns, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i != 0) line += gutter;
    const std::string cell = shortened(cells[i], widths[i]);
    const std::size_t padding = widths[i] - std::min(widths[i], display_width(cell));
    if (columns[i].align == Align::right) line.append(padding, ' ');
    line += cell;
    if (columns[i].align == Align::left) line.append(padding, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line;
  out += '\n';
}

// Octets of the UTF-8 sequence that begins at `i`; a stray octet is a sequence of its own.
std::size_t sequence_length(const std::string& utf8, std::size_t i) {
  std::size_t end = i + 1;
  while (end < utf8.size() && (static_cast<unsigned char>(utf8[end]) & 0xC0U) == 0x80U) ++end;
  return end - i;
}

std::string shortened(const std::string& utf8, std::size_t width) {
  if (display_width(utf8) <= width) return utf8;
  std::string kept;
  std::size_t used = 0;
  for (std::size_t i = 0; i < utf8.size();) {
    const std::size_t length = sequence_length(utf8, i);
    const std::string character = utf8.substr(i, length);
    const std::size_t columns = display_width(character);
    if (used + columns + 1 > width) break;
    kept += character;
    used += columns;
    i += length;
  }
  return kept.append(ellipsis);
}

template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

std::string machine_text(const Value& value) {
  return std::visit(
      Overloaded{[](std::monostate) { return std::string{}; },
                 [](bool truth) { return std::string{truth ? "true" : "false"}; },
                 [](double number) { return std::isfinite(number) ? fmt::to_string(number) : std::string{}; },
                 [](const std::string& text) { return text; }, [](auto integer) { return fmt::to_string(integer); }},
      value);
}

nlohmann::ordered_json json_value(const Value& value) {
  return std::visit(Overloaded{[](std::monostate) { return nlohmann::ordered_json(); },
                               // JSON has no infinity; the library would print null too, but only when dumped.
                               [](double number) {
                                 return std::isfinite(number) ? nlohmann::ordered_json(number)
                                                              : nlohmann::ordered_json();
                               },
                               [](const auto& other) { return nlohmann::ordered_json(other); }},
                    value);
}

}  // namespace
}  // namespace octopoll::report
