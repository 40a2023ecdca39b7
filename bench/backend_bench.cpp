// Times every operation of the CPU backend at the shapes of two models, in GFLOP/s where it multiplies matrices and
// in GB/s where it streams memory, beside the peak of the register tile.
//
//   backend_bench --benchmark_filter=small        the 7M shape with a byte vocabulary, 2048 rows
//   backend_bench --benchmark_filter=gpt2         GPT-2 124M, 4 x 64 rows

#include <benchmark/benchmark.h>

#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/core/rotary.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

namespace {

using namespace ordo;

struct Sizes {
  const char* name;
  std::int64_t rows, length, width, heads, hidden, vocab, chunk;  // chunk: rows of logits at a time
};
constexpr Sizes small_shape{"small", 2048, 256, 128, 4, 320, 256, 2048};
constexpr Sizes gpt2_shape{"gpt2", 256, 64, 768, 12, 2048, 50257, 64};

/// Numbers between -1 and 1; not random, but no two rows alike.
std::vector<float> numbers(std::int64_t count) {
  std::vector<float> v(static_cast<std::size_t>(count));
  std::uint32_t state = 1;
  for (float& x : v) {
    state = state * 1664525U + 1013904223U;
    x = static_cast<float>(state >> 8) * 0x1.0p-23F - 1.0F;
  }
  return v;
}

/// A matrix that owns its numbers.
struct Owned {
  Owned(std::int64_t rows, std::int64_t cols) : values(numbers(rows * cols)), view(values.data(), rows, cols) {}
  std::vector<float> values;
  Matrix<float> view;
};

double giga(double work) { return work * 1e-9; }

void report(benchmark::State& state, const char* unit, double work) {
  state.counters[unit] = benchmark::Counter(giga(work), benchmark::Counter::kIsIterationInvariantRate);
}

void add(const std::string& name, const std::function<void(benchmark::State&)>& f) {
  benchmark::RegisterBenchmark(name.c_str(), f)->Unit(benchmark::kMicrosecond)->UseRealTime();
}

/// The register tile alone, its panel in the first cache: the rate to compare with.
void add_peak() {
  add("peak/tile", [](benchmark::State& state) {
    constexpr std::int64_t depth = 128;
    const std::vector<float> a = numbers(cpu::tile_rows * depth);
    const std::vector<float> panel = numbers(cpu::tile_cols * depth);
    std::vector<float> c(cpu::tile_rows * cpu::tile_cols);
    for (auto _ : state) {
      for (int i = 0; i < 100; ++i) {
        cpu::product_tile<cpu::tile_rows, cpu::tile_vectors>(depth, {a.data(), depth, 1}, panel.data(), cpu::tile_cols,
                                                             c.data(), cpu::tile_cols, false);
        benchmark::DoNotOptimize(c.data());
      }
    }
    report(state, "GFLOP/s", 2.0 * cpu::tile_rows * cpu::tile_cols * depth * 100);
  });
}

void add_linear(const std::string& name, const Cpu& b, std::int64_t rows, std::int64_t in, std::int64_t out) {
  const double work = 2.0 * static_cast<double>(rows * in * out);
  add(name + "/forward", [=](benchmark::State& state) {
    const Owned x(rows, in), w(out, in), y(rows, out);
    for (auto _ : state) linear(b, x.view, w.view, y.view);
    report(state, "GFLOP/s", work);
  });
  add(name + "/input_gradient", [=](benchmark::State& state) {
    const Owned dx(rows, in), w(out, in), dy(rows, out);
    for (auto _ : state) linear_input_gradient(b, dy.view, w.view, dx.view);
    report(state, "GFLOP/s", work);
  });
  add(name + "/weight_gradient", [=](benchmark::State& state) {
    const Owned x(rows, in), dw(out, in), dy(rows, out);
    for (auto _ : state) linear_weight_gradient(b, dy.view, x.view, dw.view);
    report(state, "GFLOP/s", work);
  });
}

template <class Rule>
void add_attention(const std::string& name, const Cpu& b, Sizes s, double rate, double pairs) {
  const auto layout = [=](std::vector<AttentionSequence<Rule>>& sequences, std::vector<std::int32_t>& slots) {
    for (std::int64_t first = 0; first < s.rows; first += s.length) {
      const auto begin = static_cast<std::int32_t>(first);
      const auto length = static_cast<std::int32_t>(s.length);
      sequences.push_back({begin, length, begin, length, static_cast<std::uint64_t>(first), Rule{}});
      for (std::int32_t i = 0; i < length; ++i) slots.push_back(i);
    }
    return AttentionLayout<Rule>{static_cast<int>(s.width / s.heads), sequences, slots};
  };
  const Dropout dropout = Dropout::at(rate, 1, 0, DropoutSite::attention);
  const double work = 4.0 * pairs * static_cast<double>(s.rows * s.width);  // two products, pairs per query
  add(name + "/forward", [=](benchmark::State& state) {
    const Owned qkv(s.rows, 3 * s.width), out(s.rows, s.width), lse(s.rows, s.heads);
    std::vector<AttentionSequence<Rule>> sequences;
    std::vector<std::int32_t> slots;
    const auto l = layout(sequences, slots);
    for (auto _ : state) {
      attention(b, l, dropout, qkv.view.columns(0, s.width), qkv.view.columns(s.width, s.width),
                qkv.view.columns(2 * s.width, s.width), out.view, lse.view);
    }
    report(state, "GFLOP/s", work);
  });
  add(name + "/gradient", [=](benchmark::State& state) {
    const Owned qkv(s.rows, 3 * s.width), out(s.rows, s.width), lse(s.rows, s.heads), dout(s.rows, s.width);
    const Owned dqkv(s.rows, 3 * s.width);
    std::vector<AttentionSequence<Rule>> sequences;
    std::vector<std::int32_t> slots;
    const auto l = layout(sequences, slots);
    const Matrix<float> q = qkv.view.columns(0, s.width);
    const Matrix<float> k = qkv.view.columns(s.width, s.width);
    const Matrix<float> v = qkv.view.columns(2 * s.width, s.width);
    attention(b, l, dropout, q, k, v, out.view, lse.view);
    for (auto _ : state) {
      attention_gradient(b, l, dropout, q, k, v, out.view, lse.view, dout.view, dqkv.view.columns(0, s.width),
                         dqkv.view.columns(s.width, s.width), dqkv.view.columns(2 * s.width, s.width));
    }
    report(state, "GFLOP/s", 2.5 * work);
  });
}

void add_rowwise(const std::string& name, const Cpu& b, Sizes s) {
  const double row = 4.0 * static_cast<double>(s.rows * s.width);  // bytes of a matrix (S, C)
  add(name + "/rms_norm", [=](benchmark::State& state) {
    const Owned x(s.rows, s.width), y(s.rows, s.width);
    std::vector<float> gain = numbers(s.width), inverse(static_cast<std::size_t>(s.rows));
    for (auto _ : state) rms_norm(b, x.view, gain, 1e-5, y.view, inverse);
    report(state, "GB/s", 2 * row);
  });
  add(name + "/rms_norm_gradient", [=](benchmark::State& state) {
    const Owned x(s.rows, s.width), dy(s.rows, s.width), dx(s.rows, s.width);
    std::vector<float> gain = numbers(s.width), dgain = gain, inverse(static_cast<std::size_t>(s.rows));
    for (auto _ : state) rms_norm_gradient(b, x.view, gain, inverse, dy.view, dx.view, dgain);
    report(state, "GB/s", 4 * row);
  });
  add(name + "/swiglu", [=](benchmark::State& state) {
    const Owned x(s.rows, 2 * s.hidden), h(s.rows, s.hidden);
    for (auto _ : state) swiglu(b, x.view, h.view);
    report(state, "GB/s", 12.0 * static_cast<double>(s.rows * s.hidden));
  });
  add(name + "/swiglu_gradient", [=](benchmark::State& state) {
    const Owned x(s.rows, 2 * s.hidden), dh(s.rows, s.hidden), dx(s.rows, 2 * s.hidden);
    for (auto _ : state) swiglu_gradient(b, x.view, dh.view, dx.view);
    report(state, "GB/s", 20.0 * static_cast<double>(s.rows * s.hidden));
  });
  for (const double rate : {0.0, 0.1}) {
    add(name + (rate > 0 ? "/join_dropout" : "/join"), [=](benchmark::State& state) {
      const Owned x(s.rows, s.width), branch(s.rows, s.width), y(s.rows, s.width);
      std::vector<std::int32_t> rows(static_cast<std::size_t>(s.rows));
      std::iota(rows.begin(), rows.end(), 0);
      const std::vector<std::uint64_t> sample(static_cast<std::size_t>(s.rows), 3);
      const std::vector<std::int32_t> slot(static_cast<std::size_t>(s.rows), 5);
      const Dropout dropout = Dropout::at(rate, 1, 0, DropoutSite::attention_branch);
      for (auto _ : state) cpu::join(b, x.view, rows, branch.view, dropout, {sample, slot}, y.view);
      report(state, "GB/s", 3 * row);
    });
  }
  add(name + "/rotate", [=](benchmark::State& state) {
    const Owned x(s.rows, s.width);
    const auto head_size = static_cast<int>(s.width / s.heads);
    const auto angles = rotary_angles<float>(static_cast<int>(s.length), head_size, 10000);
    const float* sine = angles.data() + s.length * head_size / 2;
    const RotaryTable<float> table{{angles.data(), s.length, head_size / 2}, {sine, s.length, head_size / 2}};
    std::vector<std::int32_t> position;
    for (std::int64_t i = 0; i < s.rows; ++i) position.push_back(static_cast<std::int32_t>(i % s.length));
    for (auto _ : state) rotate(b, table, {{x.view, position, x.view}}, head_size, Rotation::forward);
    report(state, "GB/s", 2 * row);
  });
  add(name + "/embed_gradient", [=](benchmark::State& state) {
    const Owned dy(s.rows, s.width), table(s.vocab, s.width);
    std::vector<std::int32_t> rows;
    for (std::int64_t i = 0; i < s.rows; ++i) rows.push_back(static_cast<std::int32_t>(i * 7919 % s.vocab));
    for (auto _ : state) embed_gradient(b, dy.view, rows, table.view);
    report(state, "GB/s", 3 * row);
  });
}

void add_loss(const std::string& name, const Cpu& b, Sizes s) {
  add(name + "/cross_entropy_gradient", [=](benchmark::State& state) {
    const Owned x(s.rows, s.width), table(s.vocab, s.width), dx(s.rows, s.width), dtable(s.vocab, s.width);
    const std::vector<Token> target(static_cast<std::size_t>(s.rows), 1);
    std::vector<float> loss(static_cast<std::size_t>(s.rows)), weight = loss;
    std::vector<float> scratch(static_cast<std::size_t>(s.chunk * s.vocab));
    for (auto _ : state) {
      cross_entropy_gradient(b, x.view, table.view, target, weight, 1.0, loss, dx.view, dtable.view, scratch);
    }
    report(state, "GFLOP/s", 6.0 * static_cast<double>(s.rows * s.width * s.vocab));
  });
}

void add_optimizer(const std::string& name, const Cpu& b, std::int64_t count) {
  add(name + "/adamw", [=](benchmark::State& state) {
    std::vector<float> p = numbers(count), g = p, m = p, v(p.size(), 1.0F);
    const ordo::StepSums sums;
    const ordo::AdamWStep step;
    const std::vector<ordo::DecayRange> decays = {{count, 0.1}};
    for (auto _ : state) adamw(b, p, g, m, v, decays, &step, &sums);
    report(state, "GB/s", 28.0 * static_cast<double>(count));
  });
  add(name + "/squared_norm", [=](benchmark::State& state) {
    const std::vector<float> g = numbers(count);
    double norm = 0;
    for (auto _ : state) {
      squared_norm(b, g, &norm);
      benchmark::DoNotOptimize(norm);
    }
    report(state, "GB/s", 4.0 * static_cast<double>(count));
  });
}

void add_all(Sizes s, int threads, std::int64_t parameters) {
  const Cpu b(threads);
  const std::string name = std::string(s.name) + "/threads:" + std::to_string(threads);
  add_linear(name + "/qkv", b, s.rows, s.width, 3 * s.width);
  add_linear(name + "/out", b, s.rows, s.width, s.width);
  add_linear(name + "/gate_up", b, s.rows, s.width, 2 * s.hidden);
  add_linear(name + "/down", b, s.rows, s.hidden, s.width);
  const auto half = static_cast<double>(s.length + 1) / 2;
  add_attention<Causal>(name + "/causal", b, s, 0.0, half);
  add_attention<Causal>(name + "/causal_dropout", b, s, 0.1, half);
  add_attention<Full>(name + "/full", b, s, 0.0, static_cast<double>(s.length));
  add_rowwise(name, b, s);
  add_loss(name, b, s);
  add_optimizer(name, b, parameters);
}

}  // namespace

int main(int argc, char** argv) {
  add_peak();
  for (const int threads : {1, 2}) add_all(small_shape, threads, 600'000);
  for (const int threads : {1, 2}) add_all(gpt2_shape, threads, 124'000'000);
  Sizes longer = small_shape;
  longer.name = "long";
  longer.rows = longer.length = 2048;
  for (const int threads : {1, 2}) {
    const std::string name = "long/threads:" + std::to_string(threads);
    add_attention<Causal>(name + "/causal", Cpu(threads), longer, 0.0, 1024.5);
    add_attention<Full>(name + "/full", Cpu(threads), longer, 0.0, 2048);
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
