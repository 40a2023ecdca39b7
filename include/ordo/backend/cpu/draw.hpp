#pragma once
// Draws a token from each row of logits, or judges one.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/cpu/backend.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/matrix.hpp>

namespace ordo {

/// drawn[i]: what draw_token draws from row i by unit[i], uniform in [0, 1). logits (P, V), unit, drawn (P). Rows are
/// shared out among the threads, and none depends on another.
inline void draw(const Cpu& cpu, Matrix<const float> logits, std::span<const double> unit, const DrawOptions& how,
                 std::span<Drawn> drawn) {
  constexpr std::int64_t work = 16;  // of a token: exponentials in double
  cpu::for_rows(cpu, logits.rows, work * logits.cols, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const auto i = static_cast<std::size_t>(r);
      const std::span<const float> row(logits.row(r), static_cast<std::size_t>(logits.cols));
      drawn[i] = draw_token(row, how, unit[i]);
    }
  });
}

/// judged[i]: what judge_token says of token[i] by row i, each in 0 .. V - 1. logits (P, V), token, judged (P).
inline void judge(const Cpu& cpu, Matrix<const float> logits, std::span<const Token> token, bool with_certainty,
                  std::span<Judged> judged) {
  constexpr std::int64_t work = 16;  // of a token: exponentials in double
  cpu::for_rows(cpu, logits.rows, work * logits.cols, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      const auto i = static_cast<std::size_t>(r);
      const std::span<const float> row(logits.row(r), static_cast<std::size_t>(logits.cols));
      judged[i] = judge_token(row, token[i], with_certainty);
    }
  });
}

}  // namespace ordo
