#pragma once
// A view of a row-major matrix: the only shape in which numbers travel between the model and a backend.

#include <cstdint>
#include <type_traits>

#include <ordo/core/host_device.hpp>

namespace ordo {

/// `rows` x `cols` numbers, row r at `data + r * stride`. Does not own; may point to device memory.
template <class T>
struct Matrix {
  T* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;

  Matrix() = default;
  ORDO_HD Matrix(T* d, std::int64_t r, std::int64_t c) : data(d), rows(r), cols(c), stride(c) {}
  ORDO_HD Matrix(T* d, std::int64_t r, std::int64_t c, std::int64_t s) : data(d), rows(r), cols(c), stride(s) {}

  [[nodiscard]] ORDO_HD T* row(std::int64_t r) const { return data + r * stride; }
  /// The columns first .. first + count - 1 of every row.
  [[nodiscard]] ORDO_HD Matrix columns(std::int64_t first, std::int64_t count) const {
    return {data + first, rows, count, stride};
  }
  /// The rows first .. first + count - 1.
  [[nodiscard]] ORDO_HD Matrix slice(std::int64_t first, std::int64_t count) const {
    return {row(first), count, cols, stride};
  }
  /// A matrix may be passed wherever a read-only one is asked for.
  ORDO_HD operator Matrix<const T>() const requires(!std::is_const_v<T>) { return {data, rows, cols, stride}; }
};

}  // namespace ordo
