#include <cmath>

#include <catch2/catch.hpp>

#include <ordo/factorization/schedule.hpp>

namespace {

struct Nameless {
  [[nodiscard]] double hidden(double t) const { return t; }
  [[nodiscard]] double slope(double) const { return 1; }
  [[nodiscard]] double time_at(double hidden) const { return hidden; }
};

}  // namespace

TEST_CASE("a schedule without a name or an inverse is none") {
  STATIC_REQUIRE_FALSE(ordo::NoiseSchedule<Nameless>);
  STATIC_REQUIRE_FALSE(ordo::NoiseSchedule<int>);
}

TEMPLATE_TEST_CASE("a schedule rises from 0 to 1, its slope is its derivative, and it can be inverted", "",
                   ordo::Linear, ordo::Cosine) {
  STATIC_REQUIRE(ordo::NoiseSchedule<TestType>);
  const TestType schedule;
  CHECK(std::abs(schedule.hidden(0)) < 1e-15);
  CHECK(schedule.hidden(1) == Approx(1).epsilon(1e-15));
  double last = -1;
  for (int i = 0; i <= 100; ++i) {
    const double t = i / 100.0;
    CHECK(schedule.hidden(t) > last);
    last = schedule.hidden(t);
    CHECK(std::abs(schedule.time_at(last) - t) < 1e-7);  // the cosine is flat at its end: half the digits
    if (i > 0 && i < 100) {
      const double h = 1e-6;
      const double difference = (schedule.hidden(t + h) - schedule.hidden(t - h)) / (2 * h);
      CHECK(schedule.slope(t) == Approx(difference).epsilon(1e-8));
    }
  }
}

TEST_CASE("the cosine schedule hides more than the linear one at every time") {
  for (const double t : {0.1, 0.5, 0.9}) CHECK(ordo::Cosine{}.hidden(t) > t);
  CHECK(ordo::Cosine{}.hidden(1.0 / 3) == Approx(0.5));  // cos(60 degrees)
}
