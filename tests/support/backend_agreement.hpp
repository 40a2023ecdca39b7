#pragma once
// Compares a backend with the reference in double: each function runs one header's operations, forward and backward,
// on the same awkward random shapes on both, and returns the worst relative error over all that they write.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>
#include <vector>

#include <catch2/catch.hpp>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/concepts/backend.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo::testing {

/// `run(backend)` returns everything that the backend wrote, as a vector of tables.
template <class B, class Run>
[[nodiscard]] double disagreement(const B& b, const Run& run) {
  const auto got = run(b);
  const auto expected = run(Reference<double>{});
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) worst = std::max(worst, relative_error(got[i], expected[i]));
  return worst;
}

/// The scalar of a backend given as a lambda's parameter.
template <class B>
using ScalarHere = typename std::remove_cvref_t<B>::Scalar;

/// A table that an operation should overwrite, or leave alone where it has no business.
template <class R>
[[nodiscard]] Table<R> stale(std::int64_t rows, std::int64_t cols, std::int64_t padding = 0) {
  Table<R> t(rows, cols, padding);
  for (R& x : t.all()) x = R(0.125);
  return t;
}

/// `of` is how many of the table's 11 rows are asked for: few are asked for many times.
template <class B>
[[nodiscard]] double embedding_disagreement(const B& b, std::int64_t slots = 29, std::int64_t width = 37, int of = 11) {
  RandomCase random(1);
  const std::int64_t padding = width % 8 == 0 ? 8 : 3;  // rows that can be moved in eights, or not
  const Table<double> table = random.table(11, width, padding);
  const Table<double> dy = random.table(slots, width, padding);
  const std::vector<std::int32_t> rows = random.indices(slots, of);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> y = stale<R>(slots, width, padding);
    Table<R> dtable = table.as<R>();
    embed(backend, table.as<R>().view(), rows, y.view());
    embed_gradient(backend, dy.as<R>().view(), rows, dtable.view());
    return std::vector<Table<R>>{y, dtable};
  });
}

template <class B>
[[nodiscard]] double rows_disagreement(const B& b) {
  RandomCase random(2);
  const Table<double> x = random.table(40, 37, 3);
  const std::vector<std::int32_t> rows = random.some(40);
  const auto count = static_cast<std::int64_t>(rows.size());
  const Table<double> added_rows = random.table(count, 37, 1);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> y = stale<R>(count, 37, 2);
    Table<R> sum = x.as<R>();
    gather(backend, x.as<R>().view(), rows, y.view());
    scatter_add(backend, added_rows.as<R>().view(), rows, sum.view());
    return std::vector<Table<R>>{y, sum};
  });
}

template <class B>
[[nodiscard]] double rms_norm_disagreement(const B& b, std::int64_t rows = 23, std::int64_t width = 37) {
  RandomCase random(3);
  const Table<double> x = random.table(rows, width, 3);
  const Table<double> dy = random.table(rows, width, 1);
  const Table<double> before = random.table(rows, width, 2);
  const Table<double> gain = random.table(1, width);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> y = stale<R>(rows, width, 2);
    Table<R> inverse_rms = stale<R>(1, rows);
    Table<R> dx = before.as<R>();
    Table<R> dgain = gain.as<R>();
    const Table<R> in = x.as<R>();
    const Table<R> g = gain.as<R>();
    rms_norm(backend, in.view(), g.all(), 1e-5, y.view(), inverse_rms.all());
    rms_norm_gradient(backend, in.view(), g.all(), inverse_rms.all(), dy.as<R>().view(), dx.view(), dgain.all());
    return std::vector<Table<R>>{y, inverse_rms, dx, dgain};
  });
}

template <class B>
[[nodiscard]] double linear_disagreement(const B& b, std::int64_t rows = 21, std::int64_t in = 37,
                                         std::int64_t out = 19) {
  RandomCase random(4);
  const Table<double> x = random.table(rows, in, 3);
  const Table<double> w = random.table(out, in);
  const Table<double> dy = random.table(rows, out, 5);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> y = stale<R>(rows, out, 1);
    Table<R> dx = stale<R>(rows, in, 2);
    Table<R> dw = w.as<R>();
    linear(backend, x.as<R>().view(), w.as<R>().view(), y.view());
    linear_input_gradient(backend, dy.as<R>().view(), w.as<R>().view(), dx.view());
    linear_weight_gradient(backend, dy.as<R>().view(), x.as<R>().view(), dw.view());
    return std::vector<Table<R>>{y, dx, dw};
  });
}

