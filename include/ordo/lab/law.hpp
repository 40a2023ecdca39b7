#pragma once
// Scaling laws: the loss as a function of size, data and repetition, with parameters to be fitted. One family:
//
//   L(N, D, U) = E + A / N'^alpha + B / D'^beta + penalty
//
// N parameters, D tokens seen, U unique tokens. Members differ in what repeated tokens and excess parameters are worth
// (N', D'), and in whether repetition is penalised.

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <ordo/lab/dual.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// Where a law is asked, in logarithms.
struct ScalingPoint {
  double log_parameters = 0;  ///< log N
  double log_tokens = 0;      ///< log D
  double log_unique = 0;      ///< log U, at most log D

  [[nodiscard]] static ScalingPoint of(double parameters, double tokens, double unique_tokens) {
    return {std::log(parameters), std::log(tokens), std::log(std::min(unique_tokens, tokens))};
  }
  [[nodiscard]] static ScalingPoint of(const TrainingRun& run) {
    return of(run.parameters, run.tokens, run.unique_tokens);
  }
};

/// How a fitted number is shown.
enum class Shown : std::uint8_t {
  as_is,
  exponential,  ///< A = exp(a)
  reciprocal,   ///< R* = 1 / r: infinite where r is 0
};

/// One parameter of a law: what is fitted, in which bounds, and where random starts lie.
struct LawParameter {
  std::string_view name;    ///< of what is fitted
  std::string_view symbol;  ///< of what is shown
  Shown shown = Shown::as_is;
  double lowest = 0;
  double highest = 0;
  double start_from = 0;
  double start_to = 0;
  bool start_by_ratio = false;  ///< starts evenly spread over the logarithm

  [[nodiscard]] double show(double x) const {
    switch (shown) {
      case Shown::as_is: return x;
      case Shown::exponential: return std::exp(x);
      case Shown::reciprocal: return 1 / x;
    }
    return x;
  }
  /// The fitted number for a shown one.
  [[nodiscard]] double fitted(double y) const {
    switch (shown) {
      case Shown::as_is: return y;
      case Shown::exponential: return std::log(y);
      case Shown::reciprocal: return 1 / y;
    }
    return y;
  }
};

/// `L::parameters`: an array of LawParameter. `law.log_loss(point, x)`: the log of the loss at parameters x, for
/// doubles and for duals. `law.name()`.
template <class L>
concept ScalingLaw = std::copyable<L> &&
    requires(const L& law, const ScalingPoint& point, const std::array<double, L::parameters.size()>& x,
             const std::array<Dual<L::parameters.size()>, L::parameters.size()>& d) {
  { law.log_loss(point, x) } -> std::same_as<double>;
  { law.log_loss(point, d) } -> std::same_as<Dual<L::parameters.size()>>;
  { law.name() } -> std::convertible_to<std::string>;
};

/// The parameters of a law, as they are fitted.
template <ScalingLaw L>
using LawValues = std::array<double, L::parameters.size()>;

namespace detail {

inline constexpr LawParameter law_a{"a", "A", Shown::exponential, -10, 60, 0, 25};
inline constexpr LawParameter law_b{"b", "B", Shown::exponential, -10, 60, 0, 25};
inline constexpr LawParameter law_e{"e", "E", Shown::exponential, -20, 5, -1, 1};
inline constexpr LawParameter law_alpha{"alpha", "alpha", Shown::as_is, 1e-3, 3, 0.05, 1};
inline constexpr LawParameter law_beta{"beta", "beta", Shown::as_is, 1e-3, 3, 0.05, 1};
inline constexpr LawParameter law_both{"alpha=beta", "alpha=beta", Shown::as_is, 1e-3, 3, 0.05, 1};

/// log of the sum of exp(x) over all x.
template <class T, class... Rest>
[[nodiscard]] T log_sum_exp(const T& first, const Rest&... rest) {
  using std::exp, std::log;
  const double top = std::max({value_of(first), value_of(rest)...});
  return log((exp(first - T(top)) + ... + exp(rest - T(top)))) + T(top);
}

/// The parameters of a law with these after the exponents.
template <bool tied, class... Rest>
[[nodiscard]] constexpr auto law_parameters(Rest... rest) {
  if constexpr (tied) {
    return std::array{law_a, law_b, law_e, law_both, rest...};
  } else {
    return std::array{law_a, law_b, law_e, law_alpha, law_beta, rest...};
  }
}

}  // namespace detail

