// Times whole training steps on a GPU, one JSON line a factorization and repetition, with the keys of bench/step.cpp.
// Usage: step SHAPE PRECISION [REPETITIONS] [FACTORIZATION...]
//   SHAPE: 124m (64 x 1024, vocabulary 50257), 7m-byte (32 x 256, 7.0M parameters by the paper's formula, bytes)
//   PRECISION: bf16 or fp32; FACTORIZATION: ltr, masked, blockwise:16 (all if none is given)

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include <ordo/core/ladder.hpp>
#include <ordo/cuda.cuh>
#include <ordo/lab/flops.hpp>

#include "timing.cuh"

namespace {

using Clock = std::chrono::steady_clock;

struct Case {
  ordo::ModelConfig config;
  int batch;
};

Case named_case(const std::string& shape) {
  if (shape == "124m") {
    return {{.layers = 12, .width = 768, .heads = 12, .hidden = 2048, .vocab = 50257, .context = 1024, .dropout = 0},
            64};
  }
  ordo::require(shape == "7m-byte", "step", "the shape must be 124m or 7m-byte (got '", shape, "')");
  ordo::ModelConfig config = ordo::named_size("7M").config(256, 256);
  config.dropout = 0;
  return {config, 32};
}

template <class A>
void measure(const ordo::CudaBackend<A>& b, const std::string& shape, const std::string& name, int repetitions,
             double peak) {
  using B = ordo::CudaBackend<A>;
  const Case c = named_case(shape);
  const ordo::AnyFactorization policy = ordo::factorization_from_name(name);
  ordo::Network<B> network(c.config, b);
  std::vector<ordo::Token> text;
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  for (int i = 0; i < c.config.context * c.batch * 4; ++i) {
    text.push_back(static_cast<ordo::Token>(stream.below(static_cast<std::uint32_t>(c.config.vocab))));
  }
  const auto data = ordo::TokenDataset::from_tokens(text, c.config.vocab, {.context = c.config.context}).train();
  ordo::TrainOptions options;
  options.epochs = 1e6;
  options.batch = c.batch;
  options.micro_slots = std::int64_t{2} * c.batch * c.config.context;  // one pass, block diffusion's too
  ordo::Trainer<ordo::AnyFactorization, B> trainer(network, policy, data, options);
  for (int i = 0; i < 12; ++i) trainer.advance();  // shapes of passes are met, and noted as graphs
  const double tokens = static_cast<double>(c.config.context) * c.batch;
  const double flops = ordo::training_flops_per_token(c.config, policy) * tokens;
  for (int r = 0; r < repetitions; ++r) {
    std::vector<double> all;
    double loss = 0;
    for (int i = 0; i < 20; ++i) {
      const auto start = Clock::now();
      loss = trainer.advance().loss;  // waits for the step
      all.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    const bench::Times times = bench::summary(all);
    std::printf(
        "{\"who\": \"ordo\", \"shape\": \"%s\", \"precision\": \"%s\", \"factorization\": \"%s\", \"median_step_s\": "
        "%.6f, \"least_step_s\": %.6f, \"most_step_s\": %.6f, \"tokens_per_s\": %.0f, \"gflop_per_token\": %.4f, "
        "\"tflop_per_s\": %.1f, \"product_tflop_per_s\": %.1f, \"share_of_product_rate\": %.3f, \"loss\": %.4f}\n",
        shape.c_str(), sizeof(A) == 2 ? "bf16" : "fp32", name.c_str(), times.median, times.least, times.most,
        tokens / times.median, flops / tokens * 1e-9, flops / times.median * 1e-12, peak * 1e-12,
        flops / times.median / peak, loss);
    std::fflush(stdout);
  }
}

template <class B>
void measure_all(const std::string& shape, int repetitions, const std::vector<std::string>& names) {
  const B b;
  const double peak = ordo::product_rate(b).value_or(std::numeric_limits<double>::quiet_NaN());
  for (const std::string& name : names) measure(b, shape, name, repetitions, peak);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    ordo::require(argc >= 3, "step", "usage: step SHAPE bf16|fp32 [REPETITIONS] [FACTORIZATION...]");
    const std::string precision = argv[2];
    ordo::require(precision == "bf16" || precision == "fp32", "step", "the precision must be bf16 or fp32 (got '",
                  precision, "')");
    const int repetitions = argc > 3 ? std::atoi(argv[3]) : 3;
    ordo::require(repetitions > 0, "step", "the repetitions must be a number from 1 (got '", argc > 3 ? argv[3] : "",
                  "')");
    std::vector<std::string> names(argv + (argc > 4 ? 4 : argc), argv + argc);
    if (names.empty()) names = {"ltr", "masked", "blockwise:16"};
    if (precision == "bf16") {
      measure_all<ordo::Cuda>(argv[1], repetitions, names);
    } else {
      measure_all<ordo::CudaFloat>(argv[1], repetitions, names);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
