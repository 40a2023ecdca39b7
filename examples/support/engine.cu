// The engine on a GPU.

#include <memory>
#include <string>

#include <ordo/cuda.cuh>

#include "support/engine_on.hpp"

namespace program {

namespace {

class Gpu final : public DeviceOn<ordo::Cuda> {
 public:
  using DeviceOn::DeviceOn;
  [[nodiscard]] std::string about() const override {
    const ordo::cuda::DeviceFacts facts = backend().context().facts();
    return facts.name + " (" + std::to_string(facts.units) + " multiprocessors, " +
           std::to_string(facts.memory_bytes >> 20) + " MiB)";
  }
  [[nodiscard]] ordo::MemoryPlan training_memory(const ordo::ModelConfig& config, const ordo::TrainOptions& options,
                                                 bool evaluates, const ordo::AnyFactorization& policy) const override {
    const ordo::MemoryPlan plan = ordo::training_memory<ordo::Cuda>(config, options, evaluates, policy);
    ordo::check_fits<ordo::Cuda>(plan, backend().context().free_bytes(), config, options, evaluates, policy);
    return plan;
  }
};

}  // namespace

std::unique_ptr<Device> open_cuda(int number) { return std::make_unique<Gpu>(ordo::Cuda(number)); }

}  // namespace program
