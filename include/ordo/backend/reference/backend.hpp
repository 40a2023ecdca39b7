#pragma once
// The reference backend's type. Its operations are the other headers of this folder: plain loops that say what each
// operation means, in any scalar. Gradient checks run on it in double; the other backends are compared with it.

#include <string>
#include <type_traits>

#include <ordo/core/buffer.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

/// Plain loops on one thread. R is any floating-point type.
template <class R = double>
class Reference {
 public:
  static_assert(std::is_floating_point_v<R>, "[ordo] Reference<R>: R must be a floating-point type");
  using Scalar = R;
  using Activation = R;
  template <class T>
  using Buffer = HostBuffer<T>;
  static constexpr bool on_host = true;

  [[nodiscard]] std::string name() const { return "reference"; }
  [[nodiscard]] int threads() const { return 1; }
};

// An operation's scalar comes from its backend alone, so that callers may pass a Matrix<R> or a span of R where a
// read-only one is asked for: hence type_identity_t around every other parameter that names R.
namespace reference {

template <class R>
using In = std::type_identity_t<Matrix<const R>>;
template <class R>
using Out = std::type_identity_t<Matrix<R>>;

}  // namespace reference

}  // namespace ordo
