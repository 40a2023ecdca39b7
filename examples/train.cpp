// Trains a model on text files and leaves it in a folder that `evaluate` and `generate` take. Resumes by itself.

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include <fmt/core.h>
#include <fmt/ostream.h>
#include <CLI/CLI.hpp>

#include "support/engine.hpp"
#include "support/product_share.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"
#include "support/text.hpp"
#include "support/training_flags.hpp"

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Trains a transformer under a factorization on text. Run it again with the same arguments to go on\n"
      "with an unfinished run; Ctrl-C saves first.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::TextFlags text;
  program::ModelFlags shape;
  ordo::TrainOptions options;
  std::string factorization = "ltr";
  std::filesystem::path out;
  std::string keep = "best";
  program::DeviceFlags device_flags;
  options.epochs = 10;
  text.add_to(app, true);
  text.add_validation_to(app);
  app.add_option("--factorization", factorization, "one of " + std::string(ordo::factorization_names))
      ->capture_default_str();
  shape.add_to(app);
  app.add_option("--epochs", options.epochs, "passes over the unique tokens [epochs]")->capture_default_str();
  app.add_option("--unique-tokens", options.unique_tokens, "train on the first so many tokens, 0 for all [tokens]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  program::add_optimiser_flags(app, options);
  app.add_option("--seed", options.seed, "seed of initial weights, plans, shuffling and dropout")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  device_flags.add_to(app);
  app.add_option("--evaluations", options.evaluations, "evaluations on the validation text over the run [count]")
      ->capture_default_str();
  app.add_option("--evaluation-windows", options.evaluation.windows,
                 "fixed subset of the validation text for each of them, 0 for all [windows]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  app.add_option("--draws", options.evaluation.draws, "draws for each window where the score is a bound [count]")
      ->capture_default_str();
  app.add_option("--patience", options.patience,
                 "stop after so many evaluations without a new best, 0 for never [count]")
      ->capture_default_str();
  app.add_option("--keep", keep, "which weights to leave: those that scored best, or the last")
      ->check(CLI::IsMember({"best", "last"}))
      ->capture_default_str();
  app.add_option("--checkpoint-seconds", options.checkpoint_seconds, "time between checkpoints [seconds]")
      ->capture_default_str();
  app.add_option("--checkpoint-steps", options.checkpoint_steps, "or steps between checkpoints, 0 for by time [steps]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  program::add_change_backend_to(app, options.change_backend, "a run", "the rest is then no longer to the bit");
  app.add_option("--out", out, "folder for the model, metrics.jsonl and what resuming needs")->required();
  return program::run(app, argc, argv, [&] {
    ordo::require(!out.empty(), "train", "--out must name a folder (got '')");
    const ordo::AnyFactorization policy = ordo::factorization_from_name(factorization);
    const ordo::Dataset data = text.load(shape.context);
    const ordo::ModelConfig config = shape.config(data.vocab(), device_flags.on_host());
    ordo::require(options.patience == 0 || !data.validation().empty(), "train",
                  "patience needs validation text; give --validation (got patience ", options.patience, ")");
    options.directory = out;
    options.keep_best = keep == "best";
    options.evaluation.seed = options.seed;
    options.stop = signals.token();
    const auto device = device_flags.open();
    program::say("{}, {}\n", policy.name(), program::describe_size(config));
    program::say("training text: {} tokens, {} used; validation: {} tokens\n", data.train().tokens(),
                 options.unique_tokens > 0 ? options.unique_tokens : data.train().tokens(), data.validation().tokens());
    const ordo::MemoryPlan memory = device->training_memory(config, options, !data.validation().empty(), policy);
    const double planned = static_cast<double>(memory.planned()) / 1e6;
    const double total = static_cast<double>(memory.total()) / 1e6;
    program::say("on {}; {}\n", device->about(),
                 device->on_host()
                     ? fmt::format("predicted peak memory {:.0f} MB ({:.0f} MB of it for training)", total, planned)
                     : fmt::format("{:.0f} MB of its memory for training", planned));
    const program::ProductShare share(device->product_rate(), config, policy);
    if (share.rate > 0) {
      program::say("its products reach {:.3g} TFLOP/s; a token of training takes {:.3g} GFLOP\n", share.rate * 1e-12,
                   share.flops_per_token * 1e-9);
    }
    std::fflush(stdout);

    const auto model = device->make(config, policy, options.seed);
    program::Progress progress({}, share);
    options.on_step = [&](const ordo::StepReport& report) {
      progress.step(report);
      progress.pause();
    };
    options.on_evaluation = [&](const ordo::EvaluationReport& e) {
      progress.resume();
      progress.note(fmt::format("epoch {:8.1f}  training {:.4f}  validation {}{}", e.epoch, e.training_loss,
                                fmt::streamed(e.score), e.best ? "  *" : ""));
    };
    const ordo::TrainResult result = model->train(data, options);
    progress.clear();
    if (!result.finished) {
      program::say("stopped after step {}; run the same command again to go on\n", result.steps);
      return 130;
    }
    if (result.best.step > 0) {
      program::say("best at epoch {:.1f}: {}\n", result.best.epoch, fmt::streamed(result.best.score));
    }
    program::say("{} steps, {} tokens{}; the model is in {}\n", result.steps, result.tokens,
                 result.stopped_early ? ", stopped early" : "", out.string());
    if (device->on_host()) {
      program::say("peak memory {:.0f} MB (predicted {:.0f} MB)\n", static_cast<double>(program::peak_bytes()) / 1e6,
                   total);
    }
    return 0;
  });
}
