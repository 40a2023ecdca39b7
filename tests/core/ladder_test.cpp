#include <cmath>
#include <set>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/core/ladder.hpp>
#include <ordo/model/parameters.hpp>

TEST_CASE("a name that is not on the ladder is refused with the names that are") {
  for (const char* name : {"", "M", "7", "7m", "7MM", "8M", "-7M", "7 M", "0x7M", "nanM", "7M "}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(ordo::named_size(name), Catch::Contains("'" + std::string(name) + "' is not a size") &&
                                                  Catch::Contains("7M, 13.6M") && Catch::Contains("416.9M)"));
  }
}

TEST_CASE("a size is found under every spelling of its number") {
  for (const char* name : {"7M", "7.0M", "7.00M"}) CHECK(ordo::named_size(name).width == 128);
  for (const ordo::NamedSize& size : ordo::size_ladder) CHECK(&ordo::named_size(size.name) == &size);
}

TEST_CASE("the paper's formula gives the paper's table to 0.1M") {
  std::set<std::string_view> names;
  for (const ordo::NamedSize& size : ordo::size_ladder) {
    CAPTURE(size.name);
    const auto config = size.config(50257, 2048);
    CHECK(std::abs(static_cast<double>(nominal_parameters(config)) / 1e6 - size.nominal_millions) <= 0.1);
    names.insert(size.name);
  }
  CHECK(names.size() == ordo::size_ladder.size());
  CHECK(nominal_parameters(ordo::named_size("7M").config(50257, 2048)) == 7000448);  // counted by hand
}

TEST_CASE("every size is a valid configuration with the paper's feed-forward width and an even head size") {
  for (const ordo::NamedSize& size : ordo::size_ladder) {
    CAPTURE(size.name);
    auto config = size.config(50257, 2048);
    CHECK_NOTHROW(config.check());
    CHECK((config.head_size() == 32 || config.head_size() == 64 || config.head_size() == 128));
    config.hidden = 0;
    CHECK(config.feed_forward() == size.hidden);
  }
}

TEST_CASE("the true count is that of the network's own list of parameters") {
  for (const ordo::NamedSize& size : ordo::size_ladder) {
    CAPTURE(size.name);
    const auto config = size.config(50257, 2048);
    CHECK(true_parameters(config) == parameter_count(ordo::parameter_list(config)));
    CHECK(true_parameters(config) ==
          nominal_parameters(config) - (4LL * config.layers - 1) * config.width + 2LL * config.width);
  }
}
