#pragma once
// Masked diffusion: some tokens are hidden behind the mask symbol, and each is predicted from all that is shown.
// Sahoo et al. 2024 (MDLM, arXiv:2406.07524); Nie et al. 2025 (LLaDA, arXiv:2502.09992); Prabhudesai et al.
// 2025 (arXiv:2507.15857).

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/number.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/sample_step.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/rule/full.hpp>
#include <ordo/factorization/sampler/unmasking.hpp>
#include <ordo/factorization/schedule.hpp>

namespace ordo {

namespace detail {

/// A uniform subset of `hidden` of the tokens is hidden (selection sampling; Knuth, TAOCP 3.4.2, algorithm S).
template <Choices C, class Slots>
ORDO_HD void hide_exactly(std::uint32_t hidden, float weight, std::uint32_t length, C& choices, Slots& slots) {
  std::uint32_t left = hidden;
  for (std::uint32_t i = 0; i < length; ++i) {
    const auto token = static_cast<std::int32_t>(i);
    if (left > 0 && choices.below(length - i) < left) {
      --left;
      slots.push_back(Slot::mask(token).predicting(token, weight));
    } else {
      slots.push_back(Slot::token(token));
    }
  }
}

}  // namespace detail

/// Hides an exact number of tokens, k = ceil(T hidden(t)), with weight 1 / (k P(k)): T / k under the linear
/// schedule. The expectation is that of the 1 / t form, the variance is finite. The default.
struct ExactCount {
  Levels levels = Levels::low_discrepancy;

  template <NoiseSchedule S, Choices C, class Slots>
  ORDO_HD void hide(S schedule, Shape shape, C& choices, Slots& slots) const {
    const auto length = static_cast<std::uint32_t>(shape.length);
    if (length == 0) return;
    const auto cumulative = [&](std::uint32_t k) {
      return k == 0 ? 0.0 : k == length ? 1.0 : schedule.time_at(static_cast<double>(k) / length);
    };
    const std::uint32_t hidden = choices.pick(length, levels, cumulative) + 1;
    const double probability = cumulative(hidden) - cumulative(hidden - 1);
    const auto weight = static_cast<float>(1.0 / (hidden * probability));
    detail::hide_exactly(hidden, weight, length, choices, slots);
  }
  [[nodiscard]] constexpr Claim claim() const { return Claim::order_average; }
  [[nodiscard]] std::string name() const { return levels == Levels::independent ? ":independent" : ""; }
};

/// Hides each token on its own with probability hidden(t), t uniform on (0, 1), weight hidden'(t) / hidden(t).
/// With floor > 0 the paper's form, p = (1 - floor) t + floor and weight 1 / p (linear schedule): then the mean
/// is a looser bound. Without, the weight has no second moment, so averages converge slowly.
struct PerToken {
  double floor = 1e-3;
  Levels levels = Levels::independent;

  template <NoiseSchedule S, Choices C, class Slots>
  ORDO_HD void hide(S schedule, Shape shape, C& choices, Slots& slots) const {
    const double t = choices.level(levels);
    const double p = floor + (1 - floor) * schedule.hidden(t);
    const auto weight = static_cast<float>(schedule.slope(t) / p);
    for (std::int32_t i = 0; i < shape.length; ++i) {
      slots.push_back(choices.happens(p) ? Slot::mask(i).predicting(i, weight) : Slot::token(i));
    }
  }
  [[nodiscard]] constexpr Claim claim() const { return floor > 0 ? Claim::bound : Claim::order_average; }
  [[nodiscard]] std::string name() const {
    std::string text = ":per-token";
    if (floor == 0) {
      text += ":no-floor";
    } else if (floor != PerToken{}.floor) {
      text += ":floor=" + detail::shortest(floor);
    }
    return levels == Levels::low_discrepancy ? text + ":low-discrepancy" : text;
  }
};

/// Masked diffusion: T slots, all see all; a hidden token's slot shows the mask at its own position and predicts
/// it. The mean over draws of the weighted loss bounds the negative log-likelihood; without a floor it equals the
/// mean over all orders of the any-order autoregressive loss (Ou et al. 2024, arXiv:2406.03736).
template <NoiseSchedule Schedule = Linear, class Hiding = ExactCount>
struct MaskedDiffusion {
  using Rule = Full;
  static constexpr bool training_only = TrainingOnly<Hiding>;
  Hiding hiding{};
  Schedule schedule{};

  template <Choices C, class Slots>
  ORDO_HD Rule plan(Shape shape, C& choices, Slots& slots) const {
    hiding.hide(schedule, shape, choices, slots);
    return {};
  }
  template <Choices C>
  [[nodiscard]] UnmaskingSampler sampler(Shape shape, const Known&, C&) const {
    return UnmaskingSampler(shape, [s = schedule](double t) { return s.hidden(t); });
  }
  [[nodiscard]] constexpr Claim claim() const { return hiding.claim(); }
  [[nodiscard]] constexpr Readout readout() const { return {.mask = Reads::own}; }
  [[nodiscard]] auto scored_as() const requires requires(Hiding h) { h.scored_as(); }
  { return MaskedDiffusion<Schedule, std::remove_cvref_t<decltype(hiding.scored_as())>>{hiding.scored_as(), schedule}; }
  [[nodiscard]] std::string name() const {
    std::string text = "masked";
    if (Schedule::name != Linear::name) text += ":" + std::string(Schedule::name);
    return text + hiding.name();
  }
};

}  // namespace ordo
