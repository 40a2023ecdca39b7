#pragma once
// A source of choices that replays a script, so that all draws of a policy are met with their exact probabilities.

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/error.hpp>

namespace ordo::laws {

/// Nodes on (0, 1) and weights that add up to 1: Gauss and Legendre's rule, exact for polynomials of degree 2 N - 1.
template <std::size_t N>
struct Quadrature {
  std::array<double, N> node{};
  std::array<double, N> weight{};

  Quadrature() {
    for (std::size_t i = 0; i < N; ++i) {  // Newton's method for the roots of the N-th Legendre polynomial
      double x = std::cos(3.14159265358979323846 * (static_cast<double>(i) + 0.75) / (static_cast<double>(N) + 0.5));
      double slope = 0;
      for (int step = 0; step < 50; ++step) {
        double before = 1;
        double value = x;
        for (std::size_t k = 2; k <= N; ++k) {
          const auto order = static_cast<double>(k);
          const double next = ((2 * order - 1) * x * value - (order - 1) * before) / order;
          before = value;
          value = next;
        }
        slope = static_cast<double>(N) * (x * value - before) / (x * x - 1);
        x -= value / slope;
      }
      node[i] = (1 + x) / 2;
      weight[i] = 1 / ((1 - x * x) * slope * slope);
    }
  }
};

/// Models Choices. Call `advance` after each replay until it returns false. A level is integrated by quadrature:
/// exact where what the policy makes of it is a polynomial (a hiding probability), wrong where it is a step (use
/// `pick` for that). Both kinds of Levels are uniform for one sample, so they are one here.
class Enumerator {
 public:
  static constexpr std::size_t nodes = 10;

  explicit Enumerator(double progress = 1) : progress_(progress) {}

  [[nodiscard]] std::uint32_t below(std::uint32_t bound) {
    const std::uint32_t k = branch(bound);
    probability_ /= bound;
    return k;
  }
  [[nodiscard]] bool happens(double probability) {
    const bool yes = branch(2) == 1;
    probability_ *= yes ? probability : 1 - probability;
    return yes;
  }
  [[nodiscard]] double level(Levels) {
    static const Quadrature<nodes> rule;
    const std::uint32_t k = branch(nodes);
    probability_ *= rule.weight[k];
    return rule.node[k];
  }
  template <class Cumulative>
  [[nodiscard]] std::uint32_t pick(std::uint32_t bound, Levels, const Cumulative& cumulative) {
    const std::uint32_t k = branch(bound);
    probability_ *= (k + 1 == bound ? 1.0 : cumulative(k + 1)) - (k == 0 ? 0.0 : cumulative(k));
    return k;
  }
  [[nodiscard]] double progress() const { return progress_; }

  /// Probability of the choices made since the last `advance`.
  [[nodiscard]] double probability() const { return probability_; }

  /// Sets out on the next draw; false when all have been met.
  [[nodiscard]] bool advance() {
    require(made_ == path_.size(), "enumerator", "a policy asked for ", made_, " choices after ", path_.size(),
            " (a plan may depend on its choices only)");
    made_ = 0;
    probability_ = 1;
    while (!path_.empty() && path_.back().taken + 1 == path_.back().ways) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

 private:
  struct Branch {
    std::uint32_t taken = 0;
    std::uint32_t ways = 1;
  };

  std::uint32_t branch(std::uint32_t ways) {
    require(ways > 0, "enumerator", "a choice needs at least one way (got ", ways, ")");
    require(made_ < 10000, "enumerator", "a plan made ", made_, " choices: too many to enumerate");
    if (made_ == path_.size()) path_.push_back({0, ways});
    require(path_[made_].ways == ways, "enumerator", "choice ", made_, " has ", ways, " ways, but had ",
            path_[made_].ways, " (a plan may depend on its choices only)");
    return path_[made_++].taken;
  }

  std::vector<Branch> path_;
  std::size_t made_ = 0;
  double probability_ = 1;
  double progress_;
};

static_assert(Choices<Enumerator>);

}  // namespace ordo::laws
