// Packed batches: what is added so that fewer different numbers of slots predict.

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <support/network_gradients.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/parameters.hpp>

namespace {

using namespace ordo;

const ModelConfig config{.layers = 2, .width = 16, .heads = 2, .vocab = 11, .context = 12, .init_std = 0.2};

}  // namespace

TEST_CASE("slots that predict with weight 0 change neither losses nor gradients") {
  const auto batch = testing::batch_of(MaskedDiffusion<>{}, config, {12, 5, 9});
  const std::int64_t before = batch.predictions();
  REQUIRE(before < batch.slots());
  const Network<Reference<double>> network(config, {}, 1);
  double expected_loss = 0;
  const std::vector<double> expected = testing::gradient_of(network, batch, expected_loss);
  for (const std::int64_t count : {std::int64_t{0}, before, before + 1, batch.slots(), batch.slots() + 5}) {
    auto more = batch;
    more.predict_at_least(count);
    CHECK(more.predictions() == std::max(before, std::min(count, batch.slots())));
    CHECK(more.slots() == batch.slots());
    double loss = 0;
    const std::vector<double> gradient = testing::gradient_of(network, more, loss);
    CHECK(loss == Approx(expected_loss).epsilon(1e-12));
    double furthest = 0;
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      furthest = std::max(furthest, std::abs(gradient[i] - expected[i]));
    }
    CHECK(furthest < 1e-12);
  }
}

TEST_CASE("queries stay sorted within their sequences when more slots predict") {
  auto batch = testing::batch_of(MaskedDiffusion<>{}, config, {12, 5, 9});
  batch.predict_at_least(batch.slots() - 1);
  const auto& rows = batch.predicting();
  std::int32_t queries = 0;
  for (std::size_t i = 0; i < rows.sequences.size(); ++i) {
    const auto& sequence = rows.sequences[i];
    CHECK(sequence.query_begin == queries);
    CHECK(sequence.keys == batch.every().sequences[i].keys);
    for (std::int32_t q = sequence.query_begin; q < queries + sequence.queries; ++q) {
      const auto at = static_cast<std::size_t>(q);
      const auto row = static_cast<std::size_t>(rows.row[at]);
      CHECK(rows.slot[at] == batch.every().slot[row]);
      if (q > queries) CHECK(rows.slot[at] > rows.slot[at - 1]);
    }
    queries += sequence.queries;
  }
  CHECK(queries == batch.slots() - 1);
}

TEST_CASE("ranges of parameters hold each number once, in order, and never two kinds") {
  const std::vector<Parameter> list = parameter_list(config);
  std::size_t next = 0;
  std::size_t at = 0;
  for (const ParameterRange& range : parameter_ranges(list)) {
    CHECK(range.first == next);
    next += range.size;
    for (; at < list.size() && static_cast<std::size_t>(list[at].offset) < next; ++at)
      CHECK(list[at].kind == range.kind);
  }
  CHECK(next == static_cast<std::size_t>(parameter_count(list)));
  CHECK(parameter_ranges(list).size() == 2 + 4 * 2);
}
