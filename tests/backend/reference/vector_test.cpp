#include <catch2/catch.hpp>
#include <vector>

#include <ordo/backend/reference/vector.hpp>

using namespace ordo;

TEST_CASE("fill sets every value") {
  std::vector<double> values = {1, 2, 3};
  fill(Reference<double>{}, values, 4);
  CHECK(values == std::vector<double>{4, 4, 4});
}

TEST_CASE("squared_norm adds squares in double even where the scalar is float") {
  CHECK(squared_norm(Reference<double>{}, std::vector<double>{3, 4}) == 25);
  CHECK(squared_norm(Reference<double>{}, std::vector<double>{}) == 0);
  std::vector<float> values(1000, 1.0F);
  values[0] = 8192;  // its square is 2^26: adding 1 to it changes no float
  CHECK(squared_norm(Reference<float>{}, values) == 67108864.0 + 999);
}

TEST_CASE("blend moves an average towards the values") {
  std::vector<double> average = {0, 8};
  blend(Reference<double>{}, average, std::vector<double>{4, 0}, 0.75);
  CHECK(average == std::vector<double>{1, 6});
}
