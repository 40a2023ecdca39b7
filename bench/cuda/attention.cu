// How fast attention runs on a GPU in bf16: full, causal and block diffusion's rule, forward and backward, by products
// of a warp and, where the device has them, of four. One JSON line each, TFLOP/s of the pairs that the rule lets see: 4
// D operations a pair forward, 10 D backward (where this backend does 14 D, since it adds nothing up in the order of
// the moment). Usage: attention [REPETITIONS]

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <ordo/backend/cuda/attention_routes.cuh>
#include <ordo/backend/cuda/cuda.cuh>
#include <ordo/core/rng.hpp>
#include <ordo/factorization/rule/blocks.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

#include "timing.cuh"

namespace {

using ordo::bf16;
using ordo::Matrix;

/// Device memory full of random numbers.
ordo::cuda::DeviceBuffer<bf16> random_numbers(const ordo::Cuda& b, std::size_t count, std::uint64_t seed) {
  ordo::Stream draws(seed, ordo::Purpose::test, 0);
  std::vector<bf16> host(count);
  for (bf16& x : host) x = static_cast<float>(draws.unit() - 0.5) * 3.46F;  // variance 1
  ordo::cuda::DeviceBuffer<bf16> device(count);
  upload(b, host, device.data());
  return device;
}

template <class Rule>
void measure(const ordo::Cuda& b, const std::string& name, const Rule& rule, double pairs, int slots, int batch,
             int head_size, int heads, int repetitions) {
  const std::int64_t rows = static_cast<std::int64_t>(slots) * batch;
  const std::int64_t width = static_cast<std::int64_t>(heads) * head_size;
  const auto count = static_cast<std::size_t>(rows * width);
  auto qkv = random_numbers(b, 3 * count, 1);
  auto dout = random_numbers(b, count, 2);
  ordo::cuda::DeviceBuffer<bf16> out(count);
  ordo::cuda::DeviceBuffer<bf16> dqkv(3 * count);
  ordo::cuda::DeviceBuffer<float> lse(static_cast<std::size_t>(rows * heads));
  std::vector<ordo::AttentionSequence<Rule>> sequences;
  std::vector<std::int32_t> slot;
  for (int s = 0; s < batch; ++s) {
    sequences.push_back({s * slots, slots, s * slots, slots, static_cast<std::uint64_t>(s), rule});
    for (int i = 0; i < slots; ++i) slot.push_back(i);
  }
  ordo::cuda::DeviceBuffer<ordo::AttentionSequence<Rule>> device_sequences(sequences.size());
  ordo::cuda::DeviceBuffer<std::int32_t> device_slot(slot.size());
  upload(b, sequences, device_sequences.data());
  upload(b, slot, device_slot.data());
  const ordo::AttentionLayout<Rule> layout{head_size, device_sequences.span(), device_slot.span(), slots, slots};
  const auto part = [&](ordo::cuda::DeviceBuffer<bf16>& all, int i) {
    return Matrix<bf16>(all.data() + i * width, rows, width, 3 * width);
  };
  const Matrix<bf16> o(out.data(), rows, width);
  const Matrix<float> l(lse.data(), rows, heads);
  const Matrix<bf16> back(dout.data(), rows, width);
  const auto say = [&](const char* way, const char* pass, double operations, const auto& run) {
    const bench::Times t = bench::device_time(b.queue(), repetitions, run);
    std::printf(
        "{\"by\": \"ordo, %s\", \"rule\": \"%s\", \"pass\": \"%s\", \"head\": %d, \"ms\": %.4f, \"least\": %.4f, "
        "\"most\": %.4f, \"tflops\": %.1f}\n",
        way, name.c_str(), pass, head_size, t.median, t.least, t.most,
        operations * pairs * head_size * heads * batch / t.median * 1e-9);
  };
  constexpr double forward = 4;
  constexpr double backward = 10;
  const auto off = ordo::Dropout::off();
  say("a warp", "forward", forward,
      [&] { ordo::cuda::attention_matrix(b.queue(), layout, off, part(qkv, 0), part(qkv, 1), part(qkv, 2), o, l); });
  say("a warp", "backward", backward, [&] {
    ordo::cuda::attention_matrix_gradient(b.context(), layout, off, part(qkv, 0), part(qkv, 1), part(qkv, 2), o, l,
                                          back, part(dqkv, 0), part(dqkv, 1), part(dqkv, 2));
  });
  if (!b.context().has_warpgroups()) return;
  say("four warps", "forward", forward,
      [&] { ordo::cuda::attention_warpgroup(b.queue(), layout, off, part(qkv, 0), part(qkv, 1), part(qkv, 2), o, l); });
  say("four warps", "backward", backward, [&] {
    ordo::cuda::attention_warpgroup_gradient(b.context(), layout, off, part(qkv, 0), part(qkv, 1), part(qkv, 2), o, l,
                                             back, part(dqkv, 0), part(dqkv, 1), part(dqkv, 2));
  });
}

}  // namespace

int main(int argc, char** argv) {
  const int repetitions = argc > 1 ? std::atoi(argv[1]) : 30;
  const ordo::Cuda b;
  constexpr int slots = 2048;
  constexpr int batch = 8;
  const double n = slots;
  for (const int head_size : {64, 128}) {
    const int heads = 2048 / head_size;
    measure(b, "full", ordo::Full{}, n * n, slots, batch, head_size, heads, repetitions);
    measure(b, "causal", ordo::Causal{}, n * (n + 1) / 2, slots, batch, head_size, heads, repetitions);
    // Block diffusion of 1,024 tokens in blocks of 16, the last block's clean copy included: n^2 + 16 n pairs.
    const double tokens = slots / 2;
    const ordo::Blocks<ordo::Full> blocks{slots / 2, 16, 0, 16, slots / 2 - 16, {}, {}};
    measure(b, "blocks-16", blocks, tokens * tokens + 16 * tokens, slots, batch, head_size, heads, repetitions);
  }
  return 0;
}
