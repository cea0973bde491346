#include "fleet/recording.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

namespace fleet {
namespace {

using Content = std::vector<std::uint8_t>;

struct Line {
  Oid name;
  Recording::Item item;
};

/// Errors: std::invalid_argument saying what is wrong with the line.
Line parse_line(std::string_view line);
Content content_of(Tag tag, std::string_view value);
Content content_from_hex(std::string_view hex);
Content encode_signed(std::string_view value);
Content encode_unsigned(std::string_view value, std::uint64_t limit);
Content encode_oid(std::string_view value);
Content encode_address(const std::string& value);

}  // namespace

std::shared_ptr<const Recording> parse_recording(std::string_view text, const std::string& origin) {
  auto recording = std::make_shared<Recording>();
  std::vector<Layout::Instance> instances;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    try {
      Line parsed = parse_line(line);
      const Slot slot{classify(parsed.name), static_cast<std::uint32_t>(recording->items.size())};
      instances.push_back({std::move(parsed.name), slot});
      recording->items.push_back(std::move(parsed.item));
    } catch (const std::invalid_argument& error) {
      throw std::runtime_error(fmt::format("{}:{}: {}", origin, number, error.what()));
    }
  }
  try {
    recording->layout = std::make_shared<const Layout>(std::move(instances));
  } catch (const std::invalid_argument& error) {
    throw std::runtime_error(fmt::format("{}: {}", origin, error.what()));
  }
  return recording;
}

std::shared_ptr<const Recording> load_recording(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read the recording " + file.string());
  return parse_recording(std::string(std::istreambuf_iterator<char>(in), {}), file.string());
}

EngineFacts RecordedModel::engine(Instant now) const {
  const auto running = std::chrono::duration_cast<std::chrono::seconds>(now).count();
  return {{reinterpret_cast<const std::uint8_t*>(engine_id_.data()), engine_id_.size()},
          1,
          static_cast<std::uint32_t>(running)};
}

Value RecordedModel::value(Slot slot, Instant) {
  const Recording::Item& item = recording_->items[slot.row];
  return Value::encoded(item.tag, item.content);
}

namespace {

Line parse_line(std::string_view line) {
  const std::size_t first = line.find('|');
  const std::size_t second = first == std::string_view::npos ? first : line.find('|', first + 1);
  if (second == std::string_view::npos) throw std::invalid_argument("OID|TYPE|VALUE expected");
  auto name = parse_oid(line.substr(0, first));
  if (!name) throw std::invalid_argument(fmt::format("not an OID: {}", line.substr(0, first)));

  const std::string_view type = line.substr(first + 1, second - first - 1);
  unsigned number = 0;
  const auto [rest, error] = std::from_chars(type.data(), type.data() + type.size(), number);
  const std::string_view suffix(rest, static_cast<std::size_t>(type.data() + type.size() - rest));
  if (error != std::errc{} || !(suffix.empty() || suffix == "x")) {
    throw std::invalid_argument(fmt::format("not a type: {}", type));
  }
  const Tag tag = static_cast<Tag>(number);
  const std::string_view value = line.substr(second + 1);
  if (suffix == "x") return {std::move(*name), {tag, content_from_hex(value)}};
  return {std::move(*name), {tag, content_of(tag, value)}};
}

Content content_of(Tag tag, std::string_view value) {
  switch (tag) {
    case Tag::integer:
      return encode_signed(value);
    case Tag::octet_string:
    case Tag::opaque:
      return {value.begin(), value.end()};
    case Tag::null:
      return {};
    case Tag::object_id:
      return encode_oid(value);
    case Tag::ip_address:
      return encode_address(std::string(value));
    case Tag::counter32:
    case Tag::gauge32:
    case Tag::time_ticks:
      return encode_unsigned(value, std::numeric_limits<std::uint32_t>::max());
    case Tag::counter64:
      return encode_unsigned(value, std::numeric_limits<std::uint64_t>::max());
    default:
      break;
  }
  throw std::invalid_argument(
      fmt::format("type {} is none of 2, 4, 5, 6, 64, 65, 66, 67, 68, 70", static_cast<int>(tag)));
}

Content content_from_hex(std::string_view hex) {
  Content octets;
  if (hex.size() % 2 != 0) throw std::invalid_argument("an odd number of hex digits");
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    unsigned octet = 0;
    const auto [end, error] = std::from_chars(hex.data() + i, hex.data() + i + 2, octet, 16);
    if (error != std::errc{} || end != hex.data() + i + 2) {
      throw std::invalid_argument(fmt::format("not hex: {}", hex.substr(i, 2)));
    }
    octets.push_back(static_cast<std::uint8_t>(octet));
  }
  return octets;
}

template <class Number>
Number parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw std::invalid_argument(fmt::format("not a number of this type: {}", text));
  }
  return number;
}

/// Writes one element and drops its header: the content is what a recording keeps.
template <class Write>
Content content_written(std::size_t size, Write write) {
  Content octets(element_size(size));
  Writer writer(octets);
  write(writer);
  octets.erase(octets.begin(), octets.end() - static_cast<std::ptrdiff_t>(size));
  return octets;
}

Content encode_signed(std::string_view value) {
  const auto number = parse_number<std::int32_t>(value);
  return content_written(integer_size(number), [&](Writer& writer) { writer.integer(Tag::integer, number); });
}

Content encode_unsigned(std::string_view value, std::uint64_t limit) {
  const auto number = parse_number<std::uint64_t>(value);
  if (number > limit) throw std::invalid_argument(fmt::format("{} is more than {}", number, limit));
  return content_written(unsigned_size(number),
                         [&](Writer& writer) { writer.unsigned_integer(Tag::counter64, number); });
}

Content encode_oid(std::string_view value) {
  const auto oid = parse_oid(value);
  if (!oid) throw std::invalid_argument(fmt::format("not an OID: {}", value));
  return content_written(oid_size(*oid), [&](Writer& writer) { writer.object_id(*oid); });
}

Content encode_address(const std::string& value) {
  Content octets(4);
  if (::inet_pton(AF_INET, value.c_str(), octets.data()) != 1) {
    throw std::invalid_argument("not an IPv4 address: " + value);
  }
  return octets;
}

}  // namespace
}  // namespace fleet
