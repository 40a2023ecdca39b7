#pragma once
// What programs do with a model whose factorization and device are chosen by name: each verb is compiled once for each
// backend (engine.cpp, engine.cu), and not in the programs.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <ordo/without_backend.hpp>

namespace program {

/// A transformer on a device.
class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  [[nodiscard]] virtual const ordo::ModelConfig& config() const = 0;
  /// What it is trained under.
  [[nodiscard]] virtual const ordo::AnyFactorization& factorization() const = 0;
  virtual ordo::TrainResult train(const ordo::Dataset& data, const ordo::TrainOptions& options) = 0;
  [[nodiscard]] virtual ordo::Score evaluate(const ordo::Windows& data, const ordo::AnyFactorization& policy,
                                             const ordo::EvaluateOptions& options,
                                             std::vector<double>* window_nats = nullptr) const = 0;
  [[nodiscard]] virtual ordo::Score evaluate(const ordo::Windows& data,
                                             const ordo::AsSampled<ordo::AnyFactorization>& rule,
                                             const ordo::EvaluateOptions& options,
                                             std::vector<double>* window_nats = nullptr) const = 0;
  [[nodiscard]] virtual std::vector<std::vector<ordo::Token>> generate(const ordo::AnyFactorization& policy,
                                                                       std::size_t count,
                                                                       const ordo::GenerateOptions& options) const = 0;
  [[nodiscard]] virtual ordo::ChoiceScore score_choices(const ordo::AnyFactorization& policy,
                                                        const ordo::TextCodec& codec,
                                                        std::span<const ordo::ChoiceTask> tasks,
                                                        ordo::ChoiceMethod method,
                                                        const ordo::EvaluateOptions& options) const = 0;
  virtual void write(const std::filesystem::path& folder, const ordo::TextCodec& codec) const = 0;

  /// Under what it is trained under, or what that asks to be scored as.
  [[nodiscard]] ordo::Score evaluate(const ordo::Windows& data, const ordo::EvaluateOptions& options) const {
    return evaluate(data, factorization().scored_as(), options);
  }
};

/// A model that was read from a folder; its factorization is the one that it was trained under.
struct StoredModel {
  std::unique_ptr<Model> model;
  ordo::TextCodec codec;
};

/// Where models are: the host's cores, or a GPU.
class Device {
 public:
  Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;
  virtual ~Device() = default;

  /// The backend's: what results note of where they were made. "cpu", or "cuda bf16, " and the GPU's and its library's
  [[nodiscard]] virtual std::string name() const = 0;
  /// "2 threads, products by Eigen"
  [[nodiscard]] virtual std::string about() const = 0;
  [[nodiscard]] virtual std::unique_ptr<Model> make(const ordo::ModelConfig& config,
                                                    const ordo::AnyFactorization& policy, std::uint64_t seed) const = 0;
  [[nodiscard]] virtual StoredModel read(const std::filesystem::path& folder) const = 0;
  /// What a run will take. Throws where it is more than the device has, and says what would fit.
  [[nodiscard]] virtual ordo::MemoryPlan training_memory(const ordo::ModelConfig& config,
                                                         const ordo::TrainOptions& options, bool evaluates,
                                                         const ordo::AnyFactorization& policy) const = 0;
  /// What a large product reaches on it [FLOP/s], measured anew; none on the host, whose cores are shared with others.
  [[nodiscard]] virtual std::optional<double> product_rate() const { return std::nullopt; }
  /// Whether the host's memory is the device's.
  [[nodiscard]] virtual bool on_host() const = 0;
};

/// The flags that choose one.
struct DeviceFlags {
  std::string device = "cpu";  ///< or cuda, or cuda:N
  std::string precision{};     ///< of activations: bf16 (only cuda, which takes it if nothing is said) or fp32
  int threads = 0;             ///< of cpu; 0: one per core

  void add_device_to(CLI::App& app) {
    app.add_option("--device", device, "where to compute: cpu, cuda, or cuda:N for the GPU of number N")
        ->capture_default_str();
    app.add_option("--precision", precision,
                   "what activations are kept in: fp32, or on cuda bf16, which is its default; weights and their "
                   "updates are in fp32")
        ->check(CLI::IsMember({"bf16", "fp32"}));
  }
  void add_to(CLI::App& app, const std::string& about_threads = "threads of cpu, 0 for one per core [count]") {
    add_device_to(app);
    app.add_option("--threads", threads, about_threads)->capture_default_str();
  }
  [[nodiscard]] bool on_host() const { return device == "cpu"; }
  /// Throws an Error where there is no such device.
  [[nodiscard]] std::unique_ptr<Device> open() const;
};

/// The same device with all of its threads.
[[nodiscard]] inline DeviceFlags whole_machine(DeviceFlags flags) {
  flags.threads = 0;
  return flags;
}

}  // namespace program
