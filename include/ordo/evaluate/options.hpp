#pragma once
// How to score.

#include <cstdint>
#include <stop_token>

#include <ordo/core/error.hpp>

namespace ordo {

struct EvaluateOptions {
  int draws = 32;                ///< draws of the policy for each window; an exact score needs one and takes one
  std::uint64_t seed = 0;        ///< of the draws, and of the subset of windows
  std::int64_t windows = 0;      ///< score a fixed, seeded subset of this many windows; 0: all
  std::int64_t batch_slots = 0;  ///< slots in one forward pass; changes speed and memory, not the score's draws.
                                 ///< 0: what suits the backend
  std::stop_token stop{};        ///< throws Stopped when asked to stop

  /// For following a training run: 8 draws of 256 windows.
  [[nodiscard]] static EvaluateOptions brief();

  /// The slots of a pass on this backend: on the host few enough that a layer's activations stay in the caches, on a
  /// device enough to fill it.
  template <class B>
  [[nodiscard]] std::int64_t pass_slots() const {
    if (batch_slots > 0) return batch_slots;
    return B::on_host ? 2048 : 16384;
  }

  /// Throws an Error that names the first setting that cannot work, and its value.
  void check() const {
    require(draws > 0, "evaluate", "draws must be positive (got ", draws, ")");
    require(windows >= 0, "evaluate", "windows must not be negative (got ", windows, ")");
    require(batch_slots >= 0, "evaluate", "batch_slots must not be negative (got ", batch_slots, ")");
  }
};

inline EvaluateOptions EvaluateOptions::brief() {
  EvaluateOptions options;
  options.draws = 8;
  options.windows = 256;
  return options;
}

}  // namespace ordo
