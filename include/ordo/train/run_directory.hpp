#pragma once
// The folder of a training run: its state, its log, and in the end its model.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/checksum.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/io/checkpoint.hpp>
#include <ordo/io/folder_lock.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/io/json_lines.hpp>
#include <ordo/io/model_files.hpp>
#include <ordo/model/parameters.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/run_store.hpp>

namespace ordo {

namespace detail {

inline Json to_json(const EvaluationReport& e) {
  const Score& s = e.score;
  return {{"step", e.step},
          {"epoch", e.epoch},
          {"training_nats_per_token", e.training_loss},
          {"validation_nats_per_token", s.nats_per_token},
          {"error_over_draws", s.error_over_draws},
          {"error_over_documents", s.error_over_documents},
          {"claim", s.exact() ? "exact" : "bound"},
          {"claim_code", static_cast<int>(s.claim)},
          {"policy", s.policy},
          {"tokens_scored", s.tokens},
          {"draws", s.draws},
          {"units", s.units},
          {"by_document", s.by_document},
          {"bits_per_byte", s.bits_per_byte},
          {"best", e.best}};
}

inline EvaluationReport evaluation_from_json(const Json& j, const std::string& file) {
  EvaluationReport e;
  e.step = json_field<std::int64_t>(j, "step", file);
  e.epoch = json_field<double>(j, "epoch", file);
  e.training_loss = json_field<double>(j, "training_nats_per_token", file);
  Score& s = e.score;
  s.nats_per_token = json_field<double>(j, "validation_nats_per_token", file);
  const auto number_or_nan = [&](const char* key) {  // JSON has no NaN: it is written as null
    const bool unknown = j.contains(key) && j.at(key).is_null();
    return unknown ? std::numeric_limits<double>::quiet_NaN() : json_field<double>(j, key, file);
  };
  s.error_over_draws = number_or_nan("error_over_draws");
  s.error_over_documents = number_or_nan("error_over_documents");
  s.claim = static_cast<Claim>(json_field<int>(j, "claim_code", file));
  s.policy = json_field<std::string>(j, "policy", file);
  s.tokens = json_field<std::int64_t>(j, "tokens_scored", file);
  s.draws = json_field<int>(j, "draws", file);
  s.units = json_field<std::int64_t>(j, "units", file);
  s.by_document = json_field<bool>(j, "by_document", file);
  s.bits_per_byte = json_field<double>(j, "bits_per_byte", file);
  e.best = json_field<bool>(j, "best", file);
  return e;
}

}  // namespace detail

/// The evaluations that a run has noted in its metrics.jsonl, in their order. Throws an Error that names the file.
[[nodiscard]] inline std::vector<EvaluationReport> read_evaluations(const std::filesystem::path& path) {
  const MappedFile file(path);
  std::string_view text = file.text();
  std::vector<EvaluationReport> all;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    all.push_back(detail::evaluation_from_json(parse_json(text.substr(0, end), path.string()), path.string()));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

/// Everything that a run's weights are a function of, but for the number of threads. A folder goes on only with the
/// run that began it.
inline Json run_identity(const RunStart& start) {
  const ModelConfig& config = start.config;
  const TrainOptions& o = start.options;
  return {{"layers", config.layers},
          {"width", config.width},
          {"heads", config.heads},
          {"hidden", config.feed_forward()},
          {"vocab", config.vocab},
          {"context", config.context},
          {"dropout", config.dropout},
          {"theta", config.theta},
          {"epsilon of the norm", config.epsilon},
          {"init_std", config.init_std},
          {"factorization", start.factorization},
          {"backend", start.backend},
          {"initial weights", checkpoint::hexadecimal(checksum(std::as_bytes(start.weights)))},
          {"training text", checkpoint::hexadecimal(start.training.fingerprint())},
          {"validation text", checkpoint::hexadecimal(start.validation.fingerprint())},
          {"epochs", o.epochs},
          {"unique_tokens", o.unique_tokens},
          {"batch", o.batch},
          {"learning_rate", o.learning_rate},
          {"final_rate", o.final_rate},
          {"warmup", o.warmup},
          {"weight_decay", o.weight_decay},
          {"beta1", o.beta1},
          {"beta2", o.beta2},
          {"epsilon", o.epsilon},
          {"clip", o.clip},
          {"average", o.average},
          {"micro_slots", o.micro_slots},
          {"seed", o.seed},
          {"evaluations", o.evaluations},
          {"evaluate_every", o.evaluate_every},
          {"evaluate_by_ratio", o.evaluate_by_ratio},
          {"draws of an evaluation", o.evaluation.draws},
          {"windows of an evaluation", o.evaluation.windows},
          {"seed of the evaluations", o.evaluation.seed},
          {"patience", o.patience},
          {"keep_best", o.keep_best}};
}

class RunDirectory final : public RunStore {
 public:
  RunDirectory(std::filesystem::path folder, const RunStart& start)
      : folder_(std::move(folder)),
        identity_(run_identity(start)),
        config_(start.config),
        list_(parameter_list(start.config)),
        factorization_(start.factorization),
        codec_(start.options.codec),
        change_backend_(start.options.change_backend) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    require(!error && std::filesystem::is_directory(folder_), "train", "cannot make the folder ", folder_.string(),
            " (", error ? error.message() : "there is a file of that name", ")");
    lock_ = FolderLock(folder_);
    state_ = load_state(folder_);
    if (state_) {
      check_identity(json_field<Json>(state_->manifest, "run", (folder_ / checkpoint::manifest_name).string()));
      return;
    }
    const bool began = std::filesystem::exists(folder_ / "run.json");  // killed before the first checkpoint
    if (began) check_identity(read_json(folder_ / "run.json"));
    // All that a run makes before run.json stands is its lock and the beginning of that file.
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename().string();
      const bool ours = checkpoint::is_state_file(name) || name == "config.json" || name.ends_with(".partial") ||
                        name == "metrics.jsonl" || name == "run.json" || name == "model.safetensors" ||
                        name == FolderLock::name;
      const bool first = name == FolderLock::name || name == "run.json.partial";
      require(first || (ours && began), "train", "the folder ", folder_.string(),
              " holds something else than an unfinished run (", name, "); give a new or empty folder");
    }
    write_json(folder_ / "run.json", identity_);
  }

