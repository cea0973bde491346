#include "fleet/request.hpp"

#include <limits>
#include <optional>

namespace fleet {
namespace {

std::optional<std::int32_t> decode_integer32(std::optional<Octets> content) noexcept;
bool is_request(Tag tag, Version version) noexcept;

}  // namespace

DecodeError Request::decode(Octets packet) {
  Reader datagram(packet);
  const auto message = datagram.next(Tag::sequence);
  if (!message || !datagram.empty()) return DecodeError::malformed;
  Reader fields(*message);
  const auto sent_version = decode_integer32(fields.next(Tag::integer));
  if (!sent_version) return DecodeError::malformed;
  if (*sent_version != 0 && *sent_version != 1) return DecodeError::bad_version;
  version = static_cast<Version>(*sent_version);

  const auto sent_community = fields.next(Tag::octet_string);
  const auto pdu = fields.next();
  if (!sent_community || !pdu || !fields.empty() || !is_request(pdu->tag, version)) return DecodeError::malformed;
  community = {reinterpret_cast<const char*>(sent_community->data()), sent_community->size()};
  type = pdu->tag;
  return decode_pdu(pdu->content) ? DecodeError::none : DecodeError::malformed;
}

DecodeError Request::decode_scoped(const Element& pdu) {
  version = Version::v3;
  community = {};
  type = pdu.tag;
  return is_request(type, version) && decode_pdu(pdu.content) ? DecodeError::none : DecodeError::malformed;
}

bool Request::decode_pdu(Octets content) {
  Reader fields(content);
  const auto id = decode_integer32(fields.next(Tag::integer));
  const auto second = decode_integer32(fields.next(Tag::integer));
  const auto third = decode_integer32(fields.next(Tag::integer));
  const auto list = fields.next(Tag::sequence);
  if (!id || !second || !third || !list || !fields.empty()) return false;
  request_id = *id;
  non_repeaters = *second;
  max_repetitions = *third;
  bindings = *list;
  return true;
}

bool Request::decode_bindings() {
  names_.clear();
  numbers_.clear();
  Reader list(bindings);
  while (!list.empty()) {
    const auto binding = list.next(Tag::sequence);
    if (!binding) return false;
    Reader parts(*binding);
    const auto name = parts.next();
    const auto value = parts.next();
    if (!name || name->tag != Tag::object_id || !value || !parts.empty()) return false;
    const std::size_t start = numbers_.size();
    const auto count = decode_oid(name->content, numbers_);
    if (!count) return false;
    names_.push_back({start, *count, name->whole});
  }
  return true;
}

namespace {

std::optional<std::int32_t> decode_integer32(std::optional<Octets> content) noexcept {
  if (!content) return std::nullopt;
  const auto value = decode_integer(*content);
  using Limits = std::numeric_limits<std::int32_t>;
  if (!value || *value < Limits::min() || *value > Limits::max()) return std::nullopt;
  return static_cast<std::int32_t>(*value);
}

bool is_request(Tag tag, Version version) noexcept {
  if (tag == Tag::get_bulk_request) return version != Version::v1;  // RFC 1157 has no such PDU
  return tag == Tag::get_request || tag == Tag::get_next_request || tag == Tag::set_request;
}

}  // namespace
}  // namespace fleet
