#pragma once
// What a finding is: a claim of a paper, a rule that was fixed beforehand, the evidence, and what follows from it.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include <ordo/io/atomic_file.hpp>

#include "support/plot.hpp"
#include "support/statistics.hpp"

namespace program {

enum class Verdict : std::uint8_t { reproduced, contradicted, undecided };

[[nodiscard]] constexpr std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::reproduced: return "reproduced";
    case Verdict::contradicted: return "contradicted";
    case Verdict::undecided: return "undecided";
  }
  return "unknown";
}

/// A number that is above 0 if the claim holds, with its 95 % interval.
struct Evidence {
  std::string what;
  double value = 0;
  double low = 0;
  double high = 0;

  [[nodiscard]] bool supports() const { return low > 0; }
  [[nodiscard]] bool opposes() const { return high < 0; }
};

/// value +- half.
[[nodiscard]] inline Evidence evidence(std::string what, double value, double half) {
  return {std::move(what), value, value - half, value + half};
}

/// Reproduced: every interval lies above 0. Contradicted: none does, and more than half lie below. Undecided: the rest.
[[nodiscard]] inline Verdict judge(const std::vector<Evidence>& evidence) {
  const auto all = static_cast<std::ptrdiff_t>(evidence.size());
  const auto for_it = std::count_if(evidence.begin(), evidence.end(), [](const auto& e) { return e.supports(); });
  const auto against = std::count_if(evidence.begin(), evidence.end(), [](const auto& e) { return e.opposes(); });
  if (all > 0 && for_it == all) return Verdict::reproduced;
  if (for_it == 0 && 2 * against > all) return Verdict::contradicted;
  return Verdict::undecided;
}

/// A number of one family at one point, as it goes into the table.
struct FindingRow {
  std::string what;
  std::string family;
  std::string setting;  ///< size and regularisation
  std::int64_t unique_tokens = 0;
  double epochs = 0;
  double value = 0;
  double low = 0;  ///< of its 95 % interval; NaN where there is none
  double high = 0;
  std::vector<double> seeds;  ///< empty where it is no mean of seeds
};

/// The mean of the seeds that report, with its t-interval.
[[nodiscard]] inline FindingRow row_of_seeds(std::string what, std::string family, std::string setting,
                                             std::int64_t unique_tokens, double epochs, std::vector<double> seeds) {
  const Mean mean = mean_of(seeds);
  return {std::move(what), std::move(family), std::move(setting), unique_tokens,   epochs,
          mean.mean,       mean.low(),        mean.high(),        std::move(seeds)};
}

struct Finding {
  std::string title;
  std::string claim;  ///< of arXiv:2507.15857
  std::string rule;   ///< by which evidence decides
  std::vector<Evidence> evidence;
  bool open_end = false;  ///< evidence against it is no contradiction: more passes might tell
  std::string note;       ///< what else should be known
  std::vector<FindingRow> rows;
  std::vector<Figure> figures;
};

/// A field of a CSV file: in quotes, with quotes doubled.
[[nodiscard]] inline std::string csv_quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

/// The rows; a field is empty where there is no such number.
inline void write_rows(const std::filesystem::path& path, const std::vector<FindingRow>& rows) {
  std::size_t seeds = 0;
  for (const FindingRow& row : rows) seeds = std::max(seeds, row.seeds.size());
  std::string text = "what,family,setting,unique_tokens,epochs,value,low_95_percent,high_95_percent";
  for (std::size_t s = 0; s < seeds; ++s) text += fmt::format(",seed_{}", s + 1);
  text += "\n";
  for (const FindingRow& row : rows) {
    text += fmt::format("{},{},{},{},{:g}", csv_quoted(row.what), csv_quoted(row.family), csv_quoted(row.setting),
                        row.unique_tokens, row.epochs);
    for (const double number : {row.value, row.low, row.high}) {
      text += std::isnan(number) ? "," : fmt::format(",{:.6g}", number);
    }
    for (std::size_t s = 0; s < seeds; ++s) text += s < row.seeds.size() ? fmt::format(",{:.6g}", row.seeds[s]) : ",";
    text += "\n";
  }
  ordo::write_file_atomically(path, text);
}

/// What follows from its evidence.
[[nodiscard]] inline Verdict verdict(const Finding& finding) {
  const Verdict judged = judge(finding.evidence);
  return judged == Verdict::contradicted && finding.open_end ? Verdict::undecided : judged;
}

/// The finding as a section of the report. `stamp`: a line that says that it is none, or nothing.
[[nodiscard]] inline std::string section(const Finding& finding, int number, const std::string& file,
                                         const std::string& stamp) {
  const Verdict judged = verdict(finding);
  std::string text = fmt::format("## {}. {}: {}\n\n{}", number, finding.title, to_string(judged), stamp);
  for (const Figure& figure : finding.figures) text += fmt::format("![{}]({}.png)\n\n", figure.title, figure.name);
  text += fmt::format("**Claim.** {}\n\n**Rule.** {}\n\n", finding.claim, finding.rule);
  if (!finding.evidence.empty())
    text += "| above 0 if the claim holds | value | 95 % interval | |\n|---|---|---|---|\n";
  for (const Evidence& e : finding.evidence) {
    text += fmt::format("| {} | {:.4g} | {:.4g} .. {:.4g} | {} |\n", e.what, e.value, e.low, e.high,
                        e.supports()  ? "for it"
                        : e.opposes() ? "against it"
                                      : "open");
  }
  const auto count = [&](bool (Evidence::*says)() const) {
    return std::count_if(finding.evidence.begin(), finding.evidence.end(),
                         [&](const Evidence& e) { return (e.*says)(); });
  };
  const std::size_t all = finding.evidence.size();
  text +=
      fmt::format("{}**{}.** {} {}\n\n", all == 0 ? "" : "\n",
                  judged == Verdict::reproduced     ? "Reproduced"
                  : judged == Verdict::contradicted ? "Contradicted at this scale"
                                                    : "Undecided",
                  all == 0 ? std::string("There is no interval to decide by.")
                           : fmt::format("Of {} interval{} {} for the claim, {} against it.", all, all == 1 ? "" : "s",
                                         count(&Evidence::supports), count(&Evidence::opposes)),
                  finding.note);
  text += fmt::format("Numbers: [{0}.csv]({0}.csv)\n", file);
  return text;
}

}  // namespace program