  void resume(std::span<const RunNumbers> state, RunProgress& progress) override {
    const std::string file = (folder_ / checkpoint::manifest_name).string();
    if (state_) {
      const Json& m = state_->manifest;
      for (const RunNumbers& part : state) copy_tensors(state_->tensors, list_, part.prefix, part.numbers);
      progress.result.steps = json_field<std::int64_t>(m, "step", file);
      progress.result.tokens = json_field<std::int64_t>(m, "tokens", file);
      progress.since_best = json_field<int>(m, "since_best", file);
      progress.training_loss = json_field<double>(m, "training_loss", file);
      progress.training_steps = json_field<std::int64_t>(m, "training_steps", file);
      for (const Json& e : json_field<Json>(m, "evaluations", file)) {
        progress.result.evaluations.push_back(detail::evaluation_from_json(e, file));
        if (progress.result.evaluations.back().best) progress.result.best = progress.result.evaluations.back();
      }
      saved_step_ = progress.result.steps;
      saved_evaluations_ = progress.result.evaluations.size();
      state_.reset();
    }
    // The log as it was at the checkpoint: lines of steps that will be done again are dropped.
    std::string log;
    for (const EvaluationReport& e : progress.result.evaluations) log += json_text(detail::to_json(e)) + "\n";
    write_file_atomically(folder_ / "metrics.jsonl", log);
    log_.emplace(folder_ / "metrics.jsonl");
  }

  /// Does nothing if there is a checkpoint of this very step and log.
  void save(std::span<const RunNumbers> state, const RunProgress& progress) override {
    const std::int64_t step = progress.result.steps;
    if (step == saved_step_ && progress.result.evaluations.size() == saved_evaluations_) return;
    Json evaluations = Json::array();
    for (const EvaluationReport& e : progress.result.evaluations) evaluations.push_back(detail::to_json(e));
    std::vector<NamedTensor> tensors;
    for (const RunNumbers& part : state) append_tensors(tensors, list_, part.prefix, part.numbers);
    save_state(folder_, static_cast<std::uint64_t>(step), tensors,
               {{"step", step},
                {"tokens", progress.result.tokens},
                {"since_best", progress.since_best},
                {"training_loss", progress.training_loss},
                {"training_steps", progress.training_steps},
                {"evaluations", evaluations},
                {"run", identity_}});
    saved_step_ = step;
    saved_evaluations_ = progress.result.evaluations.size();
  }

  void record(const EvaluationReport& evaluation) override { log_->write(detail::to_json(evaluation)); }

  void finish(std::span<const float> weights) override {
    write_model(folder_, config_, weights, factorization_, codec_);
  }

 private:
  void check_identity(const Json& stored) const {
    for (const auto& [key, mine] : identity_.items()) {
      if (key == "backend" && change_backend_) continue;
      const Json theirs = stored.is_object() && stored.contains(key) ? stored.at(key) : Json();
      require(theirs == mine, "train", "the run in ", folder_.string(), " has ", key, " = ", json_text(theirs),
              ", not ", json_text(mine), "; give the same settings to go on with it, or another folder",
              key == "backend" ? ", or change_backend to go on with it here, no longer to the bit" : "");
    }
  }

  std::filesystem::path folder_;
  Json identity_;
  ModelConfig config_;
  std::vector<Parameter> list_;
  std::string factorization_;
  TextCodec codec_;
  bool change_backend_;
  FolderLock lock_;
  std::optional<State> state_;
  std::optional<JsonLines> log_;
  std::int64_t saved_step_ = -1;
  std::size_t saved_evaluations_ = 0;
};

inline std::unique_ptr<RunStore> open_run_directory(const std::filesystem::path& folder, const RunStart& start) {
  return std::make_unique<RunDirectory>(folder, start);
}

}  // namespace ordo
