#pragma once
// RMSNorm (Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467).

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>

namespace ordo {

/// y = gain * x * inverse_rms, inverse_rms = 1 / sqrt(mean(x^2) + epsilon), row by row.
/// x, y (S, C), gain (C), inverse_rms (S).
template <class R>
void rms_norm(const Reference<R>&, reference::In<R> x, std::type_identity_t<std::span<const R>> gain, double epsilon,
              reference::Out<R> y, std::type_identity_t<std::span<R>> inverse_rms) {
  for (std::int64_t s = 0; s < x.rows; ++s) {
    const R* from = x.row(s);
    R squares = 0;
    for (std::int64_t c = 0; c < x.cols; ++c) squares += from[c] * from[c];
    const R inverse = 1 / std::sqrt(squares / static_cast<R>(x.cols) + static_cast<R>(epsilon));
    inverse_rms[static_cast<std::size_t>(s)] = inverse;
    R* to = y.row(s);
    for (std::int64_t c = 0; c < x.cols; ++c) to[c] = gain[static_cast<std::size_t>(c)] * (from[c] * inverse);
  }
}

/// With n = x * inverse_rms and g = gain * dy: dgain += sum_s dy * n, dx += inverse_rms * (g - n * mean(g * n)).
/// x, dy, dx (S, C), gain, dgain (C), inverse_rms (S).
template <class R>
void rms_norm_gradient(const Reference<R>&, reference::In<R> x, std::type_identity_t<std::span<const R>> gain,
                       std::type_identity_t<std::span<const R>> inverse_rms, reference::In<R> dy, reference::Out<R> dx,
                       std::type_identity_t<std::span<R>> dgain) {
  for (std::int64_t s = 0; s < x.rows; ++s) {
    const R inverse = inverse_rms[static_cast<std::size_t>(s)];
    R along = 0;  // sum of g * n
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const auto i = static_cast<std::size_t>(c);
      const R n = x.row(s)[c] * inverse;
      along += gain[i] * dy.row(s)[c] * n;
      dgain[i] += dy.row(s)[c] * n;
    }
    along /= static_cast<R>(x.cols);
    for (std::int64_t c = 0; c < x.cols; ++c) {
      const R n = x.row(s)[c] * inverse;
      dx.row(s)[c] += inverse * (gain[static_cast<std::size_t>(c)] * dy.row(s)[c] - n * along);
    }
  }
}

}  // namespace ordo
