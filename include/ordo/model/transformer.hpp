#pragma once
// The handle that a user holds: a network and the factorization it is trained, scored and sampled under.

#include <cstdint>
#include <utility>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/config.hpp>
#include <ordo/model/network.hpp>

namespace ordo {

/// One transformer under factorization F on backend B. The same network may be scored or sampled under another
/// policy: pass `model.network()` and that policy to evaluate or generate.
template <Factorization F, Backend B>
class Transformer {
 public:
  explicit Transformer(const ModelConfig& config, F factorization = F(), B backend = B(), std::uint64_t seed = 0)
      : network_(config, std::move(backend), seed), factorization_(std::move(factorization)) {}
  Transformer(Network<B> network, F factorization)
      : network_(std::move(network)), factorization_(std::move(factorization)) {}

  [[nodiscard]] const ModelConfig& config() const { return network_.config(); }
  [[nodiscard]] const F& factorization() const { return factorization_; }
  [[nodiscard]] Network<B>& network() { return network_; }
  [[nodiscard]] const Network<B>& network() const { return network_; }

 private:
  Network<B> network_;
  F factorization_;
};

}  // namespace ordo
