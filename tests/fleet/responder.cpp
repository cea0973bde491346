#include "fleet/responder.hpp"

#include <algorithm>
#include <cstring>

namespace fleet {
namespace {

// RFC 3416 section 3; RFC 1157 has the first six.
enum ErrorStatus : std::int32_t { no_error = 0, too_big = 1, no_such_name = 2, gen_err = 5, not_writable = 17 };

/// An answer while it is written: bindings go to their place in the buffer at once, the header in front at the end,
/// when all lengths are known.
class Message {
 public:
  Message(const Request& request, const Device& device, std::span<std::uint8_t> buffer);

  /// False, and nothing changed, where the message would become larger than the agent sends.
  [[nodiscard]] bool add(Octets encoded_name, const Value& value);
  [[nodiscard]] bool add_all_of_request();
  void clear() noexcept { used_ = 0; }
  [[nodiscard]] std::size_t bindings() const noexcept { return count_; }
  [[nodiscard]] std::span<const std::uint8_t> finish(std::int32_t status, std::int32_t index);

 private:
  [[nodiscard]] std::size_t pdu_content(std::size_t bindings, std::int32_t status, std::int32_t index) const noexcept;
  [[nodiscard]] std::size_t total(std::size_t bindings) const noexcept;

  const Request& request_;
  std::span<std::uint8_t> buffer_;
  std::size_t limit_;
  std::int32_t request_id_;
  std::string_view community_;
  std::size_t start_;  // of the bindings in the buffer
  std::size_t used_ = 0;
  std::size_t count_ = 0;
};

using Reply = std::span<const std::uint8_t>;

Reply answer_get(const Request& request, Device& device, Instant now, Message& message);
Reply answer_get_next(const Request& request, Device& device, Instant now, Message& message);
Reply answer_get_bulk(const Request& request, Device& device, Instant now, Message& message,
                      std::vector<std::size_t>& positions);
Reply answer_set(const Request& request, Message& message);
Reply error(const Request& request, Message& message, std::int32_t status, std::size_t index);
Reply too_big_for(const Request& request, Message& message);
void count(const Request& request, DeviceStats& stats) noexcept;

}  // namespace

Answer Responder::respond(const Request& request, Device& device, Instant now, std::span<std::uint8_t> buffer) {
  const Faults& faults = device.faults();
  count(request, device.stats);
  device.open_view();
  const bool lost = faults.drop_rate > 0 && std::generate_canonical<double, 53>(chance_) < faults.drop_rate;
  if (faults.silent || lost) return {};
  if (faults.v1_only && request.version != Version::v1) return {};
  const bool bulk = request.type == Tag::get_bulk_request;
  if (bulk && faults.no_getbulk == NoGetbulk::silent) return {};

  Message message(request, device, buffer);
  Answer answer;
  if (bulk && faults.no_getbulk == NoGetbulk::gen_err) {
    answer.octets = error(request, message, gen_err, 1);
  } else if (bulk) {
    answer.octets = answer_get_bulk(request, device, now, message, positions_);
  } else if (request.type == Tag::get_request) {
    answer.octets = answer_get(request, device, now, message);
  } else if (request.type == Tag::get_next_request) {
    answer.octets = answer_get_next(request, device, now, message);
  } else {
    answer.octets = answer_set(request, message);
  }
  if (faults.silent_over && answer.octets.size() > *faults.silent_over) return {};
  device.stats.bindings_answered += message.bindings();
  spoil(answer, buffer, faults);
  return answer;
}

void Responder::spoil(Answer& answer, std::span<std::uint8_t> buffer, const Faults& faults) {
  if (answer.octets.empty()) return;
  if (faults.garbage) {
    const std::size_t size = answer.octets.size();
    for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<std::uint8_t>(chance_());
    answer.octets = buffer.first(size);
  }
  if (faults.truncated) answer.octets = answer.octets.first(answer.octets.size() / 2);
  answer.copies = 1 + faults.duplicate;
  answer.delay = faults.delay.fixed;
  if (faults.delay.jitter.count() > 0) {
    answer.delay +=
        std::chrono::nanoseconds(std::uniform_int_distribution<std::int64_t>(0, faults.delay.jitter.count())(chance_));
  }
  answer.from_other_port = faults.reply_from_other_port;
  answer.from_other_address = faults.reply_from_other_address;
}

namespace {

Reply answer_get(const Request& request, Device& device, Instant now, Message& message) {
  const Layout& layout = device.view();
  for (std::size_t i = 0; i < request.binding_count(); ++i) {
    const OidView name = request.name(i);
    const auto at = layout.find(name);
    Value value = at                                ? device.value(*at, now)
                  : layout.has_object_type_of(name) ? Value::exception(Tag::no_such_instance)
                                                    : Value::exception(Tag::no_such_object);
    // RFC 3584 section 4.2.2.1: for version 1 a Counter64 is as good as not there.
    if (request.version == Version::v1 && (!at || value.tag == Tag::counter64)) {
      return error(request, message, no_such_name, i + 1);
    }
    if (!message.add(request.encoded_name(i), value)) return too_big_for(request, message);
  }
  return message.finish(no_error, 0);
}

Reply answer_get_next(const Request& request, Device& device, Instant now, Message& message) {
  const Layout& layout = device.view();
  for (std::size_t i = 0; i < request.binding_count(); ++i) {
    std::size_t at = device.successor(request.name(i));
    Value value = at < layout.size() ? device.value(at, now) : Value::exception(Tag::end_of_mib_view);
    if (request.version == Version::v1) {
      // RFC 3584 section 4.2.2.1: what cannot be said in version 1 is passed over.
      while (at < layout.size() && value.tag == Tag::counter64) {
        if (++at < layout.size()) value = device.value(at, now);
      }
      if (at >= layout.size()) return error(request, message, no_such_name, i + 1);
    }
    const Octets name = at < layout.size() ? layout.encoded_name(at) : request.encoded_name(i);
    if (!message.add(name, value)) return too_big_for(request, message);
  }
  return message.finish(no_error, 0);
}

Reply answer_get_bulk(const Request& request, Device& device, Instant now, Message& message,
                      std::vector<std::size_t>& positions) {
  const Layout& layout = device.view();
  const std::size_t end = layout.size();
  const std::size_t once =
      std::min(request.binding_count(), static_cast<std::size_t>(std::max(request.non_repeaters, 0)));
  const auto asked = static_cast<std::uint32_t>(std::max(request.max_repetitions, 0));
  const std::uint32_t repetitions = std::min(asked, device.faults().max_repetitions_cap.value_or(asked));
  const bool skips = asked > device.faults().skip_rows_over.value_or(asked);
  // RFC 3416 section 4.2.3: a binding that does not fit ends the message, without an error.
  const auto add = [&](std::size_t at, Octets name_at_end) {
    return at < end ? message.add(layout.encoded_name(at), device.value(at, now))
                    : message.add(name_at_end, Value::exception(Tag::end_of_mib_view));
  };
  for (std::size_t i = 0; i < once; ++i) {
    if (!add(device.successor(request.name(i)), request.encoded_name(i))) return message.finish(no_error, 0);
  }

  // A column is at an instance, or past the end: then its name stays that of the last instance it gave.
  constexpr std::size_t nothing_given = static_cast<std::size_t>(-1);
  positions.assign(2 * (request.binding_count() - once), nothing_given);
  const auto column = std::span(positions).first(request.binding_count() - once);
  const auto given = std::span(positions).subspan(column.size());
  for (std::uint32_t repetition = 0; repetition < repetitions; ++repetition) {
    bool all_ended = true;
    for (std::size_t i = 0; i < column.size(); ++i) {
      if (repetition == 0) {
        column[i] = device.successor(request.name(once + i));
      } else if (column[i] < end) {
        column[i] = device.successor(column[i]);
        if (skips && repetition % 8 == 7 && column[i] < end) column[i] = device.successor(column[i]);
      }
      const Octets last_name =
          given[i] == nothing_given ? request.encoded_name(once + i) : layout.encoded_name(given[i]);
      if (!add(column[i], last_name)) return message.finish(no_error, 0);
      if (column[i] < end) {
        given[i] = column[i];
        all_ended = false;
      }
    }
    if (all_ended) break;
  }
  return message.finish(no_error, 0);
}

Reply answer_set(const Request& request, Message& message) {
  if (request.binding_count() == 0) return message.finish(no_error, 0);
  // RFC 3584 section 4.4: notWritable is noSuchName in version 1, whose readOnly no agent is to send.
  return error(request, message, request.version == Version::v1 ? no_such_name : not_writable, 1);
}

/// The request's own bindings come back with an error.
Reply error(const Request& request, Message& message, std::int32_t status, std::size_t index) {
  message.clear();
  if (!message.add_all_of_request()) return too_big_for(request, message);
  return message.finish(status, static_cast<std::int32_t>(index));
}

/// RFC 3416 section 4.2.1: tooBig has no bindings. RFC 1157 section 4.1.2: in version 1 it has the request's.
Reply too_big_for(const Request& request, Message& message) {
  message.clear();
  if (request.version == Version::v1 && !message.add_all_of_request()) return {};
  return message.finish(too_big, 0);
}

void count(const Request& request, DeviceStats& stats) noexcept {
  ++stats.requests;
  stats.bindings_asked += request.binding_count();
  switch (request.type) {
    case Tag::get_request:
      ++stats.gets;
      break;
    case Tag::get_next_request:
      ++stats.get_nexts;
      break;
    case Tag::get_bulk_request:
      ++stats.get_bulks;
      break;
    default:
      ++stats.sets;
      break;
  }
}

Message::Message(const Request& request, const Device& device, std::span<std::uint8_t> buffer)
    : request_(request),
      buffer_(buffer),
      limit_(device.max_message_size()),
      request_id_(request.request_id),
      community_(request.community) {
  const Faults& faults = device.faults();
  if (faults.wrong_request_id) request_id_ = (request_id_ & 0x7fff'ffff) == 0x7fff'ffff ? 1 : request_id_ + 1;
  if (faults.wrong_community_reply) community_ = *faults.wrong_community_reply;
  start_ = std::min(buffer_.size(), community_.size() + 64);
}

bool Message::add(Octets encoded_name, const Value& value) {
  const std::size_t content = encoded_name.size() + element_size(value.content_size());
  const std::size_t size = element_size(content);
  if (total(used_ + size) > limit_ || start_ + used_ + size > buffer_.size()) return false;
  Writer writer(buffer_.subspan(start_ + used_, size));
  writer.header(Tag::sequence, content);
  writer.octets(encoded_name);
  value.write(writer);
  used_ += size;
  ++count_;
  return true;
}

bool Message::add_all_of_request() {
  const std::size_t size = request_.bindings.size();
  if (total(used_ + size) > limit_ || start_ + used_ + size > buffer_.size()) return false;
  Writer(buffer_.subspan(start_ + used_, size)).octets(request_.bindings);
  used_ += size;
  count_ += request_.binding_count();
  return true;
}

std::span<const std::uint8_t> Message::finish(std::int32_t status, std::int32_t index) {
  const std::size_t pdu = pdu_content(used_, status, index);
  const std::size_t message = element_size(1) + element_size(community_.size()) + element_size(pdu);
  const std::size_t size = element_size(message);
  if (size > limit_) return {};  // not even the error fits: RFC 3416 section 4.2.1, silently dropped
  const std::size_t header = size - used_;
  Writer writer(buffer_.subspan(start_ - header, header));
  writer.header(Tag::sequence, message);
  writer.integer(Tag::integer, static_cast<int>(request_.version));
  writer.element(Tag::octet_string, {reinterpret_cast<const std::uint8_t*>(community_.data()), community_.size()});
  writer.header(Tag::response, pdu);
  writer.integer(Tag::integer, request_id_);
  writer.integer(Tag::integer, status);
  writer.integer(Tag::integer, index);
  writer.header(Tag::sequence, used_);
  return buffer_.subspan(start_ - header, size);
}

std::size_t Message::pdu_content(std::size_t bindings, std::int32_t status, std::int32_t index) const noexcept {
  return element_size(integer_size(request_id_)) + element_size(integer_size(status)) +
         element_size(integer_size(index)) + element_size(bindings);
}

std::size_t Message::total(std::size_t bindings) const noexcept {
  return element_size(element_size(1) + element_size(community_.size()) + element_size(pdu_content(bindings, 0, 0)));
}

}  // namespace
}  // namespace fleet
