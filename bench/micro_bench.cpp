// What single steps of a request cost: Net-SNMP's way, ours, and the bare one. An answer is of `rows` rows.
//
//   octopoll-micro-bench --benchmark_repetitions=5 --benchmark_report_aggregates_only=true

// Net-SNMP's headers want its configuration first.
#include <net-snmp/net-snmp-config.h>
#include <net-snmp/net-snmp-includes.h>
//
#include <arpa/inet.h>
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "bare_codec.hpp"
#include "octopoll/snmp/variables.hpp"
#include "snmp/wire.hpp"
#include "workload.hpp"

namespace {

constexpr std::int64_t few_rows = 1;
constexpr std::int64_t usual_rows = 6;

struct FreePdu {
  void operator()(netsnmp_pdu* pdu) const { snmp_free_pdu(pdu); }
};
using Pdu = std::unique_ptr<netsnmp_pdu, FreePdu>;

/// A v2c session that is never opened: enough to encode and decode.
class StackSession {
 public:
  StackSession() {
    // Otherwise it makes a directory and reads configuration files of this machine.
    ::setenv("SNMP_PERSISTENT_DIR", "/dev/null", 0);
    ::setenv("MIBS", "", 1);
    netsnmp_register_loghandler(NETSNMP_LOGHANDLER_NONE, LOG_DEBUG);
    snmp_sess_init(&session_);
    session_.version = SNMP_VERSION_2c;
    session_.community = reinterpret_cast<u_char*>(community_.data());
    session_.community_len = community_.size();
  }
  [[nodiscard]] netsnmp_session* get() { return &session_; }

  std::string encode(netsnmp_pdu* pdu) {
    std::size_t length = 0;
    if (snmp_build(&packet_, &capacity_, &length, &session_, pdu) != 0) throw std::runtime_error("snmp_build");
    // It builds from the end of its buffer.
    return {reinterpret_cast<char*>(packet_) + capacity_ - length, length};
  }
  void encode_only(netsnmp_pdu* pdu) {
    std::size_t length = 0;
    if (snmp_build(&packet_, &capacity_, &length, &session_, pdu) != 0) throw std::runtime_error("snmp_build");
    benchmark::DoNotOptimize(packet_);
  }

