#pragma once
// How a voice call over a path would sound.

#include <chrono>

namespace octopoll::latency {

/// An estimate from round trips and loss, for comparing paths; not a measurement of speech.
///
/// The E-model of ITU-T G.107 in its usual short form, all parameters that a network does not touch at their defaults,
/// for G.711 in packets of 20 ms with loss concealment:
///
///   R      = 93.2 - Id - Ie_eff                               G.107 section 7.1: 93.2 is R with all defaults
///   Id     = 0.024 d + 0.11 max(0, d - 177.3)                 R. Cole and J. Rosenbluth, "Voice over IP performance
///                                                             monitoring", ACM SIGCOMM CCR 31(2), 2001; d in ms
///   Ie_eff = Ie + (95 - Ie) Ppl / (Ppl / BurstR + Bpl)        G.107 section 7.5; Ppl in %, BurstR 1 (random loss),
///                                                             Ie 0 and Bpl 25.1 (G.113 Appendix I)
///   MOS    = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6          G.107 Annex B; 1 below R = 0 and never less than 1
///
/// with d, from mouth to ear: half the mean round trip (the path is taken to be the same both ways), 20 ms for a packet
/// to be spoken, and a play-out buffer of twice the delay variation.
struct VoiceScore {
  double r = 0.0;    ///< transmission rating factor; above 80 users are satisfied (G.109)
  double mos = 1.0;  ///< mean opinion score, 1 to 4.41 here
};

/// `loss` is a share, 0.01 is 1 %.
[[nodiscard]] VoiceScore voice_score(std::chrono::nanoseconds mean_round_trip, std::chrono::nanoseconds delay_variation,
                                     double loss) noexcept;

}  // namespace octopoll::latency
