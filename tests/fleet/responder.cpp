#include "fleet/responder.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace fleet {
namespace {

// RFC 3416 section 3; RFC 1157 has the first six.
enum ErrorStatus : std::int32_t {
  no_error = 0,
  too_big = 1,
  no_such_name = 2,
  gen_err = 5,
  authorization_error = 16,
  not_writable = 17
};

/// An answer while it is written: bindings go to their place in the buffer at once, the header in front at the end,
/// when all lengths are known.
class Message {
 public:
  /// `record`, where it is not null, gets every binding that is added, and whether one did not fit.
  Message(const Request& request, const Device& device, std::span<std::uint8_t> buffer, Envelope& envelope,
          KeptAnswer* record);

  /// False, and nothing changed, where the message would become larger than the agent sends.
  [[nodiscard]] bool add(Octets encoded_name, Slot slot, const Value& value);
  [[nodiscard]] bool add_all_of_request();
  void clear() noexcept { used_ = count_ = 0; }
  [[nodiscard]] std::size_t bindings() const noexcept { return count_; }
  [[nodiscard]] std::span<const std::uint8_t> finish(std::int32_t status, std::int32_t index);

 private:
  [[nodiscard]] std::size_t fields(std::int32_t status, std::int32_t index) const noexcept;
  [[nodiscard]] bool fits(std::size_t size) const noexcept { return used_ + size <= capacity_; }

  [[nodiscard]] Octets trimmed(Octets encoded_name) noexcept;

  const Request& request_;
  const Faults& faults_;
  std::array<std::uint8_t, 128> trimmed_name_{};
  std::span<std::uint8_t> buffer_;
  Envelope& envelope_;
  KeptAnswer* record_;
  std::int32_t request_id_;
  std::size_t pdu_limit_;
  std::size_t start_;     // of the bindings in the buffer
  std::size_t capacity_;  // octets of bindings that an answer without an error has room for
  std::size_t used_ = 0;
  std::size_t count_ = 0;
};

using Reply = std::span<const std::uint8_t>;

/// Empty where the answer would not be the one of before: then the request is to be looked at again.
Reply answer_as_before(const KeptAnswer& kept, const Request& request, Device& device, Instant now, Message& message);
Reply answer_get(const Request& request, Device& device, Instant now, Message& message);
Reply answer_get_next(const Request& request, Device& device, Instant now, Message& message);
Reply answer_get_bulk(const Request& request, Device& device, Instant now, Message& message,
                      std::vector<std::size_t>& positions);
Reply answer_set(const Request& request, Message& message);
Reply error(const Request& request, Message& message, std::int32_t status, std::size_t index);
Reply too_big_for(const Request& request, Message& message);
std::size_t first_below(const Request& request, const std::optional<ErrorBelow>& error);
void count(const Request& request, std::size_t bindings, DeviceStats& stats) noexcept;

}  // namespace

Answer Responder::respond(Request& request, Device& device, Instant now, std::span<std::uint8_t> buffer) {
  const auto& other = device.faults().wrong_community_reply;
  CommunityEnvelope envelope(request.version, other ? *other : request.community);
  return respond(request, device, now, buffer, envelope);
}

