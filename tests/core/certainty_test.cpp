// How sure a prediction is, against plain sums.

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <span>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/certainty.hpp>
#include <ordo/core/rng.hpp>

namespace {

std::vector<double> softmax(const std::vector<float>& logits) {
  std::vector<double> p;
  double total = 0;
  for (const float x : logits) {
    p.push_back(std::exp(static_cast<double>(x)));
    total += p.back();
  }
  for (double& x : p) x /= total;
  return p;
}

}  // namespace

TEST_CASE("highest probability, margin and entropy are those of the softmax") {
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  for (int n = 1; n <= 20; ++n) {
    std::vector<float> logits;
    for (int i = 0; i < n; ++i) logits.push_back(static_cast<float>(3 * stream.normal()));
    std::vector<double> p = softmax(logits);
    double entropy = 0;
    for (const double x : p) entropy -= x * std::log(x);
    for (std::size_t i = 0; i < p.size(); ++i) {
      CHECK(ordo::surprise(std::span<const float>(logits), i) == Approx(-std::log(p[i])).margin(1e-14));
    }
    std::sort(p.begin(), p.end(), std::greater<>());
    const ordo::Certainty sure = ordo::certainty(std::span<const float>(logits));
    CHECK(sure.highest == Approx(p[0]));
    CHECK(sure.margin == Approx(p[0] - (n > 1 ? p[1] : 0)).margin(1e-14));
    CHECK(sure.entropy == Approx(entropy).margin(1e-14));
  }
}

TEST_CASE("certainty holds at its ends: a tie, a certain token, and logits far apart") {
  const auto of = [](std::vector<double> logits) { return ordo::certainty(std::span<const double>(logits)); };
  CHECK(of({5, 5, 5, 5}).highest == Approx(0.25));
  CHECK(of({5, 5, 5, 5}).margin == 0);
  CHECK(of({5, 5, 5, 5}).entropy == Approx(std::log(4.0)));
  CHECK((of({900, -900}).highest == 1 && of({900, -900}).margin == 1 && of({900, -900}).entropy == 0));
  const double never = -std::numeric_limits<double>::infinity();
  CHECK((of({never, 2, never}).highest == 1 && of({never, 2, never}).entropy == 0));
}
