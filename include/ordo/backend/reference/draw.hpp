#pragma once
// Draws a token from each row of logits, or judges one.

#include <cstddef>
#include <cstdint>
#include <span>

#include <ordo/backend/reference/backend.hpp>
#include <ordo/backend/reference/embedding.hpp>
#include <ordo/core/draw.hpp>

namespace ordo {

/// drawn[i]: what draw_token draws from row i by unit[i], uniform in [0, 1). logits (P, V), unit, drawn (P).
template <class R>
void draw(const Reference<R>&, reference::In<R> logits, std::span<const double> unit, const DrawOptions& how,
          std::span<Drawn> drawn) {
  for (std::int64_t r = 0; r < logits.rows; ++r) {
    const auto i = static_cast<std::size_t>(r);
    const std::span<const R> row(logits.row(r), static_cast<std::size_t>(logits.cols));
    drawn[i] = draw_token(row, how, unit[i]);
  }
}

/// judged[i]: what judge_token says of token[i] by row i, each in 0 .. V - 1. logits (P, V), token, judged (P).
template <class R>
void judge(const Reference<R>&, reference::In<R> logits, std::span<const Token> token, bool with_certainty,
           std::span<Judged> judged) {
  for (std::int64_t r = 0; r < logits.rows; ++r) {
    const auto i = static_cast<std::size_t>(r);
    const std::span<const R> row(logits.row(r), static_cast<std::size_t>(logits.cols));
    judged[i] = judge_token(row, static_cast<Token>(reference::row_of("judge", token[i], logits.cols)), with_certainty);
  }
}

}  // namespace ordo
