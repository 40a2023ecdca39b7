#pragma once
// Draws a token from each row of logits where they lie, or judges one. The nucleus is found without sorting: its end,
// and the token in it, by cutting the range of the logits' bits again and again, in the manner of a radix select.

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <ordo/backend/cuda/backend.cuh>
#include <ordo/core/draw.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cuda {

/// A row of logits and its softmax, up to a factor: the largest logit has mass 1.
struct LogitRow {
  const float* logits;
  int count;
  float highest;
  double temperature;

  [[nodiscard]] ORDO_DEVICE double mass_of(float logit) const {
    return std::exp((static_cast<double>(logit) - static_cast<double>(highest)) / temperature);
  }
  [[nodiscard]] ORDO_DEVICE double mass(int i) const { return mass_of(logits[i]); }
  /// A number for each logit, in the same order; -0 and 0 have the same.
  [[nodiscard]] ORDO_DEVICE static std::uint32_t key_of(float logit) {
    const auto bits = std::bit_cast<std::uint32_t>(logit + 0.0F);
    return (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
  }
  [[nodiscard]] ORDO_DEVICE static float logit_of(std::uint32_t key) {
    return std::bit_cast<float>((key & 0x80000000U) != 0 ? key & 0x7fffffffU : ~key);
  }
  [[nodiscard]] ORDO_DEVICE std::uint32_t key(int i) const { return key_of(logits[i]); }
};

/// The sums over the block of N numbers of each thread, in a fixed order; `room` (warps, N) is shared memory.
template <int N>
ORDO_DEVICE void block_sums(double (&values)[N], double* room) {
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) values[n] = warp_sum(values[n]);
  meet();  // the room may hold earlier sums
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    if (lane() == 0) room[warp() * N + n] = values[n];
  }
  meet();
  ORDO_UNROLL
  for (int n = 0; n < N; ++n) {
    values[n] = 0;
    for (int w = 0; w < block_threads() / warp_size; ++w) values[n] += room[w * N + n];
  }
}

inline constexpr int key_ways = 16;  // parts that a range of keys is cut in at a time: eight cuts for 32 bits

/// A key, and the mass of all tokens with larger ones.
struct KeyCut {
  std::uint32_t key;
  double above;
};

/// The largest key, from `low` on, such that the mass of its tokens and of those with larger keys `reaches` what is
/// wanted. The mass of keys from any one on is always added in the same order, so it falls as the key rises, and only
/// where a token stands.
template <class Reaches>
ORDO_DEVICE KeyCut cut_keys(const LogitRow& row, std::uint64_t low, const Reaches& reaches, double* room) {
  std::uint64_t high = std::uint64_t{LogitRow::key_of(row.highest)} + 1;  // the mass from there on does not reach it
  double above = 0;                                                       // that mass
  while (high - low > 1) {
    const std::uint64_t step = (high - low + key_ways - 1) / key_ways;
    double mass[key_ways - 1] = {};  // of keys from low + (n + 1) step on
    for (int i = thread_index(); i < row.count; i += block_threads()) {
      const std::uint64_t key = row.key(i);
      if (key < low + step) continue;
      const double own = row.mass(i);
      ORDO_UNROLL
      for (int n = 0; n < key_ways - 1; ++n) {
        if (key >= low + static_cast<std::uint64_t>(n + 1) * step) mass[n] += own;
      }
    }
    block_sums(mass, room);
    int reached = 0;
    double beyond = above;
    ORDO_UNROLL
    for (int n = 0; n < key_ways - 1; ++n) {
      if (reaches(mass[n])) {
        reached = n + 1;
      } else if (reached == n && low + static_cast<std::uint64_t>(n + 1) * step < high) {
        beyond = mass[n];  // else what is above is what is above `high`
      }
    }
    low += static_cast<std::uint64_t>(reached) * step;
    high = low + step < high ? low + step : high;
    above = beyond;
  }
  return {static_cast<std::uint32_t>(low), above};
}

