#include "client.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <stdexcept>

namespace fleet::testing {

std::vector<std::uint8_t> encode(const Ask& ask) {
  std::vector<Oid> names;
  std::size_t list = 0;
  for (const auto& text : ask.names) {
    names.push_back(parse_oid(text).value());
    list += element_size(element_size(oid_size(names.back())) + element_size(0));
  }
  const std::size_t pdu = element_size(integer_size(ask.request_id)) + element_size(integer_size(ask.non_repeaters)) +
                          element_size(integer_size(ask.max_repetitions)) + element_size(list);
  const std::size_t message = element_size(1) + element_size(ask.community.size()) + element_size(pdu);
  std::vector<std::uint8_t> octets(element_size(message));
  Writer writer(octets);
  writer.header(Tag::sequence, message);
  writer.integer(Tag::integer, static_cast<int>(ask.version));
  writer.element(Tag::octet_string,
                 {reinterpret_cast<const std::uint8_t*>(ask.community.data()), ask.community.size()});
  writer.header(ask.type, pdu);
  writer.integer(Tag::integer, ask.request_id);
  writer.integer(Tag::integer, ask.non_repeaters);
  writer.integer(Tag::integer, ask.max_repetitions);
  writer.header(Tag::sequence, list);
  for (const auto& name : names) {
    writer.header(Tag::sequence, element_size(oid_size(name)) + element_size(0));
    writer.object_id(name);
    writer.element(Tag::null, {});
  }
  return octets;
}

std::vector<std::string> Response::names() const {
  std::vector<std::string> all;
  for (const auto& binding : bindings) all.push_back(binding.name);
  return all;
}

std::optional<Response> decode_response(Octets octets) {
  Reader datagram(octets);
  const auto message = datagram.next(Tag::sequence);
  if (!message || !datagram.empty()) return std::nullopt;
  Reader fields(*message);
  const auto version = fields.next(Tag::integer);
  const auto community = fields.next(Tag::octet_string);
  const auto pdu = fields.next();
  if (!version || !community || !pdu || !fields.empty()) return std::nullopt;
  Reader parts(pdu->content);
  const auto id = parts.next(Tag::integer);
  const auto status = parts.next(Tag::integer);
  const auto index = parts.next(Tag::integer);
  const auto list = parts.next(Tag::sequence);
  if (!id || !status || !index || !list || !parts.empty()) return std::nullopt;

  Response response;
  response.size = octets.size();
  response.version = static_cast<int>(decode_integer(*version).value());
  response.community.assign(community->begin(), community->end());
  response.type = pdu->tag;
  response.request_id = decode_integer(*id).value();
  response.error_status = decode_integer(*status).value();
  response.error_index = decode_integer(*index).value();
  Reader bindings(*list);
  while (!bindings.empty()) {
    const auto binding = bindings.next(Tag::sequence);
    if (!binding) return std::nullopt;
    Reader pair(*binding);
    const auto name = pair.next(Tag::object_id);
    const auto value = pair.next();
    Oid oid;
    if (!name || !value || !pair.empty() || !decode_oid(*name, oid)) return std::nullopt;
    response.bindings.push_back({to_string(oid), value->tag, {value->content.begin(), value->content.end()}});
  }
  return response;
}

Bench::Bench(const std::string& recording_text)
    : device_(std::make_unique<Device>("bench", Place{"public", {}, 0},
                                       std::make_unique<RecordedModel>(parse_recording(recording_text, "bench")))) {}

Bench::Bench(SyntheticSpec spec)
    : device_(std::make_unique<Device>(
          "bench", Place{"public", {}, 0},
          std::make_unique<SyntheticModel>("bench", std::move(spec), std::make_shared<LayoutCache>(), now))) {}

std::optional<Response> Bench::ask(const Ask& ask) {
  const auto octets = encode(ask);
  Request request;
  if (request.decode(octets) != DecodeError::none)
    throw std::runtime_error("the agent does not understand the request");
  answer_ = responder_.respond(request, *device_, now, buffer_);
  if (answer_.octets.empty()) return std::nullopt;
  return decode_response(answer_.octets);
}

std::vector<Binding> Bench::get(std::vector<std::string> names) {
  Ask request;
  request.names = std::move(names);
  const auto response = ask(request);
  if (!response || response->error_status != 0) throw std::runtime_error("no answer without an error");
  return response->bindings;
}

std::vector<std::string> Bench::walk(const std::string& from, std::size_t limit) {
  std::vector<std::string> found;
  Ask request;
  request.type = Tag::get_next_request;
  request.names = {from};
  while (found.size() < limit) {
    const auto response = ask(request);
    if (!response) throw std::runtime_error("no answer");
    if (response->bindings.front().tag == Tag::end_of_mib_view) break;
    found.push_back(response->bindings.front().name);
    request.names = {found.back()};
  }
  return found;
}

Client::Client(const std::string& address, std::uint16_t port)
    : family_(address.find(':') == std::string::npos ? AF_INET : AF_INET6), address_(address), port_(port) {
  socket_ = octopoll::Fd(::socket(family_, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket_) throw std::runtime_error("no socket");
}

void Client::send(const std::vector<std::uint8_t>& octets) {
  const Address address = Address::parse(address_).value();
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(port_);
  v4.sin_addr = address.v4();
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port_);
  v6.sin6_addr = address.v6();
  const auto* to = family_ == AF_INET ? reinterpret_cast<const sockaddr*>(&v4) : reinterpret_cast<const sockaddr*>(&v6);
  const socklen_t size = family_ == AF_INET ? sizeof v4 : sizeof v6;
  if (::sendto(socket_.get(), octets.data(), octets.size(), 0, to, size) < 0) throw std::runtime_error("cannot send");
}

std::optional<Client::Packet> Client::receive(std::chrono::milliseconds bound) {
  pollfd waiting{socket_.get(), POLLIN, 0};
  if (::poll(&waiting, 1, static_cast<int>(bound.count())) != 1) return std::nullopt;
  Packet packet;
  packet.octets.resize(65'536);
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const ssize_t n = ::recvfrom(socket_.get(), packet.octets.data(), packet.octets.size(), 0,
                               reinterpret_cast<sockaddr*>(&from), &size);
  if (n < 0) return std::nullopt;
  packet.octets.resize(static_cast<std::size_t>(n));
  const Address address = family_ == AF_INET ? Address::from(reinterpret_cast<const sockaddr_in&>(from).sin_addr)
                                             : Address::from(reinterpret_cast<const sockaddr_in6&>(from).sin6_addr);
  packet.from = address.text();
  packet.from_port = ntohs(reinterpret_cast<const sockaddr_in&>(from).sin_port);
  return packet;
}

std::optional<Response> Client::ask(const Ask& ask) {
  send(encode(ask));
  const auto packet = receive();
  return packet ? decode_response(packet->octets) : std::nullopt;
}

std::string column(const std::string& table, int number, std::uint32_t row) {
  return fmt::format("{}.{}.{}", table, number, row);
}

}  // namespace fleet::testing
