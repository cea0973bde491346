#include "octopoll/ifmib/interview.hpp"

#include <functional>
#include <memory>

namespace octopoll::ifmib {
namespace {

/// `start` begins a read, given what to call with what came of it.
template <class Found, class Start>
std::pair<Found, ReadEnd> wait_for(snmp::Interview& interview, Start&& start) {
  std::pair<Found, ReadEnd> result;
  std::unique_ptr<Reading> reading;
  interview.run([&](const std::function<void()>& finished) {
    reading = start([&result, finished](Found&& found, ReadEnd&& end) {
      result = {std::move(found), std::move(end)};
      finished();
    });
  });
  return result;
}

}  // namespace

std::pair<Scalars, ReadEnd> read_scalars(snmp::Interview& interview, snmp::Session& session, ScalarSet set,
                                         const ReadLimits& limits) {
  return wait_for<Scalars>(interview, [&](auto&& done) { return read_scalars(session, set, limits, std::move(done)); });
}

std::pair<Rows, ReadEnd> read_tables(snmp::Interview& interview, snmp::Session& session,
                                     std::span<const Column> columns, const ReadLimits& limits) {
  return wait_for<Rows>(interview, [&](auto&& done) { return read_tables(session, columns, limits, std::move(done)); });
}

}  // namespace octopoll::ifmib
