#pragma once
// What a policy asks of the network while sampling, one step at a time.

#include <vector>

#include <ordo/core/slot.hpp>

namespace ordo {

/// Which tokens of a sequence are known (1) or still to be sampled (0).
using Known = std::vector<char>;

/// The slots to append for one step. They are numbered after the slots kept so far, `keep` first.
struct SampleStep {
  std::vector<Slot> keep;       ///< final slots: computed once, their keys and values are cached
  std::vector<Slot> temporary;  ///< dropped after the step
  /// True: each prediction stands alone, and any subset of them may be revealed (diffusion).
  /// False: every prediction of the step is revealed (autoregression).
  bool any_subset = false;

  void clear() {
    keep.clear();
    temporary.clear();
    any_subset = false;
  }
};

}  // namespace ordo
