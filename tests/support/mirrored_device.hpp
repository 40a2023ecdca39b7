#pragma once
// The CUDA backend for tests whose numbers lie in the host's memory: each operation copies all that it is given to the
// device, runs there, and copies back what it may have written.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/buffer.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo::testing {

/// The same backend, seen from the host.
struct MirroredDevice {
  using Scalar = float;
  template <class T>
  using Buffer = HostBuffer<T>;
  static constexpr bool on_host = true;

  Cuda device{};

  [[nodiscard]] const char* name() const { return "cuda, mirrored"; }
  [[nodiscard]] int threads() const { return 1; }
};

/// What an operation is given, on the device. Numbers and settings are passed as they are.
template <class T>
class Mirror {
 public:
  Mirror(const Cuda&, const T& value) : value_(value) {}
  [[nodiscard]] const T& view() const { return value_; }
  void copy_back(const Cuda&) const {}

 private:
  T value_;
};

template <class T>
class Mirror<std::span<T>> {
 public:
  using Number = std::remove_const_t<T>;

  Mirror(const Cuda& b, std::span<T> host) : host_(host), device_(host.size()) { upload(b, host, device_.data()); }
  [[nodiscard]] std::span<T> view() { return {device_.data(), host_.size()}; }
  void copy_back(const Cuda& b) {
    if constexpr (!std::is_const_v<T>) {
      download(b, std::as_const(device_).data(), host_);
    }
  }

 private:
  std::span<T> host_;
  ordo::cuda::DeviceBuffer<Number> device_;
};

/// From its first number to its last, what lies between rows included.
template <class T>
class Mirror<Matrix<T>> {
 public:
  Mirror(const Cuda& b, Matrix<T> host)
      : host_(host),
        numbers_(b, {host.data, host.rows > 0 ? static_cast<std::size_t>((host.rows - 1) * host.stride + host.cols)
                                              : std::size_t{0}}) {}
  [[nodiscard]] Matrix<T> view() { return {numbers_.view().data(), host_.rows, host_.cols, host_.stride}; }
  void copy_back(const Cuda& b) { numbers_.copy_back(b); }

 private:
  Matrix<T> host_;
  Mirror<std::span<T>> numbers_;
};

template <class R>
class Mirror<RotaryTable<R>> {
 public:
  Mirror(const Cuda& b, const RotaryTable<R>& host) : cosine_(b, host.cosine), sine_(b, host.sine) {}
  [[nodiscard]] RotaryTable<R> view() { return {cosine_.view(), sine_.view()}; }
  void copy_back(const Cuda&) const {}

 private:
  Mirror<Matrix<const R>> cosine_;
  Mirror<Matrix<const R>> sine_;
};

template <>
class Mirror<RowPlaces> {
 public:
  Mirror(const Cuda& b, const RowPlaces& host) : sample_(b, host.sample), slot_(b, host.slot) {}
  [[nodiscard]] RowPlaces view() { return {sample_.view(), slot_.view()}; }
  void copy_back(const Cuda&) const {}

 private:
  Mirror<std::span<const std::uint64_t>> sample_;
  Mirror<std::span<const std::int32_t>> slot_;
};

template <class Rule>
class Mirror<AttentionLayout<Rule>> {
 public:
  Mirror(const Cuda& b, const AttentionLayout<Rule>& host)
      : head_size_(host.head_size), sequences_(b, host.sequences), slots_(b, host.query_slot) {
    for (const AttentionSequence<Rule>& sequence : host.sequences) {
      most_queries_ = std::max(most_queries_, sequence.queries);
      most_keys_ = std::max(most_keys_, sequence.keys);
    }
  }
  [[nodiscard]] AttentionLayout<Rule> view() {
    return {head_size_, sequences_.view(), slots_.view(), most_queries_, most_keys_};
  }
  void copy_back(const Cuda&) const {}

 private:
  int head_size_;
  std::int32_t most_queries_ = 0;
  std::int32_t most_keys_ = 0;
  Mirror<std::span<const AttentionSequence<Rule>>> sequences_;
  Mirror<std::span<const std::int32_t>> slots_;
};

/// operation(device, mirrored arguments...), and its result.
template <class Operation, class... Args>
decltype(auto) mirrored(const MirroredDevice& b, const Operation& operation, const Args&... args) {
  std::tuple<Mirror<Args>...> mirrors{Mirror<Args>(b.device, args)...};
  return std::apply(
      [&](auto&... each) {
        if constexpr (std::is_void_v<decltype(operation(b.device, each.view()...))>) {
          operation(b.device, each.view()...);
          (each.copy_back(b.device), ...);
        } else {
          return operation(b.device, each.view()...);
        }
      },
      mirrors);
}

using HostIn = Matrix<const float>;
using HostOut = Matrix<float>;
using HostRows = std::span<const std::int32_t>;
using HostNumbers = std::span<const float>;
using HostWritten = std::span<float>;

