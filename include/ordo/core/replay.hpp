#pragma once
// Work that is asked of a backend again and again with the same arguments.

#include <ordo/core/host_memory.hpp>

namespace ordo {

/// Each backend that queues its work has one of its own; on the host the work is just done.
template <class B>
class Replay;

template <ComputesOnHost B>
class Replay<B> {
 public:
  /// Does what `work()` asks of `b`. Every call must ask for the same: views of the same memory, the same numbers.
  template <class Work>
  void run(const B&, const Work& work) {
    work();
  }
};

}  // namespace ordo
