#pragma once
// Work that is queued again and again, as one CUDA graph: a step is some hundred kernels, and a small model's are done
// sooner than the host can queue them.

#include <cstdint>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/replay.hpp>

namespace ordo {

template <class A>
class Replay<CudaBackend<A>> {
 public:
  /// Queues what `work()` queues. The first time it is only done, so that operations find the room that they need; the
  /// second time it is noted as well; from then on it is queued as a whole, and `work` is not called.
  template <class Work>
  void run(const CudaBackend<A>& b, const Work& work) {
    cuda::Context& context = b.context();
    if (!done_before_ || room_ != context.room_number()) {
      graph_.clear();
      work();
      done_before_ = true;
      room_ = context.room_number();
      return;
    }
    if (!graph_.ready()) {
      graph_.begin(b.queue());
      try {
        work();
      } catch (...) {
        graph_.clear();
        throw;
      }
      graph_.end();
    }
    graph_.launch(b.queue());
  }

 private:
  cuda::Graph graph_;
  std::uint64_t room_ = 0;  // the operations' room that the graph refers to
  bool done_before_ = false;
};

}  // namespace ordo