template <class B>
[[nodiscard]] double rotary_disagreement(const B& b, int head_size = 6) {
  RandomCase random(5);
  const int positions = 50;
  const int half = head_size / 2;
  const Table<double> x = random.table(33, 3 * head_size, 4);
  const std::vector<std::int32_t> position = random.indices(33, positions);
  const std::vector<std::int32_t> rows = random.some(80);
  const auto count = static_cast<std::int64_t>(rows.size());
  const Table<double> moving = random.table(count, 2 * head_size, 4);
  const std::vector<std::int32_t> moving_position = random.indices(count, positions);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    const std::vector<R> angles = rotary_angles<R>(positions, head_size, 10000);
    const RotaryTable<R> table{{angles.data(), positions, half}, {angles.data() + positions * half, positions, half}};
    Table<R> forward = x.as<R>();
    Table<R> backward = x.as<R>();
    Table<R> turned = stale<R>(80, 2 * head_size, 4);
    Table<R> moved = stale<R>(80, 2 * head_size, 4);
    const Table<R> in = moving.as<R>();
    rotate(backend, table,
           {{forward.view(), position, forward.view()},
            {in.view(), moving_position, turned.view(), rows},
            {in.view(), {}, moved.view(), rows}},
           head_size, Rotation::forward);
    rotate(backend, table, {{backward.view(), position, backward.view()}}, head_size, Rotation::backward);
    return std::vector<Table<R>>{forward, backward, turned, moved};
  });
}

template <class B>
[[nodiscard]] double swiglu_disagreement(const B& b, std::int64_t rows = 23, std::int64_t hidden = 37) {
  RandomCase random(6);
  Table<double> gate_up = random.table(rows, 2 * hidden, 3);
  gate_up.at(0, 0) = 80;  // both ends of the gate
  gate_up.at(0, 1) = -80;
  const Table<double> dh = random.table(rows, hidden, 1);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> h = stale<R>(rows, hidden, 2);
    Table<R> dgate_up = stale<R>(rows, 2 * hidden, 1);
    swiglu(backend, gate_up.as<R>().view(), h.view());
    swiglu_gradient(backend, gate_up.as<R>().view(), dh.as<R>().view(), dgate_up.view());
    return std::vector<Table<R>>{h, dgate_up};
  });
}

template <class B>
[[nodiscard]] double linear_swiglu_disagreement(const B& b, std::int64_t rows, std::int64_t width,
                                                std::int64_t hidden) {
  RandomCase random(12);
  const Table<double> x = random.table(rows, width, 3);
  const Table<double> w = random.table(2 * hidden, width);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> gate_up = stale<R>(rows, 2 * hidden, 1);
    Table<R> h = stale<R>(rows, hidden, 2);
    linear_swiglu(backend, x.as<R>().view(), w.as<R>().view(), gate_up.view(), h.view());
    return std::vector<Table<R>>{gate_up, h};
  });
}

/// `picks`: rows of the stream, with repeats; otherwise all in order. `inner`: of the branch's product.
template <class B>
[[nodiscard]] double residual_disagreement(const B& b, double rate, bool picks, std::int64_t width = 37,
                                           std::int32_t count = 23, std::int64_t inner = 19) {
  RandomCase random(7);
  const Table<double> x = random.table(count, width, 3);
  const Table<double> h = random.table(count, inner, 1);
  const Table<double> w = random.table(width, inner);
  const Table<double> gain = random.table(1, width);
  std::vector<std::uint64_t> sample(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < sample.size(); ++i) sample[i] = 0x1'0000'0001ULL * (i / 5);
  const std::vector<std::int32_t> slot = random.indices(count, 1000);
  const std::vector<std::int32_t> rows = picks ? random.indices(count, count) : std::vector<std::int32_t>();
  const Dropout dropout = Dropout::at(rate, 99, 3, DropoutSite::feed_forward_branch);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> room = stale<R>(count, width, 1);
    Table<R> sum = stale<R>(count, width, 2);
    Table<R> norm = stale<R>(count, width, 5);
    Table<R> inverse_rms = stale<R>(1, count);
    Table<R> dy = stale<R>(count, width, 2);
    const Table<R> g = gain.as<R>();
    join_branch(backend, x.as<R>().view(), rows, h.as<R>().view(), w.as<R>().view(), dropout, RowPlaces{sample, slot},
                room.view(), sum.view(), {g.all(), 1e-5, norm.view(), inverse_rms.all()});
    dropout_gradient(backend, x.as<R>().view(), dropout, RowPlaces{sample, slot}, dy.view());
    return std::vector<Table<R>>{sum, norm, inverse_rms, dy};
  });
}

