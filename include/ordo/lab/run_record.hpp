#pragma once
// What a sweep keeps of each run: one JSON object a line, read strictly and never rewritten.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/io/model_json.hpp>
#include <ordo/io/shared_log.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// Of the lines of a results file; a newer one is refused. Version 1 did not note what chose the weights of a run, and
/// version 2 not where it was made.
inline constexpr int results_format_version = 3;

/// A score of one model on fixed windows of text.
struct WindowScore {
  double nats_per_token = 0;
  double error = 0;          ///< standard error; NaN where one unit was scored
  std::string claim;         ///< "exact" or "bound"
  std::string policy;        ///< what was scored
  std::vector<double> nats;  ///< of each window, in the order of the windows; compared in pairs between models
};

/// What a run was asked to do. Two runs with the same settings are the same run.
struct RunSettings {
  std::string factorization;
  int layers = 0;
  int width = 0;
  int heads = 0;
  int context = 0;
  double dropout = 0;
  double init_std = 0;
  std::int64_t unique_tokens = 0;
  double epochs = 0;
  std::uint64_t seed = 0;
  double weight_decay = 0;
  int batch = 0;
  double learning_rate = 0;
  std::string training_text;    ///< fingerprint
  std::string validation_text;  ///< fingerprint
  // What chose the weights; 0: not noted.
  int evaluations = 0;             ///< points of the curve
  std::int64_t curve_windows = 0;  ///< validation windows at each

  /// Equal for runs that differ in their seed only.
  [[nodiscard]] RunSettings without_seed() const {
    RunSettings setting = *this;
    setting.seed = 0;
    return setting;
  }

  friend bool operator==(const RunSettings&, const RunSettings&) = default;
};

struct RunRecord {
  RunSettings settings;
  std::int64_t parameters = 0;  ///< N, true count
  std::int64_t tokens = 0;      ///< D, seen in training
  double flops_by_rule = 0;     ///< 6 N D
  double flops_counted = 0;     ///< see training_flops
  double best_epoch = 0;        ///< of the weights that were kept
  WindowScore own;              ///< exact, or the policy's bound
  WindowScore exact;            ///< left to right: the same fixed order for every family
  std::vector<std::int64_t> window_tokens;
  double seconds = 0;
  std::string commit;
  std::string backend =
      "cpu";  ///< by its name: device and precision. Lines that do not note it are taken for the host's

  /// For the laws; the loss is the model's own score.
  [[nodiscard]] TrainingRun training_run() const {
    return {"",
            settings.factorization,
            static_cast<double>(parameters),
            static_cast<double>(tokens),
            static_cast<double>(settings.unique_tokens),
            own.nats_per_token};
  }
};

namespace detail {

/// Reads an object field by field, and refuses the fields that were not asked for.
class StrictFields {
 public:
  StrictFields(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
    require(object.is_object(), "results", where_, " must be an object (got ", json_text(object), ")");
  }
  template <class T>
  T take(const char* key) {
    known_.insert(key);
    return json_field<T>(object_, key, where_);
  }
  /// NaN is written as null.
  double number(const char* key, bool may_be_unknown = false) {
    known_.insert(key);
    if (may_be_unknown && object_.contains(key) && object_.at(key).is_null()) return std::nan("");
    const double value = json_field<double>(object_, key, where_);
    require(std::isfinite(value), "results", where_, ": field '", key, "' must be a finite number");
    return value;
  }
  [[nodiscard]] const std::string& where() const { return where_; }
  void done() const {
    for (const auto& [key, value] : object_.items()) {
      require(known_.count(key) > 0, "results", where_, " has the unknown field '", key, "'");
    }
  }

 private:
  const Json& object_;
  std::string where_;
  std::set<std::string> known_;
};

[[nodiscard]] inline Json to_json(const WindowScore& s) {
  return {{"nats_per_token", s.nats_per_token},
          {"error", s.error},
          {"claim", s.claim},
          {"policy", s.policy},
          {"nats", s.nats}};
}
[[nodiscard]] inline WindowScore window_score_from_json(const Json& json, const std::string& where) {
  StrictFields fields(json, where);
  WindowScore s;
  s.nats_per_token = fields.number("nats_per_token");
  s.error = fields.number("error", true);
  s.claim = fields.take<std::string>("claim");
  require(s.claim == "exact" || s.claim == "bound", "results", where, ": field 'claim' must be exact or bound (got ",
          s.claim, ")");
  s.policy = fields.take<std::string>("policy");
  s.nats = fields.take<std::vector<double>>("nats");
  fields.done();
  return s;
}

}  // namespace detail

