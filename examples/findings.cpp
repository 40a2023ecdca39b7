// The findings of "Diffusion Beats Autoregressive in Data-Constrained Settings" (arXiv:2507.15857), each tried anew at
// the scale of this machine: what is trained, a rule that decides, a figure, a table and a paragraph.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/io/atomic_file.hpp>
#include <ordo/lab/run_record.hpp>

#include "support/commit.hpp"
#include "support/findings/by_law.hpp"
#include "support/findings/by_loss.hpp"
#include "support/findings/by_model.hpp"
#include "support/findings/evaluated.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/runs.hpp"
#include "support/findings/task_sets.hpp"
#include "support/novels.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

namespace {

using ordo::RunRecord;
using ordo::RunSettings;
using program::Cell;
using program::Finding;

/// Whether a finding looks at the models of both families at this cell.
bool needs(const program::FindingsPlan& plan, int number, const Cell& cell) {
  switch (number) {
    case 1: return cell.epochs == 1;
    case 3:
    case 4: return plan.sees_equally_many(cell);
    case 8: return false;
    default: return true;
  }
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  std::string line;
  while (std::getline(file, line)) {
    if (line.rfind("model name", 0) != 0) continue;
    const std::size_t name = line.find_first_not_of(": \t", std::string("model name").size());
    if (name != std::string::npos) return line.substr(name);
  }
  return "unknown processor";
}

/// Trains what the asked findings need: seed 0 of all settings first, then the seeds that report of what it has chosen.
/// None where the study was only listed.
std::optional<std::vector<RunRecord>> train_models(program::FindingsStudy& study, const ordo::Dataset& data,
                                                   const std::stop_token& stop) {
  const auto is_needed = [&](const Cell& cell) {
    return std::any_of(study.numbers.begin(), study.numbers.end(),
                       [&](int number) { return needs(study.plan, number, cell); });
  };
  std::vector<Cell> cells = study.plan.cells();
  std::erase_if(cells, [&](const Cell& cell) { return !is_needed(cell); });
  std::vector<RunSettings> wanted = study.plan.first_runs(cells);
  const auto add = [&](const RunSettings& run) {
    if (std::find(wanted.begin(), wanted.end(), run) == wanted.end()) wanted.push_back(run);
  };
  if (study.asks(8)) {
    for (const std::string& family : study.plan.orderings_families()) {
      for (const RunSettings& run : study.plan.reporting(study.plan.orderings_setting(family))) add(run);
    }
  }
  study.sweep.out = study.out / "runs";
  study.sweep.keep_models = true;
  study.sweep.windows = study.plan.windows;
  study.sweep.evaluations = 16;
  const auto train = [&] {
    (void)program::run_sweep(study.sweep, wanted, data, stop);
    std::vector<RunRecord> own;
    if (study.sweep.list) return own;
    for (RunRecord& record : ordo::read_run_records(study.sweep.out / "results.jsonl").runs) {
      if (std::find(wanted.begin(), wanted.end(), record.settings) != wanted.end()) own.push_back(std::move(record));
    }
    ordo::require(own.size() == wanted.size(), "findings", "other programs are at work on ", wanted.size() - own.size(),
                  " of the runs; run this again when they are done");
    return own;
  };
  program::say("seed 0, which chooses the settings{}\n", study.stamp().empty() ? "" : " (smoke test, not evidence)");
  std::vector<RunRecord> first = train();
  if (study.sweep.list) return std::nullopt;
  const bool sizes = study.asks(2) || study.asks(5) || study.asks(6);
  const program::FindingsRuns choosing(study.plan, std::move(first));
  for (const RunSettings& run : choosing.further_runs(cells, sizes)) add(run);
  program::say("the seeds that report of the chosen settings\n");
  return train();
}

/// What was run, where, and how.
std::string report_head(const program::FindingsStudy& study, const std::vector<RunRecord>& records) {
  double flops = 0;
  double seconds = 0;
  std::set<std::string> commits;
  for (const RunRecord& r : records) {
    flops += r.flops_counted;
    seconds += r.seconds;
    commits.insert(r.commit);
  }
  std::string of_models;
  for (const std::string& commit : commits) of_models += (of_models.empty() ? "" : ", ") + commit;
  const std::string stamp =
      study.stamp().empty() ? "" : fmt::format("**{}.** The models are few and small.\n\n", study.stamp());
  return fmt::format(
      "# The findings of arXiv:2507.15857, at the scale of this machine\n\n{}- **Command**: `{}`\n- **Machine**: {} "
      "cores, {}\n- **Commit**: {} (models: {})\n- **Models**: {}, {:.2g} FLOPs (counted), {} of one core; {} to {} "
      "unique tokens (bytes), validation on {} windows of {}\n\n",
      stamp, study.command, std::thread::hardware_concurrency(), processor(), program::commit(), of_models, records.size(),
      flops, program::duration(seconds), program::thousands(study.plan.budgets.front()),
      program::thousands(study.plan.budgets.back()), study.plan.windows, study.plan.context);
}

int findings(program::FindingsStudy& study, const std::stop_token& stop) {
  if (study.text.data.empty()) {
    program::use_novels(study.text,
                        {"emma", "mansfield_park", "northanger_abbey", "pride_and_prejudice", "sense_and_sensibility"},
                        "findings");
  }
  const ordo::Dataset data = study.text.load(study.plan.context);
  ordo::require(!data.validation().empty(), "findings",
                "there is no validation text: give --validation FILE or a share");
  ordo::require(data.validation().size() >= 8, "findings", "the validation text has ", data.validation().size(),
                " windows of ", study.plan.context, " tokens, fewer than the 8 that can choose and report");
  study.plan.training_text = fmt::format("{:016x}", data.train().fingerprint());
  study.plan.validation_text = fmt::format("{:016x}", data.validation().fingerprint());
  const std::int64_t most = std::max(study.plan.equal_tokens, study.plan.budgets.back());
  ordo::require(data.train().tokens() >= most, "findings", "the training text has ", data.train().tokens(),
                " tokens, and the study needs ", most, "; a --plan of your own may need fewer");
  std::vector<program::TaskSet> tasks;
  if (study.asks(7) && !study.sweep.list) {
    tasks = program::task_sets(study.plan, study.choices, data, study.out);  // refused before hours of training
  }

  std::optional<std::vector<RunRecord>> records = train_models(study, data, stop);
  if (!records) return 0;
  const std::string head = report_head(study, *records);
  const program::FindingsRuns runs(study.plan, std::move(*records));
  const program::Evaluated evaluated{study, data, runs, tasks, stop};
  using Maker = Finding (*)(const program::Evaluated&);
  constexpr Maker makers[] = {program::little_compute, program::much_compute,  program::equal_compute_less_data,
                              program::nearly_fresh,   program::half_life,     program::critical,
                              program::downstream,     program::more_orderings};
  std::string summary = "| | finding | verdict |\n|---|---|---|\n";
  std::string sections;
  int failed = 0;
  const auto report = [&](int number) {
    const Finding finding = makers[number - 1](evaluated);
    program::write_rows(study.out / (finding.file() + ".csv"), finding.rows);
    std::string text = section(finding, study.stamp());
    if (number == 7) text += "\n" + program::memorised(evaluated);
    ordo::write_file_atomically(study.out / (finding.file() + ".md"), head + text);
    sections += text + "\n";
    summary += fmt::format("| {} | {} | {} |\n", number, finding.title, to_string(finding.verdict));
    program::say("{}. {}: {}{}\n   {}\n", number, finding.title, to_string(finding.verdict),
                 study.stamp().empty() ? "" : " (smoke test, not evidence)", finding.note);
    std::fflush(stdout);
  };
  for (const int number : study.numbers) {
    try {
      report(number);
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const std::exception& error) {  // the others do not depend on it
      ++failed;
      summary += fmt::format("| {} | | failed: {} |\n", number, error.what());
      fmt::print(stderr, "finding {}: {}\n", number, error.what());
    }
  }
  const bool all = study.numbers.size() == std::size(makers);
  if (all) ordo::write_file_atomically(study.out / "findings.md", head + summary + "\n" + sections);
  program::say("wrote {}\n", (study.out / (all ? "findings.md" : "finding-*.md")).string());
  return failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Tries the findings of arXiv:2507.15857 anew at the scale of this machine. 1: little compute, 2: much compute,\n"
      "3: equal compute and less data, 4: repeats against new data, 5: half-life of repeats, 6: critical compute,\n"
      "7: multiple choice (and what is repeated word for word), 8: orderings. Stopped, it goes on when started again.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  program::FindingsStudy study;
  std::vector<std::string> asked = {"all"};
  bool quick = false;
  bool show = false;
  std::filesystem::path plan;
  app.add_option("--finding", asked, "which ones: numbers from 1 to 8, or all")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::IsMember({"1", "2", "3", "4", "5", "6", "7", "8", "all"}))
      ->capture_default_str();
  app.add_option("--out", study.out, "folder for findings.md, figures, tables and models")->capture_default_str();
  app.add_flag("--quick", quick,
               "few and small models, in less than 15 minutes on two cores: a smoke test, no evidence");
  app.add_option("--plan", plan, "what to train instead: as --show-plan prints it, with your own numbers [JSON file]")
      ->excludes("--quick");
  app.add_flag("--show-plan", show, "print the plan, and do nothing");
  study.text.add_to(app, false, false);
  study.text.add_validation_to(app);
  app.add_option("--choices", study.choices, "multiple-choice tasks (.jsonl) for finding 7 instead of made ones");
  app.add_option("--jobs", study.sweep.jobs, "runs at a time, 0 for all cores [count]")->capture_default_str();
  app.add_flag("--list", study.sweep.list, "list what seed 0 trains, and train nothing");
  for (int i = 0; i < argc; ++i) study.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  return program::run(app, argc, argv, [&] {
    study.plan = plan.empty() ? program::make_findings_plan(quick) : program::read_findings_plan(plan);
    if (show) {
      program::say("{}\n", program::to_json(study.plan).dump(2));
      return 0;
    }
    for (int number = 1; number <= 8; ++number) {
      const bool all = std::find(asked.begin(), asked.end(), "all") != asked.end();
      if (all || std::find(asked.begin(), asked.end(), std::to_string(number)) != asked.end()) {
        study.numbers.push_back(number);
      }
    }
    return findings(study, signals.token());
  });
}
