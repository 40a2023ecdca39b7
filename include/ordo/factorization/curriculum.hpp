#pragma once
// The share of sequences moves from one factorization to another over the training run.

#include <array>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <ordo/concepts/choices.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/claim.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/readout.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/sampler/one_of.hpp>

namespace ordo {

/// The share of the second policy after a share `progress` of the run.
template <class S>
concept ShareSchedule = std::copyable<S> && requires(const S& s, double progress) {
  { s.share(progress) } -> std::convertible_to<double>;
  { S::name } -> std::convertible_to<std::string_view>;
};

/// From none to all, evenly.
struct Ramp {
  static constexpr std::string_view name = "ramp";
  [[nodiscard]] constexpr double share(double progress) const { return progress; }
};
/// None in the first half, all in the second.
struct Switch {
  static constexpr std::string_view name = "switch";
  [[nodiscard]] constexpr double share(double progress) const { return progress < 0.5 ? 0 : 1; }
};

/// Each sequence draws A or B; B's share follows the schedule. Scored and sampled as it is at the end of training
/// (progress 1). From causal to full attention as in DiffuLLaMA (Gong et al. 2024, arXiv:2410.17891):
/// Curriculum<LeftContext<MaskedDiffusion<>>, MaskedDiffusion<>>; there the mask itself is annealed pair by pair,
/// here each sequence has one of the two.
template <Factorization A, Factorization B, ShareSchedule Schedule = Ramp>
struct Curriculum {
  static_assert(!GivesTokens<A> && !GivesTokens<B>,
                "[ordo] Curriculum: given tokens go outside: Prefix<Curriculum<...>>");

  using Rule = RuleUnion<typename A::Rule, typename B::Rule>;
  static constexpr bool training_only = TrainingOnly<A> && TrainingOnly<B>;

  A from{};
  B to{};
  Schedule schedule{};

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    return takes_second(choices) ? widened<Rule>(to.plan(shape, choices, slots))
                                 : widened<Rule>(from.plan(shape, choices, slots));
  }
  template <Choices C>
  [[nodiscard]] auto sampler(Shape shape, const Known& known, C& choices) const {
    using S = OneOfSamplers<decltype(sampler_of(from, shape, known, choices)),
                            decltype(sampler_of(to, shape, known, choices))>;
    return takes_second(choices) ? S(sampler_of(to, shape, known, choices))
                                 : S(sampler_of(from, shape, known, choices));
  }
  void check(Shape shape) const {
    check_shape(from, shape);
    check_shape(to, shape);
  }
  /// Of what it is at the end.
  [[nodiscard]] constexpr Claim claim() const { return mixed().result(); }
  [[nodiscard]] constexpr Readout readout() const { return mixed().readout; }
  [[nodiscard]] std::string name() const {
    return "curriculum:" + std::string(Schedule::name) + "(" + from.name() + " to " + to.name() + ")";
  }

 private:
  [[nodiscard]] constexpr double share_at(double progress) const {
    const double share = schedule.share(progress);
    require(share >= 0 && share <= 1, "curriculum", "the schedule's share must be in [0, 1] (got ", share,
            " at progress ", progress, ")");
    return share;
  }
  [[nodiscard]] constexpr detail::MixedClaim mixed() const {
    detail::MixedClaim mixed;
    mixed.add(from, 1 - share_at(1));
    mixed.add(to, share_at(1));
    return mixed;
  }
  template <Choices C>
  [[nodiscard]] bool takes_second(C& choices) const {
    const double share = share_at(choices.progress());
    return detail::draw_part(std::array<double, 2>{1 - share, share}, choices) == 1;
  }
};

}  // namespace ordo
