// Trains every model of a grid, and keeps what each came to: the runs that laws and plans are fitted to.

#include <cstdint>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "support/grid.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Trains every model of a grid (factorizations x sizes x unique tokens x epochs x ...), cheapest first, and adds "
      "a\n"
      "line for each to results.jsonl. Stopped or killed, it goes on when started again; several may share a folder.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::SweepSettings settings;
  program::TextFlags text;
  std::filesystem::path grid_file;
  app.add_option("--grid", grid_file,
                 "lists of factorizations, sizes, unique_tokens, epochs; and, if given, seeds, weight_decay, dropout, "
                 "learning_rate, batch, context, init_std [JSON file]")
      ->required();
  text.add_to(app, true);
  text.add_validation_to(app);
  app.add_option("--out", settings.out, "folder for results.jsonl")->capture_default_str();
  app.add_option("--windows", settings.windows, "validation windows of the scores that are kept [windows]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  app.add_option("--draws", settings.draws, "draws for each of them, for bounds [count]")->capture_default_str();
  app.add_option("--evaluations", settings.evaluations, "points of the curve that chooses the weights [count]")
      ->capture_default_str();
  app.add_option("--curve-windows", settings.curve_windows, "validation windows of that curve [windows]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  app.add_option("--jobs", settings.jobs, "runs at a time, 0 for all cores [count]")->capture_default_str();
  settings.device.add_to(app, "threads of each run [count]");
  settings.add_change_backend_to(app);
  app.add_flag("--keep-models", settings.keep_models, "keep each trained model and its curve, in models/ below --out");
  app.add_flag("--list", settings.list, "list the runs that are to be done, and train nothing");
  return program::run(app, argc, argv, [&] {
    const program::Grid grid = program::read_grid(grid_file);
    const ordo::Dataset data = text.load(grid.context);
    return program::run_sweep(settings, grid.runs(), data, signals.token());
  });
}
