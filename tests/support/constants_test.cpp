// The compiler keeps constants as they are: g++ 12 with AVX-512 does not, unless told (cmake/native.cmake).

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <catch2/catch.hpp>

namespace {

struct Held {
  Held(std::initializer_list<std::uint32_t> all, double other) : numbers(all), other_number(other) {}
  std::vector<std::uint32_t> numbers;
  double other_number;
  std::size_t at = 0;
  std::uint32_t next() { return numbers[at++]; }
};

}  // namespace

TEST_CASE("a constant whose upper half is zero stays so") {
  Held held({0, 1, 0, 1, 0, 0, 0, 0}, 1);
  CHECK(held.next() == 0);
  CHECK(held.next() == 1);
  CHECK(held.next() == 0);
  CHECK(held.next() == 1);
  for (int i = 0; i < 4; ++i) CHECK(held.next() == 0);
}
