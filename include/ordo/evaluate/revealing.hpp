#pragma once
// In which order hidden tokens are revealed, where that order must be a function of what is revealed already.

#include <cstdint>
#include <string>
#include <string_view>

#include <ordo/core/error.hpp>
#include <ordo/generate/unmask.hpp>

namespace ordo {

/// Which hidden tokens come next. Ties go to the earlier token.
///
/// Only rules that see nothing but what is revealed make a likelihood: each sequence then has one way to come about,
/// and the probabilities of all sequences add up to one. So there is no order by the probability of the true token and
/// no best order for each sequence (their "probabilities" would add up to more than one), and no random order (a
/// sequence would have many ways to come about, and one of them is not its likelihood; masked diffusion's own bound
/// is the mean over them). `confidence`, which goes by the token that was drawn, is no such rule either.
enum class Order : std::uint8_t { left_to_right, certainty, margin, entropy };

[[nodiscard]] constexpr Unmask unmask_of(Order order) {
  switch (order) {
    case Order::left_to_right: return Unmask::left_to_right;
    case Order::certainty: return Unmask::certainty;
    case Order::margin: return Unmask::margin;
    case Order::entropy: return Unmask::entropy;
  }
  return Unmask::left_to_right;
}

[[nodiscard]] constexpr std::string_view to_string(Order order) { return to_string(unmask_of(order)); }

inline constexpr Order every_order[] = {Order::left_to_right, Order::certainty, Order::margin, Order::entropy};

/// How a sampler reveals what it may reveal in any order: what `generate` does at temperature 1 with this `unmask` and
/// `block`, and steps of `per_step` tokens.
struct Revealing {
  Order order = Order::left_to_right;
  int per_step = 1;  ///< tokens that are revealed in one forward pass, drawn independently of each other
  int block = 0;     ///< block after block of so many tokens, from left to right; 0: any token of the sequence

  /// Throws an Error that names the first number that cannot work.
  void check() const {
    require(per_step > 0, "evaluate", "per_step must be positive (got ", per_step, ")");
    require(block >= 0, "evaluate", "block must not be negative (got ", block, ")");
  }
  /// "by certainty, 2 a step, in blocks of 16".
  [[nodiscard]] std::string name() const {
    std::string text(to_string(order));
    if (order != Order::left_to_right) text = "by " + text;
    text += ", " + std::to_string(per_step) + " a step";
    return block > 0 ? text + ", in blocks of " + std::to_string(block) : text;
  }
  friend bool operator==(const Revealing&, const Revealing&) = default;
};

}  // namespace ordo
