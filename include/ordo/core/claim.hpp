#pragma once
// What the loss of a factorization is, as a statement about the sequence's likelihood.

#include <cstdint>
#include <string_view>

namespace ordo {

/// What a policy says of its own loss. The laws (tests/laws) hold it to that.
enum class Claim : std::uint8_t {
  exact,          ///< every draw's loss is the negative log-likelihood under one fixed order
  order_average,  ///< the mean over draws is the mean of exact losses over orders: at least -log of the mean
  bound,          ///< the mean over draws is at least the negative log-likelihood
  training_only,  ///< no statement: it may train a network but not score one
};

[[nodiscard]] constexpr std::string_view to_string(Claim claim) {
  switch (claim) {
    case Claim::exact: return "exact";
    case Claim::order_average: return "order average (an upper bound on the nats)";
    case Claim::bound: return "upper bound on the nats";
    case Claim::training_only: return "training only";
  }
  return "unknown";
}

}  // namespace ordo
