// Power laws through crossings, censored ones among them.

#include <cmath>
#include <cstddef>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/lab/power_law.hpp>

namespace {

using ordo::Crossing;
using Kind = Crossing::Kind;

const std::vector<double> budgets = {1e4, 3e4, 1e5, 3e5};

std::vector<Crossing> on_line(double exponent) {
  std::vector<Crossing> all;
  for (const double u : budgets) all.push_back({Kind::at, 50 * std::pow(u, exponent)});
  return all;
}

}  // namespace

TEST_CASE("points on a line give the line") {
  const auto law = ordo::fit_power_law(budgets, on_line(1.7));
  REQUIRE(law);
  CHECK(law->exponent == Approx(1.7));
  CHECK(law->at(1e5) == Approx(50 * std::pow(1e5, 1.7)));
}

TEST_CASE("a censored budget that the line agrees with changes it little, one that it contradicts bends it") {
  auto crossings = on_line(1.5);
  crossings[3] = {Kind::above, crossings[3].flops / 1000};  // it crosses somewhere above: so says the line
  const auto same = ordo::fit_power_law(budgets, crossings);
  REQUIRE(same);
  CHECK(same->exponent == Approx(1.5).margin(1e-3));
  crossings = on_line(1.5);
  crossings[3] = {Kind::above, crossings[3].flops * 100};  // not yet at a hundred times what the line says
  const auto steeper = ordo::fit_power_law(budgets, crossings);
  REQUIRE(steeper);
  CHECK(steeper->exponent > 1.8);
  crossings = on_line(1.5);
  crossings[0] = {Kind::below, crossings[0].flops / 100};
  const auto also_steeper = ordo::fit_power_law(budgets, crossings);
  REQUIRE(also_steeper);
  CHECK(also_steeper->exponent > 1.8);
}

TEST_CASE("fewer than two crossings tell no exponent") {
  auto crossings = on_line(1.5);
  for (std::size_t i = 1; i < crossings.size(); ++i) crossings[i].kind = Kind::above;
  CHECK_FALSE(ordo::fit_power_law(budgets, crossings));
  CHECK_FALSE(ordo::fit_power_law(std::vector<double>{1e4, 1e4}, std::vector<Crossing>{{Kind::at, 1}, {Kind::at, 2}}));
}