/// The first index at which the sum of weights, added by index, exceeds `target`; where rounding leaves none, the last
/// one with a weight. The block needs two warps.
template <class Weight>
ORDO_DEVICE int walk(int count, double target, const Weight& weight, double* room) {
  const int warps = block_threads() / warp_size;
  int begin = 0;
  int end = count;
  double before = 0;
  while (end - begin > warp_size) {  // to the part of one warp, again and again
    const int each = ((end - begin + warps - 1) / warps + warp_size - 1) / warp_size * warp_size;
    const int own_end = begin + (warp() + 1) * each;
    double sum = 0;
    for (int i = begin + warp() * each + lane(); i < end && i < own_end; i += warp_size) sum += weight(i);
    sum = warp_sum(sum);
    meet();
    if (lane() == 0) room[warp()] = sum;
    meet();
    int chosen = 0;
    double passed = before;
    for (int w = 0; w < warps && !(passed > target); ++w) {
      if (!(room[w] > 0)) continue;
      chosen = w;
      before = passed;
      passed += room[w];
    }
    begin += chosen * each;
    end = begin + each < end ? begin + each : end;
  }
  const double own = begin + lane() < end ? weight(begin + lane()) : 0;
  int found = begin;
  for (int i = begin; i < end && !(before > target); ++i) {
    const double next = of_lane(own, i - begin);
    if (!(next > 0)) continue;
    found = i;
    before += next;
  }
  return found;
}

/// Walks the tokens by falling logit, equal ones by index, within the smallest set whose mass reaches top_p * total.
ORDO_DEVICE int draw_from_nucleus(const LogitRow& row, double total, double top_p, double unit, double* room) {
  const auto tokens_with = [&](std::uint32_t key) {
    double count = 0;
    for (int i = thread_index(); i < row.count; i += block_threads()) count += row.key(i) == key ? 1 : 0;
    return block_sum(count, room);
  };
  const double goal = top_p * total;
  const KeyCut last = cut_keys(
      row, 0, [&](double mass) { return mass >= goal; }, room);
  const double mass_of_last = row.mass_of(LogitRow::logit_of(last.key));
  const double with_last = tokens_with(last.key);
  double kept = std::ceil((goal - last.above) / mass_of_last);  // of the tokens with the last key
  kept = kept < 1 ? 1 : kept > with_last ? with_last : kept;

  const double target = unit * (last.above + kept * mass_of_last);
  const KeyCut drawn = cut_keys(
      row, last.key, [&](double mass) { return mass > target; }, room);
  const double with_drawn = drawn.key == last.key ? kept : tokens_with(drawn.key);
  double number = std::floor((target - drawn.above) / row.mass_of(LogitRow::logit_of(drawn.key)));
  number = number < 0 ? 0 : number > with_drawn - 1 ? with_drawn - 1 : number;
  return walk(
      row.count, number, [&](int i) { return row.key(i) == drawn.key ? 1.0 : 0.0; }, room);
}

/// What softmax has of a whole row.
struct RowFacts {
  int top;        ///< the first of the largest logits
  float second;   ///< the largest of the others
  double plain;   ///< sum of exp(logit - highest)
  double moment;  ///< sum of that times logit - highest

  [[nodiscard]] ORDO_DEVICE Certainty certainty(float highest) const {
    const double gap = static_cast<double>(second) - static_cast<double>(highest);
    const double entropy = std::log(plain) - moment / plain;
    return {1 / plain, (1 - std::exp(gap)) / plain, entropy > 0 ? entropy : 0};
  }
};

/// By a block of at least two warps; sets the row's highest. `room` (warps, 2) is shared memory.
ORDO_DEVICE RowFacts facts_of(LogitRow& row, double* room) {
  float first = -std::numeric_limits<float>::infinity();
  float second = first;
  int at = thread_index() < row.count ? thread_index() : row.count - 1;
  for (int i = thread_index(); i < row.count; i += block_threads()) {
    const float x = row.logits[i];
    if (x > first) {
      second = first;
      first = x;
      at = i;
    } else if (x > second) {
      second = x;
    }
  }
  row.highest = block_max(first, reinterpret_cast<float*>(room));
  const int top = -block_max(first == row.highest ? -at : 1 - row.count, reinterpret_cast<int*>(room));
  second = block_max(at == top ? second : first, reinterpret_cast<float*>(room));
  double sums[2] = {};
  for (int i = thread_index(); i < row.count; i += block_threads()) {
    const double e = row.mass(i);
    sums[0] += e;
    if (e > 0) sums[1] += e * (static_cast<double>(row.logits[i]) - static_cast<double>(row.highest));
  }
  block_sums(sums, room);
  return {top, second, sums[0], sums[1]};
}

