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
#include <ordo/backend/cuda/logit_row.cuh>
#include <ordo/core/draw.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/slot.hpp>

namespace ordo {

namespace cuda {

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

/// The first index from `begin` on at which `before` and the sum of weights, added by index, exceed `target`; where
/// rounding leaves none, the last one with a weight. The block needs two warps.
template <class Weight>
ORDO_DEVICE int walk(int begin, int end, double before, double target, const Weight& weight, double* room) {
  const int warps = block_threads() / warp_size;
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
      0, row.count, 0, number, [&](int i) { return row.key(i) == drawn.key ? 1.0 : 0.0; }, room);
}

/// Walks the tokens by index: where there are masses of parts, to a part, and then within it.
ORDO_DEVICE int draw_from_row(const LogitRow& row, int parts, const double* masses, double target, double* room) {
  int begin = 0;
  int end = row.count;
  double before = 0;
  double reached = 0;
  for (int p = 0; p < parts && !(reached > target); ++p) {
    if (!(masses[p] > 0)) continue;
    begin = p * part_logits;
    end = begin + part_logits < row.count ? begin + part_logits : row.count;
    before = reached;
    reached += masses[p];
  }
  return walk(
      begin, end, before, target, [&](int i) { return row.mass(i); }, room);
}

/// A block of at least two warps: one row, of which there may be facts of `count` parts.
ORDO_KERNEL ORDO_THREADS(row_threads) draw_kernel(Matrix<const float> logits, const double* unit, DrawOptions how,
                                                  const PartFacts* parts, int count, Drawn* drawn) {
  await_queued();
  double* masses = shared_memory<double>();  // (count)
  double* room = masses + count;             // (warps, key_ways - 1)
  const std::int64_t r = block_x();
  LogitRow row{logits.row(r), static_cast<int>(logits.cols), 0, 1};
  const RowFacts facts =
      count > 0 ? joined_facts(row, parts + r * count, count, how.temperature, room, masses) : facts_of(row, room);
  int token = facts.top;
  if (how.temperature != 0 && facts.plain > 0) {  // no number among the logits: no draw
    double total = facts.plain;
    row.temperature = how.temperature;
    if (count > 0) {
      total = 0;
      for (int p = 0; p < count; ++p) total += masses[p];
    } else if (how.temperature != 1) {
      total = mass_of_row(row, room);
    }
    token = how.top_p < 1 ? draw_from_nucleus(row, total, how.top_p, unit[r], room)
                          : draw_from_row(row, count, masses, unit[r] * total, room);
  }
  if (thread_index() != 0) return;
  row.temperature = 1;
  drawn[r] = {static_cast<Token>(token), row.mass(token) / facts.plain,
              how.certainty ? facts.certainty() : Certainty{}};
}

/// A block of at least two warps: one row, of which there may be facts of `count` parts.
ORDO_KERNEL ORDO_THREADS(row_threads) judge_kernel(Matrix<const float> logits, const Token* token, bool with_certainty,
                                                   const PartFacts* parts, int count, Judged* judged) {
  await_queued();
  double* masses = shared_memory<double>();  // (count)
  double* room = masses + count;             // (warps, 2)
  const std::int64_t r = block_x();
  LogitRow row{logits.row(r), static_cast<int>(logits.cols), 0, 1};
  const RowFacts facts = count > 0 ? joined_facts(row, parts + r * count, count, 1, room, masses) : facts_of(row, room);
  if (thread_index() != 0) return;
  const double gap = static_cast<double>(row.logits[token[r]]) - static_cast<double>(row.highest);
  judged[r] = {std::log(facts.plain) - gap, with_certainty ? facts.certainty() : Certainty{}};
}

}  // namespace cuda

/// drawn[i]: a token from row i by unit[i], uniform in [0, 1); see draw_token (core/draw.hpp), which this follows but
/// for the last bits of its sums, in double too and in an order that depends on V alone. So the token is another one
/// only where `unit` falls within such a bit of the border between two; beyond the last border it is the last token
/// that has a probability. logits (P, V), unit, drawn (P).
template <class A>
void draw(const CudaBackend<A>& b, Matrix<const float> logits, std::span<const double> unit, const DrawOptions& how,
          std::span<Drawn> drawn) {
  const cuda::RowBlocks blocks(logits, cuda::key_ways - 1);
  const cuda::PartFacts* const parts = cuda::part_facts(b, blocks, logits, how.temperature);
  cuda::launch_early(b.queue(), blocks.of_rows, cuda::draw_kernel, logits, unit.data(), how, parts, blocks.parts,
                     drawn.data());
}

/// judged[i]: what row i says of token[i], each in 0 .. V - 1; see judge_token (core/draw.hpp), which this follows but
/// for the last bits of its sums. logits (P, V), token, judged (P).
template <class A>
void judge(const CudaBackend<A>& b, Matrix<const float> logits, std::span<const Token> token, bool with_certainty,
           std::span<Judged> judged) {
  const cuda::RowBlocks blocks(logits, 2);
  const cuda::PartFacts* const parts = cuda::part_facts(b, blocks, logits, 1);
  cuda::launch_early(b.queue(), blocks.of_rows, cuda::judge_kernel, logits, token.data(), with_certainty, parts,
                     blocks.parts, judged.data());
}

}  // namespace ordo
