#pragma once
// The numbers of one AdamW step (Loshchilov and Hutter 2017, arXiv:1711.05101).

namespace ordo {

/// Applied as: g = gradient_scale * gradient; m = lerp(g, m, beta1); v = lerp(g^2, v, beta2);
/// p -= rate * (m / correction1 / (sqrt(v / correction2) + epsilon) + decay * p).
struct AdamWStep {
  double rate = 1e-3;  ///< learning rate of this step
  double beta1 = 0.9;
  double beta2 = 0.95;
  double epsilon = 1e-8;
  double decay = 0.1;         ///< decoupled weight decay; 0 for gains
  double correction1 = 1;     ///< 1 - beta1^step
  double correction2 = 1;     ///< 1 - beta2^step
  double gradient_scale = 1;  ///< from clipping by the global norm
};

}  // namespace ordo
