#pragma once
// Operations on all the parameters at once, as one long vector.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cuda/backend.cuh>

namespace ordo {

namespace cuda {

template <class T>
struct Fill {
  T* values;
  T value;
  ORDO_DEVICE void operator()(std::int64_t i) const { values[i] = value; }
};

template <class T>
struct Copy {
  const float* values;
  T* to;
  ORDO_DEVICE void operator()(std::int64_t i) const { to[i] = static_cast<T>(values[i]); }
};

struct Blend {
  float* average;
  const float* values;
  float keep;
  float take;
  ORDO_DEVICE void operator()(std::int64_t i) const { average[i] = keep * average[i] + take * values[i]; }
};

/// partial[block] = the sum of squares of the block's share: every blocks_x()-th stretch of the vector.
ORDO_KERNEL squared_norm_kernel(const float* values, std::int64_t count, double* partial) {
  double* room = shared_memory<double>();
  double sum = 0;
  const std::int64_t step = static_cast<std::int64_t>(blocks_x()) * block_threads();
  for (std::int64_t i = static_cast<std::int64_t>(block_x()) * block_threads() + thread_index(); i < count; i += step) {
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  sum = block_sum(sum, room);
  if (thread_index() == 0) partial[block_x()] = sum;
}

/// *sum = the sum of `count` numbers, by one block in a fixed order.
template <class T>
ORDO_KERNEL sum_kernel(const T* numbers, int count, T* sum) {
  T* room = shared_memory<T>();
  T own = 0;
  for (int i = thread_index(); i < count; i += block_threads()) own += numbers[i];
  own = block_sum(own, room);
  if (thread_index() == 0) *sum = own;
}

/// *sum += sum_i weight[i] * values[i], by one block in a fixed order.
ORDO_KERNEL add_weighted_kernel(const float* weight, const float* values, std::int64_t count, double* sum) {
  double* room = shared_memory<double>();
  double own = 0;
  for (std::int64_t i = thread_index(); i < count; i += block_threads()) {
    own += static_cast<double>(weight[i]) * static_cast<double>(values[i]);
  }
  own = block_sum(own, room);
  if (thread_index() == 0) *sum += own;
}

}  // namespace cuda

/// Every value becomes `value`. T: float, or what activations are in.
template <class A, class T>
void fill(const CudaBackend<A>& b, std::span<T> values, std::type_identity_t<T> value) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(values.size()), cuda::Fill<T>{values.data(), value});
}

/// to = values. Both of one size.
template <class A>
void copy_values(const CudaBackend<A>& b, std::span<const float> values, std::span<float> to) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(to.size()), cuda::Copy<float>{values.data(), to.data()});
}

/// to = values, rounded to what activations are in. Both of one size.
template <class A>
void round_values(const CudaBackend<A>& b, std::span<const float> values, std::type_identity_t<std::span<A>> to) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(to.size()), cuda::Copy<A>{values.data(), to.data()});
}

/// *sum = the sum of squares, in double, in an order that depends on the size alone.
template <class A>
void squared_norm(const CudaBackend<A>& b, std::span<const float> values, double* sum) {
  constexpr int threads = 256;
  const auto count = static_cast<std::int64_t>(values.size());
  const int blocks = std::max(1, cuda::blocks_for(count, std::int64_t{threads} * 8));
  const std::size_t warps = threads / cuda::warp_size;
  cuda::Pieces pieces(b.context().room(cuda::Pieces::bytes<double>(blocks)));
  double* partial = pieces.take<double>(blocks);
  cuda::launch(b.queue(), {blocks, 1, 1, threads, warps * sizeof(double)}, cuda::squared_norm_kernel, values.data(),
               count, partial);
  cuda::launch(b.queue(), {1, 1, 1, threads, warps * sizeof(double)}, cuda::sum_kernel<double>, partial, blocks, sum);
}

/// *sum += sum_i weight[i] * values[i], in double, in an order that depends on the size alone.
template <class A>
void add_weighted(const CudaBackend<A>& b, std::span<const float> weight, std::span<const float> values, double* sum) {
  constexpr int threads = 1024;  // of one block: the values are those of predictions, few beside the work on them
  cuda::launch(b.queue(), {1, 1, 1, threads, threads / cuda::warp_size * sizeof(double)}, cuda::add_weighted_kernel,
               weight.data(), values.data(), static_cast<std::int64_t>(weight.size()), sum);
}

/// average = decay * average + (1 - decay) * values: an exponential moving average. Both of one size.
template <class A>
void blend(const CudaBackend<A>& b, std::span<float> average, std::span<const float> values, double decay) {
  cuda::for_each(b.queue(), static_cast<std::int64_t>(average.size()),
                 cuda::Blend{average.data(), values.data(), static_cast<float>(decay), static_cast<float>(1 - decay)});
}

}  // namespace ordo
