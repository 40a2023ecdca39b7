// The shortest program: trains a small masked-diffusion model on a text file, scores it and writes a sample.
// Usage: hello [FILE]

#include <iostream>

#include <ordo/ordo.hpp>

int main(int argc, char** argv) try {
  auto text = ordo::ByteDataset::from_file(argc > 1 ? argv[1] : "book.txt", {.context = 128, .validation = 0.1});
  auto model = ordo::Transformer<ordo::MaskedDiffusion<>, ordo::Cpu>(
      {.layers = 2, .width = 64, .heads = 2, .vocab = text.vocab(), .context = 128});
  ordo::train(model, text, {.epochs = 20, .batch = 16, .learning_rate = 3e-3});
  ordo::Score score = ordo::evaluate(model, text.validation());  // nats/token +- error, and its bound
  std::cout << score << '\n' << text.decode(ordo::generate(model, {.length = 100, .seed = 7})) << '\n';
} catch (const std::exception& error) {
  std::cerr << "error: " << error.what() << '\n';
  return 1;
}
