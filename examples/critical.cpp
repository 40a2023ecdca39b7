// From how much compute on one family of models beats another, from the runs of a sweep.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/factorizations.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/lab.hpp>

#include "support/plot.hpp"
#include "support/program.hpp"

namespace {

using ordo::Crossing;

std::string shown(const Crossing& crossing) {
  switch (crossing.kind) {
    case Crossing::Kind::at: return fmt::format("{:.3g}", crossing.flops);
    case Crossing::Kind::above: return fmt::format("> {:.3g}", crossing.flops);
    case Crossing::Kind::below: return fmt::format("< {:.3g}", crossing.flops);
  }
  return {};
}

/// An end of an interval over resamples; where they saw no crossing there is no number.
std::string shown(double flops) {
  if (std::isinf(flops)) return "not reached";
  return flops == 0 ? "from the start" : fmt::format("{:.3g}", flops);
}

void draw(const std::filesystem::path& out, const ordo::CriticalCompute& found,
          const ordo::CriticalComputeOptions& options, const std::string& by) {
  program::Figure figure{"frontiers",
                         "The best loss that compute buys",
                         fmt::format("by the {} loss; models chosen on half of the windows, reported on the other", by),
                         fmt::format("training compute [FLOPs, {}]", options.counted ? "counted" : "6 N D"),
                         "validation loss [nats/token]",
                         true,
                         {},
                         true};
  std::string csv = "unique_tokens,family,flops,nats_per_token\n";
  int pair = 0;
  for (const ordo::BudgetCrossing& budget : found.budgets) {
    const auto line = [&](const std::string& family, const std::vector<ordo::FrontierPoint>& points, bool dashed) {
      program::PlotLine drawn{
          fmt::format("{}, {} unique tokens", family, program::thousands(budget.unique_tokens)), {}, dashed};
      drawn.pair = pair;
      for (const ordo::FrontierPoint& p : points) {
        drawn.points.push_back({p.flops, p.loss});
        csv += fmt::format("{:.0f},\"{}\",{:.6g},{:.6f}\n", budget.unique_tokens, family, p.flops, p.loss);
      }
      figure.lines.push_back(std::move(drawn));
    };
    line(program::joined(options.base), budget.base, true);
    line(program::joined(options.challenger), budget.challenger, false);
    ++pair;
  }
  ordo::write_file_atomically(out / "frontiers.csv", csv);
  program::draw(out, figure, "frontiers.csv");
}

int critical(const std::filesystem::path& results, const std::filesystem::path& out,
             ordo::CriticalComputeOptions& options) {
  for (auto* names : {&options.base, &options.challenger}) {
    for (std::string& name : *names) name = ordo::factorization_from_name(name).name();
  }
  const ordo::RunRecords records = ordo::read_run_records(results);
  ordo::require(!records.runs.empty(), "critical", results.string(), " holds no run");
  if (records.cut) program::say("the last line of {} is cut off and left out\n", results.string());
  const std::string by =
      options.by == ordo::ComparedBy::exact ? "exact left-to-right" : "own (a bound where it is one)";
  const ordo::CriticalCompute found = ordo::critical_compute(records.runs, options);
  program::say("base {}; challenger {}; compared by the {} loss\n", program::joined(options.base),
               program::joined(options.challenger), by);
  program::say("{} resamples of windows and seeds; 95 % intervals; {} of {} settings have two seeds or more{}\n\n",
               found.resamples, found.with_seeds, found.settings,
               found.with_seeds == 0 ? ", so no interval holds the luck of training" : "");
  program::say("{:>14}  {:>16}  {:<34}  {}\n", "unique tokens", "crossing [FLOPs]", "interval",
               "arXiv:2507.15857's closed form");
  for (const ordo::BudgetCrossing& budget : found.budgets) {
    program::say("{:>14.0f}  {:>16}  {:<34}  {:.3g}\n", budget.unique_tokens, shown(budget.crossing),
                 found.resamples > 0 ? fmt::format("{} .. {}", shown(budget.interval.low), shown(budget.interval.high))
                                     : std::string("-"),
                 ordo::published_critical_flops(budget.unique_tokens));
  }
  if (!found.law) {
    program::say("\nfewer than two budgets have a crossing: the exponent is not known\n");
  } else {
    program::say("\ncritical compute = {:.3g} x U^{:.2f} FLOPs", std::exp(found.law->intercept), found.law->exponent);
    if (found.with_law > 1) {
      program::say(
          ", {} {:.2f} .. {:.2f}, from the {} of {} resamples that have one",
          found.with_law >= 0.95 * found.resamples ? "95 % interval" : "range where there is one (no 95 % interval)",
          found.exponent.low, found.exponent.high, found.with_law, found.resamples);
    }
    program::say(" (arXiv:2507.15857: 2.174, fitted to three budgets of 25M to 100M tokens)\n");
  }
  if (!out.empty()) {
    std::filesystem::create_directories(out);
    draw(out, found, options, by);
    program::say("wrote {}, frontiers.svg and frontiers.csv\n", (out / "frontiers.png").string());
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Compares two families over the runs of a sweep: for each unique budget the compute from which the challenger "
      "is\n"
      "better, and the power law through these crossings. A budget without a crossing is censored, not dropped.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::filesystem::path results;
  std::filesystem::path out;
  ordo::CriticalComputeOptions options;
  std::optional<ordo::ComparedBy> by;
  app.add_option("--results", results, "results.jsonl of `sweep`")->required();
  app.add_option("--base", options.base, "factorizations of the base, with every regularisation in the file")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->capture_default_str();
  app.add_option("--challenger", options.challenger, "factorizations of the challenger")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->capture_default_str();
  program::add_named(app, "--by", by, ordo::every_compared_by,
                     "which loss compares: exact (left to right for all, the default) or own (a bound for diffusion, "
                     "so a crossing by it comes late)");
  app.add_flag("--counted", options.counted, "compute as counted, not by the 6 N D rule");
  app.add_option("--bootstrap", options.resamples, "resamples, 0 for no intervals [count]")->capture_default_str();
  app.add_option("--seed", options.seed, "seed of the resamples")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  app.add_option("--choosing-seed", options.choosing_seed,
                 "runs of this seed choose the models of a frontier, the others report; else all do both")
      ->check(program::whole<std::uint64_t>());
  app.add_option("--out", out, "folder for frontiers.png, .svg and .csv");
  return program::run(app, argc, argv, [&] {
    options.by = by.value_or(ordo::ComparedBy::exact);
    return critical(results, out, options);
  });
}
