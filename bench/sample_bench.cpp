// Sampling of 512 tokens from a small network under block diffusion, with and without the key-value cache.
#include <cstdint>

#include <benchmark/benchmark.h>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/generate/generate.hpp>

namespace {

using namespace ordo;

/// The 7M shape with a byte vocabulary, over 512 tokens.
const Network<Cpu>& network() {
  static const Network<Cpu> shared({.layers = 3, .width = 128, .heads = 4, .vocab = 256, .context = 512}, Cpu(2));
  return shared;
}

template <Factorization F>
void sample(benchmark::State& state, const F& policy, int steps) {
  const bool cache = state.range(0) != 0;
  GenerateOptions options{.length = 512, .seed = 1, .steps = steps, .cache = cache};
  for (auto _ : state) benchmark::DoNotOptimize(generate(network(), policy, 1, options));
  state.counters["tokens/s"] = benchmark::Counter(512, benchmark::Counter::kIsIterationInvariantRate);
  state.SetLabel(cache ? "cached" : "not cached");
}

void blockwise_16(benchmark::State& state) { sample(state, Blockwise<16, MaskedDiffusion<>>{}, 0); }
void left_to_right(benchmark::State& state) { sample(state, LeftToRight{}, 0); }

BENCHMARK(blockwise_16)->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);
BENCHMARK(left_to_right)->Arg(1)->Arg(0)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
