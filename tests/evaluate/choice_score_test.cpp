// Intervals of proportions, and how a score of choices is printed.

#include <sstream>

#include <catch2/catch.hpp>

#include <ordo/evaluate/choice_score.hpp>

TEST_CASE("Wilson's interval has its known values and stays in [0, 1]") {
  const ordo::Proportion eight{8, 10};
  CHECK(eight.share() == 0.8);
  CHECK(eight.low() == Approx(0.490162).epsilon(1e-5));
  CHECK(eight.high() == Approx(0.943318).epsilon(1e-5));
  const ordo::Proportion none{0, 10};
  CHECK((none.low() == Approx(0).margin(1e-15) && none.low() >= 0));
  CHECK(none.high() == Approx(0.277533).epsilon(1e-5));
  const ordo::Proportion all{10, 10};
  CHECK(all.low() == Approx(1 - 0.277533).epsilon(1e-5));
  CHECK(all.high() <= 1);
}

TEST_CASE("a printed score says whether its numbers are exact, bounds, or none") {
  const auto printed = [](const ordo::ChoiceScore& score) {
    std::ostringstream line;
    line << score;
    return line.str();
  };
  ordo::ChoiceScore score{{8, 10}, {5, 10}, "likelihood", ordo::Claim::exact, 1, "ltr"};
  CHECK(printed(score) ==
        "0.8000 [0.4902, 0.9433] accuracy, 0.5000 [0.2366, 0.7634] by nats per token, likelihood, exact nats, ltr, 10 "
        "tasks");
  score.claim = ordo::Claim::bound;
  score.draws = 32;
  CHECK_THAT(printed(score), Catch::Contains("upper bounds on the nats, 32 draws"));
  const ordo::ChoiceScore greedy{{1, 1}, {}, "greedy", ordo::Claim::exact, 1, "masked"};
  CHECK_THAT(printed(greedy),
             Catch::Contains("accuracy, greedy, exact match, masked, 1 task") && !Catch::Contains("nats"));
}
