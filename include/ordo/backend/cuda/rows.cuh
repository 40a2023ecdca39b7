#pragma once
// Picks rows of a packed batch, and adds them back.

#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>

namespace ordo {

namespace cuda {

template <class R>
struct Gather {
  Matrix<const R> x;
  const std::int32_t* rows;
  Matrix<R> y;
  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t r = i / y.cols;
    const std::int64_t c = i % y.cols;
    y.row(r)[c] = x.row(rows[r])[c];
  }
};

template <class R>
struct Scatter {
  Matrix<const R> y;
  const std::int32_t* rows;
  Matrix<R> x;
  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t r = i / y.cols;
    const std::int64_t c = i % y.cols;
    x.row(rows[r])[c] = y.row(r)[c];
  }
};

template <class R>
struct ScatterAdd {
  Matrix<const R> y;
  const std::int32_t* rows;
  Matrix<R> x;
  ORDO_DEVICE void operator()(std::int64_t i) const {
    const std::int64_t r = i / y.cols;
    const std::int64_t c = i % y.cols;
    x.row(rows[r])[c] += y.row(r)[c];
  }
};

}  // namespace cuda

/// y[i] = x[rows[i]]. x (S, C), rows (Q), y (Q, C). Rows must lie in x.
template <class R>
void gather(const CudaBackend<R>& b, cuda::In<R> x, std::span<const std::int32_t> rows, cuda::Out<R> y) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(rows.size()) * y.cols, cuda::Gather<R>{x, rows.data(), y});
}

/// x[rows[i]] = y[i]; the rows differ. y (Q, C), rows (Q), x (S, C).
template <class R>
void scatter(const CudaBackend<R>& b, cuda::In<R> y, std::span<const std::int32_t> rows, cuda::Out<R> x) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(rows.size()) * y.cols, cuda::Scatter<R>{y, rows.data(), x});
}

/// x[rows[i]] += y[i]; the rows differ. y (Q, C), rows (Q), x (S, C).
template <class R>
void scatter_add(const CudaBackend<R>& b, cuda::In<R> y, std::span<const std::int32_t> rows, cuda::Out<R> x) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(rows.size()) * y.cols, cuda::ScatterAdd<R>{y, rows.data(), x});
}

}  // namespace ordo
