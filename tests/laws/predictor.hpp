#pragma once
// The most that a network could make of a plan: a table with one distribution for each thing that it can see.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <laws/draws.hpp>
#include <laws/joint_table.hpp>

namespace ordo::laws {

/// What slot q can know: what each slot that it reaches shows and where, which of them it is itself, and the target
/// positions that are told. Never the order of the slots, nor a target that is not told.
using View = std::vector<std::int32_t>;

inline View view_of(const std::vector<Slot>& slots, const Reach& reach, std::size_t q, const std::vector<Token>& x) {
  std::vector<std::array<std::int32_t, 5>> known;
  for (std::size_t k = 0; k < slots.size(); ++k) {
    if (reach[q][k] == 0) continue;
    const Slot& s = slots[k];
    const std::int32_t value = s.shows == Shows::token         ? x[static_cast<std::size_t>(s.index)]
                               : s.shows == Shows::replacement ? s.index
                                                               : absent;
    // A replaced token looks like any other.
    const Shows looks = s.shows == Shows::replacement ? Shows::token : s.shows;
    known.push_back({k == q ? 1 : 0, static_cast<std::int32_t>(looks), value, s.position, s.target_position});
  }
  std::sort(known.begin(), known.end());
  View view;
  for (const auto& entry : known) view.insert(view.end(), entry.begin(), entry.end());
  return view;
}

/// Calls f(x, d, q, view, target value) for every sequence, draw and predicting slot.
template <class Rule, class F>
void for_each_prediction(const JointTable& table, const std::vector<Draw<Rule>>& draws, F&& f) {
  for (std::size_t d = 0; d < draws.size(); ++d) {
    const auto& slots = draws[d].slots;
    const Reach reach = reach_of(draws[d].rule, slots.size());
    for (std::size_t x = 0; x < table.size(); ++x) {
      const auto tokens = table.tokens(x);
      for (std::size_t q = 0; q < slots.size(); ++q) {
        if (!slots[q].predicts()) continue;
        f(x, d, q, view_of(slots, reach, q, tokens), tokens[static_cast<std::size_t>(slots[q].target)]);
      }
    }
  }
}

/// nats[d][x]: the weighted loss of each draw on each sequence; predict(view) gives V probabilities.
template <class Rule, class Predict>
std::vector<std::vector<double>> losses_of(const JointTable& table, const std::vector<Draw<Rule>>& draws,
                                           Predict&& predict) {
  std::vector<std::vector<double>> nats(draws.size(), std::vector<double>(table.size(), 0.0));
  for_each_prediction(table, draws, [&](std::size_t x, std::size_t d, std::size_t q, const View& view, Token value) {
    const auto weight = static_cast<double>(draws[d].slots[q].weight);
    if (weight != 0) nats[d][x] -= weight * std::log(predict(view)[static_cast<std::size_t>(value)]);
  });
  return nats;
}

/// The mean over draws, for each sequence.
template <class Rule>
std::vector<double> mean_over_draws(const std::vector<Draw<Rule>>& draws,
                                    const std::vector<std::vector<double>>& nats) {
  std::vector<double> mean(nats.empty() ? 0 : nats.front().size(), 0.0);
  for (std::size_t d = 0; d < draws.size(); ++d) {
    for (std::size_t x = 0; x < mean.size(); ++x) mean[x] += draws[d].probability * nats[d][x];
  }
  return mean;
}

/// The table that makes the mean loss over sequences and draws least: where one view is asked for several targets
/// (untold orders), it mixes over them by probability times weight.
class BestPredictor {
 public:
  template <class Rule>
  BestPredictor(const JointTable& table, const std::vector<Draw<Rule>>& draws) {
    const auto vocab = static_cast<std::size_t>(table.vocab());
    for_each_prediction(table, draws, [&](std::size_t x, std::size_t d, std::size_t q, const View& view, Token value) {
      const auto weight = static_cast<double>(draws[d].slots[q].weight);
      auto& mass = mass_.emplace(view, std::vector<double>(vocab, 0.0)).first->second;
      mass[static_cast<std::size_t>(value)] += table.probability(x) * draws[d].probability * weight;
    });
    for (auto& [view, mass] : mass_) {
      double total = 0;
      for (const double m : mass) total += m;
      for (double& m : mass) m /= total;
    }
  }
  [[nodiscard]] const std::vector<double>& operator()(const View& view) const { return mass_.at(view); }

 private:
  std::map<View, std::vector<double>> mass_;
};

/// Some table: for each view a random distribution, as an untrained network gives.
class RandomPredictor {
 public:
  RandomPredictor(Token vocab, std::uint64_t seed) : vocab_(vocab), stream_(seed, Purpose::test, 1) {}

  [[nodiscard]] const std::vector<double>& operator()(const View& view) {
    auto& q = table_[view];
    if (q.empty()) {
      double total = 0;
      for (Token v = 0; v < vocab_; ++v) {
        q.push_back(-std::log(stream_.unit()));
        total += q.back();
      }
      for (double& p : q) p /= total;
    }
    return q;
  }

 private:
  Token vocab_;
  Stream stream_;
  std::map<View, std::vector<double>> table_;
};

}  // namespace ordo::laws
