#include <catch2/catch.hpp>

#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/lab/flops.hpp>

using namespace ordo;

TEST_CASE("training left to right is counted product by product") {
  const ModelConfig config{.layers = 2, .width = 8, .heads = 2, .hidden = 16, .vocab = 5, .context = 4};
  const PlanWork work = plan_work(LeftToRight{}, Shape{4});
  CHECK(work.slots == Approx(4));
  CHECK(work.predicting == Approx(4));
  CHECK(work.pairs == Approx(10));
  const double layer = 2.0 * (8 * 3 * 8 + 8 * 8 + 8 * 2 * 16 + 16 * 8);  // of one slot: qkv, out, gate and up, down
  const double head = 2.0 * 8 * 5;
  const double attention = 2.0 * 2 * 8 * 10;  // of one layer: scores and values at 10 pairs
  const double forward = 4 * (2 * layer + head);
  CHECK(training_flops(config, work) == Approx(3 * forward + 3.5 * 2 * attention));
  CHECK(training_flops_per_token(config, LeftToRight{}) == Approx((3 * forward + 3.5 * 2 * attention) / 4));
}

TEST_CASE("where few slots predict, the last layer and the head cost less") {
  const ModelConfig config{.layers = 2, .width = 8, .heads = 2, .hidden = 16, .vocab = 5, .context = 16};
  CHECK(training_flops_per_token(config, MaskedDiffusion<>{}) <
        training_flops_per_token(config, LeftToRight{}) + 3.5 * 2 * 2 * 2 * 8 * 8);  // all pairs, not half of them
  CHECK(plan_work(MaskedDiffusion<>{}, Shape{16}).predicting < 12);
}
