// Scaling laws: published values, limits, and derivatives.

#include <array>
#include <cmath>
#include <cstddef>

#include <catch2/catch.hpp>

#include <ordo/lab/law.hpp>

namespace {

using ordo::Dual;
using ordo::LawValues;
using ordo::Reuse;
using ordo::ScalingPoint;
using Muennighoff = ordo::DataConstrained<>;

/// The published constants (Muennighoff et al. 2023, arXiv:2305.16264): a, b, e, alpha = beta, 1 / R_D*, 1 / R_N*.
constexpr LawValues<Muennighoff> published = {6.255414, 7.3049974, 0.6254804, 0.3526596, 1 / 15.387756, 1 / 5.309743};

template <ordo::ScalingLaw L>
double loss(const L& law, double parameters, double tokens, double unique, const LawValues<L>& x) {
  return std::exp(law.log_loss(ScalingPoint::of(parameters, tokens, unique), x));
}

/// Checks every derivative of log L at x.
template <ordo::ScalingLaw L>
void check_gradient(const L& law, const ScalingPoint& point, const LawValues<L>& x) {
  constexpr std::size_t count = L::parameters.size();
  std::array<Dual<count>, count> variables;
  for (std::size_t k = 0; k < count; ++k) variables[k] = Dual<count>::variable(x[k], k);
  const Dual<count> y = law.log_loss(point, variables);
  CHECK(y.value == Approx(law.log_loss(point, x)).epsilon(1e-13));
  for (std::size_t k = 0; k < count; ++k) {
    CAPTURE(law.name(), k);
    const double h = 1e-6 * std::max(1.0, std::abs(x[k]));
    LawValues<L> above = x;
    LawValues<L> below = x;
    above[k] += h;
    below[k] -= h;
    const double difference = (law.log_loss(point, above) - law.log_loss(point, below)) / (2 * h);
    CHECK(std::abs(y.slope[k] - difference) <= 1e-6 * std::max(0.01, std::abs(difference)));
  }
}

}  // namespace

TEST_CASE("the data-constrained law gives its golden values") {
  CHECK(std::abs(loss(Muennighoff{}, 6.34e9, 242e9, 25e9, published) - 2.2256440889984477) < 1e-12);
  CHECK(std::abs(loss(Muennighoff{}, 8.67e9, 178e9, 25e9, published) - 2.2269634075087867) < 1e-12);
}

TEST_CASE("where repeats and excess parameters keep their worth, the law is Chinchilla's") {
  LawValues<Muennighoff> x = published;
  x[4] = x[5] = 0;
  const LawValues<ordo::Chinchilla<true>> plain = {x[0], x[1], x[2], x[3]};
  for (const double passes : {1.0, 4.0, 300.0}) {
    CHECK(loss(Muennighoff{}, 3e9, 1e9 * passes, 1e9, x) ==
          Approx(loss(ordo::Chinchilla<true>{}, 3e9, 1e9 * passes, 1e9, plain)).epsilon(1e-13));
  }
}

TEST_CASE("worths of tokens: one pass is worth its tokens, many are worth at most R* more") {
  const Muennighoff law;
  const auto worth = [&](double passes) {
    return std::exp(law.log_worth_of_tokens(ScalingPoint::of(1e9, 1e9 * passes, 1e9), published)) / 1e9;
  };
  CHECK(worth(1) == Approx(1));
  CHECK(worth(4) == Approx(1 + 15.387756 * (1 - std::exp(-3 / 15.387756))));
  CHECK(worth(1e6) == Approx(1 + 15.387756));
}