/// The law without repetition: N' = N, D' = D. Hoffmann et al. 2022, "Training Compute-Optimal Large Language Models"
/// (arXiv:2203.15556). `tied`: alpha = beta.
template <bool tied = false>
struct Chinchilla {
  static constexpr auto parameters = detail::law_parameters<tied>();

  template <class T>
  [[nodiscard]] T log_loss(const ScalingPoint& p, const std::array<T, parameters.size()>& x) const {
    return detail::log_sum_exp(x[2], x[0] - x[3] * T(p.log_parameters), x[1] - x[tied ? 3 : 4] * T(p.log_tokens));
  }
  [[nodiscard]] std::string name() const { return tied ? "chinchilla:tied" : "chinchilla"; }
};

/// What a repeated token is worth.
enum class Reuse : std::uint8_t {
  exponential,  ///< Muennighoff et al. 2023, arXiv:2305.16264: D' = U + U R* (1 - exp(-R / R*)), R = D / U - 1
  /// Each pass is worth (1 - delta) of the one before, delta = 1 / R*: D' = U (1 - (1 - delta)^(D / U)) / delta, the
  /// sum of which the exponential form is the limit (derivation in arXiv:2305.16264 and arXiv:2507.15857).
  geometric,
};

/// The data-constrained law of Muennighoff et al. 2023, "Scaling Data-Constrained Language Models" (arXiv:2305.16264);
/// tokens beyond the unique ones, and parameters beyond the best number for these, lose their worth. What is fitted is
/// 1 / R*, which may be 0: repeats are then worth as much as new tokens. `tied`: alpha = beta.
template <Reuse reuse = Reuse::exponential, bool tied = true>
struct DataConstrained {
  // A geometric delta is a share of a pass, so at most 1.
  static constexpr auto parameters = detail::law_parameters<tied>(
      LawParameter{"1/R_D", "R_D*", Shown::reciprocal, 0, reuse == Reuse::geometric ? 0.999 : 20, 1e-3, 0.5, true},
      LawParameter{"1/R_N", "R_N*", Shown::reciprocal, 0, 20, 1e-3, 2, true});
  static constexpr std::size_t data = tied ? 4 : 5;  ///< which parameter is 1 / R_D*
  static constexpr std::size_t size = data + 1;      ///< which is 1 / R_N*

  template <class T>
  [[nodiscard]] T log_loss(const ScalingPoint& p, const std::array<T, parameters.size()>& x) const {
    const T& alpha = x[3];
    const T& beta = x[tied ? 3 : 4];
    return detail::log_sum_exp(x[2], x[0] - alpha * log_worth_of_parameters(p, x),
                               x[1] - beta * log_worth_of_tokens(p, x));
  }
  [[nodiscard]] std::string name() const {
    return std::string(reuse == Reuse::exponential ? "muennighoff" : "geometric") + (tied ? "" : ":untied");
  }

