#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/config.hpp>

using ordo::ModelConfig;

TEST_CASE("a setting that cannot work is refused by its name and value") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  struct Case {
    std::function<void(ModelConfig&)> change;
    std::string message;
  };
  const std::vector<Case> cases = {
      {[](ModelConfig& c) { c.layers = 0; }, "layers must be positive (got 0)"},
      {[](ModelConfig& c) { c.layers = 1024; }, "layers must be below 1024 (got 1024)"},
      {[](ModelConfig& c) { c.width = -4; }, "width must be positive (got -4)"},
      {[](ModelConfig& c) { c.width = 1 << 20; }, "width must be at most 65536 (got 1048576)"},
      {[](ModelConfig& c) { c.heads = 0; }, "heads must be positive (got 0)"},
      {[](ModelConfig& c) { c.heads = 4096; }, "heads must be below 4096 (got 4096)"},
      {[](ModelConfig& c) { c.heads = 5; }, "divisible by heads (got width 128, heads 5)"},
      {[](ModelConfig& c) { c.heads = 128; }, "must be even for rotary positions (got 1)"},
      {[](ModelConfig& c) { c.hidden = -1; }, "hidden must not be negative (got -1)"},
      {[](ModelConfig& c) { c.hidden = 1 << 21; }, "hidden must be at most 1048576 (got 2097152)"},
      {[](ModelConfig& c) { c.vocab = 0; }, "vocab must be positive (got 0)"},
      {[](ModelConfig& c) { c.vocab = (1 << 28) + 1; }, "vocab must be at most 2^28 (got 268435457)"},
      {[](ModelConfig& c) { c.context = 0; }, "context must be positive (got 0)"},
      {[](ModelConfig& c) { c.context = (1 << 24) + 1; }, "context must be at most 2^24 (got 16777217)"},
      {[](ModelConfig& c) { c.dropout = 1; }, "dropout must be in [0, 1) (got 1)"},
      {[](ModelConfig& c) { c.dropout = -0.5; }, "dropout must be in [0, 1) (got -0.5)"},
      {[&](ModelConfig& c) { c.dropout = nan; }, "dropout must be in [0, 1) (got "},
      {[](ModelConfig& c) { c.theta = 0; }, "theta must be positive (got 0)"},
      {[&](ModelConfig& c) { c.theta = nan; }, "theta must be positive (got "},
      {[](ModelConfig& c) { c.epsilon = 0; }, "epsilon must be positive (got 0)"},
      {[&](ModelConfig& c) { c.epsilon = nan; }, "epsilon must be positive (got "},
      {[](ModelConfig& c) { c.init_std = -1; }, "init_std must not be negative (got -1)"},
      {[&](ModelConfig& c) { c.init_std = nan; }, "init_std must not be negative (got "},
      {[&](ModelConfig& c) { c.theta = infinity; }, "theta must be finite (got inf)"},
      {[&](ModelConfig& c) { c.epsilon = infinity; }, "epsilon must be finite (got inf)"},
      {[&](ModelConfig& c) { c.init_std = infinity; }, "init_std must be finite (got inf)"},
  };
  for (const Case& one : cases) {
    ModelConfig config;
    one.change(config);
    CAPTURE(one.message);
    CHECK_THROWS_WITH(config.check(), Catch::StartsWith("[ordo] model: ") && Catch::Contains(one.message));
  }
}

TEST_CASE("the defaults work, and so do settings at their limits") {
  CHECK_NOTHROW(ModelConfig{}.check());
  CHECK_NOTHROW((ModelConfig{.layers = 1, .width = 2, .heads = 1, .vocab = 1, .context = 1}.check()));
  CHECK_NOTHROW((ModelConfig{.layers = 1023, .width = 65536, .heads = 2048, .vocab = 1 << 28}.check()));
  CHECK_NOTHROW((ModelConfig{.dropout = 0, .init_std = 0}.check()));
}

TEST_CASE("the feed-forward width is the paper's unless one is given") {
  struct Row {
    int width;
    int hidden;
  };
  for (const Row& row : std::vector<Row>{{128, 320},
                                         {224, 576},
                                         {448, 1152},
                                         {512, 1344},
                                         {576, 1536},
                                         {640, 1664},
                                         {768, 2048},
                                         {896, 2368},
                                         {1024, 2688},
                                         {1280, 3392},
                                         {2560, 6784}}) {
    CHECK(ModelConfig{.width = row.width}.feed_forward() == row.hidden);
  }
  CHECK(ModelConfig{.width = 8}.feed_forward() == 64);  // never less than one step of the rounding
  CHECK(ModelConfig{.width = 128, .hidden = 100}.feed_forward() == 100);
  CHECK(ModelConfig{.width = 65536}.feed_forward() == 174720);  // no overflow at the limit
}

TEST_CASE("the mask and the start follow the data tokens in the table") {
  const ModelConfig config{.width = 96, .heads = 3, .vocab = 10};
  CHECK(config.mask_token() == 10);
  CHECK(config.start_token() == 11);
  CHECK(config.table_rows() == 12);
  CHECK(config.head_size() == 32);
  CHECK(config == ModelConfig{.width = 96, .heads = 3, .vocab = 10});
  CHECK_FALSE(config == ModelConfig{});
}
