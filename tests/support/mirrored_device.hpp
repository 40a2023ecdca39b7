#pragma once
// Other backends for tests whose numbers lie in the host's memory: each operation copies all that it is given to where
// it runs, and copies back what it may have written. Activations are rounded on the way where the backend keeps them in
// fewer bits.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/attention_layout.hpp>
#include <ordo/core/bf16.hpp>
#include <ordo/core/buffer.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/dropout.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/next_norm.hpp>
#include <ordo/core/rotary.hpp>

namespace ordo::testing {

/// Plain loops whose activations are rounded to bf16 between operations: the least that a backend in bf16 must round.
struct RoundedLoops : Reference<float> {};

/// A backend as if it were one of the host's, in float: `inner` works on copies of all that an operation is given.
template <class Inner>
struct Mirrored {
  using Scalar = float;
  using Activation = float;
  template <class T>
  using Buffer = HostBuffer<T>;
  static constexpr bool on_host = true;

  Inner inner{};

  [[nodiscard]] std::string name() const { return std::string(inner.name()) + ", mirrored"; }
  [[nodiscard]] int threads() const { return 1; }
};

/// What an operation is given, where `Inner` computes. Numbers and settings are passed as they are.
template <class Inner, class T>
class Mirror {
 public:
  Mirror(const Inner&, const T& value) : value_(value) {}
  [[nodiscard]] const T& view() const { return value_; }
  void copy_back(const Inner&) const {}

 private:
  T value_;
};

template <class Inner, class T>
class Mirror<Inner, std::span<T>> {
 public:
  using Number = std::remove_const_t<T>;

  Mirror(const Inner& b, std::span<T> host) : host_(host), there_(allocate<Number>(b, host.size())) {
    upload(b, host, there_.data());
  }
  [[nodiscard]] std::span<T> view() { return {there_.data(), host_.size()}; }
  void copy_back(const Inner& b) {
    if constexpr (!std::is_const_v<T>) download(b, std::as_const(there_).data(), host_);
  }

 private:
  std::span<T> host_;
  typename Inner::template Buffer<Number> there_;
};

/// From its first number to its last, what lies between rows included.
template <class Inner, class T>
class Mirror<Inner, Matrix<T>> {
 public:
  Mirror(const Inner& b, Matrix<T> host)
      : host_(host),
        numbers_(b, {host.data, host.rows > 0 ? static_cast<std::size_t>((host.rows - 1) * host.stride + host.cols)
                                              : std::size_t{0}}) {}
  [[nodiscard]] Matrix<T> view() { return {numbers_.view().data(), host_.rows, host_.cols, host_.stride}; }
  void copy_back(const Inner& b) { numbers_.copy_back(b); }

 private:
  Matrix<T> host_;
  Mirror<Inner, std::span<T>> numbers_;
};

/// A matrix of activations, T = float or const float: in what Inner keeps them in.
template <class T>
struct Activations {
  Matrix<T> host;
};

template <class Inner, class T>
class Mirror<Inner, Activations<T>> {
 public:
  using A = typename Inner::Activation;
  using View = std::conditional_t<std::is_const_v<T>, const A, A>;

  Mirror(const Inner& b, Activations<T> of)
      : host_(of.host),
        stride_((of.host.stride + 7) / 8 * 8),
        staged_(static_cast<std::size_t>(host_.rows * stride_), A(0.0F)),
        there_(allocate<A>(b, staged_.size())) {
    for_each_number([](A& here, T& number) { here = kept(number); });
    upload(b, staged_, there_.data());
  }
  [[nodiscard]] Matrix<View> view() { return {there_.data(), host_.rows, host_.cols, stride_}; }
  void copy_back(const Inner& b) {
    if constexpr (!std::is_const_v<T>) {
      download(b, std::as_const(there_).data(), staged_);
      for_each_number([](A& here, T& number) { number = static_cast<float>(kept(static_cast<float>(here))); });
    }
  }

 private:
  static A kept(float number) {
    if constexpr (std::is_same_v<Inner, RoundedLoops>) return static_cast<float>(bf16(number));
    return static_cast<A>(number);
  }
  template <class F>
  void for_each_number(const F& f) {
    for (std::int64_t r = 0; r < host_.rows; ++r) {
      for (std::int64_t c = 0; c < host_.cols; ++c)
        f(staged_[static_cast<std::size_t>(r * stride_ + c)], host_.row(r)[c]);
    }
  }

