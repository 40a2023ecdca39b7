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

#include <ordo/core/error.hpp>
#include <ordo/data/dataset.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/choice_tasks.hpp>
#include <ordo/io/folder_lock.hpp>
#include <ordo/lab/run_record.hpp>

#include "support/commit.hpp"
#include "support/findings/by_law.hpp"
#include "support/findings/by_loss.hpp"
#include "support/findings/by_model.hpp"
#include "support/findings/finding.hpp"
#include "support/findings/inputs.hpp"
#include "support/findings/plan.hpp"
#include "support/findings/plan_json.hpp"
#include "support/findings/runs.hpp"
#include "support/findings/task_sets.hpp"
#include "support/novels.hpp"
#include "support/plot.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"
#include "support/text.hpp"

namespace {

using ordo::RunRecord;
using ordo::RunSettings;
using program::Cell;
using program::Finding;
using program::FindingInputs;
using program::FindingsPlan;

/// How a finding is worked out, and which models of both families it looks at.
struct Kind {
  Finding (*work_out)(const FindingInputs&);
  bool (*looks_at)(const FindingsPlan&, const Cell&);
  bool plain = false;       ///< as in the paper, beside the tuned ones
  bool every_size = false;  ///< not only the best one
  program::Appendix (*appendix)(const FindingInputs&) = nullptr;
};

bool one_pass(const FindingsPlan&, const Cell& cell) { return cell.epochs == 1; }
bool of_a_budget(const FindingsPlan& plan, const Cell& cell) { return plan.of_a_budget(cell); }
bool equal_tokens(const FindingsPlan& plan, const Cell& cell) { return plan.sees_equally_many(cell); }
bool every(const FindingsPlan&, const Cell&) { return true; }
bool none(const FindingsPlan&, const Cell&) { return false; }  // they have runs of their own

constexpr Kind kinds[] = {
    {program::little_compute, one_pass},                                   // 1
    {program::much_compute, of_a_budget, true, true},                      // 2
    {program::equal_compute_less_data, equal_tokens, true},                // 3
    {program::nearly_fresh, equal_tokens, true},                           // 4
    {program::half_life, every, false, true},                              // 5
    {program::critical, of_a_budget, false, true},                         // 6
    {program::downstream, of_a_budget, false, false, program::memorised},  // 7
    {program::more_orderings, none},                                       // 8
};
constexpr int kind_count = static_cast<int>(std::size(kinds));

struct Settings {
  FindingsPlan plan;
  program::TextFlags text;
  program::SweepSettings sweep;
  std::vector<int> numbers;
  std::filesystem::path out = "findings-results";
  std::filesystem::path choices;  ///< tasks of the user's own for finding 7
  std::string command;

