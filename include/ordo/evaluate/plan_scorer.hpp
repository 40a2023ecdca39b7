#pragma once
// Scores plans in batches.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// Gathers plans until a forward pass is full, then credits each plan's weighted loss to its place.
template <Backend B, VisibilityRule Rule>
class PlanScorer {
 public:
  PlanScorer(const Network<B>& network, std::int64_t batch_slots) : network_(network), batch_slots_(batch_slots) {}

  /// Scores one sequence under one plan; `credit` receives its loss [nats] when the batch is run.
  void add(const std::vector<Slot>& slots, const Rule& rule, const std::vector<Token>& tokens, std::uint64_t sample,
           double* credit) {
    if (batch_.slots() > 0 && batch_.slots() + static_cast<std::int64_t>(slots.size()) > batch_slots_) run();
    batch_.add(slots, rule, tokens, network_.config(), sample);
    credits_.push_back(credit);
  }
  void run() {
    if (batch_.predictions() > 0) {
      const Capacity needed{batch_.slots(), batch_.predictions()};
      if (!workspace_ || !workspace_->holds(needed)) {
        workspace_.emplace(network_,
                           Capacity{std::max(needed.slots, batch_slots_), std::max(needed.predictions, batch_slots_)},
                           Pass::forward);
      }
      const auto loss = losses(network_, batch_, *workspace_);
      const auto& sequences = batch_.predicting().sequences;
      for (std::size_t i = 0; i < sequences.size(); ++i) {
        for (std::int32_t r = 0; r < sequences[i].queries; ++r) {
          const auto row = static_cast<std::size_t>(sequences[i].query_begin + r);
          *credits_[i] += static_cast<double>(batch_.weight()[row]) * static_cast<double>(loss[row]);
        }
      }
    }
    batch_.clear();
    credits_.clear();
  }

 private:
  const Network<B>& network_;
  std::int64_t batch_slots_;
  Batch<Rule> batch_;
  std::vector<double*> credits_;
  std::optional<Workspace<B>> workspace_;
};

}  // namespace ordo
