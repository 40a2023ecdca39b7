// The engine on the host's cores, and which device a name stands for.

#include <charconv>
#include <memory>
#include <string>
#include <system_error>

#include <ordo/backend/cpu/cpu.hpp>

#include "support/engine_on.hpp"

namespace program {

#if defined(ORDO_PROGRAMS_WITH_CUDA)
std::unique_ptr<Device> open_cuda(int number, bool bf16);  // engine.cu
#endif

namespace {

class Cores final : public DeviceOn<ordo::Cpu> {
 public:
  using DeviceOn::DeviceOn;
  [[nodiscard]] std::string about() const override {
    const int threads = backend().threads();
    return std::to_string(threads) + (threads == 1 ? " thread" : " threads") + ", products by " +
           ordo::cpu::product_library;
  }
  [[nodiscard]] ordo::MemoryPlan training_memory(const ordo::ModelConfig& config, const ordo::TrainOptions& options,
                                                 bool evaluates, const ordo::AnyFactorization& policy) const override {
    ordo::rehearse(backend(), ordo::AnyFactorization());
    return ordo::training_memory<ordo::Cpu>(config, options, evaluates, policy);
  }
};

}  // namespace

std::unique_ptr<Device> DeviceFlags::open() const {
  if (device == "cpu") {
    ordo::require(precision != "bf16", "device", "the cores compute in fp32 (got --precision bf16)");
    return std::make_unique<Cores>(ordo::Cpu(threads));
  }
  int number = 0;
  bool known = device == "cuda";
  if (device.starts_with("cuda:")) {
    const char* const end = device.data() + device.size();
    const auto [rest, error] = std::from_chars(device.data() + 5, end, number);
    known = error == std::errc() && rest == end && number >= 0;
  }
  ordo::require(known, "device", "--device must be cpu, cuda or cuda:N (got '", device, "')");
#if defined(ORDO_PROGRAMS_WITH_CUDA)
  return open_cuda(number, precision != "fp32");
#else
  ordo::fail("device", "these programs were built without CUDA: configure with -DORDO_CUDA=ON (got --device ", device,
             ")");
#endif
}

}  // namespace program