Answer Responder::respond(Request& request, Device& device, Instant now, std::span<std::uint8_t> buffer,
                          Envelope& envelope) {
  const Faults& faults = device.faults();
  device.open_view();
  const bool keeps = request.version != Version::v1 && request.type != Tag::set_request && device.is_plain();
  const KeptAnswer* kept = keeps ? kept_.find(device.shared_view(), request) : nullptr;
  Answer answer;
  if (kept == nullptr && !request.decode_bindings()) {
    answer.malformed = true;
    return answer;
  }
  const std::size_t asked = kept != nullptr ? kept->asked : request.binding_count();
  count(request, asked, device.stats);
  const bool gone = device.falls_silent();
  if (gone || is_mute(faults)) return {};
  if (faults.v1_only && request.version != Version::v1) return {};
  if (asked > faults.silent_bindings_over.value_or(UINT32_MAX)) return {};
  const bool bulk = request.type == Tag::get_bulk_request;
  if (bulk && faults.no_getbulk == NoGetbulk::silent) return {};
  if (bulk && request.max_repetitions > static_cast<std::int64_t>(faults.silent_repetitions_over.value_or(INT32_MAX))) {
    return {};
  }

  std::size_t answered = 0;
  if (kept != nullptr) {
    Message message(request, device, buffer, envelope, nullptr);
    answer.octets = answer_as_before(*kept, request, device, now, message);
    answered = message.bindings();
  }
  if (answer.octets.empty()) {
    if (kept != nullptr && !request.decode_bindings()) return {};
    KeptAnswer record;
    Message message(request, device, buffer, envelope, keeps ? &record : nullptr);
    if (const std::size_t refused = first_below(request, faults.error_below)) {
      const std::int32_t status = faults.error_below->status;
      answer.octets = status == too_big ? too_big_for(request, message) : error(request, message, status, refused);
    } else if (bulk && faults.no_getbulk == NoGetbulk::gen_err) {
      answer.octets = error(request, message, gen_err, 1);
    } else if (bulk && faults.no_getbulk == NoGetbulk::empty) {
      answer.octets = message.finish(no_error, 0);
    } else if (bulk) {
      answer.octets = answer_get_bulk(request, device, now, message, positions_);
    } else if (request.type == Tag::get_request) {
      answer.octets = answer_get(request, device, now, message);
    } else if (request.type == Tag::get_next_request) {
      answer.octets = answer_get_next(request, device, now, message);
    } else {
      answer.octets = answer_set(request, message);
    }
    answered = message.bindings();
    if (keeps && (bulk || !record.cut)) {
      record.asked = request.binding_count();
      kept_.keep(device.shared_view(), request, std::move(record));
    }
  }
  if (faults.silent_over && answer.octets.size() > *faults.silent_over) return {};
  device.stats.bindings_answered += answered;
  spoil(answer, buffer, faults);
  return answer;
}

Answer Responder::refuse(Request& request, Device& device, std::span<std::uint8_t> buffer, Envelope& envelope) {
  Answer answer;
  answer.malformed = !request.decode_bindings();
  if (answer.malformed || is_mute(device.faults())) return answer;
  count(request, request.binding_count(), device.stats);
  Message message(request, device, buffer, envelope, nullptr);
  answer.octets = error(request, message, authorization_error, 0);
  spoil(answer, buffer, device.faults());
  return answer;
}

Answer Responder::report(Device& device, std::span<const std::uint8_t> octets, std::span<std::uint8_t> buffer) {
  if (device.faults().v1_only || is_mute(device.faults())) return {};
  ++device.stats.reports;
  Answer answer;
  answer.octets = octets;
  spoil(answer, buffer, device.faults());
  return answer;
}

bool Responder::is_mute(const Faults& faults) {
  const bool lost = faults.drop_rate > 0 && std::generate_canonical<double, 53>(chance_) < faults.drop_rate;
  return faults.silent || lost;
}

