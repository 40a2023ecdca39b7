#pragma once
// Attention on matrix units against the reference in double: in bf16 its error may be twice that of plain loops that
// round probabilities and results to bf16, as it must. The same cases run on an emulated device
// (attention_matrix_test.cpp) and on a GPU (device_test.cu). repeats: how often a backward pass must give the same
// bits.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <support/backend_agreement.hpp>
#include <support/mirrored_device.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/cuda/attention_routes.cuh>
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
  void no_numbers(std::int64_t row) {
    for (std::int64_t j = 0; j < cols; ++j) {
      numbers[static_cast<std::size_t>(row * stride + j)] = std::numeric_limits<float>::quiet_NaN();
    }
  }
};

double rounded(double x) { return static_cast<double>(static_cast<float>(bf16(static_cast<float>(x)))); }

struct Results {
  Table<double> out;
  Table<double> lse;
  Table<double> dq;
  Table<double> dk;
  Table<double> dv;
};

/// The reference's loops with probabilities, what flows back through them, and results rounded to bf16.
template <class Rule>
Results plain_bf16(const AttentionLayout<Rule>& layout, Dropout dropout, const Table<double>& q, const Table<double>& k,
                   const Table<double>& v, const Table<double>& dout) {
  const std::int64_t d = layout.head_size;
  const std::int64_t width = q.view().cols;
  const std::int64_t nk = k.view().rows;
  Results r{Table<double>(q.view().rows, width),
            {},
            Table<double>(q.view().rows, width),
            Table<double>(nk, width),
            Table<double>(nk, width)};
  const double scale = 1 / std::sqrt(static_cast<double>(d));
  reference::for_each_query(layout, [&](const auto& sequence, std::int32_t row, const auto& seen) {
    const std::int32_t slot = layout.query_slot[static_cast<std::size_t>(row)];
    for (std::int64_t h = 0; h < width / d; ++h) {
      const auto key = [&](const Table<double>& of, std::int32_t j) {
        return of.view().row(sequence.key_begin + j) + h * d;
      };
      const auto factor = [&](std::int32_t j) {
        return reference::attention_factor<double>(dropout, sequence.sample, h, slot, j);
      };
      const double* query = q.view().row(row) + h * d;
      const double* back = dout.view().row(row) + h * d;
      std::vector<double> p;
      double largest = -1e300;
      for (const std::int32_t j : seen) {
        p.push_back(scale * reference::dot(query, key(k, j), d));
        largest = std::max(largest, p.back());
      }
      double sum = 0;
      for (double& x : p) {
        x = std::exp(x - largest);
        sum += x;
      }
      double along = 0;
      for (std::int64_t c = 0; c < d; ++c) {
        double o = 0;
        for (std::size_t i = 0; i < seen.size(); ++i) o += rounded(factor(seen[i]) * p[i]) * key(v, seen[i])[c];
        r.out.at(row, h * d + c) = sum > 0 ? rounded(o / sum) : 0;
        along += r.out.at(row, h * d + c) * back[c];
      }
      for (std::size_t i = 0; i < seen.size(); ++i) {
        const double share = p[i] / sum;
        const double dp = factor(seen[i]) * reference::dot(back, key(v, seen[i]), d);
        const double ds = rounded(scale * share * (dp - along));
        for (std::int64_t c = 0; c < d; ++c) {
          r.dq.at(row, h * d + c) += ds * key(k, seen[i])[c];
          r.dk.at(sequence.key_begin + seen[i], h * d + c) += ds * query[c];
          r.dv.at(sequence.key_begin + seen[i], h * d + c) += rounded(factor(seen[i]) * share) * back[c];
        }
      }
    }
  });
  for (Table<double>* table : {&r.dq, &r.dk, &r.dv}) {
    for (double& x : table->all()) x = rounded(x);
  }
  return r;
}

/// A matrix of bf16 on the device, full of numbers that an operation should overwrite, and what it holds.
struct Written {
  HostBuffer<bf16> numbers;
  std::int64_t rows;
  std::int64_t cols;

  Written(std::int64_t r, std::int64_t c) : numbers(static_cast<std::size_t>(r * c)), rows(r), cols(c) {
    for (bf16& x : numbers.span()) x = 0.125F;
  }
  [[nodiscard]] Matrix<bf16> view() { return {numbers.data(), rows, cols}; }
  [[nodiscard]] Matrix<const bf16> view() const { return {numbers.data(), rows, cols}; }
  [[nodiscard]] bool same_bits(const Written& other) const {
    return std::equal(numbers.data(), numbers.data() + numbers.size(), other.numbers.data(),
                      [](bf16 a, bf16 b) { return a.bits == b.bits; });
  }
  [[nodiscard]] Table<double> table() const {
    Table<double> t(rows, cols);
    for (std::size_t i = 0; i < numbers.size(); ++i) t.all()[i] = static_cast<double>(static_cast<float>(numbers[i]));
    return t;
  }
};