/// A block of at least two warps: one row.
ORDO_KERNEL draw_kernel(Matrix<const float> logits, const double* unit, DrawOptions how, Drawn* drawn) {
  double* room = shared_memory<double>();  // (warps, key_ways - 1)
  const std::int64_t r = block_x();
  LogitRow row{logits.row(r), static_cast<int>(logits.cols), 0, 1};
  const RowFacts facts = facts_of(row, room);
  int token = facts.top;
  if (how.temperature != 0 && facts.plain > 0) {  // no number among the logits: no draw
    double total[1] = {facts.plain};
    if (how.temperature != 1) {
      row.temperature = how.temperature;
      total[0] = 0;
      for (int i = thread_index(); i < row.count; i += block_threads()) total[0] += row.mass(i);
      block_sums(total, room);
    }
    token = how.top_p < 1 ? draw_from_nucleus(row, total[0], how.top_p, unit[r], room)
                          : walk(
                                row.count, unit[r] * total[0], [&](int i) { return row.mass(i); }, room);
  }
  if (thread_index() != 0) return;
  row.temperature = 1;
  drawn[r] = {static_cast<Token>(token), row.mass(token) / facts.plain,
              how.certainty ? facts.certainty(row.highest) : Certainty{}};
}

/// A block of at least two warps: one row.
ORDO_KERNEL judge_kernel(Matrix<const float> logits, const Token* token, bool with_certainty, Judged* judged) {
  const std::int64_t r = block_x();
  LogitRow row{logits.row(r), static_cast<int>(logits.cols), 0, 1};
  const RowFacts facts = facts_of(row, shared_memory<double>());
  if (thread_index() != 0) return;
  const double gap = static_cast<double>(row.logits[token[r]]) - static_cast<double>(row.highest);
  judged[r] = {std::log(facts.plain) - gap, with_certainty ? facts.certainty(row.highest) : Certainty{}};
}

/// A block for each row, of a warp for each 16 x 32 logits, of 2 warps at least.
inline Grid row_blocks(const Matrix<const float>& logits) {
  constexpr std::int64_t each = 16;  // logits of a thread, for as many threads as that gives within bounds
  const std::int64_t warps = std::clamp<std::int64_t>(logits.cols / (each * warp_size), 2, 16);
  const std::size_t bytes = static_cast<std::size_t>(warps) * (key_ways - 1) * sizeof(double);
  return {static_cast<int>(logits.rows), 1, 1, static_cast<int>(warps) * warp_size, bytes};
}

}  // namespace cuda

/// drawn[i]: a token from row i by unit[i], uniform in [0, 1); see draw_token (core/draw.hpp), which this follows but
/// for the last bits of its sums, in double too and in an order that depends on V alone. So the token is another one
/// only where `unit` falls within such a bit of the border between two; beyond the last border it is the last token
/// that has a probability. logits (P, V), unit, drawn (P).
template <class A>
void draw(const CudaBackend<A>& b, Matrix<const float> logits, std::span<const double> unit, const DrawOptions& how,
          std::span<Drawn> drawn) {
  cuda::launch(b.queue(), cuda::row_blocks(logits), cuda::draw_kernel, logits, unit.data(), how, drawn.data());
}

/// judged[i]: what row i says of token[i], each in 0 .. V - 1; see judge_token (core/draw.hpp), which this follows but
/// for the last bits of its sums. logits (P, V), token, judged (P).
template <class A>
void judge(const CudaBackend<A>& b, Matrix<const float> logits, std::span<const Token> token, bool with_certainty,
           std::span<Judged> judged) {
  cuda::launch(b.queue(), cuda::row_blocks(logits), cuda::judge_kernel, logits, token.data(), with_certainty,
               judged.data());
}

}  // namespace ordo
