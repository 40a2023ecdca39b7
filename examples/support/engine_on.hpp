#pragma once
// The engine's verbs on one backend.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "support/engine.hpp"

namespace program {

template <ordo::Backend B>
class ModelOn final : public Model {
 public:
  explicit ModelOn(ordo::Transformer<ordo::AnyFactorization, B> model) : model_(std::move(model)) {}

  [[nodiscard]] const ordo::ModelConfig& config() const override { return model_.config(); }
  [[nodiscard]] const ordo::AnyFactorization& factorization() const override { return model_.factorization(); }
  ordo::TrainResult train(const ordo::Dataset& data, const ordo::TrainOptions& options) override {
    return ordo::train(model_, data, options);
  }
  [[nodiscard]] ordo::Score evaluate(const ordo::Windows& data, const ordo::AnyFactorization& policy,
                                     const ordo::EvaluateOptions& options,
                                     std::vector<double>* window_nats) const override {
    return ordo::evaluate(model_.network(), data, policy, options, window_nats);
  }
  [[nodiscard]] ordo::Score evaluate(const ordo::Windows& data, const ordo::AsSampled<ordo::AnyFactorization>& rule,
                                     const ordo::EvaluateOptions& options,
                                     std::vector<double>* window_nats) const override {
    return ordo::evaluate(model_.network(), data, rule, options, window_nats);
  }
  [[nodiscard]] std::vector<std::vector<ordo::Token>> generate(const ordo::AnyFactorization& policy, std::size_t count,
                                                               const ordo::GenerateOptions& options) const override {
    return ordo::generate(model_.network(), policy, count, options);
  }
  [[nodiscard]] ordo::ChoiceScore score_choices(const ordo::AnyFactorization& policy, const ordo::TextCodec& codec,
                                                std::span<const ordo::ChoiceTask> tasks, ordo::ChoiceMethod method,
                                                const ordo::EvaluateOptions& options) const override {
    return ordo::score_choices(model_.network(), policy, codec, tasks, method, options);
  }
  void write(const std::filesystem::path& folder, const ordo::TextCodec& codec) const override {
    ordo::write_model(folder, model_.network(), model_.factorization().name(), codec);
  }

 private:
  ordo::Transformer<ordo::AnyFactorization, B> model_;
};

/// What every device does alike.
template <ordo::Backend B>
class DeviceOn : public Device {
 public:
  explicit DeviceOn(B backend) : backend_(std::move(backend)) {}

  [[nodiscard]] std::unique_ptr<Model> make(const ordo::ModelConfig& config, const ordo::AnyFactorization& policy,
                                            std::uint64_t seed) const override {
    return model_of({ordo::Network<B>(config, backend_, seed), policy});
  }
  [[nodiscard]] StoredModel read(const std::filesystem::path& folder) const override {
    ordo::LoadedModel<B> stored = ordo::read_model(folder, backend_);
    return {model_of({std::move(stored.network), ordo::factorization_from_name(stored.factorization)}), stored.codec};
  }
  [[nodiscard]] std::string name() const override { return backend_.name(); }
  [[nodiscard]] bool on_host() const override { return B::on_host; }

 protected:
  [[nodiscard]] const B& backend() const { return backend_; }

 private:
  static std::unique_ptr<Model> model_of(ordo::Transformer<ordo::AnyFactorization, B> model) {
    return std::make_unique<ModelOn<B>>(std::move(model));
  }

  B backend_;
};

}  // namespace program
