// How a batch is cut into passes, and the memory that this is predicted to take.

#include <algorithm>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/data/token_dataset.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/train/memory.hpp>
#include <ordo/train/passes.hpp>
#include <ordo/train/trainer.hpp>

namespace {

using Float = ordo::Reference<float>;

ordo::ModelConfig tiny() { return {.layers = 2, .width = 16, .heads = 2, .hidden = 16, .vocab = 4, .context = 8}; }

struct Pass {
  std::vector<std::uint64_t> samples;
  std::vector<ordo::Slot> slots;
  bool last = false;
};

/// The passes of samples 3 .. 9, where sample n has 1 + n % 5 tokens.
std::vector<Pass> passes(std::int64_t limit) {
  std::vector<Pass> found;
  Pass open;
  ordo::for_each_pass(
      ordo::MaskedDiffusion<>{}, 7, {3, 10, 10}, limit, [](std::uint64_t n) { return 1 + n % 5; },
      [&](std::uint64_t n, const std::vector<ordo::Slot>& slots, ordo::Full) {
        open.samples.push_back(n);
        open.slots.insert(open.slots.end(), slots.begin(), slots.end());
      },
      [&](bool last) {
        open.last = last;
        found.push_back(open);
        open = {};
      });
  CHECK(open.samples.empty());
  return found;
}

}  // namespace

TEST_CASE("passes hold the samples in order, and as many as fit") {
  using Samples = std::vector<std::uint64_t>;
  const std::vector<Pass> found = passes(7);  // lengths 4 5 1 2 3 4 5
  REQUIRE(found.size() == 5);
  CHECK(found[0].samples == Samples{3});
  CHECK(found[1].samples == Samples{4, 5});
  CHECK(found[2].samples == Samples{6, 7});
  CHECK(found[3].samples == Samples{8});
  CHECK(found[4].samples == Samples{9});
  CHECK(std::count_if(found.begin(), found.end(), [](const Pass& p) { return p.last; }) == 1);
  CHECK(found.back().last);
  CHECK(passes(1000).size() == 1);
}

TEST_CASE("progress runs from the first sample of a run to its last, whatever the batches") {
  CHECK(ordo::SampleRange{0, 2, 9}.progress(0) == 0);
  CHECK(ordo::SampleRange{4, 6, 9}.progress(4) == 0.5);
  CHECK(ordo::SampleRange{8, 9, 9}.progress(8) == 1);
  CHECK(ordo::SampleRange{0, 1, 1}.progress(0) == 0);
}

TEST_CASE("a plan above the limit has a pass of its own") { CHECK(passes(1).size() == 7); }

TEST_CASE("plans do not depend on how the passes are cut") {
  std::vector<std::vector<ordo::Slot>> all;
  for (const std::int64_t limit : {1, 7, 1000}) {
    all.emplace_back();
    for (const Pass& p : passes(limit)) all.back().insert(all.back().end(), p.slots.begin(), p.slots.end());
  }
  CHECK(all[0].size() == 24);
  CHECK(all[0] == all[1]);
  CHECK(all[0] == all[2]);
}

TEST_CASE("a pass that is larger than all before it finds room, and the room changes nothing") {
  const auto data = ordo::TokenDataset::from_documents({{0, 1}, {1, 2, 3}, {3, 2, 1, 0, 1, 2, 3}}, 4, {.context = 8});
  const auto weights = [&](std::int64_t micro_slots) {  // a pass is one sample, whatever the limit
    ordo::Network<Float> network(tiny(), {}, 1);
    ordo::Trainer<ordo::MaskedDiffusion<>, Float> trainer(network, {}, data.train(),
                                                          {.epochs = 6, .batch = 1, .micro_slots = micro_slots});
    while (!trainer.finished()) trainer.advance();
    return std::vector<float>(network.values().begin(), network.values().end());
  };
  CHECK(weights(1) == weights(100));
}

TEST_CASE("predicted memory does not grow with the batch once a pass is full") {
  const auto activations = [](int batch) {
    const ordo::TrainOptions options{.batch = batch, .micro_slots = 64};
    return ordo::training_memory<Float>(tiny(), options, false, ordo::LeftToRight{}).activations;
  };
  CHECK(activations(4) < activations(8));
  CHECK(activations(8) == activations(100000));
}