/// How attention is worked out.
enum class Way { chosen, matrix, warpgroup };

/// Those of the two ways to work out many queries that run here.
std::vector<Way> ways() {
  if (Cuda().context().has_warpgroups()) return {Way::matrix, Way::warpgroup};
  return {Way::matrix};
}

template <class... Views>
void attend(Way way, const Cuda& b, const Views&... views) {
  switch (way) {
    case Way::chosen: return attention(b, views...);
    case Way::matrix: return ordo::cuda::attention_matrix(b.queue(), views...);
    case Way::warpgroup: return ordo::cuda::attention_warpgroup(b.queue(), views...);
  }
}
template <class... Views>
void attend_back(Way way, const Cuda& b, const Views&... views) {
  switch (way) {
    case Way::chosen: return attention_gradient(b, views...);
    case Way::matrix: return ordo::cuda::attention_matrix_gradient(b.context(), views...);
    case Way::warpgroup: return ordo::cuda::attention_warpgroup_gradient(b.context(), views...);
  }
}

/// Runs one packed batch, forward and backward, and compares all that is written.
template <class Rule>
void check_way(Way way, const std::vector<std::int32_t>& lengths, const Rule& rule, Asking asking, double rate,
               int head_size, int heads = 2, int times = 1) {
  RandomCase random(12);
  const PackedCase<Rule> packed = pack(random, lengths, rule, asking, 3);
  const std::int64_t width = heads * head_size;
  const std::int64_t nq = packed.queries;
  const std::int64_t nk = packed.keys;
  const Numbers q(random, nq, width, 8);
  Numbers k(random, nk, width, width);
  Numbers v(random, nk, width, width);
  const Numbers dout(random, nq, width, 0);
  const Dropout dropout = Dropout::at(rate, 5, 2, DropoutSite::attention);
  const AttentionLayout<Rule> layout = packed.layout(head_size);

  const Reference<double> exact;
  Results expected{Table<double>(nq, width), Table<double>(nq, heads), Table<double>(nq, width),
                   Table<double>(nk, width), Table<double>(nk, width)};
  attention(exact, layout, dropout, q.exact.view(), k.exact.view(), v.exact.view(), expected.out.view(),
            expected.lse.view());
  attention_gradient(exact, layout, dropout, q.exact.view(), k.exact.view(), v.exact.view(), expected.out.view(),
                     expected.lse.view(), dout.exact.view(), expected.dq.view(), expected.dk.view(),
                     expected.dv.view());
  const Results plain = plain_bf16(layout, dropout, q.exact, k.exact, v.exact, dout.exact);

  // What lies between sequences is no number, and must not count.
  std::int64_t owned_to = 0;
  for (const auto& sequence : packed.sequences) {
    for (std::int64_t row = owned_to; row < sequence.key_begin; ++row) {
      k.no_numbers(row);
      v.no_numbers(row);
    }
    owned_to = sequence.key_begin + sequence.keys;
  }

  const Mirrored<Cuda> device;
  const auto forward = [way](const auto&... views) { attend(way, views...); };
  const auto backward = [way](const auto&... views) { attend_back(way, views...); };
  Written out(nq, width);
  Table<float> lse = stale<float>(nq, heads);
  mirrored(device, forward, layout, dropout, q.view(), k.view(), v.view(), out.view(), lse.view());
  CHECK(relative_error(lse, expected.lse) < 5e-6);
  CHECK(relative_error(out.table(), expected.out) <= 2 * relative_error(plain.out, expected.out));

  Written dq(nq, width);
  Written dk(nk, width);
  Written dv(nk, width);
  const auto run_backward = [&](Written& dq_to, Written& dk_to, Written& dv_to) {
    mirrored(device, backward, layout, dropout, q.view(), k.view(), v.view(), std::as_const(out).view(),
             std::as_const(lse).view(), dout.view(), dq_to.view(), dk_to.view(), dv_to.view());
  };
  run_backward(dq, dk, dv);
  CHECK(relative_error(dq.table(), expected.dq) <= 2 * relative_error(plain.dq, expected.dq));
  CHECK(relative_error(dk.table(), expected.dk) <= 2 * relative_error(plain.dk, expected.dk));
  CHECK(relative_error(dv.table(), expected.dv) <= 2 * relative_error(plain.dv, expected.dv));
  for (int i = 1; i < times; ++i) {
    Written dq_again(nq, width);
    Written dk_again(nk, width);
    Written dv_again(nk, width);
    run_backward(dq_again, dk_again, dv_again);
    if (!dq.same_bits(dq_again) || !dk.same_bits(dk_again) || !dv.same_bits(dv_again)) {
      FAIL("backward pass " << i << " gave other bits");
    }
  }
}

