#pragma once
// What a family comes to where it is tuned: of all settings for one size, budget and number of epochs the best.

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <ordo/lab/compared_by.hpp>
#include <ordo/lab/run_record.hpp>
#include <ordo/lab/training_run.hpp>

namespace ordo {

/// One run for each factorization, size, unique budget and number of epochs: the setting (weight decay, dropout,
/// learning rate, batch, ...) with the lowest loss, and of that the mean over its seeds. The best of several looks a
/// little better than it is, the more so the more were tried and the fewer windows scored.
[[nodiscard]] inline std::vector<TrainingRun> best_runs(std::span<const RunRecord> records, ComparedBy by) {
  struct Cell {
    RunSettings setting;  // seed 0
    TrainingRun sum;
    double count = 0;
  };
  std::map<std::tuple<std::string, int, int, int, std::int64_t, double>, std::vector<Cell>> groups;
  for (const RunRecord& record : records) {
    const RunSettings setting = record.settings.without_seed();
    auto& cells = groups[{setting.factorization, setting.layers, setting.width, setting.heads, setting.unique_tokens,
                          setting.epochs}];
    auto found = std::find_if(cells.begin(), cells.end(), [&](const Cell& cell) { return cell.setting == setting; });
    if (found == cells.end()) {
      found = cells.insert(cells.end(), {setting, record.training_run(), 0});
      found->sum.loss = 0;
    }
    found->sum.loss += by == ComparedBy::own ? record.own.nats_per_token : record.exact.nats_per_token;
    ++found->count;
  }
  std::vector<TrainingRun> best;
  for (auto& [key, cells] : groups) {
    for (Cell& cell : cells) cell.sum.loss /= cell.count;
    best.push_back(std::min_element(cells.begin(), cells.end(), [](const Cell& a, const Cell& b) {
                     return a.sum.loss < b.sum.loss;
                   })->sum);
  }
  return best;
}

}  // namespace ordo
