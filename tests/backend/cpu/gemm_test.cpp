// The matrix product in each combination of storage that an operation uses, at sizes where blocks are cut or empty.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/cpu/gemm.hpp>
#include <ordo/core/rng.hpp>

namespace {

using ordo::cpu::Strided;

/// A matrix (rows, cols) of random numbers with room between its rows, or between its columns.
struct Random {
  std::vector<float> numbers;
  Strided view;
  Random(std::int64_t rows, std::int64_t cols, bool by_rows, std::uint64_t seed) {
    const std::int64_t step = (by_rows ? cols : rows) + 3;
    ordo::Stream stream(seed, ordo::Purpose::initialisation, 0);
    numbers.resize(static_cast<std::size_t>(step * ((by_rows ? rows : cols) + 1)));
    for (float& x : numbers) x = static_cast<float>(stream.normal());
    view = by_rows ? Strided{numbers.data(), step, 1} : Strided{numbers.data(), 1, step};
  }
};

void check(std::int64_t m, std::int64_t n, std::int64_t k, bool a_rows, bool b_rows, bool add) {
  CAPTURE(m, n, k, a_rows, b_rows, add);
  const Random a(m, k, a_rows, 1);
  const Random b(k, n, b_rows, 2);
  Random c(m, n, true, 3);
  const std::vector<float> before = c.numbers;
  const std::int64_t c_row = c.view.row;
  ordo::cpu::product(m, n, k, a.view, b.view, c.numbers.data(), c_row, add);
  double worst = 0;
  bool outside_kept = true;
  for (std::size_t at = 0; at < before.size(); ++at) {
    const std::int64_t i = static_cast<std::int64_t>(at) / c_row;
    const std::int64_t j = static_cast<std::int64_t>(at) % c_row;
    if (i >= m || j >= n) {
      outside_kept = outside_kept && c.numbers[at] == before[at];
      continue;
    }
    double sum = add ? before[at] : 0;
    for (std::int64_t l = 0; l < k; ++l) sum += static_cast<double>(*a.view.at(i, l)) * *b.view.at(l, j);
    worst = std::max(worst, std::abs(c.numbers[at] - sum));
  }
  CHECK(outside_kept);
  CHECK(worst <= 1e-6 * (8 + static_cast<double>(k)));
}

}  // namespace

TEST_CASE("a product is the sum over k, adds where asked, and leaves what is between its rows") {
  for (const std::int64_t m : {0, 1, 2, 7, 65}) {
    for (const std::int64_t n : {0, 1, 3, 50}) {
      for (const std::int64_t k : {0, 1, 5, 600}) {
        for (const bool add : {false, true}) {
          check(m, n, k, true, false, add);
          check(m, n, k, true, true, add);
          check(m, n, k, false, true, add);
        }
      }
    }
  }
}
