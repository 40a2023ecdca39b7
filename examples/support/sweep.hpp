#pragma once
// Training every model of a grid, several at a time: what `sweep` and `plan --pilot` do.

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/core/checksum.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/folder_lock.hpp>
#include <ordo/io/model_files.hpp>
#include <ordo/io/shared_log.hpp>
#include <ordo/lab/flops.hpp>
#include <ordo/lab/run_record.hpp>

#include "support/commit.hpp"
#include "support/engine.hpp"
#include "support/grid.hpp"
#include "support/program.hpp"
#include "support/status_line.hpp"
#include "support/training_flags.hpp"

namespace program {

/// How a sweep is run.
struct SweepSettings {
  std::filesystem::path out = "sweep-results";
  std::int64_t windows = 128;
  int draws = 8;
  int evaluations = 12;
  std::int64_t curve_windows = 64;
  int jobs = 0;
  DeviceFlags device{.threads = 1};
  bool list = false;
  bool keep_models = false;  ///< in models/ below `out`, each with its curve; see model_folder
  bool change_backend = false;

  void add_change_backend_to(CLI::App& app) {
    program::add_change_backend_to(app, change_backend, "a folder", "each line notes what made it");
  }
};

/// A run of the grid and what it costs.
struct SweepJob {
  ordo::RunSettings settings;
  ordo::ModelConfig config;
  double flops = 0;   ///< counted
  double tokens = 0;  ///< that it is planned to see
  std::string folder;
};

inline ordo::ModelConfig config_of(const ordo::RunSettings& s, ordo::Token vocab) {
  ordo::ModelConfig config{.layers = s.layers,
                           .width = s.width,
                           .heads = s.heads,
                           .vocab = vocab,
                           .context = s.context,
                           .dropout = s.dropout,
                           .init_std = s.init_std};
  config.check();
  return config;
}

inline std::string describe(const ordo::RunSettings& s) {
  return fmt::format("{}, {} x {}, {} unique tokens, {} epochs, decay {}, dropout {}, rate {}, seed {}",
                     s.factorization, s.layers, s.width, s.unique_tokens, s.epochs, s.weight_decay, s.dropout,
                     s.learning_rate, s.seed);
}

/// The one line that says how far the sweep is; jobs report from their own threads.
class SweepBoard {
 public:
  SweepBoard(std::size_t all, std::size_t done, double flops) : all_(all), done_(done), flops_(flops) {}

  /// A job has done `flops` more.
  void progress(double flops) {
    const std::lock_guard lock(guard_);
    spent_ += flops;
    const auto now = Clock::now();
    const auto pause = line_.terminal() ? std::chrono::milliseconds(300) : std::chrono::milliseconds(15000);
    if (now - shown_ < pause) return;
    shown_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const double left = spent_ > 0 ? std::max(0.0, flops_ - spent_) * seconds / spent_ : 0;
    line_.write(fmt::format("{}/{} runs done, {:.0f} % of the arithmetic, {:.1f} GFLOP/s, {} left", done_, all_,
                            100 * std::min(1.0, spent_ / flops_), spent_ / seconds * 1e-9, duration(left)));
  }
  /// A job is done: a line that stays.
  void finished(const std::string& text) {
    const std::lock_guard lock(guard_);
    ++done_;
    clear();
    say("[{}/{}] {}\n", done_, all_, text);
    std::fflush(stdout);
  }
  /// What another program has in hand, or has spent on a run.
  void leave_out(double flops) {
    const std::lock_guard lock(guard_);
    flops_ -= flops;
  }
  /// What another program has done meanwhile.
  void elsewhere(double flops) {
    const std::lock_guard lock(guard_);
    ++done_;
    flops_ -= flops;
  }
  void clear() { line_.clear(); }

 private:
  using Clock = std::chrono::steady_clock;

