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
#include <ordo/lab/flops.hpp>
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

struct Settings {
  int threads = 2;
  int warmup = 10;
  int steps = 10;
  int repetitions = 1;
  double dropout = 0;
  std::int64_t micro_slots = 0;
};

template <ordo::Factorization F>
void measure(const F& policy, const Case& c, const Settings& settings) {
  ordo::ModelConfig config = c.config;
  config.dropout = settings.dropout;
  const ordo::Cpu backend(settings.threads);
  ordo::Network<ordo::Cpu> network(config, backend);
  std::vector<ordo::Token> text;
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  for (int i = 0; i < config.context * c.batch * 4; ++i) {
    text.push_back(static_cast<ordo::Token>(stream.below(static_cast<std::uint32_t>(config.vocab))));
  }
  const auto data = ordo::TokenDataset::from_tokens(text, config.vocab, {.context = config.context}).train();
  ordo::Trainer<F, ordo::Cpu> trainer(network, policy, data,
                                      {.epochs = 1e6, .batch = c.batch, .micro_slots = settings.micro_slots});
  for (int i = 0; i < settings.warmup; ++i) trainer.advance();
  const double tokens = static_cast<double>(config.context) * c.batch;
  const double flops = ordo::training_flops(config, ordo::plan_work(policy, ordo::Shape{config.context})) * c.batch;
  for (int r = 0; r < settings.repetitions; ++r) {
    const double peak = product_peak(backend);
    std::vector<double> times;
    for (int i = 0; i < settings.steps; ++i) {
      const auto start = Clock::now();
      trainer.advance();
      times.push_back(seconds_since(start));
    }
    std::sort(times.begin(), times.end());
    const double median = times[times.size() / 2];
    fmt::print(
        "{{\"who\": \"ordo\", \"products\": \"{}\", \"factorization\": \"{}\", \"threads\": {}, \"median_step_s\": "
        "{:.6f}, "
        "\"least_step_s\": {:.6f}, \"tokens_per_s\": {:.1f}, \"gflop_per_token\": {:.4f}, \"gflop_per_s\": {:.1f}, "
        "\"gemm_peak_gflop_per_s\": {:.1f}, \"share_of_peak\": {:.3f}, \"slots_per_pass\": {}}}\n",
        ordo::cpu::product_library, policy.name(), backend.threads(), median, times.front(), tokens / median,
        flops / tokens * 1e-9, flops / median * 1e-9, peak * 1e-9, flops / median / peak, trainer.micro_slots());
    std::fflush(stdout);
  }
}

/// What Mixture does for two equal parts, written by hand: what composing costs.
struct HandMixture {
  using Rule = ordo::OneOfRules<ordo::Causal, ordo::Blocks<ordo::Full>>;

  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C& choices, Slots& slots) const {
    const auto half = [](std::uint32_t k) { return k / 2.0; };
    if (choices.pick(2, ordo::Levels::low_discrepancy, half) == 0) {
      return ordo::LeftToRight{}.plan(shape, choices, slots);
    }
    return ordo::Blockwise<16, ordo::MaskedDiffusion<>>{}.plan(shape, choices, slots);
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::order_average; }
  [[nodiscard]] std::string name() const { return "hand-mixture"; }
};

using Mixed = ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 1>,
                            ordo::Weighted<ordo::Blockwise<16, ordo::MaskedDiffusion<>>, 1>>;

/// Calls f with the policy of this name, as a type; returns false if there is none.
template <class F>
bool with_policy(const std::string& name, const F& f) {
  if (name == "ltr") return f(ordo::LeftToRight{}), true;
  if (name == "masked") return f(ordo::MaskedDiffusion<>{}), true;
  if (name == "orderings:16") return f(ordo::Orderings<16>{}), true;
  if (name == "blockwise:16") return f(ordo::Blockwise<16, ordo::MaskedDiffusion<>>{}), true;
  if (name == "mixture") return f(Mixed{}), true;
  if (name == "hand-mixture") return f(HandMixture{}), true;
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Times training steps.");
  std::string shape = "7m-byte";
  std::string factorization = "ltr";
  Settings settings;
  app.add_option("--shape", shape, "124m (batch 4 x 64, vocabulary 50257) or 7m-byte (batch 32 x 256, bytes)")
      ->check(CLI::IsMember({"124m", "7m-byte"}))
      ->capture_default_str();
  app.add_option(
         "--factorization", factorization,
         "ltr, masked, orderings:16, blockwise:16, mixture (ltr and blockwise:16, half each) or hand-mixture (the "
         "same without Mixture)")
      ->capture_default_str();
  app.add_option("--threads", settings.threads, "threads [count]")->capture_default_str();
  app.add_option("--warmup", settings.warmup, "steps that are not timed [steps]")->capture_default_str();
  app.add_option("--steps", settings.steps, "timed steps in a repetition [steps]")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--repetitions", settings.repetitions, "lines to print [count]")->capture_default_str();
  app.add_option("--dropout", settings.dropout, "dropout rate [fraction]")->capture_default_str();
  app.add_option("--micro-slots", settings.micro_slots, "slots in one pass, 0 for the library's choice [slots]")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const Case c = named_case(shape);
  if (!with_policy(factorization, [&](const auto& policy) { measure(policy, c, settings); })) {
    fmt::print(stderr, "there is no factorization '{}' here; see --help\n", factorization);
    return 1;
  }
  return 0;
}
