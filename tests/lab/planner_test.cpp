// Plans from laws that are known.

#include <algorithm>
#include <cmath>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/lab/planner.hpp>

namespace {

using Law = ordo::DataConstrained<>;
using ordo::LawValues;
using ordo::TrainingRun;

/// Learns soon, forgets the worth of repeats soon; and the other way round.
constexpr LawValues<Law> quick = {6.0, 7.0, 0.6, 0.35, 1 / 5.0, 0.2};
constexpr LawValues<Law> patient = {6.0, 7.6, 0.6, 0.35, 1 / 200.0, 0.02};

std::vector<TrainingRun> made(const LawValues<Law>& x) {
  std::vector<TrainingRun> runs;
  for (const double parameters : {1e7, 1e8, 1e9}) {
    for (const double unique : {1e8, 1e9}) {
      for (const double passes : {1.0, 4.0, 16.0, 64.0, 256.0}) {
        TrainingRun run{"", "", parameters, unique * passes, unique, 0};
        run.loss = std::exp(Law{}.log_loss(ordo::ScalingPoint::of(run), x));
        runs.push_back(run);
      }
    }
  }
  return runs;
}

std::vector<ordo::FamilyLaw<Law>> families() {
  const ordo::FitOptions fit{.starts = 60};
  const ordo::BootstrapOptions bootstrap{.resamples = 20, .starts = 2};
  return {ordo::fit_family("quick", Law{}, made(quick), fit, bootstrap),
          ordo::fit_family("patient", Law{}, made(patient), fit, bootstrap)};
}

}  // namespace

TEST_CASE("the best use of a budget is the best size of the law") {
  const ordo::TriedRange sizes{1e5, 1e11};
  for (const double flops : {1e17, 1e19}) {
    const ordo::BudgetUse use = ordo::best_use(Law{}, quick, 1e8, flops, sizes);
    CHECK_FALSE(use.at_edge);
    CHECK(use.parameters * use.epochs * 1e8 * 6 == Approx(flops));
    for (const double ratio : {0.5, 0.9, 1.1, 2.0}) {
      const double parameters = use.parameters * ratio;
      const auto point = ordo::ScalingPoint::of(parameters, flops / 6 / parameters, 1e8);
      CHECK(std::exp(Law{}.log_loss(point, quick)) >= use.loss);
    }
  }
  CHECK(ordo::best_use(Law{}, quick, 1e8, 1e22, {1e5, 1e7}).at_edge);
}

TEST_CASE("the compute that reaches a loss is the one that buys it; a loss below the law's least is out of reach") {
  const ordo::TriedRange sizes{1e5, 1e11};
  const double loss = ordo::best_use(Law{}, patient, 1e8, 3e19, sizes).loss;
  const auto flops = ordo::flops_to_reach(Law{}, patient, 1e8, loss, 1e18, sizes);
  REQUIRE(flops);
  CHECK(*flops == Approx(3e19).epsilon(1e-3));
  CHECK_FALSE(ordo::flops_to_reach(Law{}, patient, 1e8, std::exp(0.6), 1e18, sizes));
}

TEST_CASE("with little compute the quick family is chosen, with much the patient one, and the saving is said") {
  const auto two = families();
  const ordo::BudgetPlan little = ordo::plan_budget<Law>(two, 1e8, 1e17);
  REQUIRE(little.families.size() == 2);
  CHECK(little.families[0].name == "quick");
  CHECK(little.known);
  CHECK(little.saving > 1);
  const ordo::BudgetPlan much = ordo::plan_budget<Law>(two, 1e8, 3e20);
  CHECK(much.families[0].name == "patient");
  CHECK(much.known);
  CHECK(much.families[0].loss.low <= much.families[0].use.loss * 1.001);
  CHECK(much.families[0].use.epochs > 10);
  CHECK(much.families[0].beyond_flops == 1);
  CHECK(ordo::plan_budget<Law>(two, 1e12, 3e20).families[0].beyond_unique == Approx(1000));
}

TEST_CASE("two families that cannot be told apart are not told apart") {
  std::vector<ordo::FamilyLaw<Law>> same = families();
  same[1] = same[0];
  same[1].name = "twin";
  // Resamples of their own: the twin's in another order.
  std::reverse(same[1].resamples.values.begin(), same[1].resamples.values.end());
  CHECK_FALSE(ordo::plan_budget<Law>(same, 1e8, 1e18).known);
}

TEST_CASE("the best must be ahead of every other family, not of the second alone") {
  auto three = families();
  const double best = ordo::plan_budget<Law>(three, 1e8, 3e20).families[0].use.loss;
  three.push_back(three[0]);  // a third family, last by its fit, whose resamples hold better ones than the best
  three[2].name = "doubtful";
  three[2].resamples.values[3] = three[2].resamples.values[5] = three[1].fit.values;
  three[2].resamples.values[3][0] -= 0.5;
  three[2].resamples.values[5][0] -= 0.5;
  const ordo::BudgetPlan plan = ordo::plan_budget<Law>(three, 1e8, 3e20);
  CHECK(plan.families[0].use.loss == best);
  CHECK(plan.families[plan.rival].name == "doubtful");
  CHECK_FALSE(plan.known);
}

TEST_CASE("questions and runs that cannot be answered are refused") {
  const auto two = families();
  CHECK_THROWS_WITH(ordo::plan_budget<Law>({}, 1e8, 1e18), Catch::Contains("no family"));
  CHECK_THROWS_WITH(ordo::plan_budget<Law>(two, 0, 1e18), Catch::Contains("unique tokens must be positive (got 0)"));
  CHECK_THROWS_WITH(ordo::plan_budget<Law>(two, 1e8, -1), Catch::Contains("compute must be positive (got -1)"));
  const auto runs = made(quick);
  CHECK_THROWS_WITH(ordo::fit_family("ltr", Law{}, std::span(runs).first(4)),
                    Catch::Contains("the runs of ltr tell no law") && Catch::Contains("4 runs for 6 parameters"));
}