  std::mutex guard_;
  std::size_t all_;
  std::size_t done_;
  double flops_;
  double spent_ = 0;
  StatusLine line_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point shown_ = start_;
};

inline ordo::WindowScore window_score(const ordo::Score& score, std::vector<double> nats) {
  return {score.nats_per_token, score.error(), score.exact() ? "exact" : "bound", score.policy, std::move(nats)};
}

/// Exact and left to right, as the model can: by its plans where it was trained to predict the next token, else as it
/// would be sampled, all later tokens hidden.
inline ordo::Score left_to_right(const Model& model, const ordo::Windows& windows, const ordo::AnyFactorization& policy,
                                 const ordo::EvaluateOptions& options, std::vector<double>& nats) {
  const ordo::Reads masks = ordo::readout_of(policy).mask;
  const ordo::Reads tokens = ordo::readout_of(policy).token;
  const bool predicts_next = tokens == ordo::Reads::next || tokens == ordo::Reads::unclear;
  if (predicts_next || masks != ordo::Reads::own) {
    return model.evaluate(windows, ordo::AnyFactorization(), options, &nats);
  }
  return model.evaluate(windows, ordo::AsSampled{policy, ordo::Revealing{}}, options, &nats);
}

inline ordo::TrainOptions train_options(const ordo::RunSettings& s) {
  ordo::TrainOptions options;
  options.epochs = s.epochs;
  options.batch = s.batch;
  options.learning_rate = s.learning_rate;
  options.weight_decay = s.weight_decay;
  options.unique_tokens = s.unique_tokens;
  options.seed = s.seed;
  return options;
}

inline ordo::RunRecord train_one(const SweepSettings& settings, const ordo::Dataset& data, const SweepJob& job,
                                 const Device& device, SweepBoard& board, const std::stop_token& stop) {
  const ordo::RunSettings& s = job.settings;
  const ordo::AnyFactorization policy = ordo::factorization_from_name(s.factorization);
  ordo::TrainOptions options = train_options(s);
  options.evaluations = settings.evaluations;
  options.evaluate_by_ratio = true;
  options.evaluation = {.draws = 4, .seed = 3, .windows = settings.curve_windows};
  options.stop = stop;
  options.directory = settings.out / "unfinished" / job.folder;
  options.change_backend = settings.change_backend;
  std::optional<double> told;
  options.on_step = [&](const ordo::StepReport& report) {
    const double step = job.flops / static_cast<double>(report.steps);
    const double spent = step * static_cast<double>(report.step);
    if (!told) {
      told = spent - step;  // what an earlier program spent on it
      board.leave_out(*told);
    }
    board.progress(spent - *told);
    told = spent;
  };
  const auto start = std::chrono::steady_clock::now();
  const auto model = device.make(job.config, policy, s.seed);
  const ordo::TrainResult result = model->train(data, options);
  if (!result.finished) throw ordo::Stopped("stopped");

  // The curve chose the weights on a subset of its own; in a short validation text the two overlap.
  ordo::RunRecord record;
  record.settings = s;
  record.parameters = ordo::true_parameters(job.config);
  record.tokens = result.tokens;
  record.flops_by_rule =
      ordo::flops_by_rule(static_cast<double>(record.parameters), static_cast<double>(record.tokens));
  record.flops_counted = job.flops * static_cast<double>(record.tokens) / job.tokens;
  record.best_epoch = result.best.epoch;
  const ordo::EvaluateOptions how{.draws = settings.draws, .seed = 1, .windows = settings.windows, .stop = stop};
  std::vector<double> nats;
  const ordo::Score own = model->evaluate(data.validation(), policy.scored_as(), how, &nats);
  record.own = window_score(own, nats);
  const ordo::Score exact = left_to_right(*model, data.validation(), policy, how, nats);
  record.exact = window_score(exact, nats);
  const ordo::Windows scored = data.validation().subset(static_cast<std::size_t>(settings.windows), how.seed);
  for (std::size_t w = 0; w < scored.size(); ++w) record.window_tokens.push_back(scored.length(w));
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  record.commit = commit();
  record.backend = device.name();
  if (settings.keep_models) {
    const std::filesystem::path kept = settings.out / "models" / job.folder;
    model->write(kept, data.codec());
    ordo::write_file_atomically(kept / "metrics.jsonl",
                                ordo::MappedFile(settings.out / "unfinished" / job.folder / "metrics.jsonl").text());
  }
  return record;
}

/// The name of a run's folder: what a person sees of the settings, and a checksum of all of them.
inline std::string folder_of(const ordo::RunSettings& run) {
  ordo::RunRecord named;
  named.settings = run;
  ordo::Json fields = ordo::to_json(named);
  fields["format"] = 2;  // so that folders of earlier sweeps keep their names
  fields.erase("backend");
  const std::string all = ordo::json_text(fields);
  return fmt::format("{}-seed{}-{:016x}", file_name(run.factorization), run.seed,
                     ordo::checksum(std::as_bytes(std::span(all))));
}

/// Where a kept model is, with its curve, metrics.jsonl.
inline std::filesystem::path model_folder(const std::filesystem::path& out, const ordo::RunSettings& run) {
  return out / "models" / folder_of(run);
}

/// The runs of a grid.
struct SweepJobs {
  std::vector<SweepJob> left;     ///< those that are not there yet, cheapest first
  std::vector<std::string> done;  ///< the folders of those that are
};

inline SweepJobs jobs_of(const SweepSettings& settings, const std::vector<ordo::RunSettings>& runs,
                         const ordo::Dataset& data, const std::vector<ordo::RunRecord>& there) {
  SweepJobs jobs;
  const std::string training = fmt::format("{:016x}", data.train().fingerprint());
  const std::string validation = fmt::format("{:016x}", data.validation().fingerprint());
  for (ordo::RunSettings run : runs) {
    ordo::require(run.unique_tokens <= data.train().tokens(), "sweep", "unique_tokens of ", run.unique_tokens,
                  " is more than the ", data.train().tokens(), " tokens of the training text");
    run.training_text = training;
    run.validation_text = validation;
    run.evaluations = settings.evaluations;
    run.curve_windows = settings.curve_windows;
    if (std::any_of(there.begin(), there.end(), [&](const auto& record) { return record.settings == run; })) {
      jobs.done.push_back(folder_of(run));
      continue;
    }
    SweepJob job{run, config_of(run, data.vocab()), 0, 0, folder_of(run)};
    const ordo::AnyFactorization policy = ordo::factorization_from_name(run.factorization);
    const ordo::Shape shape{run.context};
    ordo::check_shape(policy, shape);
    train_options(run).check();
    job.tokens = run.epochs * static_cast<double>(run.unique_tokens);
    const double sequences = job.tokens / run.context;
    job.flops = ordo::training_flops(job.config, ordo::plan_work(policy, shape)) * sequences;
    jobs.left.push_back(std::move(job));
  }
  std::stable_sort(jobs.left.begin(), jobs.left.end(),
                   [](const SweepJob& a, const SweepJob& b) { return a.flops < b.flops; });
  return jobs;
}

inline std::filesystem::path claim_of(const SweepSettings& settings, const std::string& folder) {
  return settings.out / "unfinished" / (folder + ".claim");
}

/// Holds a job against other programs; none where one of them holds it. Claims stay until the sweep is done, and one
/// that is swept away between two steps here is made again.
inline std::optional<ordo::FolderLock> claim_job(const std::filesystem::path& claim) {
  for (int attempt = 0;; ++attempt) {
    try {
      std::filesystem::create_directories(claim);
      return ordo::FolderLock::attempt(claim);
    } catch (const std::exception&) {
      if (attempt == 3) throw;
    }
  }
}

/// Takes away what a program has left that was killed between a run's last line and the end of its folder.
inline void remove_finished(const SweepSettings& settings, const std::vector<std::string>& done) {
  for (const std::string& folder : done) {
    const std::filesystem::path path = settings.out / "unfinished" / folder;
    if (!std::filesystem::exists(path)) continue;
    if (const std::optional<ordo::FolderLock> lock = claim_job(claim_of(settings, folder))) {
      std::filesystem::remove_all(path);
    }
  }
}

/// Takes away claims that nobody holds and that no unfinished run belongs to, and the folder if nothing is left in it.
/// What another program is at work on, or another grid has left unfinished, stays.
inline void sweep_up(const std::filesystem::path& unfinished) {
  std::error_code ignored;
  std::vector<std::filesystem::path> claims;
  for (const auto& entry : std::filesystem::directory_iterator(unfinished, ignored)) {
    if (entry.path().extension() == ".claim") claims.push_back(entry.path());
  }
  for (const std::filesystem::path& claim : claims) {
    if (std::filesystem::exists(unfinished / claim.stem(), ignored)) continue;
    try {
      const std::optional<ordo::FolderLock> lock = ordo::FolderLock::attempt(claim);
      if (lock) std::filesystem::remove_all(claim, ignored);
    } catch (const ordo::Error&) {  // another program took it away meanwhile
    }
  }
  std::filesystem::remove(unfinished, ignored);
}

/// Throws where the folder's runs are of another text, or were scored on other windows: they could not be compared.
inline void check_same_windows(const SweepSettings& settings, const ordo::Dataset& data,
                               const std::vector<ordo::RunRecord>& there, const std::filesystem::path& results) {
  if (there.empty()) return;
  const ordo::RunRecord& first = there.front();
  ordo::require(first.settings.training_text == fmt::format("{:016x}", data.train().fingerprint()) &&
                    first.settings.validation_text == fmt::format("{:016x}", data.validation().fingerprint()),
                "sweep", "the runs in ", results.string(), " are of another text; give another folder");
  const ordo::Windows scored = data.validation().subset(static_cast<std::size_t>(settings.windows), 1);
  ordo::require(first.window_tokens.size() == scored.size(), "sweep", "the runs in ", results.string(),
                " were scored on ", first.window_tokens.size(), " windows, not ", scored.size(),
                "; give the same --windows, or another folder");
}

/// Throws where the folder's runs were made on another backend, unless that is wished for.
inline void check_same_backend(const SweepSettings& settings, const std::vector<ordo::RunRecord>& there,
                               const std::filesystem::path& results) {
  const std::string mine = settings.device.open()->name();
  for (const ordo::RunRecord& run : there) {
    ordo::require(
        run.backend == mine || settings.change_backend, "sweep", "runs in ", results.string(), " were made on \"",
        run.backend, "\", not on \"", mine,
        "\" (device, precision, card or library differ); give another folder, or --change-backend to mix them, "
        "with which every later call must go on");
  }
}

/// Throws where a run that is done has left no model: it was trained without keep_models.
inline void check_models_kept(const SweepSettings& settings, const std::vector<std::string>& done,
                              const std::filesystem::path& results) {
  for (const std::string& folder : done) {
    ordo::require(std::filesystem::exists(settings.out / "models" / folder / "metrics.jsonl"), "sweep", "a run in ",
                  results.string(), " has no model in ", (settings.out / "models" / folder).string(),
                  ": its models were not kept; give another folder to keep them in");
  }
}

/// Trains what is left of the grid, and appends to settings.out / "results.jsonl". Throws Stopped on request.
inline int run_sweep(const SweepSettings& settings, const std::vector<ordo::RunSettings>& runs,
                     const ordo::Dataset& data, const std::stop_token& stop) {
  ordo::require(settings.device.threads > 0, "sweep", "--threads must be positive (got ", settings.device.threads, ")");
  ordo::require(settings.jobs >= 0, "sweep", "--jobs must not be negative (got ", settings.jobs, ")");
  ordo::require(settings.windows > 1, "sweep", "--windows must be 2 or more (got ", settings.windows, ")");
  ordo::require(settings.evaluations > 0, "sweep", "--evaluations must be positive (got ", settings.evaluations, ")");
  ordo::EvaluateOptions{.draws = settings.draws, .windows = settings.windows}.check();
  ordo::require(!data.validation().empty(), "sweep", "there is no validation text: give --validation FILE or a share");
  const std::filesystem::path results = settings.out / "results.jsonl";
  ordo::RunRecordReader reader(results);
  const ordo::RunRecords& there = reader.look();
  check_same_windows(settings, data, there.runs, results);
  const SweepJobs all = jobs_of(settings, runs, data, there.runs);
  if (settings.keep_models) check_models_kept(settings, all.done, results);
  const std::vector<SweepJob>& jobs = all.left;
  const std::size_t known = all.done.size();
  double flops = 0;
  for (const SweepJob& job : jobs) flops += job.flops;
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t workers = settings.jobs > 0 ? static_cast<std::size_t>(settings.jobs)
                              : !settings.device.on_host()
                                  ? std::size_t{1}  // one run has the whole GPU
                                  : std::max<std::size_t>(1, cores / static_cast<unsigned>(settings.device.threads));
  say("{} runs in the grid, {} done already; {:.3g} FLOPs to go, {} at a time with {} thread{} each\n",
      jobs.size() + known, known, flops, workers, settings.device.threads, settings.device.threads == 1 ? "" : "s");
  if (there.cut) say("the last line of {} was cut off; that run is done again\n", results.string());
  if (settings.list) {
    for (const SweepJob& job : jobs) say("{:.3g} FLOPs  {}\n", job.flops, describe(job.settings));
    return 0;
  }
  if (!jobs.empty()) check_same_backend(settings, there.runs, results);
  std::fflush(stdout);
  std::filesystem::create_directories(settings.out / "unfinished");

  SweepBoard board(jobs.size() + known, known, flops);
  std::atomic<std::size_t> next{0};
  std::atomic<std::size_t> held{0};
  std::mutex guard;
  std::exception_ptr failure;
  std::stop_source failed;
  const std::stop_callback stop_all(stop, [&] { failed.request_stop(); });
  const auto is_done = [&](const ordo::RunSettings& settings_of_job) {
    const std::lock_guard lock(guard);
    const std::vector<ordo::RunRecord>& runs_now = reader.look().runs;
    return std::any_of(runs_now.begin(), runs_now.end(),
                       [&](const auto& record) { return record.settings == settings_of_job; });
  };
  const auto work = [&] {
    try {
      const auto device = settings.device.open();
      for (std::size_t i = next++; i < jobs.size() && !failed.stop_requested(); i = next++) {
        const SweepJob& job = jobs[i];
        const std::optional<ordo::FolderLock> lock = claim_job(claim_of(settings, job.folder));
        if (!lock) {  // another program trains it
          ++held;
          board.leave_out(job.flops);
          continue;
        }
        if (is_done(job.settings)) {
          board.elsewhere(job.flops);
        } else {
          const ordo::RunRecord record = train_one(settings, data, job, *device, board, failed.get_token());
          ordo::append_shared_line(results, ordo::to_json(record));
          board.finished(fmt::format("{}: {:.4f} ({}) at epoch {:.1f}, left to right {:.4f}, {}",
                                     describe(job.settings), record.own.nats_per_token, record.own.claim,
                                     record.best_epoch, record.exact.nats_per_token, duration(record.seconds)));
        }
        std::filesystem::remove_all(settings.out / "unfinished" / job.folder);
      }
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
      failed.request_stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t w = 1; w < workers; ++w) threads.emplace_back(work);
    work();
  }
  board.clear();
  if (failure) std::rethrow_exception(failure);
  if (stop.stop_requested()) throw ordo::Stopped("stopped; run the same command again to go on");
  if (held > 0) {
    say("{} runs are in the hands of other programs; run this again when they are done\n", held.load());
    return 0;
  }
  remove_finished(settings, all.done);
  sweep_up(settings.out / "unfinished");
  say("all runs of the grid are in {}\n", results.string());
  return 0;
}

}  // namespace program
