// A user's program in two translation units: a function of a header that is not inline would be defined twice.

#include <cmath>
#include <iostream>

#include <ordo/ordo.hpp>

ordo::ByteDataset a_text();  // text.cpp

int main() {
  auto text = a_text();
  auto model = ordo::Transformer<ordo::LeftToRight, ordo::Cpu>(
      {.layers = 1, .width = 16, .heads = 2, .vocab = text.vocab(), .context = 16});
  ordo::train(model, text, {.epochs = 2, .batch = 8, .learning_rate = 1e-2});
  const ordo::Score score = ordo::evaluate(model, text.validation());
  std::cout << score << '\n';
  return score.nats_per_token < std::log(256.0) ? 0 : 1;  // better than knowing nothing
}
