#pragma once
// The one place that chooses who multiplies matrices: Eigen, or oneDNN where ORDO_USE_ONEDNN is defined
// (in every translation unit of a program, or in none; CMake's ordo::onednn does that).

#include <cstdint>

#ifdef ORDO_USE_ONEDNN
#include <oneapi/dnnl/dnnl.h>
#ifdef _OPENMP
#include <omp.h>
#endif
#include <ordo/backend/cpu/product_tile.hpp>
#include <ordo/core/error.hpp>
#else
#include <ordo/backend/cpu/eigen_product.hpp>
#endif

namespace ordo::cpu {

#ifdef ORDO_USE_ONEDNN
/// Keeps oneDNN on the calling thread for a scope. Its threads are OpenMP's, whose number is a setting of each
/// thread, put back as it was. (A program compiled without OpenMP must set OMP_NUM_THREADS=1 in its environment.)
class OneThread {
 public:
#ifdef _OPENMP
  OneThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
  ~OneThread() {
    if (before_ != 1) omp_set_num_threads(before_);
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  int before_;
#endif
};

/// c (m, n) = a (m, k) b (k, n), or c += where `add`; on the calling thread. Rows or columns of a and b are dense.
inline void product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c, std::int64_t c_row,
                    bool add) {
  [[maybe_unused]] const OneThread here;
  const bool a_rows = a.col == 1 && a.row >= k;  // a single column may be read either way
  const bool b_rows = b.col == 1 && b.row >= n;
  const dnnl_status_t status =
      dnnl_sgemm(a_rows ? 'N' : 'T', b_rows ? 'N' : 'T', m, n, k, 1.0F, a.data, a_rows ? a.row : a.col, b.data,
                 b_rows ? b.row : b.col, add ? 1.0F : 0.0F, c, c_row);
  require(status == dnnl_success, "cpu", "oneDNN's sgemm failed with status ", static_cast<int>(status), " for (", m,
          ", ", k, ") times (", k, ", ", n, ")");
}

#else
/// c (m, n) = a (m, k) b (k, n), or c += where `add`; on the calling thread. Rows or columns of a and b are dense.
inline void product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c, std::int64_t c_row,
                    bool add) {
  eigen_product(m, n, k, a, b, c, c_row, add);
}

#endif

}  // namespace ordo::cpu
