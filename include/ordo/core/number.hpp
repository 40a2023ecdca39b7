#pragma once
// A number of a policy, fixed in the type or carried in the value, as mdspan's extents are.

#include <charconv>
#include <string>

#include <ordo/core/error.hpp>
#include <ordo/core/host_device.hpp>

namespace ordo {

/// In place of a number in a policy's type: the number is given at run time.
inline constexpr int dynamic = -1;

/// A positive number known at compile time. Takes no room and cannot differ from N.
template <int N>
class Number {
  static_assert(N > 0, "[ordo] a policy's number must be positive, or ordo::dynamic");

 public:
  constexpr Number() = default;
  constexpr Number(int value) {  // NOLINT: a number is a number
    require(value == N, "policy", "the number is ", N, " by its type (got ", value, ")");
  }
  [[nodiscard]] ORDO_HD constexpr int get() const { return N; }
};

/// A positive number given at run time.
template <>
class Number<dynamic> {
 public:
  constexpr Number(int value) : value_(value) {  // NOLINT: a number is a number
    require(value > 0, "policy", "the number must be positive (got ", value, ")");
  }
  [[nodiscard]] ORDO_HD constexpr int get() const { return value_; }

 private:
  int value_;
};

namespace detail {

/// The shortest text that reads back as the same number.
inline std::string shortest(double number) {
  char digits[32];
  return {digits, std::to_chars(digits, digits + sizeof digits, number).ptr};
}

}  // namespace detail

}  // namespace ordo
