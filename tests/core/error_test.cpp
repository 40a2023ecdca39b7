#include <cstdint>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>

#include <catch2/catch.hpp>

#include <ordo/core/error.hpp>

namespace {

template <class... Parts>
std::string failure(const Parts&... parts) {
  try {
    ordo::fail("here", parts...);
  } catch (const ordo::Error& error) {
    return error.what();
  }
}

template <class T>
std::string streamed(const T& value) {
  std::ostringstream text;
  text << "[ordo] here: " << value;
  return text.str();
}

constexpr int checked(int x) {
  ordo::require(x > 0, "checked", "x must be positive (got ", x, ")");
  return x;
}
static_assert(checked(3) == 3);  // a check that holds is no obstacle to the compiler

}  // namespace

TEST_CASE("a check that fails throws where, what and the values; one that holds does nothing") {
  CHECK_NOTHROW(ordo::require(true, "train", "rate must be positive"));
  CHECK_THROWS_WITH(checked(-2), "[ordo] checked: x must be positive (got -2)");
  const std::string name = "book.txt";
  CHECK(failure("no file ", name, ' ', std::string_view("here"), '!') == "[ordo] here: no file book.txt here!");
  CHECK(failure() == "[ordo] here: ");
}

TEST_CASE("numbers are written as a stream writes them") {
  for (const double x : {0.0, -0.0, 1.0, 0.1, 1.0 / 3, -2.5e-7, 123456.0, 1234567.0, 1e9, 1e-5, 9.9999995,
                         std::numeric_limits<double>::max(), std::numeric_limits<double>::denorm_min(),
                         std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                         std::numeric_limits<double>::quiet_NaN()}) {
    CHECK(failure(x) == streamed(x));
  }
  CHECK(failure(0.7F) == streamed(0.7F));
  CHECK(failure(std::numeric_limits<std::int64_t>::min()) == streamed(std::numeric_limits<std::int64_t>::min()));
  CHECK(failure(std::numeric_limits<std::uint64_t>::max()) == streamed(std::numeric_limits<std::uint64_t>::max()));
  CHECK(failure(std::int16_t{-7}) == streamed(-7));
  CHECK(failure(true) == streamed(true));
}
