#pragma once
// The weights of a transformer on a backend. A network does not know its factorization, and never changes while
// it is used for inference.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/model/parameters.hpp>

namespace ordo {

/// Rotary positions, RMSNorm before each part and at the end, SwiGLU, no biases, tied embeddings (the model of
/// Prabhudesai et al. 2025, arXiv:2507.15857, which is Llama's block).
template <Backend B>
class Network {
 public:
  using R = typename B::Scalar;
  using A = typename B::Activation;
  using Views = ParameterViews<const A, const R>;

  /// Allocates and initialises: matrices normal with init_std, gains one; a function of the seed alone.
  explicit Network(const ModelConfig& config, B backend = B(), std::uint64_t seed = 0)
      : Network(checked(config), std::move(backend), parameter_list(config)) {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      write_from_host(backend_, values(list_[i]), [&](std::span<R> numbers) {
        if (list_[i].kind == ParameterKind::gain) {
          for (R& x : numbers) x = R(1);
          return;
        }
        Stream stream(seed, Purpose::initialisation, i);
        for (R& x : numbers) x = static_cast<R>(config_.init_std * stream.normal());
      });
    }
  }

  [[nodiscard]] const ModelConfig& config() const { return config_; }
  [[nodiscard]] const B& backend() const { return backend_; }
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return list_; }
  /// The true number of parameters, the mask's and the start's rows included.
  [[nodiscard]] std::int64_t parameter_count() const { return ordo::parameter_count(list_); }

  /// All parameters as one vector, in the order of parameters(), where the backend computes: the host reads and writes
  /// them through HostCopy, upload and download.
  /// What is written there must be written before the network is used again.
  [[nodiscard]] std::span<R> values() {
    rounded_are_good_ = false;
    return values_.span();
  }
  [[nodiscard]] std::span<const R> values() const { return values_.span(); }
  [[nodiscard]] std::span<R> values(const Parameter& p) { return part(values(), p); }
  [[nodiscard]] std::span<const R> values(const Parameter& p) const { return part(values(), p); }
  /// The weights as the backend multiplies by them.
  [[nodiscard]] Views views() const {
    if constexpr (std::is_same_v<A, R>) {
      return {config_, values_.data(), values_.data()};
    } else {
      if (!rounded_are_good_) round_values(backend_, values_.span(), rounded_.span());
      rounded_are_good_ = true;
      return {config_, rounded_.data(), values_.data()};
    }
  }

  /// Cosines and sines of positions 0 .. context.
  [[nodiscard]] RotaryTable<R> rotary() const {
    const std::int64_t half = config_.head_size() / 2;
    const std::int64_t rows = config_.context + 1;
    return {{angles_.data(), rows, half}, {angles_.data() + rows * half, rows, half}};
  }

  /// The same weights again, for averages and for the best so far.
  [[nodiscard]] Network clone() const {
    Network copy(config_, backend_, list_);
    copy_values(backend_, values(), copy.values());
    return copy;
  }

 private:
  static const ModelConfig& checked(const ModelConfig& config) {
    config.check();
    return config;
  }
  Network(const ModelConfig& config, B backend, std::vector<Parameter> list)
      : config_(config),
        backend_(std::move(backend)),
        list_(std::move(list)),
        values_(allocate<R>(backend_, static_cast<std::size_t>(ordo::parameter_count(list_)))) {
    const std::vector<R> angles = rotary_angles<R>(config.context + 1, config.head_size(), config.theta);
    angles_ = allocate<R>(backend_, angles.size());
    upload(backend_, angles, angles_.data());
    if constexpr (!std::is_same_v<A, R>) rounded_ = allocate<A>(backend_, values_.size());
  }
  template <class T>
  static std::span<T> part(std::span<T> all, const Parameter& p) {
    return all.subspan(static_cast<std::size_t>(p.offset), static_cast<std::size_t>(p.size()));
  }

  ModelConfig config_;
  B backend_;
  std::vector<Parameter> list_;
  typename B::template Buffer<R> values_;
  typename B::template Buffer<R> angles_;
  mutable typename B::template Buffer<A> rounded_;  // the values in A, where that is another type
  mutable bool rounded_are_good_ = false;
};

}  // namespace ordo
