// Frontiers and where they cross.

#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/lab/frontier.hpp>

namespace {

using ordo::Crossing;
using ordo::FrontierPoint;

}  // namespace

TEST_CASE("a frontier takes the models that were best so far, and reports them on other windows") {
  // flops, chosen by, reported: the third is dearer and worse, the last dear and only reported better
  const auto points = ordo::frontier({{4, 2.0, 2.1}, {1, 3.0, 2.9}, {2, 3.5, 1.0}, {1, 3.2, 0.5}, {8, 2.0, 1.5}});
  REQUIRE(points.size() == 2);
  CHECK((points[0].flops == 1 && points[0].loss == 2.9));
  CHECK((points[1].flops == 4 && points[1].loss == 2.1));
}

TEST_CASE("between its points a frontier is straight in log compute, and level after the last") {
  const std::vector<FrontierPoint> points = {{1e3, 4}, {1e5, 2}};
  CHECK(ordo::loss_at(points, 1e2) == 4);
  CHECK(ordo::loss_at(points, 1e4) == Approx(3));
  CHECK(ordo::loss_at(points, 1e9) == 2);
}

TEST_CASE("the crossing is where the challenger falls below for good") {
  const std::vector<FrontierPoint> base = {{1, 4}, {100, 2}};
  const std::vector<FrontierPoint> late = {{1, 5}, {100, 3}, {10000, 1}};
  const Crossing at = ordo::crossing(base, late, 10000);
  CHECK(at.kind == Crossing::Kind::at);
  CHECK(at.flops == Approx(1000));  // 3 - log(c / 100) / log(100) * 2 = 2
  // Below for a while at first does not count.
  const std::vector<FrontierPoint> twice = {{1, 3}, {10, 3}, {100, 2.5}, {1000, 1.5}};
  const Crossing last = ordo::crossing(base, twice, 1000);
  CHECK(last.kind == Crossing::Kind::at);
  CHECK(last.flops == Approx(std::pow(10, 2.5)));
}

TEST_CASE("where none is seen it is censored, at what was spent") {
  const std::vector<FrontierPoint> base = {{1, 4}, {100, 2}};
  const std::vector<FrontierPoint> never = {{2, 5}, {100, 3}};
  const Crossing above = ordo::crossing(base, never, 500);
  CHECK((above.kind == Crossing::Kind::above && above.flops == 500));
  const std::vector<FrontierPoint> always = {{2, 3}, {100, 1}};
  const Crossing below = ordo::crossing(base, always, 500);
  CHECK((below.kind == Crossing::Kind::below && below.flops == 2));
  CHECK_THROWS_WITH(ordo::crossing(base, {}, 1), Catch::Contains("each side needs a model"));
}
