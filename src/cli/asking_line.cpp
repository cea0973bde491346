#include "cli/asking_line.hpp"

#include <fmt/format.h>

#include "octopoll/core/text.hpp"

namespace octopoll::cli {

AskingLine::AskingLine(snmp::Interview& interview, std::string what) : interview_(interview), what_(std::move(what)) {
  draw();
  draw_again();
}

void AskingLine::draw() {
  line_.show([this] {
    const snmp::Traffic& traffic = interview_.traffic();
    return fmt::format("{}: {}, {}", what_, format_counted(traffic.requests, "request"),
                       format_counted(traffic.responses, "answer"));
  });
}

void AskingLine::draw_again() {
  timer_ = interview_.loop().after(std::chrono::milliseconds(250), [this] {
    draw();
    draw_again();
  });
}

}  // namespace octopoll::cli
