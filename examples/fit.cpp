// Fits a scaling law to a table of runs, and says how far its parameters can be trusted.

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <ordo/io/atomic_file.hpp>
#include <ordo/io/json_file.hpp>
#include <ordo/lab.hpp>

#include "support/plot.hpp"
#include "support/program.hpp"

namespace {

struct Settings {
  std::filesystem::path runs;
  std::string law = "muennighoff";
  std::string factorization;
  bool free = false;
  std::vector<std::string> fix;
  bool compare = false;
  ordo::FitOptions fit;
  ordo::BootstrapOptions bootstrap;
  std::optional<ordo::Resample> by;
  std::filesystem::path out;
};

/// Without --free, laws that share the published constants keep them.
template <class L>
constexpr bool has_published = false;
template <ordo::Reuse reuse>
constexpr bool has_published<ordo::DataConstrained<reuse, true>> = true;

template <ordo::ScalingLaw L>
void fix_one(const std::string& assignment, ordo::FixedValues<L>& fixed) {
  const auto equals = assignment.rfind('=');
  ordo::require(equals != std::string::npos, "fit", "--fix takes NAME=NUMBER (got '", assignment, "')");
  const std::string name = assignment.substr(0, equals);
  double value = 0;
  const char* const first = assignment.data() + equals + 1;
  const char* const last = assignment.data() + assignment.size();
  const auto [end, error] = std::from_chars(first, last, value);
  ordo::require(error == std::errc() && end == last && std::isfinite(value), "fit", "--fix ", name,
                " takes a number (got '", std::string(first, last), "')");
  std::string known;
  for (std::size_t k = 0; k < L::parameters.size(); ++k) {
    const ordo::LawParameter& p = L::parameters[k];
    if (name == p.name || name == p.symbol) {
      fixed[k] = name == p.name ? value : p.fitted(value);
      return;
    }
    known += (known.empty() ? "" : ", ") + std::string(p.name);
    if (p.symbol != p.name) known += " or " + std::string(p.symbol);
  }
  ordo::fail("fit", "--fix names no parameter of this law (got '", name, "', there are ", known, ")");
}

/// A fitted number as it is shown: infinite where its reciprocal is 0.
std::string shown(const ordo::LawParameter& p, double x) {
  const double y = p.show(x);
  return std::isinf(y) ? "inf" : fmt::format("{:.5g}", y);
}

/// An interval as it is shown; the order turns where the reciprocal is.
std::string shown(const ordo::LawParameter& p, double low, double high) {
  const bool turns = p.shown == ordo::Shown::reciprocal;
  return fmt::format("{} .. {}", shown(p, turns ? high : low), shown(p, turns ? low : high));
}

/// A profile's interval; an end that it does not have is open.
std::string shown_profile(const ordo::LawParameter& p, const ordo::Profile& profile) {
  const bool turns = p.shown == ordo::Shown::reciprocal;
  const auto end = [&](const std::optional<double>& x) { return x ? shown(p, *x) : std::string("open"); };
  return fmt::format("{} .. {}", end(turns ? profile.high : profile.low), end(turns ? profile.low : profile.high));
}

/// "identified", or what is not: the wider of both intervals counts.
std::string verdict(const ordo::LawParameter& p, const ordo::Profile& profile, const ordo::Interval& interval) {
  const bool turns = p.shown == ordo::Shown::reciprocal;
  const bool below = turns ? !profile.high : !profile.low;
  const bool above = turns ? !profile.low : !profile.high;
  if (below && above) return "NOT IDENTIFIED: any value fits about as well";
  if (above) return "NOT IDENTIFIED from above: only a lower limit";
  if (below) return "NOT IDENTIFIED from below: only an upper limit";
  const double least = std::min(interval.low, *profile.low);
  const double most = std::max(interval.high, *profile.high);
  const double low = p.show(turns ? most : least);
  const double high = p.show(turns ? least : most);
  if (p.shown != ordo::Shown::as_is && high > 10 * low) return "hardly identified: the interval spans a factor of ten";
  return "identified";
}

struct Range {
  double low = 0;
  double high = 0;
};
template <class Value>
Range range_of(std::span<const ordo::TrainingRun> runs, const Value& value) {
  Range range{value(runs.front()), value(runs.front())};
  for (const ordo::TrainingRun& run : runs) {
    range.low = std::min(range.low, value(run));
    range.high = std::max(range.high, value(run));
  }
  return range;
}

void describe(std::span<const ordo::TrainingRun> runs) {
  const auto say = [&](const char* what, const Range& r) {
    fmt::print("  {:<22} {:.4g} .. {:.4g}\n", what, r.low, r.high);
  };
  fmt::print("{} runs\n", runs.size());
  say("parameters N", range_of(runs, [](const auto& run) { return run.parameters; }));
  say("tokens D", range_of(runs, [](const auto& run) { return run.tokens; }));
  say("unique tokens U", range_of(runs, [](const auto& run) { return run.unique_tokens; }));
  say("epochs D / U", range_of(runs, [](const auto& run) { return run.epochs(); }));
  say("loss [nats/token]", range_of(runs, [](const auto& run) { return run.loss; }));
}

std::string file_of(const ordo::LawParameter& p) { return "profile-" + program::file_name(std::string(p.symbol)); }

void draw_profile(const Settings& settings, const std::string& law, const ordo::LawParameter& p,
                  const ordo::Profile& profile, double least, double cutoff) {
  program::PlotLine curve{"least Huber sum", {}, false};
  program::PlotLine limit{"95 % cut-off, by bootstrap", {}, true};
  std::string csv = fmt::format("{},huber_sum\n", p.symbol);
  const auto nan = std::nan("");
  for (const ordo::ProfilePoint& point : profile.points) {
    const double x = p.show(point.value);
    csv += fmt::format("{},{}\n", x, point.huber);
    if (std::isinf(x)) continue;
    curve.points.push_back({x, point.huber, nan});
    limit.points.push_back({x, least + cutoff, nan});
  }
  const std::string name = file_of(p);
  ordo::write_file_atomically(settings.out / (name + ".csv"), csv);
  program::draw(settings.out,
                {name,
                 fmt::format("Profile of {} ({})", p.symbol, law),
                 "all other parameters fitted anew at each value, or fixed as the report says",
                 std::string(p.symbol) + (p.shown == ordo::Shown::reciprocal ? " [passes]" : ""),
                 "sum of Huber losses of log loss",
                 p.shown != ordo::Shown::as_is,
                 {curve, limit}},
                name + ".csv");
}

template <ordo::ScalingLaw L>
void compare_one(const L& law, std::span<const ordo::TrainingRun> runs, const Settings& settings) {
  ordo::FitOptions options = settings.fit;
  options.starts = std::min(options.starts, 200);
  const ordo::Fit<L> all = ordo::fit(law, runs, {}, options);
  std::string line =
      fmt::format("{:<22} {:>3} {:>12.6f} {:>8.4f}", law.name(), L::parameters.size(), all.huber, all.r_squared);
  for (const auto along : ordo::every_extrapolation) {
    try {
      const ordo::HeldOutError error = ordo::held_out_error(law, runs, along, {}, options);
      line += fmt::format(" {:>9.4f} ({:+.4f}) {:>3}", error.rms, error.bias, error.predicted);
    } catch (const ordo::Stopped&) {
      throw;
    } catch (const ordo::Error&) {
      line += fmt::format(" {:>22}", "too few runs");
    }
  }
  fmt::print("{}\n", line);
}

void compare_all(std::span<const ordo::TrainingRun> runs, const Settings& settings) {
  fmt::print(
      "\nLaws compared, all parameters free, 200 starts at most. Held out: the runs above the lower two thirds (ties "
      "stay\n"
      "below). Error there: root mean square of log(predicted) - log(measured), its mean in brackets, number of "
      "runs.\n\n");
  fmt::print("{:<22} {:>3} {:>12} {:>8} {:>22} {:>22} {:>22}\n", "law", "", "Huber, all", "R^2", "larger models",
             "more epochs", "larger budgets");
  compare_one(ordo::Chinchilla<>{}, runs, settings);
  compare_one(ordo::DataConstrained<>{}, runs, settings);
  compare_one(ordo::DataConstrained<ordo::Reuse::exponential, false>{}, runs, settings);
  compare_one(ordo::DataConstrained<ordo::Reuse::geometric>{}, runs, settings);
  compare_one(ordo::Overfitting<>{}, runs, settings);
}

template <ordo::ScalingLaw L>
int report(const L& law, std::span<const ordo::TrainingRun> runs, const Settings& settings) {
  constexpr std::size_t count = L::parameters.size();
  ordo::FixedValues<L> fixed{};
  if constexpr (has_published<L>) {
    if (!settings.free) {
      for (std::size_t k = 0; k < 4; ++k) fixed[k] = ordo::published_data_constrained[k];
    }
  }
  for (const std::string& assignment : settings.fix) fix_one<L>(assignment, fixed);

  describe(runs);
  fmt::print("\nlaw {}, Huber delta {} on log loss\n", law.name(), settings.fit.delta);
  std::string held;
  for (std::size_t k = 0; k < count; ++k) {
    if (fixed[k]) held += fmt::format("{}{} = {:.7g}", held.empty() ? "" : ", ", L::parameters[k].name, *fixed[k]);
  }
  fmt::print("held fixed: {}\n", held.empty() ? "nothing" : held);
  if constexpr (has_published<L>) {
    if (!settings.free) fmt::print("  a, b, e and alpha = beta are those of arXiv:2305.16264; --free fits them too\n");
    if constexpr (std::is_same_v<L, ordo::DataConstrained<>>) {
      const ordo::FitObjective<L> objective(law, runs, settings.fit.delta);
      const auto& x = ordo::published_data_constrained;
      fmt::print("all constants as published (R_D* 15.39, R_N* 5.31): Huber sum {:.7f}, R^2 {:.7f}\n", objective(x),
                 objective.r_squared(x));
    }
  }

  ordo::Fit<L> fitted = ordo::fit(law, runs, fixed, settings.fit);
  fmt::print("fit: Huber sum {:.7f}, R^2 {:.7f}; {} of {} starts ended at this minimum\n\n", fitted.huber,
             fitted.r_squared, fitted.reached, fitted.starts);
  if (fitted.reached < 3) {
    fmt::print("  Fewer than three starts found it: there may be a lower one. Try more --starts.\n\n");
  }

  std::vector<std::size_t> open;
  for (std::size_t k = 0; k < count; ++k) {
    if (!fixed[k]) open.push_back(k);
  }
  ordo::Json json = {{"law", law.name()},
                     {"runs", runs.size()},
                     {"huber", fitted.huber},
                     {"r_squared", fitted.r_squared},
                     {"starts", fitted.starts},
                     {"reached", fitted.reached},
                     {"parameters", ordo::Json::array()}};
  if (settings.bootstrap.resamples == 0) {
    for (std::size_t k = 0; k < count; ++k) {
      const ordo::LawParameter& p = L::parameters[k];
      fmt::print("{:<12} {}{}\n", p.symbol, shown(p, fitted.values[k]), fixed[k] ? "  fixed" : "");
      json["parameters"].push_back(
          {{"name", p.symbol}, {"value", shown(p, fitted.values[k])}, {"fixed", fixed[k].has_value()}});
    }
  } else {
    ordo::Bootstrap<L> boot = ordo::bootstrap(law, runs, fitted, open, settings.bootstrap, settings.fit.delta);
    if (const auto lower = ordo::lower_minimum(law, runs, fitted, boot, settings.fit.delta)) {
      fitted = *lower;
      json["huber"] = fitted.huber;
      json["r_squared"] = fitted.r_squared;
      json["reached"] = fitted.reached;
      fmt::print("  A resample led to a lower minimum: Huber sum {:.7f}, R^2 {:.7f}. It counts from here on.\n\n",
                 fitted.huber, fitted.r_squared);
      boot = ordo::bootstrap(law, runs, fitted, open, settings.bootstrap, settings.fit.delta);
    }
    fmt::print("95 % intervals: {} resamples of {} {}; profiles may rise by what 95 % of the resamples do\n{}\n",
               settings.bootstrap.resamples, boot.units, to_string(boot.by),
               boot.units < 20 ? "fewer than 20 are few: such intervals are too narrow\n" : "");
    fmt::print("{:<12} {:>12}   {:<26} {:<26} {}\n", "parameter", "fitted", "bootstrap", "profile", "");
    std::string samples = "resample";
    for (std::size_t k = 0; k < count; ++k) samples += fmt::format(",{}", L::parameters[k].symbol);
    samples += "\n";
    for (std::size_t b = 0; b < boot.values.size(); ++b) {
      samples += fmt::format("{}", b);
      for (std::size_t k = 0; k < count; ++k) samples += fmt::format(",{}", L::parameters[k].show(boot.values[b][k]));
      samples += "\n";
    }
    if (!settings.out.empty()) ordo::write_file_atomically(settings.out / "bootstrap.csv", samples);
    for (std::size_t k = 0; k < count; ++k) {
      const ordo::LawParameter& p = L::parameters[k];
      if (fixed[k]) {
        fmt::print("{:<12} {:>12}   fixed\n", p.symbol, shown(p, fitted.values[k]));
        json["parameters"].push_back({{"name", p.symbol}, {"value", shown(p, fitted.values[k])}, {"fixed", true}});
        continue;
      }
      const ordo::Interval interval = boot.interval(k);
      const double cutoff = boot.cutoff(k);
      const ordo::Profile profile = ordo::profile(law, runs, fitted, k, cutoff, settings.fit.delta);
      const std::string by_profile = shown_profile(p, profile);
      const std::string word = verdict(p, profile, interval);
      fmt::print("{:<12} {:>12}   {:<26} {:<26} {}\n", p.symbol, shown(p, fitted.values[k]),
                 shown(p, interval.low, interval.high), by_profile, word);
      json["parameters"].push_back({{"name", p.symbol},
                                    {"value", shown(p, fitted.values[k])},
                                    {"fixed", false},
                                    {"bootstrap", shown(p, interval.low, interval.high)},
                                    {"profile", by_profile},
                                    {"cutoff", cutoff},
                                    {"verdict", word}});
      if (!settings.out.empty()) draw_profile(settings, law.name(), p, profile, fitted.huber, cutoff);
    }
  }
  if (!settings.out.empty()) {
    ordo::write_file_atomically(settings.out / "fit.json", json.dump(2) + "\n");
    fmt::print("\nwrote {}\n", (settings.out / "fit.json").string());
  }
  if (settings.compare) compare_all(runs, settings);
  return 0;
}

/// Calls use(law) with the law of this name.
template <class Use>
int with_law(const std::string& name, const Use& use) {
  if (name == "muennighoff") return use(ordo::DataConstrained<>{});
  if (name == "muennighoff:untied") return use(ordo::DataConstrained<ordo::Reuse::exponential, false>{});
  if (name == "geometric") return use(ordo::DataConstrained<ordo::Reuse::geometric>{});
  if (name == "geometric:untied") return use(ordo::DataConstrained<ordo::Reuse::geometric, false>{});
  if (name == "chinchilla") return use(ordo::Chinchilla<>{});
  if (name == "chinchilla:tied") return use(ordo::Chinchilla<true>{});
  if (name == "overfitting") return use(ordo::Overfitting<>{});
  return use(ordo::Overfitting<false>{});
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app(
      "Fits a scaling law to a table of training runs: each parameter with a bootstrap interval and its profile, and "
      "whether the runs identify it.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  Settings settings;
  app.add_option(
         "--runs", settings.runs,
         "table with the columns params, train_tokens, unique_tokens [tokens] and val_loss [nats/token]; others "
         "are skipped [CSV file]")
      ->required();
  app.add_option("--factorization", settings.factorization,
                 "only the runs with this entry in the column factorization");
  app.add_option("--law", settings.law, "which law; alpha = beta unless it is chinchilla or its name says untied")
      ->check(CLI::IsMember({"muennighoff", "muennighoff:untied", "geometric", "geometric:untied", "chinchilla",
                             "chinchilla:tied", "overfitting", "overfitting:untied"}))
      ->capture_default_str();
  app.add_flag("--free", settings.free,
               "fit a, b, e and alpha = beta too, which muennighoff and geometric otherwise hold as published; other "
               "laws are always free");
  app.add_option("--fix", settings.fix, "hold a parameter, as fitted or as shown: a=6.25, R_D*=15 [NAME=NUMBER]")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  app.add_option("--starts", settings.fit.starts, "random starts of the fit [count]")->capture_default_str();
  app.add_option("--bootstrap", settings.bootstrap.resamples, "resamples, 0 for no intervals [count]")
      ->capture_default_str();
  app.add_option("--bootstrap-starts", settings.bootstrap.starts, "starts for each resample [count]")
      ->capture_default_str();
  program::add_named(app, "--by", settings.by, ordo::every_resample,
                     "what is drawn: rows, or all runs of one size and unique budget together (clusters, the default)");
  app.add_flag("--compare", settings.compare, "compare the laws by their error on held-out runs too");
  app.add_option("--delta", settings.fit.delta, "where the Huber loss turns linear [log loss]")->capture_default_str();
  app.add_option("--seed", settings.fit.seed, "seed of starts and resamples")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  app.add_option("--threads", settings.fit.threads, "threads, 0 for one per core; they change no number [count]")
      ->capture_default_str();
  app.add_option("--out", settings.out,
                 "folder for fit.json, bootstrap.csv and the profiles as CSV, PNG and SVG (with gnuplot's files)");
  return program::run(app, argc, argv, [&] {
    settings.fit.stop = signals.token();
    settings.fit.check();
    settings.bootstrap.by = settings.by.value_or(ordo::Resample::clusters);
    settings.bootstrap.seed = settings.fit.seed;
    settings.bootstrap.threads = settings.fit.threads;
    settings.bootstrap.stop = signals.token();
    ordo::require(settings.bootstrap.resamples >= 0, "fit", "--bootstrap must not be negative (got ",
                  settings.bootstrap.resamples, ")");
    if (settings.bootstrap.resamples > 0) settings.bootstrap.check();
    std::vector<ordo::TrainingRun> runs = ordo::read_training_runs(settings.runs);
    if (!settings.factorization.empty()) {
      std::erase_if(runs, [&](const auto& run) { return run.factorization != settings.factorization; });
      ordo::require(!runs.empty(), "fit", settings.runs.string(), " holds no run of the factorization ",
                    settings.factorization);
    }
    if (!settings.out.empty()) std::filesystem::create_directories(settings.out);
    return with_law(settings.law, [&](const auto& law) { return report(law, runs, settings); });
  });
}
