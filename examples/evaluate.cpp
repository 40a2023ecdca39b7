// Scores a trained model, under its own factorization or another: on text, or on multiple-choice tasks.

#include <filesystem>
#include <optional>
#include <string>

#include <fmt/core.h>
#include <fmt/ostream.h>
#include <CLI/CLI.hpp>

#include "support/engine.hpp"
#include "support/program.hpp"
#include "support/text.hpp"

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Scores a trained model on text: nats per token with its errors, and whether that is exact or a bound. Or on "
      "multiple-choice tasks: the share of right answers.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::TextFlags text;
  ordo::EvaluateOptions options;
  std::filesystem::path model_folder;
  std::filesystem::path choices;
  std::string factorization;
  std::optional<ordo::Order> order;
  std::optional<ordo::ChoiceMethod> method;
  ordo::Revealing revealing;
  int context = 0;
  program::DeviceFlags device_flags;
  app.add_option("model", model_folder, "folder that `train` left")->required();
  auto* data = text.add_to(app, false, false);
  app.get_option("--binary")->needs(data);
  app.add_option("--factorization", factorization,
                 "score under this one instead of the model's own: " + std::string(ordo::factorization_names));
  app.add_option("--draws", options.draws, "draws for each window or choice where the score is a bound [count]")
      ->capture_default_str();
  app.add_option("--windows", options.windows, "score a fixed, seeded subset of this size, 0 for all [windows]")
      ->check(program::whole<std::int64_t>())
      ->needs(data)
      ->capture_default_str();
  app.add_option("--context", context, "length of the windows, 0 for the model's context [tokens]")
      ->needs(data)
      ->capture_default_str();
  const auto* by_order =
      program::add_named(app, "--order", order, ordo::every_order,
                         "the exact score of sampling in this order, where any hidden token may come next")
          ->needs(data);
  const auto* by_step = app.add_option("--per-step", revealing.per_step,
                                       "with --order: tokens that sampling reveals in one step [tokens]")
                            ->needs(data)
                            ->capture_default_str();
  const auto* by_block =
      app.add_option("--block", revealing.block,
                     "with --order: sampling goes block by block of this size, 0 for no blocks [tokens]")
          ->needs(data)
          ->capture_default_str();
  auto* tasks = app.add_option("--choices", choices,
                               "multiple-choice tasks (.jsonl): an object with context, choices and label on each line")
                    ->excludes(data);
  program::add_named(app, "--choice-method", method, ordo::every_choice_method, "how a choice is scored")->needs(tasks);
  app.add_option("--seed", options.seed, "seed of the draws and of the subset")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  device_flags.add_to(app);
  return program::run(app, argc, argv, [&] {
    ordo::require(data->count() + tasks->count() > 0, "evaluate", "give --data or --choices");
    const auto device = device_flags.open();
    const auto [model, codec] = device->read(model_folder);
    options.stop = signals.token();
    const ordo::AnyFactorization policy =
        factorization.empty() ? model->factorization().scored_as() : ordo::factorization_from_name(factorization);
    if (tasks->count() > 0) {
      const ordo::ChoiceScore score = model->score_choices(policy, codec, ordo::read_choice_tasks(choices),
                                                           method.value_or(ordo::ChoiceMethod::automatic), options);
      program::say("{}\n", fmt::streamed(score));
      return 0;
    }
    ordo::require(context >= 0, "evaluate", "context must not be negative (got ", context, ")");
    const ordo::Windows windows = text.windows(codec, context > 0 ? context : model->config().context);
    revealing.order = order.value_or(revealing.order);
    const bool as_sampled = by_order->count() + by_step->count() + by_block->count() > 0;
    const ordo::Score score = as_sampled ? model->evaluate(windows, ordo::AsSampled{policy, revealing}, options)
                                         : model->evaluate(windows, policy, options);
    program::say("{}\n", fmt::streamed(score));
    return 0;
  });
}
