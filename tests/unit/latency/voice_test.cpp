#include "octopoll/latency/voice.hpp"

#include <catch2/catch.hpp>

namespace octopoll::latency {
namespace {

using namespace std::chrono_literals;

TEST_CASE("the voice score of known paths, by hand") {
  // No delay, no loss: d = 20, R = 93.2 - 0.48; MOS = 1 + 3.2452 + 92.72 * 32.72 * 7.28 * 7e-6.
  const VoiceScore best = voice_score(0ms, 0ms, 0.0);
  CHECK(best.r == Approx(92.72));
  CHECK(best.mos == Approx(4.399802).epsilon(1e-6));

  // 100 ms there and back, varying by 10: d = 50 + 20 + 20 = 90, Id = 2.16. 1 % lost: Ie = 95 / 26.1 = 3.639847.
  const VoiceScore usual = voice_score(100ms, 10ms, 0.01);
  CHECK(usual.r == Approx(87.400153).epsilon(1e-7));
  CHECK(usual.mos == Approx(4.270222).epsilon(1e-6));

  // A satellite: d = 300 + 20 = 320, Id = 7.68 + 0.11 * 142.7 = 23.377.
  CHECK(voice_score(600ms, 0ms, 0.0).r == Approx(69.823));

  // 10 % lost: Ie = 950 / 35.1 = 27.065527.
  CHECK(voice_score(0ms, 0ms, 0.1).r == Approx(65.654473).epsilon(1e-7));
}

TEST_CASE("a score is never below 1 and never rises with loss or delay") {
  CHECK(voice_score(10s, 1s, 1.0).mos == 1.0);
  double before = 5.0;
  for (int percent = 0; percent <= 100; ++percent) {
    const double mos = voice_score(20ms, 1ms, percent / 100.0).mos;
    CHECK(mos >= 1.0);
    CHECK(mos <= before);
    before = mos;
  }
  before = 5.0;
  for (int i = 0; i <= 200; ++i) {
    const double mos = voice_score(i * 10ms, 0ms, 0.0).mos;
    CHECK(mos >= 1.0);
    CHECK(mos <= before);
    before = mos;
  }
}

}  // namespace
}  // namespace octopoll::latency
