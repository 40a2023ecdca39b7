// A factorization that the library does not have, in a few dozen lines: trained on a text file, scored, sampled.
// docs/your_own_factorization.md tells how it came about. Usage: your_own_factorization [FILE]

#include <algorithm>
#include <cstdint>
#include <iostream>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <ordo/ordo.hpp>

/// Skeleton first: every K-th token in reading order, then the others, in reading order too. These see the skeleton on
/// both sides and what was filled in before. One fixed order, so the score is exact.
template <int K>
struct SkeletonFirst {
  using Rule = ordo::Causal;  // slots are laid out in the order of prediction

  static std::vector<std::int32_t> order(ordo::Shape shape) {
    std::vector<std::int32_t> tokens(static_cast<std::size_t>(shape.length));
    std::iota(tokens.begin(), tokens.end(), 0);
    std::stable_partition(tokens.begin(), tokens.end(), [](std::int32_t i) { return i % K == 0; });
    return tokens;
  }
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C&, Slots& slots) const {
    ordo::Slot shown = ordo::Slot::start();
    for (const std::int32_t i : order(shape)) {
      slots.push_back(shown.predicting(i).told());  // told: the network knows where the token stands that it predicts
      shown = ordo::Slot::token(i);
    }
    return {};
  }
  ordo::Claim claim() const { return ordo::Claim::exact; }
  std::string name() const { return "skeleton-first:" + std::to_string(K); }

  // From here on optional: how a slot knows its target (each is told), and a sampler with a cache.
  constexpr ordo::Readout readout() const { return {}; }
  template <ordo::Choices C>
  ordo::OrderedSampler sampler(ordo::Shape shape, const ordo::Known& known, C&) const {
    std::vector<std::int32_t> next = order(shape);  // given tokens first, wherever they stand
    std::stable_partition(next.begin(), next.end(),
                          [&](std::int32_t i) { return known[static_cast<std::size_t>(i)] != 0; });
    return {std::move(next), /*told=*/true, known};
  }
};
static_assert(ordo::Factorization<SkeletonFirst<4>>);

int main(int argc, char** argv) try {
  auto text = ordo::ByteDataset::from_file(argc > 1 ? argv[1] : "book.txt", {.context = 128, .validation = 0.1});
  auto model = ordo::Transformer<SkeletonFirst<4>, ordo::Cpu>(
      {.layers = 2, .width = 64, .heads = 2, .vocab = text.vocab(), .context = 128});
  ordo::train(model, text, {.epochs = 20, .batch = 16, .learning_rate = 3e-3});
  std::cout << ordo::evaluate(model, text.validation()) << '\n';  // exact
  std::cout << text.decode(ordo::generate(model, {.length = 100, .seed = 7})) << '\n';
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
