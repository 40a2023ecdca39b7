#pragma once
// Running the code of training once, before memory is measured.

#include <vector>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/factorization.hpp>
#include <ordo/core/config.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/data/windows.hpp>
#include <ordo/model/transformer.hpp>
#include <ordo/train/options.hpp>
#include <ordo/train/train.hpp>

namespace ordo {

/// Trains and scores a network of a few thousand numbers for a step. Code, libraries' generated kernels and the
/// threads' own memory only become resident when they are used: after this, `training_memory` finds them there and
/// counts them. `policy` must suit sequences of 16 tokens.
template <Backend B, Factorization F>
void rehearse(const B& backend, const F& policy) {
  constexpr int context = 16;
  constexpr Token vocab = 16;
  Transformer<F, B> model({.layers = 1, .width = 32, .heads = 1, .vocab = vocab, .context = context}, policy, backend);
  const Windows text =
      TokenDataset::from_tokens(std::vector<Token>(4 * context, 1), vocab, {.context = context}).train();
  TrainOptions options;
  options.batch = 2;
  options.evaluations = 1;
  options.evaluation.draws = 1;
  options.evaluation.batch_slots = 4 * context;
  train(model, text, text, options);
}

}  // namespace ordo
