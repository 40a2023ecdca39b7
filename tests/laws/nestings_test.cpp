// The laws on random nestings of policies: what holds of parts holds of what is made of them.

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/rng.hpp>
#include <ordo/factorization/named.hpp>

#include <laws/coverage.hpp>
#include <laws/draws_law.hpp>
#include <laws/no_leak.hpp>
#include <laws/normalisation.hpp>
#include <laws/sampling.hpp>
#include <laws/tiles.hpp>
#include <laws/truth.hpp>
#include <laws/well_formed.hpp>

namespace {

using namespace ordo;

/// Random names that nest to a given depth, by kind: what may stand inside of what.
class Names {
 public:
  explicit Names(std::uint64_t seed) : stream_(seed, Purpose::test, 3) {}

  /// Any policy.
  std::string any(int depth) {
    if (depth <= 1) return stream_.below(2) == 0 ? full(1) : causal(1);
    switch (stream_.below(7)) {
      case 0: return "mixture(" + weight() + " " + part(depth - 1) + " + " + weight() + " " + part(depth - 1) + ")";
      case 1: return "curriculum:ramp(" + part(depth - 1) + " to " + part(depth - 1) + ")";
      case 2: return "prefix:" + number(2) + "(" + one_rule(depth - 1) + ")";
      default: return part(depth);
    }
  }

 private:
  /// Without given tokens.
  std::string part(int depth) {
    if (depth <= 1) return any(1);
    switch (stream_.below(4)) {
      case 0: return "blockwise:" + number(3) + "(" + one_rule(depth - 1) + ")";
      case 1: return "noisy:0.25(" + part(depth - 1) + ")";
      case 2: return orders() + "(" + part(depth - 1) + ")";
      default: return one_rule(depth);
    }
  }
  std::string one_rule(int depth) { return stream_.below(2) == 0 ? full(depth) : causal(depth); }
  std::string full(int depth) {
    if (depth > 1) {
      switch (stream_.below(3)) {
        case 0: return "noisy:0.5(" + full(depth - 1) + ")";
        case 1: return orders() + "(" + full(depth - 1) + ")";
        default: return "shifted(masked)";
      }
    }
    const char* names[] = {"masked", "masked:cosine", "masked:steps=3", "suffix-masked", "masked:per-token:no-floor"};
    return names[stream_.below(5)];
  }
  std::string causal(int depth) {
    if (depth > 1) {
      switch (stream_.below(3)) {
        case 0: return "noisy:0.5(" + causal(depth - 1) + ")";
        case 1: return orders() + "(" + causal(depth - 1) + ")";
        default: return "left-context(masked)";
      }
    }
    const char* names[] = {"ltr", "any-order", "fill-in-the-middle", "orderings:2", "orderings:2:uniform:told"};
    return names[stream_.below(5)];
  }
  std::string orders() {
    return "orderings:" + number(2) + (stream_.below(2) == 0 ? ":uniform" : "") +
           (stream_.below(3) == 0 ? ":told" : "");
  }
  std::string number(std::uint32_t most) { return std::to_string(stream_.below(most) + 1); }
  std::string weight() { return std::to_string(stream_.below(3) + 1); }

  Stream stream_;
};

template <class Law>
void check(const AnyFactorization& policy, Shape shape, const char* what, const Law& law) {
  const laws::Report report = law(policy, shape);
  INFO(policy.name() << ", length " << shape.length << ", " << what << ": " << report);
  CHECK(report.holds());
}

}  // namespace

TEST_CASE("random nestings of policies keep the laws of their claims") {
  Names names(20);
  int distinct_claims[4] = {};
  for (int i = 0; i < 120; ++i) {
    const std::string name = names.any(2 + i % 2);
    const AnyFactorization policy = factorization_from_name(name);
    CHECK(factorization_from_name(policy.name()).name() == policy.name());
    ++distinct_claims[static_cast<int>(policy.claim())];
    for (std::int32_t length = 1; length <= 3; ++length) {
      const Shape shape{length};
      check(policy, shape, "well formed", [](const auto& f, Shape s) { return laws::well_formed(f, s); });
      check(policy, shape, "no leak", [](const auto& f, Shape s) { return laws::no_leak(f, s); });
      check(policy, shape, "coverage", [](const auto& f, Shape s) { return laws::coverage(f, s); });
      check(policy, shape, "truth", [](const auto& f, Shape s) { return laws::truth(f, s, 2, 5); });
      check(policy, shape, "normalisation", [](const auto& f, Shape s) { return laws::normalisation(f, s, 2, 7); });
      check(policy, shape, "draws", [](const auto& f, Shape s) { return laws::pure_draws(f, s); });
      check(policy, shape, "tiles", [](const auto& f, Shape s) { return laws::tiles_of(f, s); });
      check(policy, shape, "sampling",
            [](const auto& f, Shape s) { return laws::sampling_of(f, s, laws::given_tokens(f, s), 3); });
    }
  }
  // The nestings are of all kinds, or this would show little.
  CHECK(distinct_claims[static_cast<int>(Claim::exact)] > 2);
  CHECK(distinct_claims[static_cast<int>(Claim::order_average)] > 20);
  CHECK(distinct_claims[static_cast<int>(Claim::bound)] > 20);
}
