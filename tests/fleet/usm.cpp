#include "fleet/usm.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

namespace fleet {
namespace {

// RFC 3412 section 6.4.
constexpr std::uint8_t flag_auth = 1;
constexpr std::uint8_t flag_priv = 2;
constexpr std::uint8_t flag_reportable = 4;
constexpr std::int32_t version_3 = 3;
constexpr std::int32_t user_based = 3;
constexpr std::int32_t own_most_size = 65'507;
constexpr std::int32_t least_most_size = 484;
constexpr std::size_t salt_size = 8;
constexpr std::size_t des_block = 8;
constexpr auto report_tag = static_cast<Tag>(0xa8);
/// RFC 3414 section 2.2.3.
constexpr std::int64_t window_seconds = 150;
constexpr std::uint32_t last_boots = 2'147'483'647;

// RFC 3414 section 5, usmStats; RFC 3412 section 5, snmpUnknownContexts.
using UsmStatsName = std::array<std::uint32_t, 11>;
constexpr UsmStatsName unsupported_levels{1, 3, 6, 1, 6, 3, 15, 1, 1, 1, 0};
constexpr UsmStatsName not_in_windows{1, 3, 6, 1, 6, 3, 15, 1, 1, 2, 0};
constexpr UsmStatsName unknown_users{1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0};
constexpr UsmStatsName unknown_engines{1, 3, 6, 1, 6, 3, 15, 1, 1, 4, 0};
constexpr UsmStatsName wrong_digests{1, 3, 6, 1, 6, 3, 15, 1, 1, 5, 0};
constexpr UsmStatsName decryption_errors{1, 3, 6, 1, 6, 3, 15, 1, 1, 6, 0};
constexpr std::array<std::uint32_t, 10> unknown_contexts{1, 3, 6, 1, 6, 3, 12, 1, 5, 0};

std::optional<std::int32_t> take_integer(Reader& fields) noexcept {
  const auto content = fields.next(Tag::integer);
  const auto number = content ? decode_integer(*content) : std::nullopt;
  using Limits = std::numeric_limits<std::int32_t>;
  if (!number || *number < Limits::min() || *number > Limits::max()) return std::nullopt;
  return static_cast<std::int32_t>(*number);
}

std::string_view as_text(Octets octets) noexcept {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}
Octets as_octets(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
bool same(Octets a, Octets b) noexcept { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }

}  // namespace

UsmEngine::UsmEngine(const std::vector<std::shared_ptr<const UsmUser>>& users) {
  for (const auto& user : users) users_.push_back({user, {}, {}});
}

const LocalUser* UsmEngine::find(std::string_view name, Octets engine_id) {
  const auto found =
      std::find_if(users_.begin(), users_.end(), [&](const LocalUser& user) { return user.user->name == name; });
  if (found == users_.end()) return nullptr;
  const UsmUser& user = *found->user;
  if (user.auth != AuthProtocol::none && found->auth_key.size == 0) {
    found->auth_key = localized(user.auth, user.auth_key, engine_id);
    if (user.priv != PrivProtocol::none) found->priv_key = cipher_key(user, engine_id);
  }
  return &*found;
}

UsmCrypto::Salt UsmEngine::next_salt(std::uint32_t boots) noexcept {
  UsmCrypto::Salt salt{};
  const std::uint64_t number = std::uint64_t{boots} << 32 | ++salts_;
  for (std::size_t i = 0; i < salt.size(); ++i) {
    salt[i] = static_cast<std::uint8_t>(number >> (8 * (salt.size() - 1 - i)) & 0xff);
  }
  return salt;
}

bool UsmMessage::read(std::span<std::uint8_t> packet) {
  packet_ = packet;
  Reader datagram(packet);
  const auto message = datagram.next(Tag::sequence);
  if (!message || !datagram.empty()) return false;
  Reader fields(*message);
  const auto version = take_integer(fields);
  const auto header = fields.next(Tag::sequence);
  const auto security = fields.next(Tag::octet_string);
  const auto data = fields.next();
  if (!version || *version != version_3 || !header || !security || !data || !fields.empty()) return false;

  Reader of_header(*header);
  const auto id = take_integer(of_header);
  const auto most = take_integer(of_header);
  const auto flags = of_header.next(Tag::octet_string);
  const auto model = take_integer(of_header);
  if (!id || *id < 0 || !most || *most < least_most_size || !flags || flags->size() != 1 || !model ||
      *model != user_based || !of_header.empty()) {
    return false;
  }
  message_id_ = *id;
  most_size_ = *most;
  flags_ = (*flags)[0];

  Reader security_octets(*security);
  const auto parameters = security_octets.next(Tag::sequence);
  if (!parameters || !security_octets.empty()) return false;
  Reader of_security(*parameters);
  const auto engine_id = of_security.next(Tag::octet_string);
  const auto boots = take_integer(of_security);
  const auto time = take_integer(of_security);
  const auto user = of_security.next(Tag::octet_string);
  const auto mac = of_security.next(Tag::octet_string);
  const auto salt = of_security.next(Tag::octet_string);
  if (!engine_id || !boots || *boots < 0 || !time || *time < 0 || !user || !mac || !salt || !of_security.empty()) {
    return false;
  }
  engine_id_ = *engine_id;
  boots_ = static_cast<std::uint32_t>(*boots);
  time_ = static_cast<std::uint32_t>(*time);
  user_name_ = as_text(*user);
  mac_ = *mac;
  salt_ = *salt;
  const bool enciphered = (flags_ & flag_priv) != 0;
  if (data->tag != (enciphered ? Tag::octet_string : Tag::sequence)) return false;
  const Octets octets = enciphered ? data->content : data->whole;
  data_ = packet.subspan(static_cast<std::size_t>(octets.data() - packet.data()), octets.size());
  // RFC 3412 section 7.2 step 5d: privacy without authentication is no message.
  return !enciphered || (flags_ & flag_auth) != 0;
}

UsmMessage::Verdict UsmMessage::accept(UsmEngine& engine, const EngineFacts& facts, Request& request) {
  engine_ = &engine;
  facts_ = facts;
  user_ = nullptr;
  request_id_ = 0;
  context_engine_id_ = facts.id;
  context_name_ = {};
  if (!same(engine_id_, facts.id)) return refuse(unknown_engines, engine.stats.unknown_engines, false);
  user_ = engine.find(user_name_, facts.id);
  if (user_ == nullptr) return refuse(unknown_users, engine.stats.unknown_users, false);
  const bool authenticated = (flags_ & flag_auth) != 0;
  const bool enciphered = (flags_ & flag_priv) != 0;
  if ((authenticated && user_->user->auth == AuthProtocol::none) ||
      (enciphered && user_->user->priv == PrivProtocol::none)) {
    return refuse(unsupported_levels, engine.stats.unsupported_levels, false);
  }
  if (authenticated) {
    if (!is_authentic()) return refuse(wrong_digests, engine.stats.wrong_digests, false);
    const std::int64_t apart = std::int64_t{time_} - std::int64_t{facts.time};
    if (facts.boots == last_boots || boots_ != facts.boots || std::abs(apart) > window_seconds) {
      return refuse(not_in_windows, engine.stats.not_in_windows, true);
    }
  }
  if (enciphered && !decipher()) return refuse(decryption_errors, engine.stats.decryption_errors, false);

  Reader octets(data_);
  const auto scoped = octets.next(Tag::sequence);
  if (!scoped) {  // what comes of a wrong key is noise
    return enciphered ? refuse(decryption_errors, engine.stats.decryption_errors, false) : Verdict::malformed;
  }
  Reader parts(*scoped);
  const auto context_engine_id = parts.next(Tag::octet_string);
  const auto context_name = parts.next(Tag::octet_string);
  const auto pdu = parts.next();
  if (!context_engine_id || !context_name || !pdu || !parts.empty()) return Verdict::malformed;
  if (request.decode_scoped(*pdu) != DecodeError::none) return Verdict::malformed;
  with_auth_ = authenticated;
  with_priv_ = enciphered;
  request_id_ = request.request_id;
  context_engine_id_ = *context_engine_id;
  context_name_ = as_text(*context_name);
  if (!same(context_engine_id_, facts.id) || !context_name_.empty()) {
    context_engine_id_ = facts.id;
    const Verdict verdict = refuse(unknown_contexts, engine.stats.unknown_contexts, authenticated);
    with_priv_ = enciphered;  // RFC 3412 section 7.1: a report about a message that was understood is as safe as it
    return verdict;
  }
  return Verdict::request;
}

bool UsmMessage::is_below_level() const noexcept {
  return (user_->user->auth != AuthProtocol::none && !with_auth_) ||
         (user_->user->priv != PrivProtocol::none && !with_priv_);
}

UsmMessage::Verdict UsmMessage::refuse(OidView name, std::uint32_t& count, bool with_auth) {
  report_count_ = ++count;
  report_name_ = name;
  with_auth_ = with_auth;
  with_priv_ = false;
  return (flags_ & flag_reportable) != 0 ? Verdict::report : Verdict::dropped;
}

bool UsmMessage::is_authentic() const {
  const AuthProtocol protocol = user_->user->auth;
  if (mac_.size() != mac_size(protocol)) return false;
  std::array<std::uint8_t, 64> sent{};
  std::copy(mac_.begin(), mac_.end(), sent.begin());
  // The digest was made with zeros in its own place.
  const std::span place = packet_.subspan(static_cast<std::size_t>(mac_.data() - packet_.data()), mac_.size());
  std::fill(place.begin(), place.end(), std::uint8_t{0});
  std::array<std::uint8_t, 64> right{};
  crypto_.sign(protocol, user_->auth_key, packet_, right.data());
  std::copy_n(sent.begin(), place.size(), place.begin());
  return sent == right;
}

bool UsmMessage::decipher() {
  if (salt_.size() != salt_size) return false;
  UsmCrypto::Salt salt{};
  std::copy(salt_.begin(), salt_.end(), salt.begin());
  return crypto_.decrypt(user_->user->priv, user_->priv_key, {boots_, time_}, salt, data_);
}

std::span<const std::uint8_t> UsmMessage::report(std::span<std::uint8_t> buffer) {
  const std::size_t binding = element_size(oid_size(report_name_)) + element_size(unsigned_size(report_count_));
  const std::size_t list = element_size(binding);
  const std::size_t content = element_size(integer_size(request_id_)) + 2 * element_size(1) + element_size(list);
  const std::size_t size = element_size(content);
  const std::span pdu = buffer.subspan(room_before(), size);
  Writer writer(pdu);
  writer.header(report_tag, content);
  writer.integer(Tag::integer, request_id_);
  writer.integer(Tag::integer, 0);
  writer.integer(Tag::integer, 0);
  writer.header(Tag::sequence, list);
  writer.header(Tag::sequence, binding);
  writer.object_id(report_name_);
  writer.unsigned_integer(Tag::counter32, report_count_);
  return seal(buffer, pdu);
}

/// From the inside out: what each layer of the message takes.
struct UsmMessage::Sizes {
  std::size_t scoped_content;
  std::size_t scoped;  ///< the whole element
  std::size_t data;    ///< the content of the enciphered OCTET STRING, or as `scoped`
  std::size_t security_content;
  std::size_t header_content;
  std::size_t message_content;
  std::size_t message;
};

UsmMessage::Sizes UsmMessage::sizes(std::size_t pdu) const noexcept {
  Sizes sizes{};
  sizes.scoped_content = element_size(context_engine_id_.size()) + element_size(context_name_.size()) + pdu;
  sizes.scoped = element_size(sizes.scoped_content);
  const bool blocks = with_priv_ && user_->user->priv == PrivProtocol::des;
  sizes.data = blocks ? (sizes.scoped + des_block - 1) / des_block * des_block : sizes.scoped;
  sizes.security_content = element_size(facts_.id.size()) + element_size(integer_size(facts_.boots)) +
                           element_size(integer_size(facts_.time)) + element_size(user_name_.size()) +
                           element_size(with_auth_ ? mac_size(user_->user->auth) : 0) +
                           element_size(with_priv_ ? salt_size : 0);
  sizes.header_content = element_size(integer_size(message_id_)) + element_size(integer_size(own_most_size)) +
                         element_size(1) + element_size(1);
  sizes.message_content = element_size(1) + element_size(sizes.header_content) +
                          element_size(element_size(sizes.security_content)) +
                          (with_priv_ ? element_size(sizes.data) : sizes.data);
  sizes.message = element_size(sizes.message_content);
  return sizes;
}

std::size_t UsmMessage::largest_pdu(std::size_t limit) const noexcept {
  const std::size_t most = std::min(limit, static_cast<std::size_t>(most_size_));
  // All lengths of a message of that size, and the most that padding adds.
  const std::size_t around = sizes(most).message - most + des_block;
  return most > around ? most - around : 0;
}

std::size_t UsmMessage::room_before() const noexcept {
  constexpr std::size_t all_fixed_fields = 256;
  return all_fixed_fields + 2 * facts_.id.size() + user_name_.size() + context_name_.size();
}

std::span<const std::uint8_t> UsmMessage::seal(std::span<std::uint8_t> buffer, std::span<std::uint8_t> pdu) {
  const Sizes is = sizes(pdu.size());
  const auto pdu_at = static_cast<std::size_t>(pdu.data() - buffer.data());
  const std::size_t scoped_at = pdu_at + pdu.size() - is.scoped;
  Writer scoped(buffer.subspan(scoped_at, is.scoped - pdu.size()));
  scoped.header(Tag::sequence, is.scoped_content);
  scoped.element(Tag::octet_string, context_engine_id_);
  scoped.element(Tag::octet_string, as_octets(context_name_));

  UsmCrypto::Salt salt{};
  if (with_priv_) {
    salt = engine_->next_salt(facts_.boots);
    std::fill_n(buffer.begin() + static_cast<std::ptrdiff_t>(scoped_at + is.scoped), is.data - is.scoped,
                std::uint8_t{0});
    if (!crypto_.encrypt(user_->user->priv, user_->priv_key, {facts_.boots, facts_.time}, salt,
                         buffer.subspan(scoped_at, is.data))) {
      return {};
    }
  }
  const std::size_t header_size = is.message - is.data;
  const std::size_t start = scoped_at - header_size;
  Writer writer(buffer.subspan(start, header_size));
  writer.header(Tag::sequence, is.message_content);
  writer.integer(Tag::integer, version_3);
  writer.header(Tag::sequence, is.header_content);
  writer.integer(Tag::integer, message_id_);
  writer.integer(Tag::integer, own_most_size);
  const auto flags = static_cast<std::uint8_t>((with_auth_ ? flag_auth : 0) | (with_priv_ ? flag_priv : 0));
  writer.element(Tag::octet_string, {&flags, 1});
  writer.integer(Tag::integer, user_based);
  writer.header(Tag::octet_string, element_size(is.security_content));
  writer.header(Tag::sequence, is.security_content);
  writer.element(Tag::octet_string, facts_.id);
  writer.integer(Tag::integer, facts_.boots);
  writer.integer(Tag::integer, facts_.time);
  writer.element(Tag::octet_string, as_octets(user_name_));
  const std::size_t mac = with_auth_ ? mac_size(user_->user->auth) : 0;
  constexpr std::array<std::uint8_t, 64> zeros{};
  writer.element(Tag::octet_string, Octets(zeros).first(mac));
  const std::size_t mac_at = start + writer.size() - mac;
  writer.element(Tag::octet_string, Octets(salt).first(with_priv_ ? salt_size : 0));
  if (with_priv_) writer.header(Tag::octet_string, is.data);

  const std::span message = buffer.subspan(start, is.message);
  if (with_auth_) {
    std::array<std::uint8_t, 64> digest{};
    crypto_.sign(user_->user->auth, user_->auth_key, message, digest.data());
    std::copy_n(digest.begin(), mac, buffer.begin() + static_cast<std::ptrdiff_t>(mac_at));
  }
  return message;
}

}  // namespace fleet
