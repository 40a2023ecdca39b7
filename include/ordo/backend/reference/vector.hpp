#pragma once
// Operations on all the parameters at once, as one long vector.

#include <cstddef>
#include <span>

#include <ordo/backend/reference/backend.hpp>

namespace ordo {

/// Every value becomes `value`.
template <class R>
void fill(const Reference<R>&, std::type_identity_t<std::span<R>> values, std::type_identity_t<R> value) {
  for (R& v : values) v = value;
}

/// to = values. Both of one size.
template <class R>
void copy_values(const Reference<R>&, std::type_identity_t<std::span<const R>> values,
                 std::type_identity_t<std::span<R>> to) {
  for (std::size_t i = 0; i < to.size(); ++i) to[i] = values[i];
}

/// *sum = the sum of squares, in double whatever R is: it is compared with a bound on the gradient's norm.
template <class R>
void squared_norm(const Reference<R>&, std::type_identity_t<std::span<const R>> values, double* sum) {
  double total = 0;
  for (const R& v : values) total += static_cast<double>(v) * static_cast<double>(v);
  *sum = total;
}

/// *sum += sum_i weight[i] * values[i], in double whatever R is.
template <class R>
void add_weighted(const Reference<R>&, std::span<const float> weight, std::type_identity_t<std::span<const R>> values,
                  double* sum) {
  double total = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) {
    total += static_cast<double>(weight[i]) * static_cast<double>(values[i]);
  }
  *sum += total;
}

/// average = decay * average + (1 - decay) * values: an exponential moving average. Both of one size.
template <class R>
void blend(const Reference<R>&, std::type_identity_t<std::span<R>> average,
           std::type_identity_t<std::span<const R>> values, double decay) {
  const R keep = static_cast<R>(decay);
  const R take = static_cast<R>(1 - decay);
  for (std::size_t i = 0; i < average.size(); ++i) average[i] = keep * average[i] + take * values[i];
}

}  // namespace ordo
