#pragma once

#include "octopoll/config/inventory.hpp"
#include "octopoll/snmp/engine.hpp"

namespace octopoll::poll {

/// How a device of the inventory is asked at one of its addresses.
[[nodiscard]] inline snmp::SessionOptions session_options(const config::Device& device, const Endpoint& endpoint) {
  snmp::SessionOptions options;
  options.label = device.name;
  options.endpoint = endpoint;
  options.credentials = device.auth;
  options.timeout = device.timeout;
  options.retries = device.retries;
  options.max_outstanding = device.max_outstanding;
  options.max_requests_per_second = device.max_requests_per_second;
  options.short_request_ids = device.short_request_ids;
  options.answers_from = device.answers_from;
  return options;
}

}  // namespace octopoll::poll