/// Mean nats per token of windows, each counted `weights` times.
[[nodiscard]] inline double mean_loss(std::span<const double> nats, std::span<const std::int64_t> tokens,
                                      std::span<const double> weights) {
  require(nats.size() == tokens.size() && nats.size() == weights.size(), "results",
          "there must be as many windows as "
          "weights (got ",
          nats.size(), " and ", weights.size(), ")");
  double sum = 0;
  double count = 0;
  for (std::size_t w = 0; w < nats.size(); ++w) {
    sum += weights[w] * nats[w];
    count += weights[w] * static_cast<double>(tokens[w]);
  }
  return sum / count;
}

/// Whether a score counts every token of its windows, up to rounding. An exact score must; a policy's own may leave
/// given tokens out.
[[nodiscard]] inline bool counts_all_tokens(const WindowScore& score, std::span<const std::int64_t> tokens) {
  if (tokens.empty()) return true;
  const std::vector<double> once(tokens.size(), 1.0);
  return std::abs(mean_loss(score.nats, tokens, once) - score.nats_per_token) < 1e-3 * score.nats_per_token;
}

[[nodiscard]] inline Json to_json(const RunRecord& r) {
  const RunSettings& s = r.settings;
  return {{"format", results_format_version},
          {"factorization", s.factorization},
          {"layers", s.layers},
          {"width", s.width},
          {"heads", s.heads},
          {"context", s.context},
          {"dropout", s.dropout},
          {"init_std", s.init_std},
          {"unique_tokens", s.unique_tokens},
          {"epochs", s.epochs},
          {"seed", s.seed},
          {"weight_decay", s.weight_decay},
          {"batch", s.batch},
          {"learning_rate", s.learning_rate},
          {"training_text", s.training_text},
          {"validation_text", s.validation_text},
          {"evaluations", s.evaluations},
          {"curve_windows", s.curve_windows},
          {"parameters", r.parameters},
          {"tokens", r.tokens},
          {"flops_by_rule", r.flops_by_rule},
          {"flops_counted", r.flops_counted},
          {"best_epoch", r.best_epoch},
          {"own", detail::to_json(r.own)},
          {"exact", detail::to_json(r.exact)},
          {"window_tokens", r.window_tokens},
          {"seconds", r.seconds},
          {"commit", r.commit},
          {"backend", r.backend}};
}

/// Throws an Error that names `where` (the file and line) and what is wrong with it.
[[nodiscard]] inline RunRecord run_record_from_json(const Json& json, const std::string& where) {
  detail::StrictFields fields(json, where);
  const int version = fields.take<int>("format");
  require(version >= 1, "results", where, ": field 'format' must be positive (got ", version, ")");
  require(version <= results_format_version, "results", where, " has format version ", version,
          ", newer than this build's ", results_format_version);
  RunRecord r;
  RunSettings& s = r.settings;
  s.factorization = fields.take<std::string>("factorization");
  s.layers = fields.take<int>("layers");
  s.width = fields.take<int>("width");
  s.heads = fields.take<int>("heads");
  s.context = fields.take<int>("context");
  s.dropout = fields.number("dropout");
  s.init_std = fields.number("init_std");
  s.unique_tokens = fields.take<std::int64_t>("unique_tokens");
  s.epochs = fields.number("epochs");
  s.seed = fields.take<std::uint64_t>("seed");
  s.weight_decay = fields.number("weight_decay");
  s.batch = fields.take<int>("batch");
  s.learning_rate = fields.number("learning_rate");
  s.training_text = fields.take<std::string>("training_text");
  s.validation_text = fields.take<std::string>("validation_text");
  if (version >= 2) {
    s.evaluations = fields.take<int>("evaluations");
    s.curve_windows = fields.take<std::int64_t>("curve_windows");
  }
  r.parameters = fields.take<std::int64_t>("parameters");
  r.tokens = fields.take<std::int64_t>("tokens");
  r.flops_by_rule = fields.number("flops_by_rule");
  r.flops_counted = fields.number("flops_counted");
  r.best_epoch = fields.number("best_epoch");
  r.own = detail::window_score_from_json(fields.take<Json>("own"), where + ", field 'own'");
  r.exact = detail::window_score_from_json(fields.take<Json>("exact"), where + ", field 'exact'");
  r.window_tokens = fields.take<std::vector<std::int64_t>>("window_tokens");
  r.seconds = fields.number("seconds");
  r.commit = fields.take<std::string>("commit");
  if (version >= 3) r.backend = fields.take<std::string>("backend");
  require(!r.backend.empty(), "results", where, ": field 'backend' must not be empty");
  fields.done();
  require(r.parameters > 0 && r.tokens > 0 && s.unique_tokens > 0 && r.own.nats_per_token > 0 &&
              r.exact.nats_per_token > 0 && r.flops_by_rule > 0 && r.flops_counted > 0,
          "results", where, ": parameters, tokens, unique_tokens, FLOPs and losses must be positive");
  for (const std::int64_t t : r.window_tokens) {
    require(t > 0, "results", where, ": field 'window_tokens' must hold positive numbers (got ", t, ")");
  }
  require(r.own.nats.size() == r.window_tokens.size() && r.exact.nats.size() == r.window_tokens.size(), "results",
          where, ": there must be as many nats as windows (got ", r.own.nats.size(), " and ", r.exact.nats.size(),
          " for ", r.window_tokens.size(), ")");
  require(counts_all_tokens(r.exact, r.window_tokens), "results", where, ": the exact loss of ", r.exact.nats_per_token,
          " is not that of its windows");
  return r;
}

