#pragma once
// How much memory a training run will take, before it takes any.

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <type_traits>
#include <vector>

#include <unistd.h>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/parameters.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/passes.hpp>

namespace ordo {

/// All in bytes.
struct MemoryPlan {
  std::int64_t resident = 0;     ///< what the process holds already: the program, the data read so far
  std::int64_t parameters = 0;   ///< weights, and the copies of them that are best or averaged
  std::int64_t optimiser = 0;    ///< gradient and two moments
  std::int64_t activations = 0;  ///< of one pass
  std::int64_t evaluation = 0;   ///< activations of an evaluation

  [[nodiscard]] std::int64_t planned() const { return parameters + optimiser + activations + evaluation; }
  [[nodiscard]] std::int64_t total() const { return resident + planned(); }
};

/// Resident memory of this process now [bytes]; 0 where the system does not tell.
[[nodiscard]] inline std::int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::int64_t all = 0;
  std::int64_t resident = 0;
  file >> all >> resident;
  return file ? resident * sysconf(_SC_PAGESIZE) : 0;
}

/// What `train` will hold at its peak, for windows of the full context. Call it before making the model.
template <Backend B, Factorization F>
[[nodiscard]] MemoryPlan training_memory(const ModelConfig& config, const TrainOptions& options, bool evaluates,
                                         const F& policy) {
  config.check();
  options.check();
  constexpr auto number = static_cast<std::int64_t>(sizeof(ScalarOf<B>));
  // Passes as the first samples fill them. Memory that no pass touches is never resident, so what counts is the most
  // slots that predict in one of them.
  std::int64_t one = 0;
  bool several = false;  // passes in a batch
  Capacity most;
  Capacity pass;
  const std::int64_t samples = std::min<std::int64_t>(options.batch * std::int64_t{16}, 1024);
  for (std::int64_t first = 0; first < samples; first += options.batch) {
    for_each_pass(
        policy, options.seed, {first, std::min(samples, first + options.batch), samples},
        micro_slots<B>(options, config), [&](std::uint64_t) { return config.context; },
        [&](std::uint64_t, const std::vector<Slot>& slots, const auto&) {
          const auto size = static_cast<std::int64_t>(slots.size());
          one = std::max(one, size);
          pass.slots += size;
          pass.predictions += std::count_if(slots.begin(), slots.end(), [](const Slot& s) { return s.predicts(); });
        },
        [&](bool last) {
          several = several || !last;
          most = {std::max(most.slots, pass.slots), std::max(most.predictions, pass.predictions)};
          pass = {};
        });
  }
  most.few = most.predictions < most.slots;
  if (!B::on_host) {  // there all that is planned is taken, and a trainer plans for passes in which every slot predicts
    if (several) most.slots = std::max(most.slots, micro_slots<B>(options, config));
    most.predictions = most.slots;
  }
  const std::int64_t count = parameter_count(parameter_list(config)) * number;
  const std::int64_t rounded = std::is_same_v<ActivationOf<B>, ScalarOf<B>>
                                   ? 0
                                   : count / number * static_cast<std::int64_t>(sizeof(ActivationOf<B>));
  MemoryPlan plan;
  plan.resident = resident_bytes();
  plan.parameters = (count + rounded) * (1 + (evaluates && options.keep_best ? 1 : 0) + (options.average > 0 ? 1 : 0));
  plan.optimiser = 3 * count;
  plan.activations = Workspace<B>::planned_bytes(config, most, options.recompute ? Pass::recompute : Pass::backward);
  if (evaluates) {
    const std::int64_t scored = std::max(one, options.evaluation.pass_slots<B>());
    const std::int64_t asked = B::on_host ? scored * most.predictions / std::max<std::int64_t>(1, most.slots) : scored;
    plan.evaluation = Workspace<B>::planned_bytes(config, {scored, asked}, Pass::forward);
  }
  return plan;
}

/// Throws an Error where the plan, which is that of the other arguments, takes more than `free` bytes but for what a
/// driver and its libraries take for themselves, and says what would fit. What is free is asked of a backend that is
/// there, so that the room of its products is taken already.
template <Backend B, Factorization F>
void check_fits(const MemoryPlan& plan, std::int64_t free, const ModelConfig& config, const TrainOptions& options,
                bool evaluates, const F& policy) {
  constexpr std::int64_t kept_back = std::int64_t{512} << 20;
  const std::int64_t usable = std::max<std::int64_t>(0, free - kept_back);
  if (plan.planned() <= usable) return;
  const auto megabytes = [](std::int64_t bytes) { return (bytes + 999999) / 1000000; };
  std::string advice = "; take fewer layers or less width";
  TrainOptions smaller = options;
  smaller.recompute = true;
  const bool recomputed_fits =
      !options.recompute && training_memory<B>(config, smaller, evaluates, policy).planned() <= usable;
  smaller.recompute = options.recompute;
  for (std::int64_t slots = micro_slots<B>(options, config) / 2; slots > 0; slots /= 2) {
    smaller.micro_slots = slots;
    if (training_memory<B>(config, smaller, evaluates, policy).planned() > usable) continue;
    advice = "; passes of at most " + std::to_string(slots) + " slots would fit (micro_slots)";
    break;
  }
  if (recomputed_fits) advice += "; and so would activations that are worked out again (recompute)";
  fail("train", "training needs ", megabytes(plan.planned()), " MB of the device's memory, and ", megabytes(usable),
       " MB are free for it", advice);
}

}  // namespace ordo
