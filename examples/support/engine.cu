// The engine on a GPU.

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

#include <ordo/backend/cuda/product_rate.cuh>
#include <ordo/cuda.cuh>

#include "support/engine_on.hpp"

namespace program {

namespace {

/// A: what activations are in.
template <class A>
class Gpu final : public DeviceOn<ordo::CudaBackend<A>> {
 public:
  using B = ordo::CudaBackend<A>;
  using DeviceOn<B>::DeviceOn;
  [[nodiscard]] std::string about() const override {
    const ordo::cuda::DeviceFacts facts = this->backend().context().facts();
    return facts.name + " (" + std::to_string(facts.units) + " multiprocessors, " +
           std::to_string(facts.memory_bytes >> 20) + " MiB), " + (std::is_same_v<A, float> ? "fp32" : "bf16");
  }
  [[nodiscard]] ordo::MemoryPlan training_memory(const ordo::ModelConfig& config, const ordo::TrainOptions& options,
                                                 bool evaluates, const ordo::AnyFactorization& policy) const override {
    const ordo::MemoryPlan plan = ordo::training_memory<B>(config, options, evaluates, policy);
    ordo::check_fits<B>(plan, this->backend().context().free_bytes(), config, options, evaluates, policy);
    return plan;
  }
  [[nodiscard]] std::optional<double> product_rate() const override { return ordo::product_rate(this->backend()); }
};

}  // namespace

std::unique_ptr<Device> open_cuda(int number, bool bf16) {
  if (bf16) return std::make_unique<Gpu<ordo::bf16>>(ordo::Cuda(number));
  return std::make_unique<Gpu<float>>(ordo::CudaFloat(number));
}

}  // namespace program
