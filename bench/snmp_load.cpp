#include "snmp_load.hpp"

#include <arpa/inet.h>

#include <chrono>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "octopoll/snmp/variables.hpp"
#include "workload.hpp"

namespace bench {
namespace {

namespace snmp = octopoll::snmp;
constexpr std::uint32_t rows = 6;
/// Some hundred microseconds, as of a poller that stores a device's tables.
constexpr int answers_a_callback = 200;

octopoll::Endpoint address_of(std::uint32_t host_order, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(host_order);
  return *octopoll::Endpoint::from(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

/// Reads as a poller reads: every name and number.
bool is_whole(std::string_view asked, std::string_view answer) {
  snmp::AnswerReader variables(asked, answer);
  snmp::WireVariable variable;
  while (variables.next(variable)) {
    if (!variable.number()) return false;
  }
  return variables.finished();
}

std::string encoded_request() {
  std::vector<snmp::RowNames::Column> all;
  for (const auto& column : columns()) all.push_back({snmp::Oid(column)});
  const snmp::RowNames names(all);
  std::string request;
  for (std::uint32_t row = 1; row <= rows; ++row) names.append(request, row, row);
  return request;
}

}  // namespace

SnmpLoad::SnmpLoad(octopoll::EventLoop& loop, std::uint32_t base, std::uint16_t port, std::uint32_t devices)
    : loop_(loop), request_(encoded_request()) {
  auto engine = snmp::Engine::create(loop);
  if (!engine) throw std::runtime_error(engine.error().text());
  engine_ = std::move(*engine);
  for (std::uint32_t device = 0; device < devices; ++device) {
    snmp::SessionOptions options;
    options.endpoint = address_of(base + device, port);
    options.label = options.endpoint.host_text();
    options.credentials.own().community = octopoll::Secret("public");
    options.timeout = std::chrono::seconds(5);
    auto session = engine_->open(std::move(options));
    if (!session) throw std::runtime_error(session.error().text());
    sessions_.push_back(std::move(*session));
  }
  for (std::size_t device = 0; device < sessions_.size(); ++device) ask(device);
}

SnmpLoad::~SnmpLoad() { *alive_ = false; }

void SnmpLoad::keep_busy() {
  for (int i = 0; i < answers_a_callback; ++i) {
    if (!is_whole(asked_, answer_)) throw std::logic_error("an answer that was whole is not");
  }
  loop_.post([this, still = alive_] {
    if (*still) keep_busy();
  });
}

void SnmpLoad::ask(std::size_t device) {
  sessions_[device]->send_encoded(request_, std::nullopt, [this, still = alive_, device](snmp::Reply&& reply) {
    if (!*still) return;
    if (reply.good() && is_whole(reply.asked, reply.encoded)) {
      if (++answers_ == 1) {
        asked_ = reply.asked;
        answer_ = reply.encoded;
        keep_busy();
      }
    }
    ask(device);
  });
}

}  // namespace bench