/// The same, every way that runs here.
template <class Rule>
void check_case(const std::vector<std::int32_t>& lengths, const Rule& rule, Asking asking, double rate, int head_size,
                int heads = 2, int times = 1) {
  for (const Way way : ways()) {
    INFO((way == Way::warpgroup ? "products of four warps" : "products of a warp"));
    check_way(way, lengths, rule, asking, rate, head_size, heads, times);
  }
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
  for (const std::int32_t length : {15, 16, 63, 64, 65, 128, 129, 193, 300}) {
    INFO("length " << length);
    check_case({length}, Causal{}, Asking::every, 0.0, 32, 1);
  }
}

TEST_CASE("bf16 attention of a few queries to many keys agrees with the reference") {
  for (const int head_size : {32, 64, 128}) {
    INFO("head size " << head_size);
    check_way(Way::chosen, {1, 200, 2, 65, 64, 333}, Causal{}, Asking::last, 0.0, head_size, 1);
  }
  check_way(Way::chosen, {9, 150, 300}, BlocksAndPrefix{}, Asking::last, 0.0, 64, 2);
}

TEST_CASE("bf16 attention agrees with the reference under block diffusion's rule") {
  RandomChoices choices(0, Purpose::test, 0);
  std::vector<Slot> slots;
  const auto rule = Blockwise<dynamic, MaskedDiffusion<>>{16}.plan({100}, choices, slots);
  check_case({static_cast<std::int32_t>(slots.size())}, rule, Asking::every, 0.1, 32, 1);
}

TEST_CASE("bf16 attention's gradients of a sequence do not follow from the numbers of another") {
  const std::vector<std::int32_t> lengths = {70, 90, 30};
  constexpr int width = 32;
  RandomCase random(3);
  const PackedCase<Causal> packed = pack(random, lengths, Causal{}, Asking::every);
  const AttentionLayout<Causal> layout = packed.layout(width);
  const Mirrored<Cuda> device;
  for (const Way way : ways()) {
    Numbers q(random, packed.queries, width, 0);
    const Numbers k(random, packed.keys, width, 0);
    const Numbers v(random, packed.keys, width, 0);
    Numbers dout(random, packed.queries, width, 0);
    Written out(packed.queries, width);
    Table<float> lse = stale<float>(packed.queries, 1);
    const auto forward = [way](const auto&... views) { attend(way, views...); };
    mirrored(device, forward, layout, Dropout::off(), q.view(), k.view(), v.view(), out.view(), lse.view());
    struct Gradients {
      Written q;
      Written k;
      Written v;
    };
    const auto gradients = [&] {
      Gradients g{{packed.queries, width}, {packed.keys, width}, {packed.keys, width}};
      const auto backward = [way](const auto&... views) { attend_back(way, views...); };
      mirrored(device, backward, layout, Dropout::off(), q.view(), k.view(), v.view(), std::as_const(out).view(),
               std::as_const(lse).view(), dout.view(), g.q.view(), g.k.view(), g.v.view());
      return g;
    };
    const Gradients whole = gradients();
    const AttentionSequence<Causal>& middle = packed.sequences[1];
    for (std::int64_t row = 0; row < packed.queries; ++row) {
      if (row >= middle.query_begin && row < middle.query_begin + middle.queries) continue;
      q.no_numbers(row);
      dout.no_numbers(row);
    }
    const Gradients alone = gradients();
    const auto same = [&](const Written& a, const Written& b, std::int32_t begin, std::int32_t count) {
      const auto first = static_cast<std::ptrdiff_t>(begin) * width;
      return std::equal(a.numbers.data() + first, a.numbers.data() + first + static_cast<std::ptrdiff_t>(count) * width,
                        b.numbers.data() + first, [](bf16 x, bf16 y) { return x.bits == y.bits; });
    };
    CHECK(same(whole.q, alone.q, middle.query_begin, middle.queries));
    CHECK(same(whole.k, alone.k, middle.key_begin, middle.keys));
    CHECK(same(whole.v, alone.v, middle.key_begin, middle.keys));
  }
}

TEST_CASE("bf16 attention's backward pass gives the same bits each time") {
  check_case({130, 70}, Causal{}, Asking::every, 0.1, 64, 2, repeats);
}

TEST_CASE("bf16 attention refuses head sizes and rows that matrix units do not take") {
  CHECK_THROWS_WITH(check_case({3}, Full{}, Asking::every, 0, 96),
                    "[ordo] attention: in bf16 the head size must be 32, 64 or 128 (got 96)");
  RandomCase random(1);
  const PackedCase<Full> packed = pack(random, std::vector<std::int32_t>{2}, Full{}, Asking::every);
  const Numbers x(random, 2, 32, 1);
  Written out(2, 32);
  Table<float> lse(2, 1);
  CHECK_THROWS_WITH(ordo::cuda::attention_matrix(ordo::cuda::Queue{}, packed.layout(32), Dropout::off(), x.view(),
                                                 x.view(), x.view(), out.view(), lse.view()),
                    Catch::Contains("must begin at multiples of 16 bytes (got a stride of 33 numbers)"));
}
