#pragma once
// What share of the rate of a device's own products training gets.

#include <optional>
#include <string>

#include <fmt/core.h>

#include <ordo/core/config.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/lab/flops.hpp>

namespace program {

struct ProductShare {
  double rate = 0;             ///< of a large product [FLOP/s]; 0: not measured
  double flops_per_token = 0;  ///< of training

  ProductShare() = default;
  ProductShare(std::optional<double> measured, const ordo::ModelConfig& config, const ordo::AnyFactorization& policy) {
    if (!measured) return;
    rate = *measured;
    flops_per_token = ordo::training_flops_per_token(config, policy);
  }
  /// ", 31 % of its products' rate", or nothing.
  [[nodiscard]] std::string at(double tokens_per_second) const {
    if (rate <= 0) return {};
    return fmt::format(", {:.0f} % of its products' rate", 100 * tokens_per_second * flops_per_token / rate);
  }
};

}  // namespace program