/// Throws an Error where runs that are to be compared are of different texts, or were scored on different windows.
inline void check_comparable(std::span<const RunRecord* const> runs) {
  for (const RunRecord* run : runs) {
    const RunSettings& first = runs.front()->settings;
    const RunSettings& s = run->settings;
    const auto same = [&](bool holds, std::string_view what, const auto& one, const auto& other) {
      require(holds, "results", "runs that are compared must have the same ", what, " (got ", one, " for ",
              first.factorization, " with ", first.unique_tokens, " unique tokens, ", other, " for ", s.factorization,
              " with ", s.unique_tokens, ")");
    };
    same(s.training_text == first.training_text, "training text", first.training_text, s.training_text);
    same(s.validation_text == first.validation_text, "validation text", first.validation_text, s.validation_text);
    same(run->window_tokens == runs.front()->window_tokens, "validation windows", runs.front()->window_tokens.size(),
         run->window_tokens.size());
  }
}

/// The runs of a results file.
struct RunRecords {
  std::vector<RunRecord> runs;
  bool cut = false;  ///< the last line has no end: it was cut off, and is left out
};

/// A results file that others append to: each look reads what was added since the last.
class RunRecordReader {
 public:
  explicit RunRecordReader(std::filesystem::path path) : path_(std::move(path)) {}

  /// All runs so far; none where there is no such file. Throws an Error that names the line where a whole line is
  /// wrong, and where a run is there twice.
  const RunRecords& look() {
    records_.cut = false;
    std::ifstream file(path_, std::ios::binary);
    require(!std::filesystem::is_directory(path_), "results", path_.string(), " is a folder");
    if (!file.is_open()) {
      require(!std::filesystem::exists(path_), "results", "cannot open ", path_.string());
      return records_;
    }
    file.seekg(static_cast<std::streamoff>(read_));
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (std::size_t from = 0; from < text.size();) {
      const std::size_t end = text.find('\n', from);
      if (end == std::string::npos) {
        records_.cut = true;
        break;
      }
      take(std::string_view(text).substr(from, end - from));
      read_ += end + 1 - from;
      from = end + 1;
    }
    return records_;
  }

 private:
  void take(std::string_view line) {
    const std::string where = path_.string() + ", line " + std::to_string(++lines_);
    if (line.find_first_not_of(" \t\r") == std::string_view::npos || line.back() == cut_line_mark) return;
    RunRecord record = run_record_from_json(parse_json(line, where), where);
    for (const RunRecord& known : records_.runs) {
      require(!(known.settings == record.settings), "results", where, " repeats a run: ", record.settings.factorization,
              " with ", record.settings.unique_tokens, " unique tokens, ", record.settings.epochs, " epochs and seed ",
              record.settings.seed);
    }
    records_.runs.push_back(std::move(record));
  }

  std::filesystem::path path_;
  RunRecords records_;
  std::size_t read_ = 0;  // bytes of whole lines
  std::size_t lines_ = 0;
};

/// Reads a results file once.
[[nodiscard]] inline RunRecords read_run_records(const std::filesystem::path& path) {
  return RunRecordReader(path).look();
}

}  // namespace ordo
