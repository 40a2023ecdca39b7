#pragma once
// What `compare` found: the table, the file of results, the crossing, and the picture.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <fmt/ostream.h>

#include <ordo/core/error.hpp>
#include <ordo/evaluate/score.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/train/options.hpp>

#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

/// One trained model.
struct ComparedRun {
  std::string factorization;
  std::string backend;  ///< by its name: device and precision
  std::uint64_t seed = 0;
  double epochs = 0;   ///< of the whole run
  double seconds = 0;  ///< of training and evaluating, in this process
  std::vector<ordo::EvaluationReport> curve;
  ordo::EvaluationReport best;
  ordo::Score final_score;  ///< of the best weights, on the larger subset
  std::string sample;
};

/// A point of a factorization's curve, over seeds.
struct CurvePoint {
  double epoch = 0;
  double mean = 0;   // [nats/token]
  double error = 0;  // half width of the band [nats/token]
};

/// One seed: twice the score's standard error. Several: the 95 % t-interval of their mean.
inline std::vector<CurvePoint> curve_of(const std::vector<ComparedRun>& runs, const std::string& factorization) {
  std::vector<const ComparedRun*> own;
  for (const ComparedRun& run : runs) {
    if (run.factorization == factorization) own.push_back(&run);
  }
  std::vector<CurvePoint> points;
  for (std::size_t i = 0; !own.empty() && i < own.front()->curve.size(); ++i) {
    std::vector<double> values;
    for (const ComparedRun* run : own) values.push_back(run->curve[i].score.nats_per_token);
    const Mean mean = mean_of(values);
    const ordo::EvaluationReport& first = own.front()->curve[i];
    points.push_back({first.epoch, mean.mean, mean.count > 1 ? mean.half_interval() : 2 * first.score.error()});
  }
  return points;
}

inline const CurvePoint& best_of(const std::vector<CurvePoint>& curve) {
  return *std::min_element(curve.begin(), curve.end(), [](const auto& a, const auto& b) { return a.mean < b.mean; });
}

/// The curve's value at an epoch, by straight lines; nothing outside its span.
inline std::optional<double> value_at(const std::vector<CurvePoint>& curve, double epoch) {
  if (curve.empty() || epoch < curve.front().epoch || epoch > curve.back().epoch) return std::nullopt;
  for (std::size_t i = 1; i < curve.size(); ++i) {
    if (epoch > curve[i].epoch) continue;
    const double share = (epoch - curve[i - 1].epoch) / (curve[i].epoch - curve[i - 1].epoch);
    return curve[i - 1].mean + share * (curve[i].mean - curve[i - 1].mean);
  }
  return curve.front().mean;
}

/// How two curves lie at equal epochs, over their common span.
struct Crossing {
  std::optional<double> epoch;  ///< from here to the end of the span the challenger lies below
  bool always_below = false;    ///< it does so from the beginning
};

inline Crossing crossing(const std::vector<CurvePoint>& base, const std::vector<CurvePoint>& challenger) {
  std::vector<double> epochs;
  for (const auto* curve : {&base, &challenger}) {
    for (const CurvePoint& p : *curve) epochs.push_back(p.epoch);
  }
  std::sort(epochs.begin(), epochs.end(), std::greater<>());
  std::optional<double> later_epoch;
  double later_gap = 0;
  for (const double epoch : epochs) {  // backwards from the end of the span
    const auto a = value_at(base, epoch);
    const auto b = value_at(challenger, epoch);
    if (!a || !b) continue;
    const double gap = *b - *a;
    if (gap >= 0) {
      if (!later_epoch) return {};
      return {epoch + (*later_epoch - epoch) * gap / (gap - later_gap), false};
    }
    later_epoch = epoch;
    later_gap = gap;
  }
  return {std::nullopt, later_epoch.has_value()};
}

/// Mean of the final scores of a factorization over seeds, with half of its 95 % interval [nats/token]: Student's over
/// seeds if there are several, else twice the score's own error. NaN where it is not known.
struct FinalScore {
  double mean = 0;
  double half_interval = 0;
  bool exact = true;
};

inline FinalScore final_of(const std::vector<ComparedRun>& runs, const std::string& factorization) {
  std::vector<double> values;
  FinalScore result;
  for (const ComparedRun& run : runs) {
    if (run.factorization != factorization) continue;
    values.push_back(run.final_score.nats_per_token);
    result.exact = result.exact && run.final_score.exact();
    result.half_interval = 2 * run.final_score.error();
  }
  const Mean mean = mean_of(values);
  result.mean = mean.mean;
  if (mean.count > 1) result.half_interval = mean.half_interval();
  return result;
}

