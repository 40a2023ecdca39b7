#pragma once
// Which hidden tokens a step reveals, where any of them may be.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <ordo/core/certainty.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

/// Which hidden tokens a step reveals. Ties go to the earlier token.
enum class Unmask : std::uint8_t {
  random,         ///< drawn uniformly; one a step is any-order autoregression
  ancestral,      ///< each on its own with probability 1 - hidden(s) / hidden(t) (MDLM, Sahoo et al. 2024,
                  ///< arXiv:2406.07524)
  left_to_right,  ///< the first ones
  confidence,     ///< those whose drawn token is most probable (LLaDA, Nie et al. 2025, arXiv:2502.09992)
  certainty,      ///< those whose most probable token is most probable, whichever is drawn
  margin,         ///< those with the largest gap between the two most probable tokens (Kim et al. 2025,
                  ///< arXiv:2502.06768)
  entropy,        ///< those with the lowest entropy (Ye et al. 2025, Dream, arXiv:2508.15487)
};

[[nodiscard]] constexpr std::string_view to_string(Unmask unmask) {
  switch (unmask) {
    case Unmask::random: return "random";
    case Unmask::ancestral: return "ancestral";
    case Unmask::left_to_right: return "left-to-right";
    case Unmask::confidence: return "confidence";
    case Unmask::certainty: return "certainty";
    case Unmask::margin: return "margin";
    case Unmask::entropy: return "entropy";
  }
  return "unknown";
}

/// Every choice, for programs that read one by name.
inline constexpr Unmask every_unmask[] = {Unmask::random,     Unmask::ancestral, Unmask::left_to_right,
                                          Unmask::confidence, Unmask::certainty, Unmask::margin,
                                          Unmask::entropy};

/// True where the choice is made from what the network says in the step.
[[nodiscard]] constexpr bool ranks_predictions(Unmask unmask) {
  return unmask == Unmask::confidence || unmask == Unmask::certainty || unmask == Unmask::margin ||
         unmask == Unmask::entropy;
}

/// A token that a step could reveal.
struct Candidate {
  std::int32_t target = absent;
  Token token = 0;
  double probability = 0;  ///< of `token`, at temperature 1
  Certainty sure{};        ///< filled where the choice asks for it
  double nats = 0;         ///< -log of the probability, where a score asks for it
};

/// What the choice goes by: the larger, the earlier. No number where the network says none.
[[nodiscard]] inline double rank(Unmask unmask, const Candidate& candidate) {
  switch (unmask) {
    case Unmask::confidence: return candidate.probability;
    case Unmask::certainty: return candidate.sure.highest;
    case Unmask::margin: return candidate.sure.margin;
    case Unmask::entropy: return -candidate.sure.entropy;
    default: return 0;  // by position
  }
}

/// Puts what is to be revealed first to the front.
inline void sort_by_rank(Unmask unmask, std::vector<Candidate>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [&](const Candidate& a, const Candidate& b) {
    const auto number = [&](const Candidate& c) {  // an order needs one
      const double x = rank(unmask, c);
      return std::isnan(x) ? -std::numeric_limits<double>::infinity() : x;
    };
    const double first = number(a);
    const double second = number(b);
    return first != second ? first > second : a.target < b.target;
  });
}

/// How many of the sorted candidates reach this confidence; at least one (Fast-dLLM's threshold, Wu et al. 2025,
/// arXiv:2505.22618).
[[nodiscard]] inline std::size_t reaching(double confidence, Unmask unmask, std::span<const Candidate> sorted) {
  std::size_t count = 0;
  while (count < sorted.size() && rank(unmask, sorted[count]) >= confidence) ++count;
  return std::max<std::size_t>(count, 1);
}

/// The longest run of candidates, sorted by rising entropy, whose entropies add up to at most `bound` [nats] without
/// the largest; at least one. That sum bounds what drawing them independently loses (EB-Sampler, Ben-Hamu et al. 2025,
/// arXiv:2505.24857).
[[nodiscard]] inline std::size_t within_entropy(double bound, std::span<const Candidate> sorted) {
  double sum = 0;
  std::size_t count = 1;
  while (count < sorted.size()) {
    sum += sorted[count - 1].sure.entropy;
    if (!(sum <= bound)) break;
    ++count;
  }
  return count;
}

/// Which of the slots may be revealed next: those that predict; with `block` > 0, of the first block of so many
/// tokens in which a slot predicts.
[[nodiscard]] inline std::vector<std::size_t> eligible(std::span<const Slot> slots, std::int32_t block) {
  std::vector<std::size_t> all;
  std::int32_t first = -1;  // block
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!slots[i].predicts()) continue;
    const std::int32_t here = block > 0 ? slots[i].target / block : 0;
    if (first >= 0 && here > first) continue;
    if (here < first) all.clear();
    first = here;
    all.push_back(i);
  }
  return all;
}

/// Leaves a target only at the slots of these numbers.
inline void predict_only(std::span<Slot> slots, std::span<const std::size_t> numbers) {
  std::vector<char> wanted(slots.size(), 0);
  for (const std::size_t i : numbers) wanted[i] = 1;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (wanted[i] == 0) slots[i].target = absent;
  }
}

}  // namespace ordo
