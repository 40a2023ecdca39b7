#pragma once
// The network's part of a step of sampling, or of a score that follows a sampler: the layers, the output head, and the
// draw or the judgement. On a device one pass is like many others, and is queued as a whole.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <tuple>
#include <variant>

#include <ordo/concepts/backend.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/host_memory.hpp>
#include <ordo/core/logit_room.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/replay.hpp>
#include <ordo/core/slot.hpp>
#include <ordo/model/activations.hpp>
#include <ordo/model/batch.hpp>
#include <ordo/model/cache.hpp>
#include <ordo/model/forward.hpp>
#include <ordo/model/network.hpp>
#include <ordo/model/placed_batch.hpp>

namespace ordo {

/// Runs one batch after the other, with or without a cache of what came before.
template <Backend B, class Rule>
class DecodingPass {
 public:
  using R = ScalarOf<B>;

  explicit DecodingPass(const Network<B>& network) : network_(network) {}

  /// nullptr: all that a batch's slots see are its own slots.
  [[nodiscard]] Cache<B, Rule>* cache() { return cache_ ? &*cache_ : nullptr; }
  void make_cache(std::size_t lanes, std::int64_t slots) {
    drop_cache();
    cache_.emplace(network_, lanes, slots);
  }
  void drop_cache() {
    replays_.clear();
    cache_.reset();
  }

  /// Runs the batch, and draws a token for each prediction by unit (P). The result lives until the next pass. It is all
  /// that comes back from a device, once a pass.
  [[nodiscard]] std::span<const Drawn> draw_tokens(const Batch<Rule>& batch, std::span<const double> unit,
                                                   const DrawOptions& how) {
    return ask(drawn_, batch, unit, how, [&](Matrix<const R> logits, auto units, auto drawn) {
      draw(network_.backend(), logits, units, how, drawn);
    });
  }

  /// Runs the batch, and judges a token for each prediction: token (P). The result lives until the next pass, and is
  /// all that comes back from a device.
  [[nodiscard]] std::span<const Judged> judge_tokens(const Batch<Rule>& batch, std::span<const Token> token,
                                                     bool with_certainty) {
    return ask(judged_, batch, token, with_certainty, [&](Matrix<const R> logits, auto tokens, auto judged) {
      judge(network_.backend(), logits, tokens, with_certainty, judged);
    });
  }

 private:
  /// What a pass is a function of, beside the numbers that lie where it reads them: where the batch's and the cache's
  /// lists are, S, P, B, the most queries and keys of a sequence, the rules that there are, and what is asked of the
  /// logits: a draw, or a judgement with certainty or without.
  using Shape = std::tuple<const void*, const void*, std::int64_t, std::int64_t, std::int64_t, std::int32_t,
                           std::int32_t, std::uint32_t, std::variant<DrawOptions, bool>>;

  void make_room(const Batch<Rule>& batch) {
    const Capacity needed{batch.slots(), batch.predictions()};
    if (!workspace_ || !workspace_->holds(needed)) {
      replays_.clear();
      workspace_.emplace(network_, needed, Pass::forward);
    }
  }

  /// What is given and what comes back for each prediction, (P) both.
  template <class Given, class Got>
  struct Lists {
    typename B::template Buffer<Given> given;
    typename B::template Buffer<Got> got;
    HostCopy<Got> on_host;
  };
  /// Runs the batch, and work(logits, given, got) for as many predictions at a time as there is room for.
  template <class Given, class Got, class Asked, class Work>
  [[nodiscard]] std::span<const Got> ask(Lists<Given, Got>& lists, const Batch<Rule>& batch,
                                         std::span<const Given> given, const Asked& asked, const Work& work) {
    const B& b = network_.backend();
    make_room(batch);
    if (lists.got.size() < given.size()) {
      replays_.clear();
      lists.given = allocate<Given>(b, given.size());
      lists.got = allocate<Got>(b, given.size());
    }
    upload(b, given, lists.given.data());
    run(batch, asked, [&] {
      for_chunks(batch.predictions(), [&](std::int64_t first, Matrix<const R> logits) {
        const auto begin = static_cast<std::size_t>(first);
        const auto rows = static_cast<std::size_t>(logits.rows);
        work(logits, std::span<const Given>(lists.given.span()).subspan(begin, rows),
             lists.got.span().subspan(begin, rows));
      });
    });
    return lists.on_host.of(b, std::span<const Got>(lists.got.span()).first(given.size()));
  }

  /// The layers, and what comes then.
  template <class Then>
  void run(const Batch<Rule>& batch, const std::variant<DrawOptions, bool>& asked, const Then& then) {
    const B& b = network_.backend();
    const PlacedBatch<Rule> placed = place(network_, batch, *workspace_);
    if (cache_) cache_->place(b, batch);
    (void)network_.views();  // rounded weights are made here, and not in what is queued again
    const Shape shape{placed.token.data(),
                      cache_ ? cache_->lists() : nullptr,
                      batch.slots(),
                      batch.predictions(),
                      batch.sequences(),
                      placed.every.most_queries,
                      cache_ ? cache_->most_keys() : placed.every.most_keys,
                      placed.every.rules,
                      asked};
    replays_.run(b, shape, [&] {
      if (cache_) {
        forward(network_, placed, *workspace_, {}, *cache_);
      } else {
        forward(network_, placed, *workspace_, {});
      }
      then();
    });
  }

  /// The output head: calls work(first prediction, logits) for as many rows at a time as there is room for.
  template <class Work>
  void for_chunks(std::int64_t predictions, const Work& work) {
    const std::int64_t vocab = network_.config().vocab;  // never the mask, never the start
    const std::int64_t stride = B::on_host ? vocab : logit_stride(vocab);
    const std::span<R> room = workspace_->logits_of(network_.config(), predictions);
    const std::int64_t chunk = static_cast<std::int64_t>(room.size()) / stride;
    for (std::int64_t first = 0; first < predictions; first += chunk) {
      const std::int64_t rows = std::min(chunk, predictions - first);
      const Matrix<R> chunk_logits(room.data(), rows, vocab, stride);
      logits(network_.backend(), workspace_->out_norm.slice(first, rows), network_.views().table.slice(0, vocab),
             chunk_logits);
      work(first, chunk_logits);
    }
  }

  const Network<B>& network_;
  std::optional<Cache<B, Rule>> cache_;
  std::optional<Workspace<B>> workspace_;
  Replays<B, Shape> replays_{32};
  Lists<double, Drawn> drawn_;
  Lists<Token, Judged> judged_;
};

}  // namespace ordo