template <class B>
[[nodiscard]] double cross_entropy_disagreement(const B& b, std::int64_t rows = 21, std::int32_t vocab = 53,
                                                std::int64_t chunk = 4) {
  RandomCase random(8);
  const Table<double> x = random.table(rows, 17, 3);
  const Table<double> table = random.table(vocab, 17);
  const std::vector<Token> target = random.indices(rows, vocab);
  std::vector<float> weight = as<float>(random.numbers(rows));
  weight[0] = 0;
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> loss = stale<R>(1, rows);
    Table<R> loss_again = stale<R>(1, rows);
    Table<R> dx = stale<R>(rows, 17, 1);
    Table<R> dtable = table.as<R>();
    std::vector<R> scratch(static_cast<std::size_t>(chunk * vocab));
    cross_entropy(backend, x.as<R>().view(), table.as<R>().view(), target, loss.all(), scratch);
    cross_entropy_gradient(backend, x.as<R>().view(), table.as<R>().view(), target, weight, 0.25, loss_again.all(),
                           dx.view(), dtable.view(), scratch);
    return std::vector<Table<R>>{loss, loss_again, dx, dtable};
  });
}

/// fill, copy_values, squared_norm, add_weighted, blend, and three AdamW steps, the last of which must not be done.
template <class B>
[[nodiscard]] double optimizer_disagreement(const B& b, std::int64_t count = 1037) {
  RandomCase random(9);
  const Table<double> start = random.table(1, count);
  const Table<double> gradient = random.table(3, count);
  const std::vector<float> weight = as<float>(random.numbers(count));
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> filled = stale<R>(1, count);
    Table<R> copied = stale<R>(1, count);
    Table<R> average = start.as<R>();
    Table<R> p = start.as<R>();
    Table<R> m(1, count);
    Table<R> v(1, count);
    const Table<R> g = gradient.as<R>();
    const auto length = static_cast<std::size_t>(count);
    fill(backend, filled.all(), R(1.5));
    copy_values(backend, g.all().first(length), copied.all());
    StepSums sums;
    squared_norm(backend, g.all(), &sums.squared_norm);
    add_weighted(backend, weight, g.all().first(length), &sums.loss);
    Table<R> added(1, 2);
    added.at(0, 0) = static_cast<R>(sums.squared_norm);
    added.at(0, 1) = static_cast<R>(sums.loss);
    blend(backend, average.all(), g.all().first(length), 0.75);
    const std::vector<DecayRange> decays = {{count / 3, 0.1}, {count / 3, 9.0}, {count / 2, 0.0}, {count, 0.3}};
    AdamWStep step;
    double power1 = 1;
    double power2 = 1;
    for (std::size_t i = 0; i < 3; ++i) {
      power1 *= step.beta1;
      power2 *= step.beta2;
      step.correction1 = 1 - power1;
      step.correction2 = 1 - power2;
      step.clip = 0.5 * std::sqrt(sums.squared_norm);
      if (i == 2) sums.loss = std::numeric_limits<double>::quiet_NaN();
      adamw(backend, p.all(), g.all().subspan(i * length, length), m.all(), v.all(), decays, &step, &sums);
    }
    return std::vector<Table<R>>{filled, copied, added, average, p, m, v};
  });
}

