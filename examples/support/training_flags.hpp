#pragma once
// The flags that describe a model and its training, shared by the programs that train.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>

#include <sys/sysinfo.h>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/ladder.hpp>
#include <ordo/train/options.hpp>

#include "support/program.hpp"

namespace program {

/// Memory and swap of this machine; 0 where the system does not tell [bytes].
inline double machine_bytes() {
  struct sysinfo about {};
  if (::sysinfo(&about) != 0) return 0;
  return (static_cast<double>(about.totalram) + static_cast<double>(about.totalswap)) * about.mem_unit;
}

struct ModelFlags {
  std::string size;
  int layers = 3;
  int width = 128;
  int heads = 4;
  int context = 256;
  double dropout = 0.1;
  double init_std = 0.02;

  void add_to(CLI::App& app) {
    app.add_option("--size", size,
                   "a size of the paper's ladder by name, such as 7M or 123.6M; instead of the next three")
        ->excludes(app.add_option("--layers", layers, "layers [count]")->capture_default_str())
        ->excludes(app.add_option("--width", width, "width of the residual stream [channels]")->capture_default_str())
        ->excludes(app.add_option("--heads", heads, "attention heads [count]")->capture_default_str());
    app.add_option("--context", context, "longest sequence [tokens]")->capture_default_str();
    app.add_option("--dropout", dropout, "dropout rate on attention and both branches [fraction]")
        ->capture_default_str();
    app.add_option("--init-std", init_std, "standard deviation of the initial weights [unit of weights]")
        ->capture_default_str();
  }
  /// On the host the weights must fit in this machine's memory; a GPU is asked itself (see Device::training_memory).
  [[nodiscard]] ordo::ModelConfig config(ordo::Token vocab, bool on_host) const {
    ordo::ModelConfig config{.layers = layers,
                             .width = width,
                             .heads = heads,
                             .vocab = vocab,
                             .context = context,
                             .dropout = dropout,
                             .init_std = init_std};
    if (!size.empty()) {
      config = ordo::named_size(size).config(vocab, context);
      config.dropout = dropout;
      config.init_std = init_std;
    }
    config.check();
    // Weights, gradient and two moments. A system that grants memory before it has it would end the program instead.
    const double needed = 4.0 * sizeof(float) * static_cast<double>(ordo::true_parameters(config));
    const double there = on_host ? machine_bytes() : 0;
    ordo::require(there == 0 || needed <= there, "model", "training needs ", std::llround(needed / 1e6),
                  " MB for the weights and their moments, more than the ", std::llround(there / 1e6),
                  " MB of this machine; take fewer layers or less width");
    return config;
  }
};

/// Optimiser settings; epochs, tokens and the folder belong to each program.
inline void add_optimiser_flags(CLI::App& app, ordo::TrainOptions& options) {
  app.add_option("--batch", options.batch, "sequences in an optimiser step [sequences]")->capture_default_str();
  app.add_option("--learning-rate", options.learning_rate, "peak learning rate [1/step]")->capture_default_str();
  app.add_option("--final-rate", options.final_rate, "where the cosine ends, as a share of the peak [fraction]")
      ->capture_default_str();
  app.add_option("--warmup", options.warmup, "share of the steps with a rising rate [fraction]")->capture_default_str();
  app.add_option("--weight-decay", options.weight_decay, "decoupled weight decay [1/step, times the rate]")
      ->capture_default_str();
  app.add_option("--clip", options.clip, "largest gradient norm, 0 for none [nats/token per parameter unit]")
      ->capture_default_str();
  app.add_option("--micro-slots", options.micro_slots,
                 "slots in one pass: gradients are added up over the passes of a batch; 0 for what suits the device "
                 "[slots]")
      ->check(whole<std::int64_t>())
      ->capture_default_str();
  app.add_flag(
      "--recompute", options.recompute,
      "work activations out again in the backward pass: less memory, a third more arithmetic, the same numbers");
  app.add_option("--average", options.average, "decay of averaged (EMA) weights, 0 for none [1/step]")
      ->capture_default_str();
}

/// For programs that go on in a folder where `things` (runs, a study) were begun.
inline void add_change_backend_to(CLI::App& app, bool& change, const std::string& things, const std::string& then) {
  app.add_flag("--change-backend", change, "go on with " + things + " that another device or precision began; " + then);
}

/// "7.0M (nominal, as the paper counts), 0.60M numbers in fact".
inline std::string describe_size(const ordo::ModelConfig& config) {
  return fmt::format(
      "{} layers, width {}, {} heads, feed-forward {}: {:.2f}M parameters ({:.2f}M by the paper's formula)",
      config.layers, config.width, config.heads, config.feed_forward(),
      static_cast<double>(ordo::true_parameters(config)) / 1e6,
      static_cast<double>(ordo::nominal_parameters(config)) / 1e6);
}

}  // namespace program