  /// log D'.
  template <class T>
  [[nodiscard]] T log_worth_of_tokens(const ScalingPoint& p, const std::array<T, parameters.size()>& x) const {
    using std::log, std::log1p;
    const double passes = std::exp(p.log_tokens - p.log_unique);
    if constexpr (reuse == Reuse::exponential) {
      return T(p.log_unique) + log1p(T(passes - 1) * decayed_mean(x[data] * T(passes - 1)));
    } else {
      // (1 - (1 - d)^n) / d = n (-log(1 - d) / d) decayed_mean(-n log(1 - d)); the middle factor is 1 at d = 0.
      const T rate = -log1p(-x[data]);
      return T(p.log_unique) + log(T(passes) * decayed_mean(T(passes) * rate) * rate_ratio(x[data], rate));
    }
  }
  /// log N'.
  template <class T>
  [[nodiscard]] T log_worth_of_parameters(const ScalingPoint& p, const std::array<T, parameters.size()>& x) const {
    using std::exp, std::log1p;
    const T best = log_best_parameters(p.log_unique, x);
    if (value_of(best) >= p.log_parameters) return T(p.log_parameters);
    const T excess = exp(T(p.log_parameters) - best) - T(1);
    return best + log1p(excess * decayed_mean(x[size] * excess));
  }
  /// log N_opt(U): the best number of parameters for one pass over U tokens.
  template <class T>
  [[nodiscard]] T log_best_parameters(double log_unique, const std::array<T, parameters.size()>& x) const {
    using std::log;
    const T& alpha = x[3];
    const T& beta = x[tied ? 3 : 4];
    const T log_g = (log(alpha) + x[0] - log(beta) - x[1]) / (alpha + beta);
    return beta / alpha * (T(log_unique) + log_g) + log_g;
  }

 private:
  /// rate / delta, by its series where both are small.
  template <class T>
  [[nodiscard]] static T rate_ratio(const T& delta, const T& rate) {
    if (value_of(delta) < 1e-4) return T(1) + delta * (T(0.5) + delta * T(1.0 / 3));
    return rate / delta;
  }
};

/// The constants that Muennighoff et al. 2023 (arXiv:2305.16264) published: a, b, e and alpha = beta, fitted to runs of
/// one pass; then 1 / R_D* and 1 / R_N*.
inline constexpr LawValues<DataConstrained<>> published_data_constrained = {6.255414,  7.3049974,     0.6254804,
                                                                            0.3526596, 1 / 15.387756, 1 / 5.309743};

/// Chinchilla's law with an additive penalty for repetition, P R^rho (N / U)^nu, R = D / U - 1: loss that rises again
/// with more passes, and sooner for larger models, which no worth of repeated tokens can express. After Lovelace et al.
/// 2026, "Prescriptive Scaling Laws for Data Constrained Training" (arXiv:2605.01640), of which only the summary was
/// read: that there is one additive penalty with one coefficient is theirs, the exponents are ours and may be fixed.
template <bool tied = true>
struct Overfitting {
  static constexpr auto parameters = detail::law_parameters<tied>(
      LawParameter{"p", "P", Shown::exponential, -60, 20, -15, 2},
      LawParameter{"rho", "rho", Shown::as_is, 0, 4, 0.2, 2}, LawParameter{"nu", "nu", Shown::as_is, 0, 4, 0.1, 1.5});
  static constexpr std::size_t penalty = tied ? 4 : 5;  ///< which parameter is p, before rho and nu

  template <class T>
  [[nodiscard]] T log_loss(const ScalingPoint& p, const std::array<T, parameters.size()>& x) const {
    const T size = x[0] - x[3] * T(p.log_parameters);
    const T data = x[1] - x[tied ? 3 : 4] * T(p.log_tokens);
    const double repeats = std::expm1(p.log_tokens - p.log_unique);
    if (!(repeats > 0)) return detail::log_sum_exp(x[2], size, data);
    const T excess =
        x[penalty] + x[penalty + 1] * T(std::log(repeats)) + x[penalty + 2] * T(p.log_parameters - p.log_unique);
    return detail::log_sum_exp(x[2], size, data, excess);
  }
  [[nodiscard]] std::string name() const { return std::string("overfitting") + (tied ? "" : ":untied"); }
};

}  // namespace ordo