  [[nodiscard]] bool asks(int number) const {
    return std::find(numbers.begin(), numbers.end(), number) != numbers.end();
  }
  /// Whether an asked finding looks at a cell and is one of these.
  template <class Which>
  [[nodiscard]] bool any(const Cell& cell, const Which& which) const {
    return std::any_of(numbers.begin(), numbers.end(), [&](int number) {
      const Kind& kind = kinds[number - 1];
      return kind.looks_at(plan, cell) && which(kind);
    });
  }
};

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

/// What the asked findings need beside what is chosen: seed 0 of every setting, and finding 8's models.
std::vector<RunSettings> first_runs(const Settings& settings) {
  std::vector<Cell> cells = settings.plan.cells();
  std::erase_if(cells, [&](const Cell& cell) { return !settings.any(cell, [](const Kind&) { return true; }); });
  std::vector<RunSettings> wanted = settings.plan.first_runs(cells);
  if (settings.asks(8)) {
    for (const std::string& family : settings.plan.orderings_families()) {
      for (const RunSettings& run : settings.plan.reporting(settings.plan.orderings_setting(family))) {
        wanted.push_back(run);
      }
    }
  }
  return wanted;
}

/// Adds the runs that report of what seed 0 has chosen.
void add_further_runs(const Settings& settings, std::vector<RunRecord> first, std::vector<RunSettings>& wanted) {
  const program::FindingsRuns choosing(settings.plan, std::move(first));
  for (const Cell& cell : settings.plan.cells()) {
    if (!settings.any(cell, [](const Kind&) { return true; })) continue;
    const bool plain = settings.any(cell, [](const Kind& kind) { return kind.plain; });
    const bool every_size = settings.any(cell, [](const Kind& kind) { return kind.every_size; });
    for (const RunSettings& run : choosing.further_runs(cell, plain, every_size)) {
      if (std::find(wanted.begin(), wanted.end(), run) == wanted.end()) wanted.push_back(run);
    }
  }
}

/// Trains what the asked findings need. None where it was only listed.
std::optional<std::vector<RunRecord>> train_models(const Settings& settings, const ordo::Dataset& data,
                                                   std::vector<RunSettings> wanted, const std::stop_token& stop) {
  const auto train = [&] {
    (void)program::run_sweep(settings.sweep, wanted, data, stop);
    std::vector<RunRecord> own;
    if (settings.sweep.list) return own;
    for (RunRecord& record : ordo::read_run_records(settings.sweep.out / "results.jsonl").runs) {
      if (std::find(wanted.begin(), wanted.end(), record.settings) != wanted.end()) own.push_back(std::move(record));
    }
    ordo::require(own.size() == wanted.size(), "findings", "other programs are at work on ", wanted.size() - own.size(),
                  " of the runs; run this again when they are done");
    return own;
  };
  program::say("what chooses the settings, and finding 8's own runs{}\n", program::stamp_note(settings.plan));
  std::vector<RunRecord> first = train();
  if (settings.sweep.list) return std::nullopt;
  add_further_runs(settings, std::move(first), wanted);
  program::say("the seeds that report of the chosen settings\n");
  return train();
}

/// What was run, where, and how.
std::string report_head(const Settings& settings, const std::vector<RunRecord>& records) {
  std::int64_t fewest = records.front().settings.unique_tokens;
  std::int64_t most = fewest;
  double flops = 0;
  double seconds = 0;
  std::set<std::string> commits;
  std::set<std::string> backends;
  for (const RunRecord& r : records) {
    fewest = std::min(fewest, r.settings.unique_tokens);
    most = std::max(most, r.settings.unique_tokens);
    flops += r.flops_counted;
    seconds += r.seconds;
    commits.insert(r.commit);
    backends.insert(r.backend);
  }
  const FindingsPlan& plan = settings.plan;
  const bool on_host = backends == std::set<std::string>{"cpu"};
  return fmt::format(
      "# The findings of arXiv:2507.15857, at the scale of this machine\n\n{}- **Command**: `{}`\n- **Machine**: {} "
      "cores, {}\n- **Commit**: {} (models: {})\n- **Models**: {} (by {}), {:.2g} FLOPs (counted), {}{}; {} to {} "
      "unique tokens (bytes), validation on {} windows of {}\n\n",
      program::stamp_line(plan), settings.command, std::thread::hardware_concurrency(), processor(), program::commit(),
      program::joined({commits.begin(), commits.end()}), records.size(),
      program::joined({backends.begin(), backends.end()}, "; "), flops, program::duration(seconds),
      on_host ? " of one core" : "", program::thousands(fewest), program::thousands(most),
      records.front().window_tokens.size(), plan.context);
}

struct Reported {
  std::string title;
  std::string verdict;
  std::string section;
  bool drawn = true;
};

/// Works a finding out and writes its table, page and figures, in this order. A figure that cannot be drawn is named,
/// and the rest stands.
Reported report(const Settings& settings, const FindingInputs& in, int number, const std::string& head) {
  const Kind& kind = kinds[number - 1];
  const std::string name = fmt::format("finding-{}", number);
  const auto write = [&](const std::string& text) {
    ordo::write_file_atomically(settings.out / (name + ".md"), head + text);
  };
  const Finding finding = kind.work_out(in);
  program::write_rows(settings.out / (name + ".csv"), finding.rows);
  std::string text = section(finding, number, name, program::stamp_line(in.plan));
  write(text);
  Reported reported{finding.title, std::string(to_string(verdict(finding))), std::move(text)};
  const auto draw = [&](const program::Figure& figure, const std::string& numbers) {
    try {
      program::draw(settings.out, figure, numbers);
    } catch (const ordo::Error& error) {
      reported.drawn = false;
      fmt::print(stderr, "finding {}: {}\n", number, error.what());
    }
  };
  program::say("{}. {}: {}{}\n   {}\n", number, finding.title, reported.verdict, program::stamp_note(in.plan),
               finding.note);
  std::fflush(stdout);
  for (const program::Figure& figure : finding.figures) draw(figure, name + ".csv");
  if (kind.appendix == nullptr) return reported;
  const program::Appendix appendix = kind.appendix(in);
  program::write_rows(settings.out / (appendix.name + ".csv"), appendix.rows);
  reported.section += "\n" + appendix.text;
  write(reported.section);
  draw(appendix.figure, appendix.name + ".csv");
  return reported;
}

int findings(Settings& settings, const std::stop_token& stop) {
  FindingsPlan& plan = settings.plan;
  if (settings.text.data.empty()) {
    program::use_novels(settings.text,
                        {"emma", "mansfield_park", "northanger_abbey", "pride_and_prejudice", "sense_and_sensibility"},
                        "findings");
  }
  const ordo::Dataset data = settings.text.load(plan.context);
  ordo::require(!data.validation().empty(), "findings",
                "there is no validation text: give --validation FILE or a share");
  ordo::require(data.validation().size() >= 8, "findings", "the validation text has ", data.validation().size(),
                " windows of ", plan.context, " tokens, fewer than the 8 that can choose and report");
  plan.training_text = fmt::format("{:016x}", data.train().fingerprint());
  plan.validation_text = fmt::format("{:016x}", data.validation().fingerprint());
  std::vector<RunSettings> wanted = first_runs(settings);
  std::int64_t most = 0;
  for (const RunSettings& run : wanted) most = std::max(most, run.unique_tokens);
  ordo::require(data.train().tokens() >= most, "findings", "the training text has ", data.train().tokens(),
                " tokens, and the study needs ", most, "; a --plan of your own may need fewer");
  settings.sweep.out = settings.out / "runs";
  settings.sweep.keep_models = true;
  settings.sweep.windows = plan.windows;
  settings.sweep.evaluations = program::evaluations;
  settings.sweep.curve_windows = program::curve_windows;
  // Refused before hours of training:
  std::vector<program::TaskSet> tasks;
  if (settings.asks(7)) tasks = program::task_sets(plan, settings.choices, data);
  if (!settings.sweep.list) program::require_gnuplot();

  std::optional<std::vector<RunRecord>> records = train_models(settings, data, std::move(wanted), stop);
  if (!records) return 0;
  const std::optional<ordo::FolderLock> lock = ordo::FolderLock::attempt(settings.out);
  ordo::require(lock.has_value(), "findings", "another program is at ", settings.out.string(),
                "; run this again when it is done");
  for (const program::TaskSet& set : tasks) {
    if (settings.choices.empty()) ordo::write_choice_tasks(settings.out / (set.name + ".jsonl"), set.tasks);
  }
  const std::string head = report_head(settings, *records);
  const program::FindingsRuns runs(plan, std::move(*records));
  const FindingInputs in{
      plan, data, runs, tasks, !settings.choices.empty(), settings.sweep.out, whole_machine(settings.sweep.device),
      stop};
  std::string summary = "| | finding | verdict |\n|---|---|---|\n";
  std::string sections;
  int failed = 0;
  for (const int number : settings.numbers) {
    const std::string page = fmt::format("finding-{}.md", number);
    try {
      const Reported reported = report(settings, in, number, head);
      summary += fmt::format("| {} | {} | {} |\n", number, reported.title, reported.verdict);
      sections += reported.section + "\n";
      failed += reported.drawn ? 0 : 1;
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const std::exception& error) {  // the others do not depend on it
      ++failed;
      const std::string section = fmt::format("## {}. Failed\n\n{}\n", number, error.what());
      ordo::write_file_atomically(settings.out / page, head + section);
      sections += section + "\n";
      summary += fmt::format("| {} | | failed |\n", number);
      fmt::print(stderr, "finding {}: {}\n", number, error.what());
    }
  }
  const bool all = settings.numbers.size() == kind_count;
  if (all) ordo::write_file_atomically(settings.out / "findings.md", head + summary + "\n" + sections);
  program::say("wrote {}\n", (settings.out / (all ? "findings.md" : "finding-*.md")).string());
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
  Settings settings;
  std::vector<std::string> asked = {"all"};
  bool quick = false;
  bool show = false;
  std::filesystem::path plan;
  app.add_option("--finding", asked, "which ones: numbers from 1 to 8, or all")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->check(CLI::IsMember({"1", "2", "3", "4", "5", "6", "7", "8", "all"}))
      ->capture_default_str();
  app.add_option("--out", settings.out, "folder for findings.md, figures, tables and models")->capture_default_str();
  app.add_flag("--quick", quick,
               "few and small models, in less than 15 minutes on two cores: a smoke test, no evidence");
  app.add_option("--plan", plan, "what to train instead: as --show-plan prints it, with your own numbers [JSON file]")
      ->excludes("--quick");
  app.add_flag("--show-plan", show, "print the plan, and do nothing");
  settings.text.add_to(app, false, false);
  settings.text.add_validation_to(app);
  app.add_option("--choices", settings.choices, "multiple-choice tasks (.jsonl) for finding 7 instead of made ones");
  settings.sweep.device.add_device_to(app);
  settings.sweep.add_change_backend_to(app);
  app.add_option("--jobs", settings.sweep.jobs, "runs at a time, 0 for all cores [count]")->capture_default_str();
  app.add_flag("--list", settings.sweep.list, "list what is trained first, seed 0 of every setting, and train nothing");
  for (int i = 0; i < argc; ++i) settings.command += (i == 0 ? "" : " ") + std::string(argv[i]);
  return program::run(app, argc, argv, [&] {
    settings.plan = plan.empty() ? program::make_findings_plan(quick) : program::read_findings_plan(plan);
    if (show) {
      program::say("{}\n", program::to_json(settings.plan).dump(2));
      return 0;
    }
    for (int number = 1; number <= kind_count; ++number) {
      const bool all = std::find(asked.begin(), asked.end(), "all") != asked.end();
      if (all || std::find(asked.begin(), asked.end(), std::to_string(number)) != asked.end()) {
        settings.numbers.push_back(number);
      }
    }
    return findings(settings, signals.token());
  });
}
