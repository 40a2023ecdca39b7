#pragma once
// How to sample.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <stop_token>
#include <string_view>
#include <vector>

#include <ordo/core/draw.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/generate/unmask.hpp>

namespace ordo {

/// Settings from `unmask` on are for factorizations that may reveal any of the hidden tokens in a step; they are
/// refused where the policy itself says which token comes next.
struct GenerateOptions {
  int length = 0;  ///< tokens in all, the given ones included; 0: the network's context
  std::uint64_t seed = 0;
  double temperature = 1;       ///< 0: always the most probable token
  double top_p = 1;             ///< in (0, 1]; 1: no cut
  std::vector<Token> prompt{};  ///< the first tokens
  /// Or tokens anywhere: one entry per position, `absent` (-1) where a token is to be sampled. Sets the length.
  std::vector<Token> infill{};
  std::optional<Unmask> unmask{};  ///< none: random; confidence or entropy where that bound is given
  /// Steps for each window (below); the same number of tokens is revealed in each. 0: one token a step (ancestral: as
  /// many steps as tokens).
  int steps = 0;
  int block = 0;  ///< reveal block after block of so many tokens, from left to right; 0: any token of the sequence
  std::optional<double> confidence_bound{};  ///< instead of steps: reveal all that reach this probability, in (0, 1]
  std::optional<double> entropy_bound{};     ///< instead of steps: see `within_entropy`, 0 or more [nats]
  /// Self-correction, in [0, 1): before each step but a window's first and last, this share of the tokens that the
  /// window has sampled is hidden again, and as many more are revealed. Tokens that are given or kept stay.
  double remask = 0;
  std::size_t first = 0;   ///< index of the first sequence: those of 0 .. 9 are those of 0 .. 4, then of 5 .. 9
  bool cache = true;       ///< false computes kept slots anew in each step: slower, for checking
  std::stop_token stop{};  ///< returns what there is when asked to stop: unknown tokens are then `absent`
  /// Called after each step with the first sequence so far (`absent` where unknown).
  std::function<void(std::span<const Token>)> on_step{};

  /// The choice that applies.
  [[nodiscard]] Unmask unmasking() const {
    if (unmask) return *unmask;
    return confidence_bound ? Unmask::confidence : entropy_bound ? Unmask::entropy : Unmask::random;
  }

  /// How tokens are drawn. How sure the network is is asked for where the choice goes by it.
  [[nodiscard]] DrawOptions drawing() const {
    const Unmask choice = unmasking();
    return {temperature, top_p, ranks_predictions(choice) && choice != Unmask::confidence};
  }

  /// Throws an Error that names the first setting that cannot work, and its value.
  void check() const {
    constexpr std::string_view where = "generate";
    require(temperature >= 0, where, "temperature must not be negative (got ", temperature, ")");
    require(std::isfinite(temperature), where, "temperature must be finite (got ", temperature, ")");
    require(top_p > 0 && top_p <= 1, where, "top_p must be in (0, 1] (got ", top_p, ")");
    require(steps >= 0, where, "steps must not be negative (got ", steps, ")");
    require(length >= 0, where, "length must not be negative (got ", length, ")");
    require(block >= 0, where, "block must not be negative (got ", block, ")");
    require(prompt.empty() || infill.empty(), where, "give a prompt or an infill, not both");
    require(remask >= 0 && remask < 1, where, "remask must be in [0, 1) (got ", remask, ")");
    const Unmask choice = unmasking();
    if (confidence_bound) {
      require(*confidence_bound > 0 && *confidence_bound <= 1, where, "confidence_bound must be in (0, 1] (got ",
              *confidence_bound, ")");
      require(choice == Unmask::confidence || choice == Unmask::certainty, where,
              "confidence_bound = ", *confidence_bound, " goes with unmask = confidence or certainty (got ",
              to_string(choice), ")");
    }
    if (entropy_bound) {
      require(*entropy_bound >= 0, where, "entropy_bound must not be negative (got ", *entropy_bound, ")");
      require(choice == Unmask::entropy, where, "entropy_bound = ", *entropy_bound, " goes with unmask = entropy (got ",
              to_string(choice), ")");
    }
    if (confidence_bound || entropy_bound) {
      require(steps == 0, where, "a bound says how many tokens a step reveals; steps does not go with it (got ", steps,
              ")");
      require(remask == 0, where, "remask needs a number of steps, which a bound does not give (got ", remask, ")");
    }
  }

  /// Throws where a setting is given that a policy with an order of its own has no use for.
  void check_ordered(std::string_view policy) const {
    const auto refuse = [&](bool given, std::string_view name, const auto& value) {
      require(!given, "generate", name, " = ", value,
              " is for factorizations that may reveal any of the hidden tokens in a step, and ", policy,
              " has an order of its own; leave ", name, " out");
    };
    refuse(unmask.has_value(), "unmask", to_string(unmask.value_or(Unmask::random)));
    refuse(steps != 0, "steps", steps);
    refuse(block != 0, "block", block);
    refuse(confidence_bound.has_value(), "confidence_bound", confidence_bound.value_or(0));
    refuse(entropy_bound.has_value(), "entropy_bound", entropy_bound.value_or(0));
    refuse(remask != 0, "remask", remask);
  }
};

}  // namespace ordo