 private:
  netsnmp_session session_{};
  std::string community_ = "public";
  std::size_t capacity_ = 8192;
  u_char* packet_ = static_cast<u_char*>(std::malloc(capacity_));  // snmp_build may realloc it
};

StackSession& session() {
  static StackSession only;
  return only;
}

bench::Workload workload_of(std::int64_t rows) {
  bench::Workload workload;
  workload.community = "public";
  workload.interfaces = workload.rows = static_cast<std::uint32_t>(rows);
  return workload;
}

/// The names of a request for so many rows, as Net-SNMP has them.
std::vector<std::vector<oid>> names_of(std::int64_t rows) {
  std::vector<std::vector<oid>> names;
  for (std::int64_t row = 1; row <= rows; ++row) {
    for (const auto& column : bench::columns()) {
      names.emplace_back(column.begin(), column.end());
      names.back().push_back(static_cast<oid>(row));
    }
  }
  return names;
}

Pdu make_request(const std::vector<std::vector<oid>>& names) {
  Pdu pdu(snmp_pdu_create(SNMP_MSG_GET));
  pdu->version = SNMP_VERSION_2c;
  for (const auto& name : names) snmp_add_null_var(pdu.get(), name.data(), name.size());
  return pdu;
}

std::string make_answer(std::int64_t rows) {
  Pdu pdu(snmp_pdu_create(SNMP_MSG_RESPONSE));
  pdu->version = SNMP_VERSION_2c;
  pdu->reqid = 0x12345678;
  pdu->errstat = pdu->errindex = 0;  // they start as -1, which it would encode
  // Of a response it takes the PDU's community, not the session's; snmp_free_pdu() frees it.
  pdu->community = reinterpret_cast<u_char*>(::strdup("public"));
  pdu->community_len = std::strlen("public");
  std::size_t i = 0;
  for (const auto& name : names_of(rows)) {
    const std::size_t column = i++ % bench::column_count;
    if (column == bench::status_column) {
      const long up = 1;
      snmp_pdu_add_variable(pdu.get(), name.data(), name.size(), ASN_INTEGER, &up, sizeof up);
    } else if (column < 6) {
      // Octets of an hour at 300 Mb/s.
      const counter64 count{31, 1'856'784'384};
      snmp_pdu_add_variable(pdu.get(), name.data(), name.size(), ASN_COUNTER64, &count, sizeof count);
    } else {
      const unsigned long count = 1'234'567;
      snmp_pdu_add_variable(pdu.get(), name.data(), name.size(), ASN_COUNTER, &count, sizeof count);
    }
  }
  return session().encode(pdu.get());
}

bench::Octets octets_of(const std::string& datagram) {
  return {reinterpret_cast<const std::uint8_t*>(datagram.data()), datagram.size()};
}

void encode_netsnmp(benchmark::State& state) {
  const auto names = names_of(state.range(0));
  for (auto _ : state) {
    const Pdu pdu = make_request(names);
    session().encode_only(pdu.get());
  }
}
BENCHMARK(encode_netsnmp)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void encode_netsnmp_kept_pdu(benchmark::State& state) {
  const Pdu pdu = make_request(names_of(state.range(0)));
  for (auto _ : state) session().encode_only(pdu.get());
}
BENCHMARK(encode_netsnmp_kept_pdu)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void encode_template(benchmark::State& state) {
  const bench::Template asked = bench::make_template(workload_of(state.range(0)), 0);
  std::vector<char> datagram(asked.datagram.size());
  std::uint32_t id = 0x0100'0000;
  for (auto _ : state) {
    std::memcpy(datagram.data(), asked.datagram.data(), asked.datagram.size());
    const std::uint32_t wire = htonl(++id);
    std::memcpy(datagram.data() + asked.id_at, &wire, sizeof wire);
    benchmark::DoNotOptimize(datagram.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode_template)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void read_head_octopoll(benchmark::State& state) {
  const std::string answer = make_answer(state.range(0));
  for (auto _ : state) {
    auto head = octopoll::snmp::read_head(answer);
    if (!head) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(read_head_octopoll)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void read_head_bare(benchmark::State& state) {
  const std::string answer = make_answer(state.range(0));
  for (auto _ : state) {
    bench::Head head;
    if (!bench::read_head(octets_of(answer), "public", head)) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(head);
  }
}
BENCHMARK(read_head_bare)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

/// snmp_parse keeps no more of the datagram than it copies, but it wants one that it may write to.
void decode_netsnmp(benchmark::State& state) {
  const std::string answer = make_answer(state.range(0));
  std::vector<u_char> datagram(answer.begin(), answer.end());
  for (auto _ : state) {
    const Pdu pdu(static_cast<netsnmp_pdu*>(std::calloc(1, sizeof(netsnmp_pdu))));
    if (snmp_parse(nullptr, session().get(), pdu.get(), datagram.data(), datagram.size()) != 0) {
      state.SkipWithError("not understood");
    }
    benchmark::DoNotOptimize(pdu->variables);
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(bench::column_count));
}
BENCHMARK(decode_netsnmp)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void decode_octopoll(benchmark::State& state) {
  const std::string answer = make_answer(state.range(0));
  bench::Head head;
  if (!bench::read_head(octets_of(answer), "public", head)) state.SkipWithError("not understood");
  const std::string_view encoded(reinterpret_cast<const char*>(head.bindings.data()), head.bindings.size());
  std::vector<octopoll::snmp::RowNames::Column> columns;
  for (const auto& column : bench::columns()) columns.push_back({octopoll::snmp::Oid(column)});
  const octopoll::snmp::RowNames names(columns);
  std::string asked;
  for (std::uint32_t row = 1; row <= static_cast<std::uint32_t>(state.range(0)); ++row) names.append(asked, row, row);
  std::vector<bench::Row> rows(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    octopoll::snmp::AnswerReader variables(asked, encoded);
    octopoll::snmp::WireVariable variable;
    for (std::size_t i = 0; variables.next(variable); ++i) {
      rows[i / bench::column_count][i % bench::column_count] = variable.number().value_or(0);
    }
    if (!variables.finished()) state.SkipWithError("not understood");
    benchmark::DoNotOptimize(rows.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(bench::column_count));
}
BENCHMARK(decode_octopoll)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

void decode_bare(benchmark::State& state) {
  const std::string answer = make_answer(state.range(0));
  const bench::Template asked = bench::make_template(workload_of(state.range(0)), 0);
  std::vector<bench::Row> rows(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) {
    bench::Head head;
    if (!bench::read_head(octets_of(answer), "public", head) || !bench::read_rows(head.bindings, asked, rows)) {
      state.SkipWithError("not understood");
    }
    benchmark::DoNotOptimize(rows.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(bench::column_count));
}
BENCHMARK(decode_bare)->ArgName("rows")->Arg(few_rows)->Arg(usual_rows);

}  // namespace
