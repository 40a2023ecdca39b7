// The continuum between autoregression and diffusion on a small text that is repeated: which factorization, at how many
// repeats, against left to right with tuned regularisation. A row a run in results.csv, one figure a question.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/ostream.h>
#include <CLI/CLI.hpp>

#include <ordo/io/folder_lock.hpp>
#include <ordo/io/json_lines.hpp>

#include "support/engine.hpp"
#include "support/novels.hpp"
#include "support/program.hpp"
#include "support/progress.hpp"
#include "support/study.hpp"
#include "support/text.hpp"
#include "support/training_flags.hpp"

namespace {

struct Plan {
  program::TextFlags text;
  program::ModelFlags shape;
  ordo::TrainOptions train;
  int seeds = 3;
  std::int64_t final_windows = 256;
  int final_draws = 8;
  std::int64_t exact_windows = 64;
  bool quick = false;
  std::filesystem::path out = "interpolate-results";
  program::DeviceFlags device;
  bool change_backend = false;

  /// A size that takes ten minutes on two cores.
  void make_quick() {
    shape.layers = 2;
    shape.width = 64;
    shape.heads = 2;
    shape.context = 64;
    train.unique_tokens = 4000;
    train.evaluations = 8;
    train.evaluation.windows = 32;
    seeds = 1;
    final_windows = 128;
    final_draws = 8;
    exact_windows = 64;
  }
};

/// The exact scores of a network on the common windows: left to right, and by certainty where the model has learnt to
/// predict hidden tokens from any others. A model that learnt to predict the next token only has the first alone.
void score_exactly(const program::Model& model, const ordo::Windows& windows, const program::Recipe& recipe,
                   const ordo::EvaluateOptions& options, program::StudyRun& run) {
  const bool hides = recipe.factorization.find("masked") != std::string::npos;
  const bool mixture = recipe.factorization.find("mixture") != std::string::npos;
  const auto revealed = [&](ordo::Order order) {
    const ordo::AnyFactorization policy =
        ordo::factorization_from_name(mixture ? std::string("masked") : recipe.factorization);
    return model.evaluate(windows, ordo::AsSampled{policy, ordo::Revealing{.order = order}}, options);
  };
  const ordo::Score forwards = program::trained_left_to_right(recipe)
                                   ? model.evaluate(windows, ordo::AnyFactorization(), options)
                                   : revealed(ordo::Order::left_to_right);
  run.left_to_right = forwards.nats_per_token;
  run.exact_error = forwards.error();
  run.certainty = std::numeric_limits<double>::quiet_NaN();
  if (!hides) return;
  const ordo::Score freely = revealed(ordo::Order::certainty);
  run.certainty = freely.nats_per_token;
  if (!program::trained_left_to_right(recipe)) run.exact_error = freely.error();
}

program::StudyRun train_one(const Plan& plan, const ordo::Dataset& data, const program::Device& device,
                            const program::Recipe& recipe, int repeats, std::uint64_t seed, const std::string& place,
                            const std::stop_token& stop) {
  const ordo::AnyFactorization policy = ordo::factorization_from_name(recipe.factorization);
  program::StudyRun run;
  run.recipe = recipe;
  run.repeats = repeats;
  run.seed = seed;
  ordo::ModelConfig config = plan.shape.config(data.vocab(), plan.device.on_host());
  config.dropout = recipe.dropout;
  ordo::TrainOptions options = plan.train;
  options.epochs = repeats;
  options.seed = seed;
  options.weight_decay = recipe.weight_decay;
  options.change_backend = plan.change_backend;
  options.stop = stop;
  const std::filesystem::path folder =
      plan.out / "unfinished" /
      program::file_name(
          fmt::format("{}-{}-{}-{}-{}", recipe.factorization, recipe.weight_decay, recipe.dropout, repeats, seed));
  options.directory = folder;
  program::Progress progress(fmt::format("{} {}, {} repeats  ", place, program::label(recipe), repeats));
  options.on_step = [&](const ordo::StepReport& report) {
    progress.step(report);
    progress.pause();
  };
  options.on_evaluation = [&](const ordo::EvaluationReport&) { progress.resume(); };
  const auto start = std::chrono::steady_clock::now();
  const auto model = device.make(config, policy, seed);
  const ordo::TrainResult result = model->train(data, options);
  progress.clear();
  if (!result.finished) throw ordo::Stopped("stopped; run the same command again to go on");
  run.best_epoch = result.best.epoch;
  run.last = result.evaluations.back().score.nats_per_token;
  const ordo::Score own = model->evaluate(
      data.validation(), {.draws = plan.final_draws, .seed = 1, .windows = plan.final_windows, .stop = stop});
  run.best = own.nats_per_token;
  run.best_error = own.error();
  run.claim = own.exact() ? "exact" : "bound";
  run.scored_as = own.policy;
  score_exactly(*model, data.validation(), recipe, {.seed = 2, .windows = plan.exact_windows, .stop = stop}, run);
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  run.backend = device.name();
  return run;
}

/// The folder is this study's: it holds study.json with the settings, or nothing. No other program may use it
/// meanwhile.
[[nodiscard]] ordo::FolderLock claim_folder(const Plan& plan, const ordo::Dataset& data,
                                            const ordo::ModelConfig& config, const std::string& backend) {
  const ordo::Json mine = {{"layers", config.layers},
                           {"width", config.width},
                           {"heads", config.heads},
                           {"context", config.context},
                           {"init_std", config.init_std},
                           {"unique_tokens", plan.train.unique_tokens},
                           {"batch", plan.train.batch},
                           {"learning_rate", plan.train.learning_rate},
                           {"evaluations", plan.train.evaluations},
                           {"final_windows", plan.final_windows},
                           {"final_draws", plan.final_draws},
                           {"exact_windows", plan.exact_windows},
                           {"training text", fmt::format("{:016x}", data.train().fingerprint())},
                           {"validation text", fmt::format("{:016x}", data.validation().fingerprint())},
                           {"quick", plan.quick},
                           {"backend", backend}};
  const std::filesystem::path file = plan.out / "study.json";
  ordo::require(!std::filesystem::exists(plan.out) || std::filesystem::is_directory(plan.out), "interpolate",
                plan.out.string(), " is no folder; --out must name one");
  std::filesystem::create_directories(plan.out);
  if (!std::filesystem::exists(file)) {
    for (const auto& entry : std::filesystem::directory_iterator(plan.out)) {
      const std::string name = entry.path().filename().string();  // what a start that was cut off has left may stay
      ordo::require(name == ordo::FolderLock::name || name.rfind("study.json", 0) == 0, "interpolate", "the folder ",
                    plan.out.string(), " holds something else than a study; give a new or empty folder");
    }
  }
  ordo::FolderLock lock(plan.out);
  if (!std::filesystem::exists(file)) {
    ordo::write_json(file, mine);
    return lock;
  }
  ordo::Json theirs = ordo::read_json(file);
  if (theirs.is_object() && !theirs.contains("backend")) theirs["backend"] = "cpu";  // it was not noted at first
  if (theirs.is_object() && plan.change_backend) theirs["backend"] = backend;        // each run notes its own
  for (const auto& [key, value] : mine.items()) {
    const ordo::Json stored = theirs.is_object() && theirs.contains(key) ? theirs.at(key) : ordo::Json();
    ordo::require(stored == value, "interpolate", "the study in ", plan.out.string(), " has ", key, " = ",
                  ordo::json_text(stored), ", not ", ordo::json_text(value),
                  "; give the same settings to go on with it, or another folder",
                  key == "backend" ? ", or --change-backend" : "");
  }
  return lock;
}

/// The ends, and the three others whose models of seed 0 have the best exact scores at the most repeats.
std::vector<program::Recipe> finalists(const program::Study& study, const std::vector<program::StudyRun>& runs) {
  std::vector<program::Recipe> chosen = {{"ltr"}, {"masked"}};
  std::vector<program::Recipe> others = study.recipes();
  const int most = study.repeats.back();
  std::erase_if(others, [&](const program::Recipe& r) {
    return r.factorization == "ltr" || r.factorization == "masked" ||
           std::isnan(program::of_first_seed(runs, r, most, program::Which::exact).mean);
  });
  std::stable_sort(others.begin(), others.end(), [&](const auto& a, const auto& b) {
    return program::of_first_seed(runs, a, most, program::Which::exact).mean <
           program::of_first_seed(runs, b, most, program::Which::exact).mean;
  });
  for (std::size_t i = 0; i < std::min<std::size_t>(3, others.size()); ++i) chosen.push_back(others[i]);
  return chosen;
}

void print_table(const program::Study& study, const std::vector<program::StudyRun>& runs) {
  const auto table = [&](const char* title, program::Which which) {
    program::say("\n{}, seed 0 [nats/token], by repeats\n{:<44}", title, "");
    for (const int times : study.repeats) program::say(" {:>8}", times);
    program::say("\n");
    for (const program::Recipe& r : study.recipes()) {
      if (std::isnan(program::of_first_seed(runs, r, study.repeats.back(), which).mean)) continue;
      program::say("{:<44}", program::label(r));
      for (const int times : study.repeats) {
        program::say(" {:>8.4f}", program::of_first_seed(runs, r, times, which).mean);
      }
      program::say("\n");
    }
  };
  table("exact score left to right", program::Which::left_to_right);
  table("exact score by certainty", program::Which::certainty);
}

/// The ends, the finalists and the rival over seeds.
void print_finalists(const program::Study& study, const std::vector<program::StudyRun>& runs,
                     const std::vector<program::Recipe>& last) {
  program::say("\nexact score over seeds, with half of its 95 % t-interval [nats/token], by repeats\n{:<44}", "");
  for (const int times : study.repeats) program::say(" {:>15}", times);
  const auto row = [&](const std::string& name, const auto& recipe_at) {
    program::say("\n{:<44}", name);
    for (const int times : study.repeats) {
      const program::Estimate e = program::over_seeds(runs, recipe_at(times), times, program::Which::exact);
      program::say(" {:>6.4f} {:<8}", e.mean, std::isnan(e.half_bar) ? "" : fmt::format("+- {:.4f}", e.half_bar));
    }
  };
  for (const program::Recipe& r : last) row(program::label(r), [&](int) -> const program::Recipe& { return r; });
  row("ltr, best of the regularisations",
      [&](int times) -> const program::Recipe& { return study.best_tuned(runs, times); });
  program::say("\n");
}

int interpolate(Plan& plan, const std::stop_token& stop) {
  ordo::require(plan.seeds > 0, "interpolate", "seeds must be positive (got ", plan.seeds, ")");
  ordo::require(!plan.out.empty(), "interpolate", "--out must name a folder (got '')");
  plan.train.check();
  ordo::EvaluateOptions{.draws = plan.final_draws, .windows = plan.final_windows}.check();
  ordo::EvaluateOptions{.windows = plan.exact_windows}.check();
  ordo::require(plan.shape.dropout == program::Recipe{}.dropout, "interpolate",
                "the study varies dropout itself, so --dropout does not apply (got ", plan.shape.dropout, ")");
  if (plan.text.data.empty()) program::use_novels(plan.text, {"emma"}, "interpolate");
  const ordo::Dataset data = plan.text.load(plan.shape.context);
  ordo::require(!data.validation().empty(), "interpolate",
                "there is no validation text: give --validation FILE or a share");
  const ordo::ModelConfig config = plan.shape.config(data.vocab(), plan.device.on_host());
  const auto device = plan.device.open();
  if (plan.train.unique_tokens == 0) plan.train.unique_tokens = data.train().tokens();
  const program::Study study = program::make_study(config.context, plan.quick);
  for (const program::Recipe& r : study.recipes()) {
    ordo::factorization_from_name(r.factorization).check({config.context});
  }
  const ordo::FolderLock lock = claim_folder(plan, data, config, device->name());
  const std::filesystem::path log_file = plan.out / "runs.jsonl";
  std::uint64_t whole = 0;
  std::vector<program::StudyRun> runs = program::read_runs(log_file, whole);
  ordo::JsonLines log(log_file, whole);
  for (const program::Recipe& r : study.recipes()) {  // what does not fit on a GPU is refused before training
    const bool left = std::any_of(study.repeats.begin(), study.repeats.end(), [&](int times) {
      return std::none_of(runs.begin(), runs.end(), [&](const auto& run) { return run.same_model(r, times, 0); });
    });
    if (device->on_host() || !left) continue;
    (void)device->training_memory(config, plan.train, true, ordo::factorization_from_name(r.factorization));
  }
  program::say("{}\n{} unique tokens, validation on {} tokens, {}; {} runs are done already\n",
               program::describe_size(config), plan.train.unique_tokens, data.validation().tokens(), device->about(),
               runs.size());
  std::fflush(stdout);

  const auto run_all = [&](const std::vector<program::Recipe>& recipes, std::uint64_t seed) {
    const std::size_t all = recipes.size() * study.repeats.size();
    std::size_t done = 0;
    for (const int times : study.repeats) {  // cheapest first
      for (const program::Recipe& recipe : recipes) {
        ++done;
        const bool known =
            std::any_of(runs.begin(), runs.end(), [&](const auto& r) { return r.same_model(recipe, times, seed); });
        if (known) continue;
        const std::string place = fmt::format("[seed {}, {}/{}]", seed, done, all);
        runs.push_back(train_one(plan, data, *device, recipe, times, seed, place, stop));
        const program::StudyRun& run = runs.back();
        log.write(program::to_json(run));
        program::say("{} {}, {} repeats: best {:.4f} ({}) at epoch {:.1f}, exact {:.4f}, {}\n", place,
                     program::label(recipe), times, run.best, run.claim, run.best_epoch,
                     program::score_of(run, program::Which::exact), program::duration(run.seconds));
        std::fflush(stdout);
        std::filesystem::remove_all(plan.out / "unfinished");  // of the run that is now in the log
      }
    }
  };
  run_all(study.recipes(), 0);
  const std::vector<program::Recipe> last = finalists(study, runs);
  for (int s = 1; s < plan.seeds; ++s) run_all(last, static_cast<std::uint64_t>(s));
  for (int s = 1; s < plan.seeds; ++s) {  // the rival: at each number of repeats, its best regularisation
    for (const int times : study.repeats) {
      const program::Recipe rival = study.best_tuned(runs, times);
      const auto seed = static_cast<std::uint64_t>(s);
      if (std::any_of(runs.begin(), runs.end(), [&](const auto& r) { return r.same_model(rival, times, seed); }))
        continue;
      runs.push_back(train_one(plan, data, *device, rival, times, seed, fmt::format("[seed {}, rival]", s), stop));
      log.write(program::to_json(runs.back()));
      std::filesystem::remove_all(plan.out / "unfinished");
    }
  }

  program::write_study(plan.out / "results.csv", runs);
  print_table(study, runs);
  print_finalists(study, runs, last);
  const std::string about = fmt::format("{} unique tokens, {:.2f}M parameters, context {}{}", plan.train.unique_tokens,
                                        static_cast<double>(ordo::true_parameters(config)) / 1e6, config.context,
                                        plan.quick ? "; --quick: a smoke test, not evidence" : "");
  program::draw_study(plan.out, study, runs, last, about);
  program::say("\nwrote results.csv and a picture a question (*.png, *.svg) to {}\n", plan.out.string());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Trains factorizations between autoregression and diffusion on a small text that is repeated, and left to right\n"
      "with several regularisations as the rival. Run it again with the same arguments to go on where it was stopped.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Plan plan;
  plan.shape.layers = 3;
  plan.shape.width = 64;
  plan.shape.heads = 4;
  plan.shape.context = 128;
  plan.shape.init_std = 0.08;  // as compare: small weights leave other orders on a plateau at this width
  plan.train.unique_tokens = 20000;
  plan.train.batch = 8;
  plan.train.learning_rate = 2e-3;
  plan.train.evaluations = 12;
  plan.train.evaluate_by_ratio = true;
  plan.train.evaluation.windows = 64;
  plan.train.evaluation.draws = 4;
  // --quick sets other defaults, so it is looked for before the flags are made.
  for (int i = 1; i < argc; ++i) plan.quick = plan.quick || std::string(argv[i]) == "--quick";
  if (plan.quick) plan.make_quick();
  plan.text.add_to(app, true, false);
  plan.text.add_validation_to(app);
  app.add_flag("--quick", plan.quick, "a size that takes about ten minutes on two cores: a smoke test, not evidence");
  app.add_option("--unique-tokens", plan.train.unique_tokens, "train on the first so many tokens [tokens]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  plan.shape.add_to(app);
  app.add_option("--batch", plan.train.batch, "sequences in an optimiser step [sequences]")->capture_default_str();
  app.add_option("--learning-rate", plan.train.learning_rate, "peak learning rate [1/step]")->capture_default_str();
  app.add_option("--seeds", plan.seeds, "models of the ends and the finalists; all others have one [count]")
      ->capture_default_str();
  app.add_option("--final-windows", plan.final_windows, "validation windows for the own scores, 0 for all [windows]")
      ->capture_default_str();
  app.add_option("--final-draws", plan.final_draws, "draws for each of them, for bounds [count]")
      ->capture_default_str();
  app.add_option("--exact-windows", plan.exact_windows,
                 "validation windows that every model is scored on exactly [windows]")
      ->capture_default_str();
  plan.device.add_to(app);
  program::add_change_backend_to(app, plan.change_backend, "a study", "each run notes what ended it");
  app.add_option("--out", plan.out, "folder for the pictures and the results")->capture_default_str();
  return program::run(app, argc, argv, [&] { return interpolate(plan, signals.token()); });
}
