#include "fleet/device.hpp"

#include <algorithm>
#include <limits>

#include "fleet/view.hpp"

namespace fleet {
namespace {

bool is_text(Object object) noexcept;
bool is_name(Object object) noexcept { return object == Object::if_name || object == Object::if_descr; }
std::uint64_t number_of(const Value& value) noexcept;

}  // namespace

void Device::change_faults(const Json& changes, Instant now) {
  apply(faults_, changes);
  if (changes.contains("silent_after")) requests_since_silence_ = 0;
  if (changes.contains("vanish_row")) requests_since_vanish_ = 0;
  if (changes.contains("stuck_flow")) stuck_port_.reset();
  view_is_stale_ = true;
  is_plain_ = faults_.no_getbulk == NoGetbulk::off && !faults_.max_repetitions_cap && !faults_.loop &&
              !faults_.non_increasing && !faults_.wrong_types && !faults_.duplicate_names && !faults_.bad_utf8 &&
              !faults_.frozen_uptime && !faults_.skip_rows_over && !faults_.zero_values_over && !faults_.repeats_row &&
              !faults_.fewer_bindings && !faults_.trim_zeros && !faults_.trailing_nul && !faults_.stuck_hc &&
              !faults_.dead_hc && !faults_.odd_numbers && !faults_.bad_cell && !faults_.error_below &&
              !faults_.restless_tables && !faults_.silent_instance && !faults_.refuse_instance &&
              !faults_.refuse_in_walks;
  if (!faults_.frozen_uptime) {
    frozen_uptime_.reset();
  } else if (!frozen_uptime_) {
    frozen_uptime_ = uptime(now);
  }
}

std::optional<std::uint64_t> Device::uptime(Instant now) {
  const auto layout = model_->layout();
  for (std::size_t i = 0; i < layout->size(); ++i) {
    if (layout->slot(i).object == Object::sys_uptime) return number_of(model_->value(layout->slot(i), now));
  }
  return std::nullopt;
}

std::size_t Device::max_message_size() const noexcept {
  return std::min(max_message_size_, faults_.too_big_over.value_or(max_message_size_));
}

void Device::open_view() {
  const auto& vanishing = faults_.vanish_row;
  if (vanishing && requests_since_vanish_ <= vanishing->after_requests) {
    ++requests_since_vanish_;
    view_is_stale_ = true;
  }
  const auto& base = model_->layout();
  if (view_is_stale_ || base != base_) {
    base_ = base;
    view_ = view_of(base_, faults_, vanishing && requests_since_vanish_ > vanishing->after_requests);
    view_is_stale_ = false;
  }
}

std::size_t Device::successor(OidView name) const {
  const bool plain = !faults_.loop && !faults_.non_increasing;
  if (!plain) {
    if (const auto exact = view_->find(name)) return successor(*exact);
  }
  return past_early_end(name, view_->successor(name));
}

std::size_t Device::successor(std::size_t i) const {
  if (faults_.loop && starts_with(view_->name(i), *faults_.loop)) return i;
  if (faults_.non_increasing && starts_with(view_->name(i), *faults_.non_increasing)) {
    // Rows 1 2 3 4 of a column come as 1 3 2 4: out of order, each once, and the walk still ends.
    if (swapped_with_next(i + 1)) return i + 2;
    if (swapped_with_next(i)) return i + 2;
    if (i > 0 && swapped_with_next(i - 1)) return i - 1;
  }
  return past_early_end(view_->name(i), i + 1);
}

std::size_t Device::past_early_end(OidView from, std::size_t i) const {
  if (!faults_.early_end) return i;
  const Instance& end = *faults_.early_end;
  if (starts_with(from, end.column) && from.size() > end.column.size() && from.back() >= end.if_index) return i;
  while (i < view_->size() && starts_with(view_->name(i), end.column) && view_->name(i).back() > end.if_index) ++i;
  return i;
}

Value Device::zero_or_value(std::size_t i, Instant now) {
  const Value true_value = value(i, now);
  const bool number = true_value.tag != Tag::octet_string && true_value.tag != Tag::object_id;
  if (!number || row_in_column(i) % 3 != 2) return true_value;
  return true_value.tag == Tag::integer ? Value::integer(0) : Value::unsigned_number(true_value.tag, 0);
}

std::size_t Device::past_third_row(std::size_t i) const {
  const bool skipped = i + 1 < view_->size() && same_column(i, i + 1) && row_in_column(i) % 3 == 2;
  return skipped ? i + 1 : i;
}

Value Device::value(std::size_t i, Instant now) {
  Slot slot = view_->slot(i);
  if (faults_.duplicate_names && is_name(slot.object) && row_in_column(i) % 2 == 1) slot = view_->slot(i - 1);
  Value value = model_->value(slot, now);
  if (faults_.bad_cell && compare(view_->name(i), faults_.bad_cell->name) == 0) return undecodable();
  if (slot.object == Object::sys_uptime && frozen_uptime_) {
    return Value::unsigned_number(Tag::time_ticks, *frozen_uptime_);
  }
  if (faults_.restless_tables && slot.object == Object::if_table_last_change) {
    return Value::unsigned_number(Tag::time_ticks, uptime(now).value_or(0));
  }
  if (faults_.big_if_index && slot.object == Object::if_index) {
    // Integer32 has no such number: the agent's 32 bits come out as a negative one.
    return Value::integer(static_cast<std::int32_t>(static_cast<std::uint32_t>(number_of(value)) | 0x8000'0000));
  }
  if (faults_.bad_utf8 && is_text(slot.object) && value.form == Value::Form::octets) {
    std::string text(value.octets.begin(), value.octets.end());
    // A lone start octet, a lone continuation octet, and a control character.
    scratch_ = text + "\xc3(\x80\x01";
    return Value::string(scratch_);
  }
  if (faults_.trailing_nul && is_text(slot.object) && value.form == Value::Form::octets) {
    scratch_.assign(value.octets.begin(), value.octets.end());
    scratch_.push_back('\0');
    return Value::string(scratch_);
  }
  if (faults_.stuck_hc && value.tag == Tag::counter64) {
    value = Value::unsigned_number(Tag::counter64, std::numeric_limits<std::uint64_t>::max());
  }
  if (faults_.dead_hc && value.tag == Tag::counter64) value = Value::unsigned_number(Tag::counter64, 0);
  if (faults_.odd_numbers) return oddly_encoded(value);
  if (faults_.wrong_types && value.tag == Tag::counter32) return retyped(value, faults_.wrong_types->counter32);
  if (faults_.wrong_types && value.tag == Tag::counter64) return retyped(value, faults_.wrong_types->counter64);
  return value;
}

Value Device::oddly_encoded(const Value& value) {
  if (value.tag != Tag::counter32 && value.tag != Tag::counter64) return value;
  const std::uint64_t number = number_of(value);
  const bool negative = value.tag == Tag::counter32 && number >= 0x8000'0000;
  const int octets = negative ? 4 : value.tag == Tag::counter32 ? 5 : 9;
  scratch_.clear();
  for (int at = octets - 1; at >= 0; --at) {
    scratch_.push_back(at > 7 ? '\0' : static_cast<char>(number >> (8U * static_cast<unsigned>(at)) & 0xffU));
  }
  return Value::encoded(value.tag, {reinterpret_cast<const std::uint8_t*>(scratch_.data()), scratch_.size()});
}

Value Device::undecodable() {
  const auto nine_octets = [this] {
    scratch_.assign(9, '\1');
    return Octets(reinterpret_cast<const std::uint8_t*>(scratch_.data()), scratch_.size());
  };
  switch (faults_.bad_cell->how) {
    case BadCell::How::long_counter64:
      return Value::encoded(Tag::counter64, nine_octets());
    case BadCell::How::long_integer:
      return Value::encoded(Tag::integer, nine_octets());
    case BadCell::How::empty_integer:
      return Value::encoded(Tag::integer, {});
    case BadCell::How::empty_counter32:
      return Value::encoded(Tag::counter32, {});
    case BadCell::How::unknown_tag:
      break;
  }
  constexpr auto nobodys_tag = static_cast<Tag>(0x4f);
  return Value::encoded(nobodys_tag, nine_octets());
}

bool Device::swapped_with_next(std::size_t i) const {
  if (i + 1 >= view_->size() || !same_column(i, i + 1)) return false;
  return row_in_column(i) == 1;
}

bool Device::same_column(std::size_t a, std::size_t b) const {
  const OidView first = view_->name(a);
  const OidView second = view_->name(b);
  return first.size() == second.size() && compare(first.first(first.size() - 1), second.first(second.size() - 1)) == 0;
}

std::size_t Device::row_in_column(std::size_t i) const {
  std::size_t row = 0;
  while (row < i && same_column(i - row - 1, i)) ++row;
  return row;
}

Value Device::retyped(const Value& value, Tag tag) {
  const std::uint64_t number = number_of(value);
  switch (tag) {
    case Tag::integer:
      return Value::integer(static_cast<std::int64_t>(number & 0x7fff'ffff));
    case Tag::octet_string:
      scratch_ = std::to_string(number);
      return Value::string(scratch_);
    case Tag::counter64:
      return Value::unsigned_number(tag, number);
    default:
      break;
  }
  return Value::unsigned_number(tag, number & 0xffff'ffff);
}

namespace {

bool is_text(Object object) noexcept {
  switch (object) {
    case Object::sys_descr:
    case Object::sys_contact:
    case Object::sys_name:
    case Object::sys_location:
    case Object::if_descr:
    case Object::if_name:
    case Object::if_alias:
      return true;
    default:
      return false;
  }
}

std::uint64_t number_of(const Value& value) noexcept {
  if (value.form != Value::Form::octets) return value.number;
  return decode_unsigned(value.octets).value_or(0);
}

}  // namespace
}  // namespace fleet
