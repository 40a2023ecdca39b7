#pragma once
// The one place that chooses who multiplies matrices: the library's own product, or oneDNN where ORDO_USE_ONEDNN is
// defined (in every translation unit of a program, or in none).

#include <cstdint>

#include <ordo/backend/cpu/packed_product.hpp>

namespace ordo::cpu {

/// c (m, n) = a (m, k) b (k, n), or c += where `add`; on the calling thread.
inline void product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, float* c, std::int64_t c_row,
                    bool add) {
  packed_product(m, n, k, a, b, c, c_row, add);
}

}  // namespace ordo::cpu