inline void embed(const MirroredDevice& b, HostIn table, HostRows rows, HostOut y) {
  mirrored(
      b, [](const auto&... a) { embed(a...); }, table, rows, y);
}
inline void embed_gradient(const MirroredDevice& b, HostIn dy, HostRows rows, HostOut dtable) {
  mirrored(
      b, [](const auto&... a) { embed_gradient(a...); }, dy, rows, dtable);
}
inline void rms_norm(const MirroredDevice& b, HostIn x, HostNumbers gain, double epsilon, HostOut y,
                     HostWritten inverse_rms) {
  mirrored(
      b, [](const auto&... a) { rms_norm(a...); }, x, gain, epsilon, y, inverse_rms);
}
inline void rms_norm_gradient(const MirroredDevice& b, HostIn x, HostNumbers gain, HostNumbers inverse_rms, HostIn dy,
                              HostOut dx, HostWritten dgain) {
  mirrored(
      b, [](const auto&... a) { rms_norm_gradient(a...); }, x, gain, inverse_rms, dy, dx, dgain);
}
inline void linear(const MirroredDevice& b, HostIn x, HostIn w, HostOut y) {
  mirrored(
      b, [](const auto&... a) { linear(a...); }, x, w, y);
}
inline void linear_input_gradient(const MirroredDevice& b, HostIn dy, HostIn w, HostOut dx) {
  mirrored(
      b, [](const auto&... a) { linear_input_gradient(a...); }, dy, w, dx);
}
inline void linear_weight_gradient(const MirroredDevice& b, HostIn dy, HostIn x, HostOut dw) {
  mirrored(
      b, [](const auto&... a) { linear_weight_gradient(a...); }, dy, x, dw);
}
inline void rotate(const MirroredDevice& b, const RotaryTable<float>& table, HostRows position, HostOut x,
                   int head_size, Rotation direction) {
  mirrored(
      b, [](const auto&... a) { rotate(a...); }, table, position, x, head_size, direction);
}
inline void swiglu(const MirroredDevice& b, HostIn gate_up, HostOut h) {
  mirrored(
      b, [](const auto&... a) { swiglu(a...); }, gate_up, h);
}
inline void swiglu_gradient(const MirroredDevice& b, HostIn gate_up, HostIn dh, HostOut dgate_up) {
  mirrored(
      b, [](const auto&... a) { swiglu_gradient(a...); }, gate_up, dh, dgate_up);
}
inline void add_dropout(const MirroredDevice& b, HostIn y, Dropout dropout, RowPlaces places, HostOut x) {
  mirrored(
      b, [](const auto&... a) { add_dropout(a...); }, y, dropout, places, x);
}
inline void dropout_gradient(const MirroredDevice& b, HostIn dx, Dropout dropout, RowPlaces places, HostOut dy) {
  mirrored(
      b, [](const auto&... a) { dropout_gradient(a...); }, dx, dropout, places, dy);
}
inline void gather(const MirroredDevice& b, HostIn x, HostRows rows, HostOut y) {
  mirrored(
      b, [](const auto&... a) { gather(a...); }, x, rows, y);
}
inline void scatter(const MirroredDevice& b, HostIn y, HostRows rows, HostOut x) {
  mirrored(
      b, [](const auto&... a) { scatter(a...); }, y, rows, x);
}
inline void scatter_add(const MirroredDevice& b, HostIn y, HostRows rows, HostOut x) {
  mirrored(
      b, [](const auto&... a) { scatter_add(a...); }, y, rows, x);
}
inline void cross_entropy(const MirroredDevice& b, HostIn x, HostIn table, HostRows target, HostWritten loss,
                          HostWritten scratch) {
  mirrored(
      b, [](const auto&... a) { cross_entropy(a...); }, x, table, target, loss, scratch);
}
inline void cross_entropy_gradient(const MirroredDevice& b, HostIn x, HostIn table, HostRows target, HostNumbers weight,
                                   double scale, HostWritten loss, HostOut dx, HostOut dtable, HostWritten scratch) {
  mirrored(
      b, [](const auto&... a) { cross_entropy_gradient(a...); }, x, table, target, weight, scale, loss, dx, dtable,
      scratch);
}
inline void fill(const MirroredDevice& b, HostWritten values, float value) {
  mirrored(
      b, [](const auto&... a) { fill(a...); }, values, value);
}
inline void squared_norm(const MirroredDevice& b, HostNumbers values, double* sum) {
  mirrored(
      b, [](const auto& d, HostNumbers v, std::span<double> s) { squared_norm(d, v, s.data()); }, values,
      std::span<double>(sum, 1));
}
inline void add_weighted(const MirroredDevice& b, HostNumbers weight, HostNumbers values, double* sum) {
  mirrored(
      b, [](const auto& d, HostNumbers w, HostNumbers v, std::span<double> s) { add_weighted(d, w, v, s.data()); },
      weight, values, std::span<double>(sum, 1));
}
inline void copy_values(const MirroredDevice& b, HostNumbers values, HostWritten to) {
  mirrored(
      b, [](const auto&... a) { copy_values(a...); }, values, to);
}
inline void blend(const MirroredDevice& b, HostWritten average, HostNumbers values, double decay) {
  mirrored(
      b, [](const auto&... a) { blend(a...); }, average, values, decay);
}
inline void adamw(const MirroredDevice& b, HostWritten p, HostNumbers gradient, HostWritten m, HostWritten v,
                  const AdamWStep& step, const StepSums* sums) {
  mirrored(
      b,
      [](const auto& d, HostWritten mp, HostNumbers mg, HostWritten mm, HostWritten mv, const AdamWStep& s,
         std::span<const StepSums> ms) { adamw(d, mp, mg, mm, mv, s, ms.data()); },
      p, gradient, m, v, step, std::span<const StepSums>(sums, 1));
}
template <class Rule>
void attention(const MirroredDevice& b, const AttentionLayout<Rule>& layout, Dropout dropout, HostIn q, HostIn k,
               HostIn v, HostOut out, HostOut lse) {
  mirrored(
      b, [](const auto&... a) { attention(a...); }, layout, dropout, q, k, v, out, lse);
}
template <class Rule>
void attention_gradient(const MirroredDevice& b, const AttentionLayout<Rule>& layout, Dropout dropout, HostIn q,
                        HostIn k, HostIn v, HostIn out, HostIn lse, HostIn dout, HostOut dq, HostOut dk, HostOut dv) {
  mirrored(
      b, [](const auto&... a) { attention_gradient(a...); }, layout, dropout, q, k, v, out, lse, dout, dq, dk, dv);
}

}  // namespace ordo::testing
