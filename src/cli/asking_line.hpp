#pragma once
// What a command shows on a terminal while it waits for an agent.

#include <chrono>
#include <string>
#include <utility>

#include "cli/progress_line.hpp"
#include "octopoll/snmp/interview.hpp"

namespace octopoll::cli {

/// "reading 192.0.2.1: 14 requests, 9 answers", drawn four times a second as long as the interview runs: an agent may
/// be silent for longer than anybody waits without a sign of life.
class AskingLine {
 public:
  AskingLine(snmp::Interview& interview, std::string what);
  ~AskingLine() { interview_.loop().cancel(timer_); }
  AskingLine(const AskingLine&) = delete;
  AskingLine& operator=(const AskingLine&) = delete;

  void show(std::string what) {
    what_ = std::move(what);
    draw();
  }

 private:
  void draw();
  void draw_again();

  snmp::Interview& interview_;
  std::string what_;
  ProgressLine line_;
  EventLoop::TimerId timer_ = 0;
};

}  // namespace octopoll::cli
