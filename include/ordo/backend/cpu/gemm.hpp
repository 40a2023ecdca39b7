#pragma once
// The one place that chooses who multiplies matrices: Eigen, or oneDNN where ORDO_USE_ONEDNN is defined
// (in every translation unit of a program, or in none; CMake's ordo::onednn does that).

#include <cstdint>

#ifdef ORDO_USE_ONEDNN
#include <oneapi/dnnl/dnnl.h>

#include <ordo/backend/cpu/product_tile.hpp>
#include <ordo/core/error.hpp>
#else
#include <ordo/backend/cpu/eigen_product.hpp>
#endif

#if defined(ORDO_USE_ONEDNN) && defined(_OPENMP)
#include <omp.h>
#elif defined(ORDO_USE_ONEDNN) && defined(__ELF__)
// oneDNN may bring OpenMP with it although this program is compiled without: null where it does not.
extern "C" [[gnu::weak]] void omp_set_num_threads(int) noexcept;
extern "C" [[gnu::weak]] int omp_get_max_threads() noexcept;
#endif

namespace ordo::cpu {

/// Who multiplies: programs say so beside their figures.
#ifdef ORDO_USE_ONEDNN
inline constexpr const char* product_library = "oneDNN";
#else
inline constexpr const char* product_library = "Eigen";
#endif

#ifdef ORDO_USE_ONEDNN
/// Keeps oneDNN's product on the calling thread for a scope: the pool has shared out the work already. OpenMP's
/// number of threads is a setting of each thread, put back as it was.
class OneThread {
 public:
#if defined(_OPENMP)
  OneThread() : before_(omp_get_max_threads()) {
    if (before_ != 1) omp_set_num_threads(1);
  }
#elif defined(__ELF__)
  OneThread() : before_(omp_get_max_threads != nullptr && omp_set_num_threads != nullptr ? omp_get_max_threads() : 1) {
    if (before_ != 1) omp_set_num_threads(1);
  }
#else
  OneThread() : before_(1) {}
#endif
  ~OneThread() {
#if defined(_OPENMP) || defined(__ELF__)
    if (before_ != 1) omp_set_num_threads(before_);
#endif
  }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;

 private:
  [[maybe_unused]] int before_;
};

/// c (m, n) = a (m, k) b (k, n), or c += where `add`; on the calling thread. Rows or columns of a and b are dense.
inline void product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c, std::int64_t c_row,
                    bool add) {
  const OneThread here;
  const bool a_rows = a.col == 1 && a.row >= k;  // a single column may be read either way
  const bool b_rows = b.col == 1 && b.row >= n;
  const dnnl_status_t status =
      dnnl_sgemm(a_rows ? 'N' : 'T', b_rows ? 'N' : 'T', m, n, k, 1.0F, a.data, a_rows ? a.row : a.col, b.data,
                 b_rows ? b.row : b.col, add ? 1.0F : 0.0F, c, c_row);
  require(status == dnnl_success, "cpu", "oneDNN's sgemm failed with status ", static_cast<int>(status), " for (", m,
          ", ", k, ") times (", k, ", ", n, ")");
}

#else
/// c (m, n) = a (m, k) b (k, n), or c += where `add`; on the calling thread. Rows or columns of a and b are dense,
/// the columns of one of them at most.
inline void product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c, std::int64_t c_row,
                    bool add) {
  eigen_product(m, n, k, a, b, c, c_row, add);
}

#endif

}  // namespace ordo::cpu
