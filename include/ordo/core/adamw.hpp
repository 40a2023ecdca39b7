#pragma once
// The numbers of one AdamW step (Loshchilov and Hutter 2017, arXiv:1711.05101).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/core/error.hpp>
#include <ordo/core/host_device.hpp>

namespace ordo {

/// The weight decay of the parameters before `end`, from the end of the range before on. Ends rise.
struct DecayRange {
  std::int64_t end = 0;
  double decay = 0;
};

/// Throws where ends do not rise to the number of parameters.
inline void check_decays(std::span<const DecayRange> decays, std::size_t parameters) {
  std::int64_t end = 0;
  for (const DecayRange& range : decays) {
    require(range.end >= end, "adamw", "ends of decays must rise (got ", range.end, " after ", end, ")");
    end = range.end;
  }
  require(end == static_cast<std::int64_t>(parameters), "adamw", "decays must end where parameters do (got ", end,
          " for ", parameters, ")");
}

/// What the passes of a step add up.
struct StepSums {
  double loss = 0;          ///< weighted [nats]
  double squared_norm = 0;  ///< of the gradient

  [[nodiscard]] ORDO_HD bool finite() const { return std::isfinite(loss) && std::isfinite(squared_norm); }
};

/// The numbers of a step, the same for all parameters. Lie where the backend computes, as its sums do, so that a step
/// needs no word from the host. Applied as: g = gradient_scale(sums) * gradient; m = lerp(g, m, beta1); v = lerp(g^2,
/// v, beta2); p -= rate * (m / correction1 / (sqrt(v / correction2) + epsilon) + decay * p), decay the parameter's own.
/// Where a sum is no finite number, nothing changes.
struct AdamWStep {
  double rate = 1e-3;  ///< learning rate of this step
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double correction1 = 1;  ///< 1 - beta1^step
  double correction2 = 1;  ///< 1 - beta2^step
  double clip = 0;         ///< the gradient's norm is brought down to this; 0: never

  [[nodiscard]] ORDO_HD double gradient_scale(const StepSums& sums) const {
    const double norm = std::sqrt(sums.squared_norm);
    return clip > 0 && norm > clip ? clip / norm : 1.0;
  }
};

}  // namespace ordo
