#pragma once
// Further ways for masked diffusion to hide tokens: in finitely many steps, and with extreme levels cut off.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/masked_diffusion.hpp>

namespace ordo {

/// D3PM with absorbing noise in N steps (Austin et al. 2021, arXiv:2107.03006): step n uniform in 1 .. N, each token
/// hidden on its own with probability hidden(n / N). A step back reveals a hidden token with probability
/// r = (hidden(n / N) - hidden((n - 1) / N)) / hidden(n / N), and its divergence from the posterior is r times the
/// cross-entropy, so the weight is N r. Looser than continuous time by what tokens of one step do not know of each
/// other. The reconstruction term is step 1's; the prior's is zero, as all is hidden at n = N. D3PM's extra
/// cross-entropy term (its hybrid loss) is left out.
template <int N = dynamic>
struct FiniteSteps {
  [[no_unique_address]] Number<N> steps{};

  template <NoiseSchedule S, Choices C, class Slots>
  ORDO_HD void hide(S schedule, Shape shape, C& choices, Slots& slots) const {
    const int count = steps.get();
    const auto n = static_cast<int>(choices.below(static_cast<std::uint32_t>(count))) + 1;
    const auto share = [&](int step) {
      return step == 0 ? 0.0 : step == count ? 1.0 : schedule.hidden(static_cast<double>(step) / count);
    };
    const double p = share(n);
    const auto weight = static_cast<float>(count * (p - share(n - 1)) / p);
    for (std::int32_t i = 0; i < shape.length; ++i) {
      slots.push_back(p >= 1 || choices.happens(p) ? Slot::mask(i).predicting(i, weight) : Slot::token(i));
    }
  }
  [[nodiscard]] constexpr Claim claim() const { return Claim::bound; }
  [[nodiscard]] std::string name() const { return ":steps=" + std::to_string(steps.get()); }
};

/// Masked diffusion in N steps.
template <int N = dynamic, NoiseSchedule Schedule = Linear>
using D3pm = MaskedDiffusion<Schedule, FiniteSteps<N>>;

/// Counts between low T and high T only, uniformly, each with weight T / count: the clipped levels of BD3-LM (Arriola
/// et al. 2025, arXiv:2503.09573), which lower the gradient's variance. Training only, since levels outside are never
/// asked; scored with all levels. There the range is fitted during training, here it is a setting.
struct ClippedCount {
  static constexpr bool training_only = true;
  double low = 0.3;
  double high = 0.8;

  template <NoiseSchedule S, Choices C, class Slots>
  void hide(S, Shape shape, C& choices, Slots& slots) const {
    check();
    const auto length = static_cast<std::uint32_t>(shape.length);
    if (length == 0) return;
    const auto rounded = [&](double share) {
      return static_cast<std::uint32_t>(std::max(1.0, std::round(share * static_cast<double>(length))));
    };
    const std::uint32_t least = rounded(low);
    const std::uint32_t ways = std::max(least, rounded(high)) - least + 1;
    const std::uint32_t hidden = least + choices.pick(ways, Levels::low_discrepancy, [&](std::uint32_t k) {
      return static_cast<double>(k) / static_cast<double>(ways);
    });
    detail::hide_exactly(hidden, static_cast<float>(length) / static_cast<float>(hidden), length, choices, slots);
  }
  /// Throws where the levels are no range within [0, 1].
  void check() const {
    require(low >= 0 && low <= high && high <= 1, "masked", "clipped levels must satisfy 0 <= low <= high <= 1 (got ",
            low, " and ", high, ")");
  }
  [[nodiscard]] ExactCount scored_as() const { return {}; }
  [[nodiscard]] constexpr Claim claim() const { return Claim::training_only; }
  [[nodiscard]] std::string name() const { return ":clipped=" + detail::shortest(low) + "-" + detail::shortest(high); }
};

}  // namespace ordo
