#pragma once
// Matrix products on one thread through Eigen.

#include <cstdint>

// g++ 12 takes its own AVX-512 intrinsics for uses of uninitialised registers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>

#include <ordo/backend/cpu/product_tile.hpp>

namespace ordo::cpu {

namespace detail {

template <int Order>
auto eigen_view(const float* data, std::int64_t rows, std::int64_t cols, std::int64_t stride) {
  using Plain = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Order>;
  return Eigen::Map<const Plain, Eigen::Unaligned, Eigen::OuterStride<>>(data, rows, cols,
                                                                         Eigen::OuterStride<>(stride));
}

template <class A, class B>
void eigen_product(const A& a, const B& b, float* c, std::int64_t c_row, bool add) {
  using Plain = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  Eigen::Map<Plain, Eigen::Unaligned, Eigen::OuterStride<>> to(c, a.rows(), b.cols(), Eigen::OuterStride<>(c_row));
  if (add) {
    to.noalias() += a * b;
  } else {
    to.noalias() = a * b;
  }
}

}  // namespace detail

/// c (m, n) = or += a (m, k) b (k, n); rows or columns of a and b are dense, c's rows are c_row apart.
inline void eigen_product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c,
                          std::int64_t c_row, bool add) {
  using detail::eigen_view;
  const auto with_b = [&](const auto& left) {
    if (b.col == 1) {
      detail::eigen_product(left, eigen_view<Eigen::RowMajor>(b.data, k, n, b.row), c, c_row, add);
    } else {
      detail::eigen_product(left, eigen_view<Eigen::ColMajor>(b.data, k, n, b.col), c, c_row, add);
    }
  };
  if (a.col == 1) {
    with_b(eigen_view<Eigen::RowMajor>(a.data, m, k, a.row));
  } else {
    with_b(eigen_view<Eigen::ColMajor>(a.data, m, k, a.col));
  }
}

}  // namespace ordo::cpu

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
