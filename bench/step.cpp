// Times whole training steps (plans, forward, backward, clipping, AdamW) of a given shape and factorization.
// Prints one JSON line a repetition, so that a script can interleave it with other programs (bench/peers).

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/train/trainer.hpp>

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Rate of the matrix product on all threads at a shape that suits it: the machine's own peak [FLOP/s].
double product_peak(const ordo::Cpu& backend) {
  constexpr std::int64_t n = 1024;
  ordo::HostBuffer<float> a(n * n);
  ordo::HostBuffer<float> b(n * n);
  ordo::HostBuffer<float> c(n * n);
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = b[i] = static_cast<float>(i % 7) * 0.1F;
  double best = 1e9;
  for (int i = 0; i < 12; ++i) {
    const auto start = Clock::now();
    linear(backend, ordo::Matrix<const float>(a.data(), n, n), ordo::Matrix<const float>(b.data(), n, n),
           ordo::Matrix<float>(c.data(), n, n));
    best = std::min(best, seconds_since(start));
  }
  return 2.0 * n * n * n / best;
}

struct Case {
  ordo::ModelConfig config;
  int batch;
};

Case named_case(const std::string& shape) {
  if (shape == "124m") {
    return {{.layers = 12, .width = 768, .heads = 12, .hidden = 2048, .vocab = 50257, .context = 64, .dropout = 0}, 4};
  }
  return {{.layers = 3, .width = 128, .heads = 4, .hidden = 320, .vocab = 256, .context = 256, .dropout = 0}, 32};
}

/// Floating-point operations of a training step, counted: products with weights at the slots where they run, three
/// times (forward, gradient of input and of weights), and attention at the visible pairs, 3.5 times (the backward
/// pass does five products where the forward does two).
double step_flops(const ordo::ModelConfig& c, double slots, double predicting, double pairs) {
  const double width = c.width;
  const double body = 2 * width * (4 * width + 3 * c.feed_forward());  // of one slot in one layer
  const double keys_values = 2 * width * 2 * width;
  const double all = slots * body * (c.layers - 1) + predicting * (body - keys_values) + slots * keys_values;
  const double head = predicting * 2 * width * c.vocab;
  const double attention = 4 * width * pairs * (c.layers - 1 + predicting / slots);
  return 3 * (all + head) + 3.5 * attention;
}

template <ordo::Factorization F>
void measure(const F& policy, const Case& c, int threads, int warmup, int steps, int repetitions, double dropout,
             std::int64_t micro_slots) {
  ordo::ModelConfig config = c.config;
  config.dropout = dropout;
  const ordo::Cpu backend(threads);
  ordo::Network<ordo::Cpu> network(config, backend);
  std::vector<ordo::Token> text;
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  for (int i = 0; i < config.context * c.batch * 4; ++i) {
    text.push_back(static_cast<ordo::Token>(stream.below(static_cast<std::uint32_t>(config.vocab))));
  }
  const auto data = ordo::TokenDataset::from_tokens(text, config.vocab, {.context = config.context}).train();
  ordo::Trainer<F, ordo::Cpu> trainer(network, policy, data,
                                      {.epochs = 1e6, .batch = c.batch, .micro_slots = micro_slots});
  for (int i = 0; i < warmup; ++i) trainer.advance();
  const double tokens = static_cast<double>(config.context) * c.batch;
  const bool causal = std::is_same_v<typename F::Rule, ordo::Causal>;
  const double share = causal ? 1.0 : (config.context + 1.0) / (2.0 * config.context);  // of slots that predict
  const double pairs = tokens * (causal ? (config.context + 1) / 2.0 : config.context);
  const double flops = step_flops(config, tokens, share * tokens, pairs);
  for (int r = 0; r < repetitions; ++r) {
    const double peak = product_peak(backend);
    std::vector<double> times;
    for (int i = 0; i < steps; ++i) {
      const auto start = Clock::now();
      trainer.advance();
      times.push_back(seconds_since(start));
    }
    std::nth_element(times.begin(), times.begin() + steps / 2, times.end());
    const double median = times[static_cast<std::size_t>(steps / 2)];
    fmt::print(
        "{{\"who\": \"ordo\", \"factorization\": \"{}\", \"threads\": {}, \"median_step_s\": {:.6f}, "
        "\"tokens_per_s\": {:.1f}, \"gflop_per_s\": {:.1f}, \"gemm_peak_gflop_per_s\": {:.1f}, "
        "\"share_of_peak\": {:.3f}, \"slots_per_pass\": {}}}\n",
        policy.name(), backend.threads(), median, tokens / median, flops / median * 1e-9, peak * 1e-9,
        flops / median / peak, trainer.micro_slots());
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times training steps.");
  std::string shape = "7m-byte";
  std::string factorization = "ltr";
  int threads = 2;
  int warmup = 10;
  int steps = 10;
  int repetitions = 1;
  double dropout = 0;
  std::int64_t micro_slots = 0;
  app.add_option("--shape", shape, "124m (batch 4 x 64, vocabulary 50257) or 7m-byte (batch 32 x 256, bytes)")
      ->check(CLI::IsMember({"124m", "7m-byte"}))
      ->capture_default_str();
  app.add_option("--factorization", factorization, "ltr, masked or orderings:16")
      ->check(CLI::IsMember({"ltr", "masked", "orderings:16"}))
      ->capture_default_str();
  app.add_option("--threads", threads, "threads [count]")->capture_default_str();
  app.add_option("--warmup", warmup, "steps that are not timed [steps]")->capture_default_str();
  app.add_option("--steps", steps, "timed steps in a repetition [steps]")->capture_default_str();
  app.add_option("--repetitions", repetitions, "lines to print [count]")->capture_default_str();
  app.add_option("--dropout", dropout, "dropout rate [fraction]")->capture_default_str();
  app.add_option("--micro-slots", micro_slots, "slots in one pass, 0 for the library's choice [slots]")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Case c = named_case(shape);
  if (factorization == "ltr")
    measure(ordo::LeftToRight{}, c, threads, warmup, steps, repetitions, dropout, micro_slots);
  if (factorization == "masked")
    measure(ordo::MaskedDiffusion<>{}, c, threads, warmup, steps, repetitions, dropout, micro_slots);
  if (factorization == "orderings:16")
    measure(ordo::Orderings<16>{}, c, threads, warmup, steps, repetitions, dropout, micro_slots);
  return 0;
}
