// expect: NoiseSchedule
#include <ordo/factorization/masked_diffusion.hpp>

struct Unnamed {
  [[nodiscard]] double hidden(double t) const { return t; }
};

ordo::MaskedDiffusion<Unnamed> policy;
