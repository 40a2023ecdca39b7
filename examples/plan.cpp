// Which factorization, what size and how many passes for so many unique tokens and so much compute, and how sure.

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/factorizations.hpp>
#include <ordo/lab.hpp>

#include "support/grid.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

namespace {

using Law = ordo::DataConstrained<>;

struct Question {
  std::string unique_text;
  std::string flops_text;
  double unique_tokens = 0;
  double flops = 0;
  std::filesystem::path runs;
  std::vector<std::string> families;
  std::optional<ordo::ComparedBy> by;
  ordo::FitOptions fit{.starts = 200};
  ordo::BootstrapOptions bootstrap{.resamples = 200, .starts = 5};
  bool pilot = false;
  double minutes = 10;
  program::TextFlags text;
  program::SweepSettings sweep;
};

/// "25M", "300k", "1.5G" or "1e19".
double quantity(const std::string& text, const char* flag) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string rest(end, text.data() + text.size());
  const std::map<std::string, double> units = {{"", 1}, {"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {"B", 1e9}, {"T", 1e12}};
  const auto unit = units.find(rest);
  const double whole = unit == units.end() ? 0 : value * unit->second;
  ordo::require(error == std::errc() && std::isfinite(whole) && whole >= 1, "plan", flag,
                " must be a number from 1, such as 25M or 1e19 (got '", text, "')");
  return whole;
}

std::string times(double x) { return x >= 100 || x < 0.01 ? fmt::format("{:.3g}", x) : fmt::format("{:.2f}", x); }

/// What the papers' constants give, and what they do not.
void plan_from_papers(const Question& q) {
  program::say("No runs were given, so this is from published constants alone.\n\n");
  const double critical = ordo::published_critical_flops(q.unique_tokens);
  program::say(
      "family: {} by the closed form of arXiv:2507.15857: diffusion wins from {:.2g} FLOPs on for {} unique tokens; "
      "{:.2g}\n"
      "  is {} times that. The form was fitted to budgets of 25M to 100M tokens{}; its exponent has no published "
      "error,\n"
      "  and the three crossings in the paper's figure have a slope of 1.4 where it has 2.17.\n",
      q.flops > critical ? "masked diffusion" : "autoregression", critical, program::thousands(q.unique_tokens),
      q.flops, times(q.flops / critical),
      q.unique_tokens < 25e6 || q.unique_tokens > 100e6 ? ", so this is an extrapolation" : "");
  const ordo::LawValues<Law>& x = ordo::published_data_constrained;
  const ordo::BudgetUse use = ordo::best_use(Law{}, x, q.unique_tokens, q.flops, {1e5, 1e13});
  const ordo::TriedRange near = ordo::sizes_within(Law{}, x, q.unique_tokens, q.flops, {1e5, 1e13}, 0.005);
  if (use.at_edge || use.epochs < 1) {
    program::say("autoregression: this budget is outside of what the law of arXiv:2305.16264 speaks of\n");
  } else {
    program::say(
        "autoregression, by the law of arXiv:2305.16264: {:.2g} parameters, {:.2g} epochs, {:.2f} nats/token (C4, "
        "GPT-2's tokens,\n"
        "  7M to 9G parameters; within 0.005 nats/token from {:.2g} to {:.2g} parameters; refitted on the same runs "
        "its constants\n"
        "  R_D* and R_N* are hardly identified: see `fit`)\n",
        use.parameters, use.epochs, use.loss, near.low, near.high);
  }
  program::say(
      "diffusion: size, epochs and loss are not known (E, A, B, alpha and beta of arXiv:2507.15857 are unpublished)\n"
      "repeats lose their worth over about 31 passes (autoregression) and 494 (diffusion), the R_D* of "
      "arXiv:2507.15857\n"
      "saving: not known\n\n"
      "Your text and tokens are not C4: a pilot on your own data (--pilot) is worth more than all of this.\n");
}

std::string factor(double beyond, const char* what) {
  return beyond > 1.001 ? fmt::format("{} {} times beyond what was tried", what, times(beyond)) : std::string();
}

void say_family(const ordo::FamilyPlan& plan) {
  program::say("{:<24} {:>8} ({} .. {})  {:>7} ({} .. {})  {:.3f} ({:.3f} .. {:.3f})\n", plan.name,
               program::thousands(plan.use.parameters), program::thousands(plan.parameters.low),
               program::thousands(plan.parameters.high), times(plan.use.epochs), times(plan.epochs.low),
               times(plan.epochs.high), plan.use.loss, plan.loss.low, plan.loss.high);
  std::string notes;
  for (const std::string& note :
       {factor(plan.beyond_flops, "compute"), factor(plan.beyond_unique, "unique tokens"),
        factor(plan.beyond_parameters, "size"), factor(plan.beyond_epochs, "epochs"),
        plan.near_best.high > 2 * plan.near_best.low
            ? fmt::format("sizes from {} to {} are within 0.005 nats/token of that",
                          program::thousands(plan.near_best.low), program::thousands(plan.near_best.high))
            : std::string(),
        plan.use.at_edge ? std::string("the best size is at the edge of the sizes looked at") : std::string()}) {
    if (!note.empty()) notes += (notes.empty() ? "  " : "; ") + note;
  }
  if (!notes.empty()) program::say("{}\n", notes);
}

void plan_from_runs(const Question& q, const std::filesystem::path& file) {
  const ordo::RunRecords records = ordo::read_run_records(file);
  ordo::require(!records.runs.empty(), "plan", file.string(), " holds no run");
  const ordo::ComparedBy by = q.by.value_or(ordo::ComparedBy::exact);
  std::map<std::string, std::vector<ordo::TrainingRun>> by_family;
  std::vector<const ordo::RunRecord*> compared;
  std::map<std::string, std::vector<ordo::RunSettings>> tried;  // apart from seeds
  bool bounds = false;
  for (const ordo::RunRecord& record : records.runs) {
    const std::string& name = record.settings.factorization;
    if (!q.families.empty() && std::find(q.families.begin(), q.families.end(), name) == q.families.end()) continue;
    bounds = bounds || (by == ordo::ComparedBy::own && record.own.claim == "bound");
    compared.push_back(&record);
    std::vector<ordo::RunSettings>& settings = tried[name];
    const ordo::RunSettings setting = record.settings.without_seed();
    if (std::find(settings.begin(), settings.end(), setting) == settings.end()) settings.push_back(setting);
  }
  for (const ordo::TrainingRun& run : ordo::best_runs(records.runs, by)) {
    const std::string& name = run.factorization;
    if (!q.families.empty() && std::find(q.families.begin(), q.families.end(), name) == q.families.end()) continue;
    by_family[name].push_back(run);
  }
  ordo::require(!by_family.empty(), "plan", file.string(), " holds no run of the families that were asked for");
  ordo::check_comparable(compared);
  std::vector<ordo::FamilyLaw<Law>> families;
  for (const auto& [name, runs] : by_family) {
    try {
      families.push_back(ordo::fit_family(name, Law{}, runs, q.fit, q.bootstrap));
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const ordo::Error& error) {
      program::say("left out: {}\n", error.what());
    }
  }
  ordo::require(!families.empty(), "plan", "no family has enough runs to fit a law; add sizes, budgets and epochs");
  const ordo::BudgetPlan plan = ordo::plan_budget<Law>(families, q.unique_tokens, q.flops);

  program::say("\n{} unique tokens, {:.3g} FLOPs (6 N D); 95 % intervals in brackets\n\n",
               program::thousands(q.unique_tokens), q.flops);
  program::say("{:<24} {:<28} {:<24} {}\n", "family", "parameters", "epochs", "loss [nats/token]");
  for (const ordo::FamilyPlan& family : plan.families) say_family(family);
  program::say("\n");
  if (plan.families.size() < 2) {
    program::say("which family: not known, there is one only\n");
  } else if (!plan.known) {
    program::say(
        "which family: not known. {} is {:.3f} nats/token ahead of {} by the fits, but the interval {:.3f} .. {:.3f}\n"
        "  {}. More runs near this budget would tell.\n",
        plan.families[0].name, plan.families[plan.rival].use.loss - plan.families[0].use.loss,
        plan.families[plan.rival].name, plan.gap.low, plan.gap.high,
        plan.gap.high < 0 ? "lies on the other side of zero, so the fits are not to be trusted" : "holds zero");
  } else {
    program::say("which family: {}, by {:.3f} .. {:.3f} nats/token over {}\n", plan.families[0].name, plan.gap.low,
                 plan.gap.high, plan.families[plan.rival].name);
    const auto shown = [](double x) { return std::isinf(x) ? std::string("out of reach") : times(x); };
    const std::string interval =
        fmt::format("(95 %: {} .. {})", shown(plan.saving_interval.low), shown(plan.saving_interval.high));
    if (std::isinf(plan.saving)) {
      program::say(
          "saving: {} does not get to that loss within a million times the compute and four times the sizes tried {}\n",
          plan.families[plan.rival].name, interval);
    } else {
      program::say("saving: {} would need {} times the compute for the same loss {}\n", plan.families[plan.rival].name,
                   times(plan.saving), interval);
    }
  }
  program::say(
      "\nassumed: the law {} (alpha = beta, all parameters fitted) for each family, {} loss{},\n"
      "of each size, budget and number of epochs the best setting (mean of its seeds), each run's best weights; and "
      "these:\n",
      Law{}.name(), by == ordo::ComparedBy::exact ? "the exact left-to-right" : "each model's own",
      bounds ? " (a bound for diffusion)" : "");
  for (const ordo::FamilyLaw<Law>& f : families) {
    std::string held_out = "too few runs to hold some out";
    try {
      const auto error = ordo::held_out_error(Law{}, std::span<const ordo::TrainingRun>(by_family[f.name]),
                                              ordo::Extrapolation::epochs, {}, q.fit);
      held_out = fmt::format("{:.3f} of log loss (rms) on held-out larger epochs", error.rms);
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const ordo::Error&) {  // what held_out says already
    }
    program::say(
        "  {}: {} runs, {} .. {} parameters, {} .. {} unique tokens, {} .. {} epochs, {:.2g} .. {:.2g} FLOPs;\n"
        "    R^2 {:.3f}, R_D* {}, off by {}; the lowest minimum was reached by {}\n",
        f.name, f.runs, program::thousands(f.parameters.low), program::thousands(f.parameters.high),
        program::thousands(f.unique_tokens.low), program::thousands(f.unique_tokens.high), times(f.epochs.low),
        times(f.epochs.high), f.flops.low, f.flops.high, f.fit.r_squared,
        f.fit.values[Law::data] == 0 ? std::string("infinite") : times(1 / f.fit.values[Law::data]), held_out,
        f.fit.reached == 0 ? std::string("a resample's fit only: try more --starts")
                           : fmt::format("{} of {} starts", f.fit.reached, f.fit.starts));
    program::say("    intervals by {} clusters of size and budget{}; {}\n", f.resamples.units,
                 f.resamples.units < 20 ? ", few, so they are too narrow" : "",
                 tried[f.name].size() > f.runs
                     ? fmt::format("tuned: {} settings were tried", tried[f.name].size())
                     : std::string("nothing was tuned: each size, budget and number of epochs has one setting"));
  }
}

/// A small sweep on the user's text, ended when the time is over. Returns its results file.
std::filesystem::path run_pilot(Question& q, const std::stop_token& stop) {
  ordo::require(q.minutes > 0, "plan", "--minutes must be positive (got ", q.minutes, ")");
  program::Grid grid;
  grid.factorizations = q.families.empty() ? std::vector<std::string>{"ltr", "masked"} : q.families;
  grid.sizes = {{2, 32, 2}, {2, 64, 2}, {3, 96, 3}};
  grid.epochs = {1, 4, 16, 64, 256};
  grid.learning_rate = {2e-3};
  const ordo::Dataset data = q.text.load(grid.context);
  // Three budgets up to the one that is asked for, or what there is, or what a pilot can afford.
  const double most = std::min({q.unique_tokens, static_cast<double>(data.train().tokens()), 100e3});
  for (const double share : {0.1, 0.3, 1.0}) {
    const auto unique = static_cast<std::int64_t>(most * share);
    if (unique >= 8 * grid.context) grid.unique_tokens.push_back(unique);
  }
  ordo::require(grid.unique_tokens.size() > 1, "plan", "the text is too short for a pilot: ", most,
                " tokens, where a tenth should hold ", 8 * grid.context);
  std::stop_source over;
  const std::stop_callback also(stop, [&] { over.request_stop(); });
  std::jthread clock([&](const std::stop_token& done) {
    std::mutex guard;
    std::unique_lock lock(guard);
    std::condition_variable_any wake;
    const auto time = std::chrono::duration<double>(q.minutes * 60);
    if (!wake.wait_for(lock, done, time, [&] { return done.stop_requested(); })) over.request_stop();
  });
  program::say("pilot: {} minutes at most, cheapest runs first\n", q.minutes);
  try {
    (void)program::run_sweep(q.sweep, grid.runs(), data, over.get_token());
  } catch (const ordo::Stopped&) {
    if (stop.stop_requested()) throw;
    program::say("the pilot's time is over; run this again to add to it\n");
  }
  return q.sweep.out / "results.jsonl";
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Plans a training run: which factorization, what size and how many passes for so many unique tokens and so much\n"
      "compute, with intervals; from your own runs, from a pilot on your text, or from published constants.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Question q;
  q.sweep.out = "pilot-results";
  app.add_option("--unique-tokens", q.unique_text, "unique training tokens, such as 25M [tokens]")->required();
  app.add_option("--flops", q.flops_text, "training compute by the 6 N D rule, such as 1e19 [FLOPs]")->required();
  auto* runs = app.add_option("--runs", q.runs, "results.jsonl of `sweep`");
  app.add_option("--families", q.families, "only these factorizations; for a pilot, which to train (ltr and masked)")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  program::add_named(
      app, "--by", q.by, ordo::every_compared_by,
      "which loss is planned: exact (left to right for all, the default) or own (a bound for diffusion)");
  auto* pilot =
      app.add_flag("--pilot", q.pilot, "train a small sweep on --data first, and plan from it")->excludes(runs);
  app.add_option("--minutes", q.minutes, "time of the pilot [minutes]")->needs(pilot)->capture_default_str();
  auto* data = q.text.add_to(app, true, false);
  q.text.add_validation_to(app);
  pilot->needs(data);
  app.add_option("--out", q.sweep.out, "folder of the pilot's results")->needs(pilot)->capture_default_str();
  q.sweep.device.add_device_to(app);
  q.sweep.add_change_backend_to(app);
  app.add_option("--jobs", q.sweep.jobs, "runs of the pilot at a time, 0 for all cores [count]")->capture_default_str();
  app.add_option("--starts", q.fit.starts, "random starts of each fit [count]")->capture_default_str();
  app.add_option("--bootstrap", q.bootstrap.resamples, "resamples [count]")->capture_default_str();
  return program::run(app, argc, argv, [&] {
    q.unique_tokens = quantity(q.unique_text, "--unique-tokens");
    q.flops = quantity(q.flops_text, "--flops");
    q.fit.stop = signals.token();
    q.bootstrap.stop = signals.token();
    for (std::string& name : q.families) name = ordo::factorization_from_name(name).name();
    q.fit.check();
    q.bootstrap.check();
    ordo::require(q.pilot || q.text.data.empty(), "plan", "--data is for --pilot");
    ordo::require(q.pilot || q.text.validation.empty(), "plan", "--validation is for --pilot");
    ordo::require(!q.pilot || !q.text.validation.empty(), "plan",
                  "--pilot needs --validation FILE, or the share to hold out");
    ordo::require(q.pilot || !q.runs.empty() || (q.families.empty() && !q.by), "plan",
                  "--families and --by are for --runs and --pilot: constants are published for autoregression and "
                  "diffusion only");
    if (q.pilot) {
      plan_from_runs(q, run_pilot(q, signals.token()));
    } else if (!q.runs.empty()) {
      plan_from_runs(q, q.runs);
    } else {
      plan_from_papers(q);
    }
    return 0;
  });
}