  Matrix<T> host_;
  std::int64_t stride_;  // rows begin at multiples of 16 bytes
  std::vector<A> staged_;
  typename Inner::template Buffer<A> there_;
};

template <class Inner, class R>
class Mirror<Inner, RotaryTable<R>> {
 public:
  Mirror(const Inner& b, const RotaryTable<R>& host) : cosine_(b, host.cosine), sine_(b, host.sine) {}
  [[nodiscard]] RotaryTable<R> view() { return {cosine_.view(), sine_.view()}; }
  void copy_back(const Inner&) const {}

 private:
  Mirror<Inner, Matrix<const R>> cosine_;
  Mirror<Inner, Matrix<const R>> sine_;
};

template <class Inner>
class Mirror<Inner, RowPlaces> {
 public:
  Mirror(const Inner& b, const RowPlaces& host) : sample_(b, host.sample), slot_(b, host.slot) {}
  [[nodiscard]] RowPlaces view() { return {sample_.view(), slot_.view()}; }
  void copy_back(const Inner&) const {}

 private:
  Mirror<Inner, std::span<const std::uint64_t>> sample_;
  Mirror<Inner, std::span<const std::int32_t>> slot_;
};

template <class Inner, class Rule>
class Mirror<Inner, AttentionLayout<Rule>> {
 public:
  Mirror(const Inner& b, const AttentionLayout<Rule>& host)
      : head_size_(host.head_size), sequences_(b, host.sequences), slots_(b, host.query_slot) {
    for (const AttentionSequence<Rule>& sequence : host.sequences) {
      most_queries_ = std::max(most_queries_, sequence.queries);
      most_keys_ = std::max(most_keys_, sequence.keys);
    }
  }
  [[nodiscard]] AttentionLayout<Rule> view() {
    return {head_size_, sequences_.view(), slots_.view(), most_queries_, most_keys_};
  }
  void copy_back(const Inner&) const {}

 private:
  int head_size_;
  std::int32_t most_queries_ = 0;
  std::int32_t most_keys_ = 0;
  Mirror<Inner, std::span<const AttentionSequence<Rule>>> sequences_;
  Mirror<Inner, std::span<const std::int32_t>> slots_;
};

/// operation(inner, mirrored arguments...).
template <class Inner, class Operation, class... Args>
void mirrored(const Mirrored<Inner>& b, const Operation& operation, const Args&... args) {
  std::tuple<Mirror<Inner, Args>...> mirrors{Mirror<Inner, Args>(b.inner, args)...};
  std::apply(
      [&](auto&... each) {
        operation(b.inner, each.view()...);
        (each.copy_back(b.inner), ...);
      },
      mirrors);
}

using HostIn = Matrix<const float>;
using HostOut = Matrix<float>;
using HostRows = std::span<const std::int32_t>;
using HostNumbers = std::span<const float>;
using HostWritten = std::span<float>;
using In = Activations<const float>;
using Out = Activations<float>;

template <class Inner>
void embed(const Mirrored<Inner>& b, HostIn table, HostRows rows, HostOut y) {
  mirrored(
      b, [](const auto&... a) { embed(a...); }, In{table}, rows, Out{y});
}
template <class Inner>
void embed_gradient(const Mirrored<Inner>& b, HostIn dy, HostRows rows, HostOut dtable) {
  mirrored(
      b, [](const auto&... a) { embed_gradient(a...); }, In{dy}, rows, dtable);
}
template <class Inner>
void rms_norm(const Mirrored<Inner>& b, HostIn x, HostNumbers gain, double epsilon, HostOut y,
              HostWritten inverse_rms) {
  mirrored(
      b, [](const auto&... a) { rms_norm(a...); }, In{x}, gain, epsilon, Out{y}, inverse_rms);
}
template <class Inner>
void rms_norm_gradient(const Mirrored<Inner>& b, HostIn x, HostNumbers gain, HostNumbers inverse_rms, HostIn dy,
                       HostOut dx, HostWritten dgain) {
  mirrored(
      b, [](const auto&... a) { rms_norm_gradient(a...); }, In{x}, gain, inverse_rms, In{dy}, Out{dx}, dgain);
}
template <class Inner>
void linear(const Mirrored<Inner>& b, HostIn x, HostIn w, HostOut y) {
  mirrored(
      b, [](const auto&... a) { linear(a...); }, In{x}, In{w}, Out{y});
}
template <class Inner>
void linear_input_gradient(const Mirrored<Inner>& b, HostIn dy, HostIn w, HostOut dx) {
  mirrored(
      b, [](const auto&... a) { linear_input_gradient(a...); }, In{dy}, In{w}, Out{dx});
}
template <class Inner>
void linear_weight_gradient(const Mirrored<Inner>& b, HostIn dy, HostIn x, HostOut dw) {
  mirrored(
      b, [](const auto&... a) { linear_weight_gradient(a...); }, In{dy}, In{x}, dw);
}
/// All turns in one call. Where x is `to` itself it is so on the device, too.
template <class Inner>
class MirroredTurn {
 public:
  MirroredTurn(const Inner& b, const Turn<float>& turn)
      : in_place_(turn.x.data == turn.to.data),
        x_(b, In{in_place_ ? HostIn() : turn.x}),
        position_(b, turn.position),
        to_(b, Out{turn.to}),
        rows_(b, turn.rows) {}
  [[nodiscard]] Turn<typename Inner::Activation> view() {
    const auto to = to_.view();
    return {in_place_ ? Matrix<const typename Inner::Activation>(to) : x_.view(), position_.view(), to, rows_.view()};
  }
  void copy_back(const Inner& b) { to_.copy_back(b); }

