#include "bare_codec.hpp"

#include <cstring>

namespace bench {
namespace {

// BER tags. Source: RFC 2578 section 7.1, RFC 3416 section 3.
enum Tag : std::uint8_t {
  integer = 0x02,
  octet_string = 0x04,
  null = 0x05,
  object_id = 0x06,
  sequence = 0x30,
  counter32 = 0x41,
  counter64 = 0x46,
  get_request = 0xa0,
  response = 0xa2,
};

std::string element(Tag tag, const std::string& content) {
  std::string whole(1, static_cast<char>(tag));
  if (content.size() < 0x80) {
    whole += static_cast<char>(content.size());
  } else {
    whole += '\x82';
    whole += static_cast<char>(content.size() >> 8);
    whole += static_cast<char>(content.size() & 0xff);
  }
  return whole + content;
}

std::string encoded_oid(std::span<const std::uint32_t> numbers) {
  std::string content(1, static_cast<char>(numbers[0] * 40 + numbers[1]));
  for (const std::uint32_t number : numbers.subspan(2)) {
    for (int shift = 28; shift >= 0; shift -= 7) {
      if (shift > 0 && number >> shift == 0) continue;
      content += static_cast<char>((number >> shift & 0x7f) | (shift > 0 ? 0x80U : 0U));
    }
  }
  return content;
}

/// Takes elements off the front; false where there is no whole one of that tag.
class Reader {
 public:
  explicit Reader(Octets octets) : at_(octets.data()), end_(octets.data() + octets.size()) {}

  [[nodiscard]] bool take(std::uint8_t& tag, Octets& content) {
    if (end_ - at_ < 2) return false;
    tag = at_[0];
    std::size_t length = at_[1];
    at_ += 2;
    if (length >= 0x80) {
      std::size_t count = length & 0x7f;
      if (count == 0 || count > 4 || static_cast<std::size_t>(end_ - at_) < count) return false;
      length = 0;
      for (; count > 0; --count) length = length << 8 | *at_++;
    }
    if (static_cast<std::size_t>(end_ - at_) < length) return false;
    content = {at_, length};
    at_ += length;
    return true;
  }
  [[nodiscard]] bool take(Tag wanted, Octets& content) {
    std::uint8_t tag = 0;
    return take(tag, content) && tag == wanted;
  }
  [[nodiscard]] bool take_number(std::uint8_t& tag, std::uint64_t& number) {
    Octets content;
    if (!take(tag, content) || content.empty() || content.size() > 9) return false;
    number = 0;
    for (const std::uint8_t octet : content) number = number << 8 | octet;
    return true;
  }
  [[nodiscard]] bool empty() const { return at_ == end_; }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

}  // namespace

Template make_template(const Workload& workload, std::uint32_t request) {
  Template made;
  std::string bindings;
  for (std::uint32_t row = 0; row < workload.rows_of(request); ++row) {
    for (std::vector<std::uint32_t> name : columns()) {
      name.push_back(request * workload.rows + row + 1);
      made.names.push_back(encoded_oid(name));
      bindings += element(sequence, element(object_id, made.names.back()) + element(null, ""));
    }
  }
  const std::string id(4, '\x7f');
  const std::string fields = element(integer, std::string(1, '\0')) + element(integer, std::string(1, '\0'));
  const std::string rest = fields + element(sequence, bindings);
  const std::string pdu = element(get_request, element(integer, id) + rest);
  made.datagram = element(sequence, element(integer, "\x01") + element(octet_string, workload.community) + pdu);
  made.id_at = made.datagram.size() - rest.size() - id.size();
  return made;
}

bool read_head(Octets datagram, std::string_view community, Head& head) {
  Reader outer(datagram);
  Octets message;
  Octets sent_community;
  Octets pdu;
  std::uint8_t tag = 0;
  std::uint64_t number = 0;
  if (!outer.take(sequence, message) || !outer.empty()) return false;
  Reader fields(message);
  if (!fields.take_number(tag, number) || tag != integer || number != 1) return false;
  if (!fields.take(octet_string, sent_community) || sent_community.size() != community.size() ||
      std::memcmp(sent_community.data(), community.data(), community.size()) != 0) {
    return false;
  }
  if (!fields.take(response, pdu) || !fields.empty()) return false;
  Reader inner(pdu);
  if (!inner.take_number(tag, number) || tag != integer) return false;
  head.id = static_cast<std::uint32_t>(number);
  if (!inner.take_number(tag, number) || number != 0) return false;  // error-status
  if (!inner.take_number(tag, number) || number != 0) return false;  // error-index
  return inner.take(sequence, head.bindings) && inner.empty();
}

bool read_rows(Octets bindings, const Template& asked, std::span<Row> rows) {
  Reader list(bindings);
  for (std::size_t i = 0; i < asked.names.size(); ++i) {
    Octets binding;
    Octets name;
    if (!list.take(sequence, binding)) return false;
    Reader parts(binding);
    if (!parts.take(object_id, name) || name.size() != asked.names[i].size() ||
        std::memcmp(name.data(), asked.names[i].data(), name.size()) != 0) {
      return false;
    }
    const std::size_t column = i % column_count;
    const Tag type = column == status_column ? integer : column < 6 ? counter64 : counter32;
    std::uint8_t tag = 0;
    if (!parts.take_number(tag, rows[i / column_count][column]) || tag != type || !parts.empty()) return false;
  }
  return list.empty();
}

}  // namespace bench