void Responder::spoil(Answer& answer, std::span<std::uint8_t> buffer, const Faults& faults) {
  if (answer.octets.empty()) return;
  if (faults.garbage) {
    const std::size_t size = answer.octets.size();
    for (std::size_t i = 0; i < size; ++i) buffer[i] = static_cast<std::uint8_t>(chance_());
    answer.octets = buffer.first(size);
  }
  const bool cut = faults.truncated_each && ++cuttable_ % std::max(*faults.truncated_each, 1U) == 0;
  if (faults.truncated || cut) answer.octets = answer.octets.first(answer.octets.size() / 2);
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

Reply answer_as_before(const KeptAnswer& kept, const Request& request, Device& device, Instant now, Message& message) {
  const Octets names(kept.names);
  for (const KeptAnswer::Binding& binding : kept.bindings) {
    const Value value =
        binding.exception == Tag::null ? device.plain_value(binding.slot, now) : Value::exception(binding.exception);
    if (message.add(names.subspan(binding.name_at, binding.name_size), binding.slot, value)) continue;
    return request.type == Tag::get_bulk_request ? message.finish(no_error, 0) : Reply{};
  }
  // The values have become shorter, and there is room for more than the last time.
  return kept.cut ? Reply{} : message.finish(no_error, 0);
}

std::size_t bindings_given(const Request& request, const Device& device) {
  return std::min<std::size_t>(request.binding_count(), device.faults().fewer_bindings.value_or(UINT32_MAX));
}

/// Which of the names lies there, from 1; 0: none.
std::size_t first_below(const Request& request, const std::optional<ErrorBelow>& error) {
  if (!error) return 0;
  for (std::size_t i = 0; i < request.binding_count(); ++i) {
    if (starts_with(request.name(i), error->prefix)) return i + 1;
  }
  return 0;
}

bool names(OidView name, const std::optional<Instance>& instance) {
  return instance && starts_with(name, instance->column) && name.back() == instance->if_index;
}

Reply answer_get(const Request& request, Device& device, Instant now, Message& message) {
  const Layout& layout = device.view();
  for (std::size_t i = 0; i < bindings_given(request, device); ++i) {
    const OidView name = request.name(i);
    if (names(name, device.faults().silent_instance)) return {};
    if (names(name, device.faults().refuse_instance)) return error(request, message, gen_err, i + 1);
    const auto at = layout.find(name);
    if (!at && device.faults().leaves_out_absent) continue;
    Value value = at                                ? device.value(*at, now)
                  : layout.has_object_type_of(name) ? Value::exception(Tag::no_such_instance)
                                                    : Value::exception(Tag::no_such_object);
    // RFC 3584 section 4.2.2.1: for version 1 a Counter64 is as good as not there.
    if (request.version == Version::v1 && (!at || value.tag == Tag::counter64)) {
      return error(request, message, no_such_name, i + 1);
    }
    if (!message.add(request.encoded_name(i), at ? layout.slot(*at) : Slot{}, value))
      return too_big_for(request, message);
  }
  return message.finish(no_error, 0);
}

Reply answer_get_next(const Request& request, Device& device, Instant now, Message& message) {
  const Layout& layout = device.view();
  for (std::size_t i = 0; i < bindings_given(request, device); ++i) {
    std::size_t at = device.successor(request.name(i));
    if (at < layout.size() && names(layout.name(at), device.faults().refuse_in_walks))
      return error(request, message, gen_err, i + 1);
    Value value = at < layout.size() ? device.value(at, now) : Value::exception(Tag::end_of_mib_view);
    if (request.version == Version::v1) {
      // RFC 3584 section 4.2.2.1: what cannot be said in version 1 is passed over.
      while (at < layout.size() && value.tag == Tag::counter64) {
        if (++at < layout.size()) value = device.value(at, now);
      }
      if (at >= layout.size()) return error(request, message, no_such_name, i + 1);
    }
    const bool ended = at >= layout.size();
    const Octets name = ended ? request.encoded_name(i) : layout.encoded_name(at);
    if (!message.add(name, ended ? Slot{} : layout.slot(at), value)) return too_big_for(request, message);
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
  const Faults& faults = device.faults();
  const bool skips = faults.skip_rows_over && asked > *faults.skip_rows_over;
  const bool zeroes = faults.zero_values_over && asked > *faults.zero_values_over;
  // RFC 3416 section 4.2.3: a binding that does not fit ends the message, without an error.
  const std::size_t most = faults.fewer_bindings.value_or(UINT32_MAX);
  const auto add = [&](std::size_t at, Octets name_at_end) {
    if (message.bindings() >= most) return false;
    if (at >= end) return message.add(name_at_end, Slot{}, Value::exception(Tag::end_of_mib_view));
    return message.add(layout.encoded_name(at), layout.slot(at),
                       zeroes ? device.zero_or_value(at, now) : device.value(at, now));
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
        const OidView name = request.name(once + i);
        const auto same = faults.repeats_row ? layout.find(name) : std::nullopt;
        column[i] = same ? *same : device.successor(name);
      } else if (column[i] < end) {
        column[i] = device.successor(column[i]);
        if (skips) column[i] = device.past_third_row(column[i]);
      }
      if (column[i] < end && names(layout.name(column[i]), faults.refuse_in_walks))
        return error(request, message, gen_err, once + i + 1);
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

void count(const Request& request, std::size_t bindings, DeviceStats& stats) noexcept {
  ++stats.requests;
  stats.bindings_asked += bindings;
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

Message::Message(const Request& request, const Device& device, std::span<std::uint8_t> buffer, Envelope& envelope,
                 KeptAnswer* record)
    : request_(request),
      faults_(device.faults()),
      buffer_(buffer),
      envelope_(envelope),
      record_(record),
      request_id_(request.request_id),
      pdu_limit_(envelope.largest_pdu(device.max_message_size())) {
  constexpr std::size_t most_of_pdu_header = 32;
  if (faults_.wrong_request_id) request_id_ = (request_id_ & 0x7fff'ffff) == 0x7fff'ffff ? 1 : request_id_ + 1;
  if (faults_.request_id_16_bit) request_id_ &= 0xffff;
  start_ = std::min(buffer_.size(), envelope.room_before() + most_of_pdu_header);
  const std::size_t content = largest_content(pdu_limit_);
  const std::size_t header = fields(no_error, 0);
  const std::size_t room = buffer_.size() - start_;
  capacity_ =
      content > header ? std::min(largest_content(content - header), room - std::min(room, envelope.room_behind())) : 0;
}

/// The name without its last number where that is 0. Names too long for one octet of length stay as they are.
Octets Message::trimmed(Octets encoded_name) noexcept {
  const std::size_t size = encoded_name.size();
  const bool ends_in_zero = size > 4 && encoded_name[size - 1] == 0 && (encoded_name[size - 2] & 0x80U) == 0;
  if (!ends_in_zero || size > trimmed_name_.size()) return encoded_name;
  std::copy(encoded_name.begin(), encoded_name.end(), trimmed_name_.begin());
  --trimmed_name_[1];
  return Octets(trimmed_name_).first(size - 1);
}

bool Message::add(Octets encoded_name, Slot slot, const Value& value) {
  if (faults_.trim_zeros) encoded_name = trimmed(encoded_name);
  const std::size_t content = encoded_name.size() + element_size(value.content_size());
  const std::size_t size = element_size(content);
  if (record_ != nullptr) {
    record_->add(encoded_name, slot, value.is_exception() ? value.tag : Tag::null);
    record_->cut = record_->cut || !fits(size);
  }
  if (!fits(size)) return false;
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
  if (!fits(size)) return false;
  Writer(buffer_.subspan(start_ + used_, size)).octets(request_.bindings);
  used_ += size;
  count_ += request_.binding_count();
  return true;
}

std::span<const std::uint8_t> Message::finish(std::int32_t status, std::int32_t index) {
  const std::size_t pdu = fields(status, index) + element_size(used_);
  const std::size_t size = element_size(pdu);
  if (size > pdu_limit_) return {};  // not even the error fits: RFC 3416 section 4.2.1, silently dropped
  const std::size_t header = size - used_;
  Writer writer(buffer_.subspan(start_ - header, header));
  writer.header(Tag::response, pdu);
  writer.integer(Tag::integer, request_id_);
  writer.integer(Tag::integer, status);
  writer.integer(Tag::integer, index);
  writer.header(Tag::sequence, used_);
  return envelope_.seal(buffer_, buffer_.subspan(start_ - header, size));
}

/// What stands before the bindings in a PDU.
std::size_t Message::fields(std::int32_t status, std::int32_t index) const noexcept {
  return element_size(integer_size(request_id_)) + element_size(integer_size(status)) +
         element_size(integer_size(index));
}

}  // namespace
}  // namespace fleet
