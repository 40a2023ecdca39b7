#include <catch2/catch.hpp>
#include <limits>
#include <vector>

#include <ordo/backend/reference/vector.hpp>

using namespace ordo;

TEST_CASE("fill sets every value") {
  std::vector<double> values = {1, 2, 3};
  fill(Reference<double>{}, values, 4);
  CHECK(values == std::vector<double>{4, 4, 4});
}

TEST_CASE("squared_norm adds squares in double even where the scalar is float") {
  double sum = 7;
  squared_norm(Reference<double>{}, std::vector<double>{3, 4}, &sum);
  CHECK(sum == 25);
  squared_norm(Reference<double>{}, std::vector<double>{}, &sum);
  CHECK(sum == 0);
  std::vector<float> values(1000, 1.0F);
  values[0] = 8192;  // its square is 2^26: adding 1 to it changes no float
  squared_norm(Reference<float>{}, values, &sum);
  CHECK(sum == 67108864.0 + 999);
}

TEST_CASE("add_weighted adds to what is there, in double even where the scalar is float") {
  double sum = 1;
  add_weighted(Reference<double>{}, std::vector<float>{2, 0, 0.5F}, std::vector<double>{3, 100, -1}, &sum);
  CHECK(sum == 6.5);
  add_weighted(Reference<float>{}, std::vector<float>(4, 1.0F), std::vector<float>{16777216, 1, 1, 1}, &sum);
  CHECK(sum == 16777216.0 + 3 + 6.5);
}

TEST_CASE("copy_values overwrites whatever was there") {
  std::vector<double> to = {0, std::numeric_limits<double>::quiet_NaN()};
  copy_values(Reference<double>{}, std::vector<double>{4, 5}, to);
  CHECK(to == std::vector<double>{4, 5});
}

TEST_CASE("blend moves an average towards the values") {
  std::vector<double> average = {0, 8};
  blend(Reference<double>{}, average, std::vector<double>{4, 0}, 0.75);
  CHECK(average == std::vector<double>{1, 6});
}