/// One packed batch of these lengths under this rule, `gap` unused key rows before each sequence. The matrices have
/// strides as when they are columns of a wider one.
template <class B, class Rule>
[[nodiscard]] double attention_disagreement(const B& b, std::span<const std::int32_t> lengths, const Rule& rule,
                                            Asking asking, double dropout_rate, int head_size, int heads = 3,
                                            std::int32_t gap = 0) {
  RandomCase random(10);
  const PackedCase<Rule> packed = pack(random, lengths, rule, asking, gap);
  const std::int64_t width = heads * head_size;
  const std::int64_t nq = packed.queries;
  const std::int64_t nk = packed.keys;
  const Table<double> q = random.table(nq, width, 2);
  const Table<double> k = random.table(nk, width, width);
  const Table<double> v = random.table(nk, width, width);
  const Table<double> dout = random.table(nq, width);
  const Dropout dropout = Dropout::at(dropout_rate, 5, 2, DropoutSite::attention);
  return disagreement(b, [&](const auto& backend) {
    using R = ScalarHere<decltype(backend)>;
    Table<R> out = stale<R>(nq, width, 1);
    Table<R> lse = stale<R>(nq, heads);
    Table<R> dq = stale<R>(nq, width, 1);
    Table<R> dk = stale<R>(nk, width, width);
    Table<R> dv = stale<R>(nk, width, width);
    const Table<R> q1 = q.as<R>();
    const Table<R> k1 = k.as<R>();
    const Table<R> v1 = v.as<R>();
    const AttentionLayout<Rule> layout = packed.layout(head_size);
    attention(backend, layout, dropout, q1.view(), k1.view(), v1.view(), out.view(), lse.view());
    attention_gradient(backend, layout, dropout, q1.view(), k1.view(), v1.view(), out.view(), lse.view(),
                       dout.as<R>().view(), dq.view(), dk.view(), dv.view());
    return std::vector<Table<R>>{out, lse, dq, dk, dv};
  });
}

/// The worst over queries (all, some), dropout (off, on), and head sizes; lengths on both sides of a tile's.
template <class B, class Rule>
[[nodiscard]] double attention_disagreement(const B& b, const Rule& rule) {
  const std::vector<std::int32_t> lengths = {5, 70, 1, 33, 130};
  double worst = 0;
  for (const Asking asking : {Asking::every, Asking::some}) {
    for (const double rate : {0.0, 0.25}) {
      for (const int head_size : {6, 32}) {
        worst = std::max(worst, attention_disagreement(b, lengths, rule, asking, rate, head_size));
      }
    }
  }
  return std::max(worst, attention_disagreement(b, lengths, rule, Asking::some, 0.1, 8, 2, 4));
}

/// Calls check(disagreement) with a function of the backend for every operation but attention, linear layers and the
/// cross-entropy, on sizes that suit any backend.
template <class Check>
void for_each_disagreement(std::int64_t hidden, std::int64_t count, const Check& check) {
  check([](const auto& b) { return embedding_disagreement(b); });
  check([](const auto& b) { return embedding_disagreement(b, 300, 37, 3); });
  check([](const auto& b) { return embedding_disagreement(b, 129, 40, 2); });
  check([](const auto& b) { return embedding_disagreement(b, 64, 264, 1); });
  check([](const auto& b) { return rows_disagreement(b); });
  check([](const auto& b) { return rms_norm_disagreement(b); });
  check([](const auto& b) { return rms_norm_disagreement(b, 1, 1); });
  check([](const auto& b) { return rms_norm_disagreement(b, 201, 192); });
  check([](const auto& b) { return rotary_disagreement(b); });
  check([](const auto& b) { return rotary_disagreement(b, 64); });
  check([](const auto& b) { return swiglu_disagreement(b); });
  check([](const auto& b) { return swiglu_disagreement(b, 1, 1); });
  check([=](const auto& b) { return swiglu_disagreement(b, 130, hidden); });
  for (const std::int64_t rows : {1, 2, 3, 8, 9}) {
    check([=](const auto& b) { return linear_swiglu_disagreement(b, rows, 264, 13); });
    check([=](const auto& b) { return linear_swiglu_disagreement(b, rows, 37, 5); });
  }
  for (const double rate : {0.0, 0.1, 0.5}) {
    for (const bool picks : {true, false}) {
      check([=](const auto& b) { return residual_disagreement(b, rate, picks); });
      check([=](const auto& b) { return residual_disagreement(b, rate, picks, 192); });
      for (const std::int32_t rows : {1, 5}) {  // as many as a step of sampling may have
        check([=](const auto& b) { return residual_disagreement(b, rate, picks, 40, rows, 24); });
        check([=](const auto& b) { return residual_disagreement(b, rate, picks, 37, rows, 24); });
      }
    }
  }
  check([](const auto& b) { return optimizer_disagreement(b); });
  check([](const auto& b) { return optimizer_disagreement(b, 1); });
  check([=](const auto& b) { return optimizer_disagreement(b, count); });
}

template <class B>
void check_operations(const B& b, double tolerance, std::int64_t hidden, std::int64_t count) {
  for_each_disagreement(hidden, count, [&](const auto& disagreement) { CHECK(disagreement(b) < tolerance); });
}

}  // namespace ordo::testing