 private:
  bool in_place_;
  Mirror<Inner, In> x_;
  Mirror<Inner, HostRows> position_;
  Mirror<Inner, Out> to_;
  Mirror<Inner, HostRows> rows_;
};

template <class Inner>
void rotate(const Mirrored<Inner>& b, const RotaryTable<float>& table, std::initializer_list<Turn<float>> turns,
            int head_size, Rotation direction) {
  Mirror<Inner, RotaryTable<float>> angles(b.inner, table);
  std::vector<std::unique_ptr<MirroredTurn<Inner>>> each;
  for (const Turn<float>& turn : turns) each.push_back(std::make_unique<MirroredTurn<Inner>>(b.inner, turn));
  const auto at = [&](std::size_t i) { return i < each.size() ? each[i]->view() : Turn<typename Inner::Activation>(); };
  require(each.size() <= 4, "mirrored rotate", "at most four turns");
  rotate(b.inner, angles.view(), {at(0), at(1), at(2), at(3)}, head_size, direction);
  for (auto& turn : each) turn->copy_back(b.inner);
}
template <class Inner>
void swiglu(const Mirrored<Inner>& b, HostIn gate_up, HostOut h) {
  mirrored(
      b, [](const auto&... a) { swiglu(a...); }, In{gate_up}, Out{h});
}
template <class Inner>
void linear_swiglu(const Mirrored<Inner>& b, HostIn x, HostIn w, HostOut gate_up, HostOut h) {
  if constexpr (std::is_same_v<Inner, RoundedLoops>) {  // what is activated was rounded
    linear(b, x, w, gate_up);
    swiglu(b, gate_up, h);
  } else {
    mirrored(
        b, [](const auto&... a) { linear_swiglu(a...); }, In{x}, In{w}, Out{gate_up}, Out{h});
  }
}
template <class Inner>
void swiglu_gradient(const Mirrored<Inner>& b, HostIn gate_up, HostIn dh, HostOut dgate_up) {
  mirrored(
      b, [](const auto&... a) { swiglu_gradient(a...); }, In{gate_up}, In{dh}, Out{dgate_up});
}
template <class Inner>
void join_branch(const Mirrored<Inner>& b, HostIn x, HostRows rows, HostIn h, HostIn w, Dropout dropout,
                 RowPlaces places, HostOut room, HostOut y, const NextNorm<float, float>& norm) {
  if constexpr (std::is_same_v<Inner, RoundedLoops>) {  // three operations, between which it rounds
    linear(b, h, w, room);
    mirrored(
        b, [](const auto&... a) { reference::join(a...); }, In{x}, rows, In{room}, dropout, places, Out{y});
    rms_norm(b, y, norm.gain, norm.epsilon, norm.y, norm.inverse_rms);
  } else {
    mirrored(
        b,
        [epsilon = norm.epsilon](const auto& d, auto dx, HostRows r, auto dh, auto dw, Dropout drop, RowPlaces p,
                                 auto droom, auto dy, HostNumbers gain, auto dnorm, HostWritten inverse_rms) {
          join_branch(d, dx, r, dh, dw, drop, p, droom, dy, {gain, epsilon, dnorm, inverse_rms});
        },
        In{x}, rows, In{h}, In{w}, dropout, places, Out{room}, Out{y}, norm.gain, Out{norm.y}, norm.inverse_rms);
  }
}
template <class Inner>
void dropout_gradient(const Mirrored<Inner>& b, HostIn dx, Dropout dropout, RowPlaces places, HostOut dy) {
  mirrored(
      b, [](const auto&... a) { dropout_gradient(a...); }, In{dx}, dropout, places, Out{dy});
}
template <class Inner>
void gather(const Mirrored<Inner>& b, HostIn x, HostRows rows, HostOut y) {
  mirrored(
      b, [](const auto&... a) { gather(a...); }, In{x}, rows, Out{y});
}
template <class Inner>
void scatter_add(const Mirrored<Inner>& b, HostIn y, HostRows rows, HostOut x) {
  mirrored(
      b, [](const auto&... a) { scatter_add(a...); }, In{y}, rows, Out{x});
}
template <class Inner>
void logits(const Mirrored<Inner>& b, HostIn x, HostIn table, HostOut y) {
  mirrored(
      b, [](const auto&... a) { logits(a...); }, In{x}, In{table}, y);
}
template <class Inner>
void cross_entropy(const Mirrored<Inner>& b, HostIn x, HostIn table, HostRows target, HostWritten loss,
                   HostWritten scratch) {
  mirrored(
      b, [](const auto&... a) { cross_entropy(a...); }, In{x}, In{table}, target, loss, scratch);
}
template <class Inner>
void cross_entropy_gradient(const Mirrored<Inner>& b, HostIn x, HostIn table, HostRows target, HostNumbers weight,
                            double scale, HostWritten loss, HostOut dx, HostOut dtable, HostWritten scratch) {
  mirrored(
      b, [](const auto&... a) { cross_entropy_gradient(a...); }, In{x}, In{table}, target, weight, scale, loss, Out{dx},
      dtable, scratch);
}
template <class Inner>
void draw(const Mirrored<Inner>& b, HostIn logits, std::span<const double> unit, const DrawOptions& how,
          std::span<Drawn> drawn) {
  mirrored(
      b, [](const auto&... a) { draw(a...); }, logits, unit, how, drawn);
}
template <class Inner>
void judge(const Mirrored<Inner>& b, HostIn logits, std::span<const Token> token, bool with_certainty,
           std::span<Judged> judged) {
  mirrored(
      b, [](const auto&... a) { judge(a...); }, logits, token, with_certainty, judged);
}
template <class Inner>
void fill(const Mirrored<Inner>& b, HostWritten values, float value) {
  mirrored(
      b, [](const auto&... a) { fill(a...); }, values, value);
}
template <class Inner>
void copy_values(const Mirrored<Inner>& b, HostNumbers values, HostWritten to) {
  mirrored(
      b, [](const auto&... a) { copy_values(a...); }, values, to);
}
template <class Inner>
void blend(const Mirrored<Inner>& b, HostWritten average, HostNumbers values, double decay) {
  mirrored(
      b, [](const auto&... a) { blend(a...); }, average, values, decay);
}
template <class Inner>
void squared_norm(const Mirrored<Inner>& b, HostNumbers values, double* sum) {
  mirrored(
      b, [](const auto& d, HostNumbers v, std::span<double> s) { squared_norm(d, v, s.data()); }, values,
      std::span<double>(sum, 1));
}
template <class Inner>
void add_weighted(const Mirrored<Inner>& b, HostNumbers weight, HostNumbers values, double* sum) {
  mirrored(
      b, [](const auto& d, HostNumbers w, HostNumbers v, std::span<double> s) { add_weighted(d, w, v, s.data()); },
      weight, values, std::span<double>(sum, 1));
}
template <class Inner>
void adamw(const Mirrored<Inner>& b, HostWritten p, HostNumbers gradient, HostWritten m, HostWritten v,
           std::span<const DecayRange> decays, const AdamWStep* step, const StepSums* sums) {
  mirrored(
      b,
      [](const auto& d, HostWritten mp, HostNumbers mg, HostWritten mm, HostWritten mv, std::span<const DecayRange> by,
         std::span<const AdamWStep> s,
         std::span<const StepSums> ms) { adamw(d, mp, mg, mm, mv, by, s.data(), ms.data()); },
      p, gradient, m, v, decays, std::span<const AdamWStep>(step, 1), std::span<const StepSums>(sums, 1));
}
template <class Inner, class Rule>
void attention(const Mirrored<Inner>& b, const AttentionLayout<Rule>& layout, Dropout dropout, HostIn q, HostIn k,
               HostIn v, HostOut out, HostOut lse) {
  mirrored(
      b, [](const auto&... a) { attention(a...); }, layout, dropout, In{q}, In{k}, In{v}, Out{out}, lse);
}
template <class Inner, class Rule>
void attention_gradient(const Mirrored<Inner>& b, const AttentionLayout<Rule>& layout, Dropout dropout, HostIn q,
                        HostIn k, HostIn v, HostIn out, HostIn lse, HostIn dout, HostOut dq, HostOut dk, HostOut dv) {
  mirrored(
      b, [](const auto&... a) { attention_gradient(a...); }, layout, dropout, In{q}, In{k}, In{v}, In{out}, lse,
      In{dout}, Out{dq}, Out{dk}, Out{dv});
}

using MirroredDevice = Mirrored<CudaFloat>;

}  // namespace ordo::testing
