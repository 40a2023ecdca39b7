// Scores a trained model on text, under its own factorization or another.

#include <filesystem>
#include <string>

#include <fmt/core.h>
#include <fmt/ostream.h>
#include <CLI/CLI.hpp>

#include "support/engine.hpp"
#include "support/program.hpp"
#include "support/text.hpp"

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app("Scores a trained model on text: nats per token with its errors, and whether that is exact or a bound.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::TextFlags text;
  ordo::EvaluateOptions options;
  std::filesystem::path model_folder;
  std::string factorization;
  int context = 0;
  int threads = 0;
  app.add_option("model", model_folder, "folder that `train` left")->required();
  text.add_to(app, false);
  app.add_option("--factorization", factorization,
                 "score under this one instead of the model's own: " + std::string(ordo::factorization_names));
  app.add_option("--draws", options.draws, "draws for each window where the score is a bound [count]")
      ->capture_default_str();
  app.add_option("--windows", options.windows, "score a fixed, seeded subset of this size, 0 for all [windows]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  app.add_option("--context", context, "length of the windows, 0 for the model's context [tokens]")
      ->capture_default_str();
  app.add_option("--seed", options.seed, "seed of the draws and of the subset")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  app.add_option("--threads", threads, "threads, 0 for one per core [count]")->capture_default_str();
  return program::run(app, argc, argv, [&] {
    const ordo::LoadedModel<ordo::Cpu> model = ordo::read_model(model_folder, ordo::Cpu(threads));
    const ordo::ModelConfig& config = model.network.config();
    ordo::require(context >= 0, "evaluate", "context must not be negative (got ", context, ")");
    const ordo::Windows windows = text.windows(model.codec, context > 0 ? context : config.context);
    options.stop = signals.token();
    const ordo::AnyFactorization policy = factorization.empty()
                                              ? ordo::factorization_from_name(model.factorization).scored_as()
                                              : ordo::factorization_from_name(factorization);
    program::say("{}\n", fmt::streamed(ordo::evaluate(model.network, windows, policy, options)));
    return 0;
  });
}
