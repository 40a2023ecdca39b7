#pragma once
// Matrix products on one thread through Eigen.
//
// What is called is Eigen's blocked product itself, as in Eigen's own BLAS (blas/level3_impl.h), not `c = a * b`: that
// expression also compiles products by coefficient, matrix-vector products and OpenMP sessions, for each combination of
// storage and for = and +=, which takes longer than all the rest of a small program.

#include <algorithm>
#include <cstdint>

// g++ 12 takes its own AVX-512 intrinsics for uses of uninitialised registers.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif
#include <Eigen/Core>

#include <ordo/backend/cpu/product_tile.hpp>
#include <ordo/core/error.hpp>

namespace ordo::cpu {

namespace detail {

/// c += a b; a_step and b_step are between the starts of rows (Eigen::RowMajor) or of columns (Eigen::ColMajor).
template <int AOrder, int BOrder>
void add_eigen_product(std::int64_t m, std::int64_t n, std::int64_t k, const float* a, std::int64_t a_step,
                       const float* b, std::int64_t b_step, float* c, std::int64_t c_row) {
  using Eigen::Dynamic;
  using Eigen::RowMajor;
  Eigen::internal::gemm_blocking_space<RowMajor, float, float, Dynamic, Dynamic, Dynamic> blocks(m, n, k, 1, true);
  Eigen::internal::general_matrix_matrix_product<Eigen::Index, float, AOrder, false, float, BOrder, false, RowMajor,
                                                 1>::run(m, n, k, a, a_step, b, b_step, c, 1, c_row, 1.0F, blocks);
}

}  // namespace detail

/// c (m, n) = or += a (m, k) b (k, n), c's rows c_row apart. The rows of both, or the rows of one and the columns of
/// the other, are dense; columns of both are not compiled, since no operation needs them.
inline void eigen_product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c,
                          std::int64_t c_row, bool add) {
  using Eigen::ColMajor;
  using Eigen::RowMajor;
  if (!add) {
    for (std::int64_t i = 0; i < m; ++i) std::fill_n(c + i * c_row, n, 0.0F);
  }
  if (m == 0 || n == 0 || k == 0) return;
  if (a.col == 1 && b.col == 1) {
    detail::add_eigen_product<RowMajor, RowMajor>(m, n, k, a.data, a.row, b.data, b.row, c, c_row);
  } else if (a.col == 1) {
    detail::add_eigen_product<RowMajor, ColMajor>(m, n, k, a.data, a.row, b.data, b.col, c, c_row);
  } else {
    require(b.col == 1, "cpu", "the rows of a or of b must be dense (got columns ", a.col, " and ", b.col, " apart)");
    detail::add_eigen_product<ColMajor, RowMajor>(m, n, k, a.data, a.col, b.data, b.row, c, c_row);
  }
}

}  // namespace ordo::cpu

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic pop
#endif