TEST_CASE("geometric worths are the sum of a share of each pass") {
  const ordo::DataConstrained<Reuse::geometric> law;
  for (const double delta : {0.0, 1e-7, 0.01, 0.3, 0.95}) {
    LawValues<ordo::DataConstrained<Reuse::geometric>> x = {6, 7, 0.6, 0.35, delta, 0.2};
    double sum = 0;
    double share = 1;
    for (int pass = 1; pass <= 12; ++pass, share *= 1 - delta) {
      sum += share;
      CAPTURE(delta, pass);
      CHECK(std::exp(law.log_worth_of_tokens(ScalingPoint::of(1e9, 1e9 * pass, 1e9), x)) ==
            Approx(1e9 * sum).epsilon(1e-10));
    }
  }
}

TEST_CASE("parameters up to the best number keep their worth") {
  const Muennighoff law;
  const double best = std::exp(law.log_best_parameters(std::log(1e9), published));
  const auto worth = [&](double parameters) {
    return std::exp(law.log_worth_of_parameters(ScalingPoint::of(parameters, 1e9, 1e9), published));
  };
  CHECK(worth(best / 2) == Approx(best / 2));
  CHECK(worth(best) == Approx(best));
  CHECK(worth(3 * best) == Approx(best * (1 + 5.309743 * (1 - std::exp(-2 / 5.309743)))));
  // The best number: for one pass at the compute that 6 N D gives, no other size has a lower loss.
  const double at_best = loss(law, best, 1e9, 1e9, published);
  for (const double ratio : {0.7, 0.9, 1.1, 1.4}) {
    LawValues<Muennighoff> no_excess = published;
    no_excess[5] = 0;
    CHECK(loss(law, best * ratio, 1e9 / ratio, 1e9 / ratio, no_excess) > at_best);
  }
}

TEST_CASE("the penalty for repetition is nothing at one pass, and turns the loss up") {
  const ordo::Overfitting<> law;
  const LawValues<ordo::Overfitting<>> x = {6, 7, 0.6, 0.35, -9, 1, 0.5};
  const LawValues<ordo::Chinchilla<true>> plain = {6, 7, 0.6, 0.35};
  CHECK(loss(law, 1e9, 1e9, 1e9, x) == Approx(loss(ordo::Chinchilla<true>{}, 1e9, 1e9, 1e9, plain)).epsilon(1e-14));
  CHECK(loss(law, 1e9, 5e9, 1e9, x) ==
        Approx(loss(ordo::Chinchilla<true>{}, 1e9, 5e9, 1e9, plain) + std::exp(-9) * 4).epsilon(1e-13));
  CHECK(loss(law, 1e9, 5000e9, 1e9, x) > loss(law, 1e9, 50e9, 1e9, x));
}

TEST_CASE("derivatives are those of central differences, at few and many passes, below and above the best size") {
  for (const double parameters : {1e7, 1e9, 1e11}) {
    for (const double passes : {1.0, 3.0, 900.0}) {
      const ScalingPoint point = ScalingPoint::of(parameters, 1e9 * passes, 1e9);
      check_gradient(Muennighoff{}, point, published);
      check_gradient(ordo::DataConstrained<Reuse::exponential, false>{}, point, {6, 8, 0.6, 0.34, 0.4, 0.05, 0.3});
      check_gradient(ordo::DataConstrained<Reuse::geometric>{}, point, {6, 7, 0.6, 0.35, 0.07, 0.2});
      check_gradient(ordo::DataConstrained<Reuse::geometric>{}, point, {6, 7, 0.6, 0.35, 3e-5, 0.2});
      check_gradient(ordo::Chinchilla<>{}, point, {6, 7, 0.6, 0.35, 0.3});
      check_gradient(ordo::Overfitting<>{}, point, {6, 7, 0.6, 0.35, -6, 0.8, 0.4});
    }
  }
}

TEST_CASE("a fitted number is shown and read back") {
  for (const ordo::LawParameter& p : Muennighoff::parameters) {
    CHECK(p.fitted(p.show(0.37)) == Approx(0.37));
    CHECK((p.lowest < p.start_from && p.start_to < p.highest));
  }
  CHECK(std::isinf(Muennighoff::parameters[4].show(0)));
}
