// The engine under sampling: what it shows the network, with and without a cache.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/concepts/plan_sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/generate/decoder.hpp>
#include <ordo/model/network.hpp>

#include <support/blocks_policy.hpp>

namespace {

using Double = ordo::Reference<double>;
using ordo::Token;

ordo::ModelConfig tiny() {
  return {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 3, .context = 6, .dropout = 0, .init_std = 0.7};
}

template <class F>
std::vector<ordo::Draft<ordo::SamplerOf<F>>> drafts_of(const F& policy, const std::vector<std::vector<Token>>& texts) {
  std::vector<ordo::Draft<ordo::SamplerOf<F>>> drafts;
  for (const auto& tokens : texts) {
    const ordo::Known known(tokens.size(), 0);
    ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
    drafts.push_back({tokens, known, sampler_of(policy, {static_cast<std::int32_t>(tokens.size())}, known, choices)});
  }
  return drafts;
}

struct Read {
  std::size_t draft;
  std::int32_t target;
  std::vector<double> said;  // of the text's token: its nats, and how sure the network is
  friend bool operator==(const Read&, const Read&) = default;
};

/// Walks through texts that are there already, one token a step; every `idle`-th step of a draft is not run.
template <class F>
std::vector<Read> walk(const ordo::Network<Double>& network, const F& policy,
                       const std::vector<std::vector<Token>>& texts, bool cache, int idle = 0) {
  ordo::Decoder<Double, ordo::SamplerOf<F>> decoder(network, cache);
  decoder.start(drafts_of(policy, texts));
  std::vector<Read> all;
  std::vector<int> asked(texts.size(), 0);
  std::vector<std::int32_t> first(texts.size(), ordo::absent);
  const auto prepare = [&](std::size_t i) { return idle == 0 || ++asked[i] % idle != 0; };
  const auto token = [&](std::size_t i, std::int32_t target) { return texts[i][static_cast<std::size_t>(target)]; };
  const auto take = [&](std::size_t i, std::int32_t target, const ordo::Judged& judged) {
    all.push_back({i, target, {judged.nats, judged.sure.highest, judged.sure.margin, judged.sure.entropy}});
    if (first[i] == ordo::absent) first[i] = target;
  };
  while (decoder.judge(true, prepare, token, take)) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (first[i] != ordo::absent) decoder.drafts()[i].reveal(first[i], texts[i][static_cast<std::size_t>(first[i])]);
      first[i] = ordo::absent;
    }
  }
  return all;
}

const std::vector<std::vector<Token>> texts = {{0, 1, 2, 2, 1, 0}, {2, 0, 0}, {}, {1, 1, 2, 0, 2}};

}  // namespace

TEST_CASE("a hidden token can be revealed and hidden again") {
  auto draft = std::move(drafts_of(ordo::MaskedDiffusion<>{}, {{ordo::absent, ordo::absent}})[0]);
  draft.reveal(1, 2);
  CHECK((draft.tokens == std::vector<Token>{ordo::absent, 2} && draft.known == ordo::Known{0, 1}));
  draft.hide(1);
  CHECK((draft.tokens == std::vector<Token>{ordo::absent, ordo::absent} && draft.known == ordo::Known{0, 0}));
}

TEMPLATE_TEST_CASE("the cache changes nothing that the network says, whichever samples wait in between", "",
                   ordo::LeftToRight, ordo::MaskedDiffusion<>, user::Blocks,
                   (ordo::Blockwise<4, ordo::MaskedDiffusion<>>)) {
  const ordo::Network<Double> network(tiny(), {}, 5);
  const auto cached = walk(network, TestType{}, texts, true);
  CHECK(cached.size() >= 14);
  CHECK(cached == walk(network, TestType{}, texts, false));
  if constexpr (!std::is_same_v<TestType, ordo::LeftToRight>) {  // which cannot wait: its slots predict once
    auto waiting = walk(network, TestType{}, texts, true, 3);
    CHECK(waiting == walk(network, TestType{}, texts, false, 3));
    const auto by_draft = [](const Read& a, const Read& b) { return a.draft < b.draft; };
    auto sorted = cached;
    std::stable_sort(sorted.begin(), sorted.end(), by_draft);
    std::stable_sort(waiting.begin(), waiting.end(), by_draft);
    CHECK(sorted == waiting);
  }
}

TEST_CASE("sequences of a batch do not see one another") {
  const ordo::Network<Double> network(tiny(), {}, 5);
  std::vector<Read> alone;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    for (Read read : walk(network, user::Blocks{}, {texts[i]}, true)) {
      read.draft = i;
      alone.push_back(std::move(read));
    }
  }
  auto together = walk(network, user::Blocks{}, texts, true);
  std::stable_sort(together.begin(), together.end(), [](const Read& a, const Read& b) { return a.draft < b.draft; });
  CHECK(alone == together);
}

TEST_CASE("a step that nobody wants to run asks the network nothing") {
  const ordo::Network<Double> network(tiny(), {}, 5);
  ordo::Decoder<Double, ordo::SamplerOf<user::Blocks>> decoder(network, true);
  decoder.start(drafts_of(user::Blocks{}, texts));
  int asked = 0;
  const auto token = [](std::size_t, std::int32_t) { return Token{0}; };
  const auto count = [&](std::size_t, std::int32_t, const ordo::Judged&) { ++asked; };
  CHECK(decoder.judge(
      false, [](std::size_t) { return false; }, token, count));
  CHECK_FALSE(decoder.ran());
  CHECK(asked == 0);
  CHECK(decoder.judge(
      false, [](std::size_t) { return true; }, token, count));
  CHECK(decoder.ran());
  CHECK(asked == 6);  // the first block of the three texts that have one
}
