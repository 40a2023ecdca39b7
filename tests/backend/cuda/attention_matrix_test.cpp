// Attention on matrix units, on an emulated device, against the reference in double: in bf16 its error may be twice
// that of plain loops that round probabilities and results to bf16, as it must.

#define ORDO_EMULATE_CUDA

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdint>
#include <vector>

#include <support/backend_agreement.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/cuda/attention_matrix.cuh>
#include <ordo/backend/reference/attention.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

/// Rows of bf16 that begin at multiples of 16 bytes, with the same numbers in double.
struct Numbers {
  std::int64_t rows;
  std::int64_t cols;
  std::int64_t stride;
  HostBuffer<bf16> numbers;
  Table<double> exact;

  Numbers(RandomCase& random, std::int64_t r, std::int64_t c, std::int64_t padding)
      : rows(r), cols(c), stride(c + padding), numbers(static_cast<std::size_t>(r * (c + padding))), exact(r, c) {
    for (std::int64_t i = 0; i < r; ++i) {
      for (std::int64_t j = 0; j < c; ++j) {
        const bf16 x = static_cast<float>(random.number());
        numbers[static_cast<std::size_t>(i * stride + j)] = x;
        exact.at(i, j) = static_cast<double>(static_cast<float>(x));
      }
    }
  }
  [[nodiscard]] Matrix<const bf16> view() const { return {numbers.data(), rows, cols, stride}; }
};

double rounded(double x) { return static_cast<double>(static_cast<float>(bf16(static_cast<float>(x)))); }

/// The reference's loops with probabilities and results rounded to bf16.
template <class Rule>
Table<double> plain_bf16(const AttentionLayout<Rule>& layout, Dropout dropout, const Table<double>& q,
                         const Table<double>& k, const Table<double>& v) {
  Table<double> out(q.view().rows, q.view().cols);
  const std::int64_t d = layout.head_size;
  reference::for_each_query(layout, [&](const auto& sequence, std::int32_t row, const auto& seen) {
    const std::int32_t slot = layout.query_slot[static_cast<std::size_t>(row)];
    for (std::int64_t h = 0; h < q.view().cols / d; ++h) {
      std::vector<double> score;
      double largest = -1e300;
      for (const std::int32_t j : seen) {
        const double* key = k.view().row(sequence.key_begin + j) + h * d;
        score.push_back(reference::dot(q.view().row(row) + h * d, key, d) / std::sqrt(static_cast<double>(d)));
        largest = std::max(largest, score.back());
      }
      double sum = 0;
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const double p = std::exp(score[i] - largest);
        sum += p;
        score[i] = rounded(p * reference::attention_factor<double>(dropout, sequence.sample, h, slot, seen[i]));
      }
      for (std::int64_t c = 0; c < d; ++c) {
        double o = 0;
        for (std::size_t i = 0; i < seen.size(); ++i) {
          o += score[i] * v.view().row(sequence.key_begin + seen[i])[h * d + c];
        }
        out.at(row, h * d + c) = sum > 0 ? rounded(o / sum) : 0;
      }
    }
  });
  return out;
}

/// Runs one packed batch and compares out and lse.
template <class Rule>
void check_case(const std::vector<std::int32_t>& lengths, const Rule& rule, Asking asking, double rate, int head_size,
                int heads = 2) {
  RandomCase random(12);
  const PackedCase<Rule> packed = pack(random, lengths, rule, asking, 3);
  const std::int64_t width = heads * head_size;
  const Numbers q(random, packed.queries, width, 8);
  const Numbers k(random, packed.keys, width, width);
  const Numbers v(random, packed.keys, width, width);
  const Dropout dropout = Dropout::at(rate, 5, 2, DropoutSite::attention);
  const AttentionLayout<Rule> layout = packed.layout(head_size);

  Table<double> expected(packed.queries, width);
  Table<double> expected_lse(packed.queries, heads);
  attention(Reference<double>{}, layout, dropout, q.exact.view(), k.exact.view(), v.exact.view(), expected.view(),
            expected_lse.view());
  const Table<double> plain = plain_bf16(layout, dropout, q.exact, k.exact, v.exact);

  HostBuffer<bf16> out(static_cast<std::size_t>(packed.queries * width));
  Table<float> lse = stale<float>(packed.queries, heads);
  cuda::attention_matrix(cuda::Queue{}, layout, dropout, q.view(), k.view(), v.view(),
                         {out.data(), packed.queries, width}, lse.view());
  Table<double> got(packed.queries, width);
  for (std::int64_t r = 0; r < packed.queries; ++r) {
    for (std::int64_t c = 0; c < width; ++c) {
      got.at(r, c) = static_cast<double>(static_cast<float>(out[static_cast<std::size_t>(r * width + c)]));
    }
  }
  CHECK(relative_error(got, expected) <= 2 * relative_error(plain, expected));
  CHECK(relative_error(lse, expected_lse) < 5e-6);
}

}  // namespace

TEST_CASE("bf16 attention agrees with the reference under every kind of rule") {
  const std::vector<std::int32_t> lengths = {5, 70, 1, 130};
  for (const Asking asking : {Asking::every, Asking::some}) {
    check_case(lengths, Causal{}, asking, 0.0, 32);
    check_case(lengths, Full{}, asking, 0.25, 32);
    check_case(lengths, BlocksAndPrefix{}, asking, 0.0, 32);
  }
  check_case(lengths, OneOfRules<Causal, BlocksAndPrefix>(BlocksAndPrefix{5, 2}), Asking::every, 0.0, 32);
}

TEST_CASE("bf16 attention agrees with the reference for every head size and at the edges of tiles") {
  for (const int head_size : {32, 64, 128}) {
    INFO("head size " << head_size);
    check_case({67}, Causal{}, Asking::every, 0.1, head_size, 1);
  }
  for (const std::int32_t length : {15, 16, 63, 64, 65, 128, 193}) {
    INFO("length " << length);
    check_case({length}, Causal{}, Asking::every, 0.0, 32, 1);
  }
}

TEST_CASE("bf16 attention agrees with the reference under block diffusion's rule") {
  RandomChoices choices(0, Purpose::test, 0);
  std::vector<Slot> slots;
  const auto rule = Blockwise<dynamic, MaskedDiffusion<>>{16}.plan({100}, choices, slots);
  check_case({static_cast<std::int32_t>(slots.size())}, rule, Asking::every, 0.1, 32, 1);
}

TEST_CASE("bf16 attention refuses head sizes and rows that matrix units do not take") {
  CHECK_THROWS_WITH(check_case({3}, Full{}, Asking::every, 0, 96),
                    "[ordo] attention: in bf16 the head size must be 32, 64 or 128 (got 96)");
  RandomCase random(1);
  const PackedCase<Full> packed = pack(random, std::vector<std::int32_t>{2}, Full{}, Asking::every);
  const Numbers x(random, 2, 32, 1);
  HostBuffer<bf16> out(64);
  Table<float> lse(2, 1);
  CHECK_THROWS_WITH(cuda::attention_matrix(cuda::Queue{}, packed.layout(32), Dropout::off(), x.view(), x.view(),
                                           x.view(), {out.data(), 2, 32}, lse.view()),
                    Catch::Contains("must begin at multiples of 16 bytes (got a stride of 33 numbers)"));
}