/// A row for each evaluation, and for each run one of its best weights on the larger subset.
inline void write_results(const std::filesystem::path& path, const std::vector<ComparedRun>& runs) {
  std::string text =
      "kind,factorization,seed,step,epoch,training_nats_per_token,validation_nats_per_token,error_over_draws,"
      "error_over_texts,claim,scored_as,tokens_scored,draws,bits_per_byte,backend\n";
  const auto row = [&](const char* kind, const ComparedRun& run, const ordo::EvaluationReport& e,
                       const ordo::Score& s) {
    text += fmt::format("{},{},{},{},{:.4f},{:.6f},{:.6f},{:.6f},{:.6f},{},{},{},{},{:.6f},\"{}\"\n", kind,
                        run.factorization, run.seed, e.step, e.epoch, e.training_loss, s.nats_per_token,
                        s.error_over_draws, s.error_over_documents, s.exact() ? "exact" : "bound", s.policy, s.tokens,
                        s.draws, s.bits_per_byte, run.backend);
  };
  for (const ComparedRun& run : runs) {
    for (const ordo::EvaluationReport& e : run.curve) row("curve", run, e, e.score);
    row("best", run, run.best, run.final_score);
  }
  ordo::write_file_atomically(path, text);
}

/// Writes the data and the script beside the picture, then runs gnuplot. Throws an Error if that fails.
inline void draw(const std::filesystem::path& folder, const std::vector<ComparedRun>& runs,
                 const std::vector<std::string>& factorizations, const std::string& title,
                 const std::optional<double>& cross, const std::string& verdict) {
  std::string plot;
  std::string labels;
  double first_epoch = 1;
  double last_epoch = 0;
  for (const ComparedRun& run : runs) last_epoch = std::max(last_epoch, run.epochs);
  for (std::size_t i = 0; i < factorizations.size(); ++i) {
    const std::vector<CurvePoint> curve = curve_of(runs, factorizations[i]);
    if (curve.empty()) continue;
    first_epoch = std::min(first_epoch, curve.front().epoch);
    std::string data;
    for (const CurvePoint& p : curve)
      data += fmt::format("{} {} {} {}\n", p.epoch, p.mean, p.mean - p.error, p.mean + p.error);
    const std::string file = fmt::format("curve-{}.dat", i);
    ordo::write_file_atomically(folder / file, data);
    const auto run =
        std::find_if(runs.begin(), runs.end(), [&](const auto& r) { return r.factorization == factorizations[i]; });
    const ordo::Score& score = run->curve.front().score;
    std::string name = factorizations[i] + (score.exact() ? " (exact" : " (bound");
    name += score.policy == factorizations[i] ? ")" : ", scored left to right)";
    const char* colour = plot_colours[i % std::size(plot_colours)];
    plot += fmt::format(
        "'{0}' using 1:3:4 with filledcurves fc rgb '{1}' fs transparent solid 0.18 noborder notitle, "
        "'{0}' using 1:2 with lines lw 3 lc rgb '{1}' title '{2}', ",
        file, colour, name);
    const CurvePoint& best = best_of(curve);
    const bool late = best.epoch > 0.5 * last_epoch;  // at the right edge the label goes to the left
    labels += fmt::format(
        "set label {} point pt 7 ps 1.6 lc rgb '{}' at {},{} '{:.3f} at {:.0f}' tc rgb '{}' offset {} "
        "{} font ',12'\n",
        i + 1, colour, best.epoch, best.mean, best.mean, best.epoch, colour, late ? "-1,-1.1" : "0,-1.1",
        late ? "right" : "center");
  }
  if (cross) {
    labels += fmt::format(
        "set arrow from {0},graph 0 to {0},graph 1 nohead dt 2 lc rgb '#555555'\n"
        "set label 99 'crossing at equal epochs: {0:.0f}' at {0},graph 0.97 offset 0.6,0 font ',12' tc rgb '#555555'\n",
        *cross);
  }
  const auto script = [&](const char* terminal, const char* file) {
    return fmt::format(
        "set terminal {} \nset output '{}'\nset encoding utf8\n"
        "set title \"{}\\n{{/=11 {}}}\"\nset xlabel 'passes over the unique tokens [epochs]'\n"
        "set ylabel 'validation loss [nats/token]'\nset logscale x\nset grid lc rgb '#dddddd'\nset key bottom "
        "left Left reverse\n"
        "set border 3\nset tics nomirror\nset xrange [{}:*] noextend\nset offsets 0, 0, graph 0.08, graph 0.08\n{}plot "
        "{}\n",
        terminal, file, title, verdict, first_epoch, labels, plot.substr(0, plot.size() - 2));
  };
  ordo::write_file_atomically(folder / "compare.gp",
                              script("pngcairo size 1200,750 font 'sans,14'", "compare.png") + "reset\n" +
                                  script("svg size 1200,750 font 'sans,14' background '#ffffff'", "compare.svg"));
  run_gnuplot(folder, "compare.gp", "results.csv");
}

}  // namespace program
