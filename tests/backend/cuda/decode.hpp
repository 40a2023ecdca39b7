#pragma once
// Sampling on the device, where a step is queued as a graph: against steps that are asked for one by one. The same
// cases run on an emulated device (decode_test.cpp) and on a GPU (device_test.cu).

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/cuda.cuh>
#include <ordo/factorization/rule/causal.hpp>

namespace {

namespace decoding {

using ordo::Token;
using Samples = std::vector<std::vector<Token>>;

constexpr int context = 80;  // more keys than one power of two holds

template <class B>
ordo::Network<B> network(int vocab = 11) {
  const ordo::ModelConfig config{.layers = 2,
                                 .width = 64,
                                 .heads = 2,
                                 .hidden = 32,
                                 .vocab = vocab,
                                 .context = context,
                                 .dropout = 0,
                                 .init_std = 0.3};
  return ordo::Network<B>(config, B(), 5);
}

ordo::GenerateOptions options(int length) {
  ordo::GenerateOptions o;
  o.length = length;
  o.temperature = 0.9;
  o.top_p = 0.95;
  o.seed = 2;
  return o;
}

constexpr std::uint64_t not_counted = ~std::uint64_t{0};
std::uint64_t graphs_launched() {
#if defined(ORDO_EMULATE_CUDA)
  return ordo::cuda::emulated::graphs_launched();
#else
  return not_counted;
#endif
}

/// Graphs that refer to the operations' room are made anew when it moves: here after each step, so that none is ever
/// ready. The network is used for nothing else.
template <class B>
Samples without_graphs(const ordo::Network<B>& network, const ordo::AnyFactorization& policy, std::size_t count,
                       ordo::GenerateOptions o) {
  static std::size_t bytes = std::size_t{1} << 20;
  o.on_step = [&](std::span<const Token>) { (void)network.backend().context().room(bytes += 4096); };
  return generate(network, policy, count, o);
}

}  // namespace decoding

}  // namespace

TEMPLATE_TEST_CASE("sampling by graphs gives what steps one by one give, to the bit", "", ordo::CudaFloat, ordo::Cuda) {
  const auto network = decoding::network<TestType>();
  const auto again = decoding::network<TestType>();  // the same weights, and a queue of its own
  for (const char* name : {"ltr", "masked", "blockwise:8(masked)", "orderings:4:told", "mixture(1 ltr + 1 masked)"}) {
    const auto policy = ordo::factorization_from_name(name);
    for (const bool cache : {true, false}) {
      INFO(name << (cache ? ", with a cache" : ""));
      ordo::GenerateOptions o = decoding::options(std::string(name) == "ltr" && cache ? decoding::context : 24);
      o.cache = cache;
      if (std::string(name) == "masked") o.unmask = ordo::Unmask::random, o.steps = 12;
      const std::uint64_t before = decoding::graphs_launched();
      const auto plain = decoding::without_graphs(network, policy, 3, o);
      CHECK(decoding::graphs_launched() == before);
      CHECK(generate(again, policy, 3, o) == plain);
      const std::uint64_t launched = decoding::graphs_launched() - before;
      if (before == decoding::not_counted) continue;
      INFO(launched << " graphs");
      // The first step of each shape is asked for by itself: left to right there are two rounded numbers of keys.
      if (std::string(name) == "ltr" && cache) CHECK(launched == decoding::context - 2);
      if (std::string(name) == "masked") CHECK(launched == 12 - 1);
    }
  }
}

TEST_CASE("samples of the device by graphs are the host's") {
  const auto device = decoding::network<ordo::CudaFloat>(50);
  const auto host = decoding::network<ordo::Reference<float>>(50);
  const auto check = [&](const char* name, const ordo::GenerateOptions& o) {
    INFO(name << ", " << to_string(o.unmasking()));
    const auto policy = ordo::factorization_from_name(name);
    CHECK(generate(device, policy, 2, o) == generate(host, policy, 2, o));
  };
  check("ltr", decoding::options(decoding::context));
  // With nothing given all masks see the same, and rounding would say which of them the network is surest of.
  ordo::GenerateOptions o = decoding::options(0);
  for (int i = 0; i < 20; ++i) o.infill.push_back(i % 4 == 1 ? (i * i) % 50 : ordo::absent);
  for (const char* name : {"masked", "blockwise:8(masked)"}) {
    o.steps = 5;
    for (const auto unmask : ordo::every_unmask) {
      o.unmask = unmask;
      o.remask = unmask == ordo::Unmask::confidence ? 0.3 : 0;
      check(name, o);
    }
  }
  o.steps = 0;
  o.unmask.reset();
  o.entropy_bound = 2.0;
  check("masked", o);
}

TEST_CASE("one decoder may be given other sequences, whose cache lies elsewhere") {
  using Policy = ordo::LeftToRight;
  using Sampler = ordo::SamplerOf<Policy>;
  const auto network = decoding::network<ordo::CudaFloat>();
  ordo::Decoder<ordo::CudaFloat, Sampler> decoder(network, true);
  const auto sample = [&](auto& with, std::size_t count, std::int32_t length) {
    std::vector<ordo::Draft<Sampler>> drafts;
    const ordo::Known known(static_cast<std::size_t>(length), 0);
    for (std::size_t i = 0; i < count; ++i) {
      ordo::RandomChoices choices(0, ordo::Purpose::sampling, i);
      const std::vector<ordo::Token> tokens(known.size(), ordo::absent);
      drafts.push_back({tokens, known, sampler_of(Policy{}, {length}, known, choices)});
    }
    with.start(std::move(drafts));
    ordo::Stream stream(1, ordo::Purpose::test, 0);
    decoding::Samples all(count);
    const auto take = [&](std::size_t i, std::int32_t target, const ordo::Drawn& drawn) {
      all[i].push_back(drawn.token);
      with.drafts()[i].reveal(target, drawn.token);
    };
    while (with.draw(
        {}, [](std::size_t) { return true; }, [&](std::size_t) { return stream.unit(); }, take)) {
    }
    return all;
  };
  for (const auto& [count, length] : {std::pair<std::size_t, std::int32_t>{2, 12}, {5, 20}, {1, 7}, {2, 12}}) {
    ordo::Decoder<ordo::CudaFloat, Sampler> fresh(network, true);
    CHECK(sample(decoder, count, length) == sample(fresh, count, length));
  }
}

TEST_CASE(
    "more predictions than there is room for logits are drawn one chunk after the other, without a word between") {
  const auto network = decoding::network<ordo::CudaFloat>();
  constexpr int each = decoding::context - 1;  // predictions of a sequence
  constexpr std::size_t sequences = 52;
  constexpr std::size_t count = sequences * each;  // there is room for 4096
  const auto add_to = [&](ordo::Batch<ordo::Causal>& batch, std::size_t n) {
    ordo::Stream stream(2, ordo::Purpose::test, n);
    std::vector<ordo::Token> tokens;
    std::vector<ordo::Slot> slots;
    for (int i = 0; i <= each; ++i) tokens.push_back(static_cast<ordo::Token>(stream.below(11)));
    for (int i = 0; i < each; ++i) slots.push_back(ordo::Slot::token(i).predicting(i + 1));
    batch.add(slots, {}, tokens, network.config(), n);
  };
  std::vector<double> unit;
  ordo::Stream stream(1, ordo::Purpose::test, 0);
  while (unit.size() < count) unit.push_back(stream.unit());
  const ordo::DrawOptions how{};
  std::vector<ordo::Token> expected;
  ordo::DecodingPass<ordo::CudaFloat, ordo::Causal> small_pass(network);
  ordo::Batch<ordo::Causal> batch;
  for (std::size_t n = 0; n < sequences; n += 4) {
    ordo::Batch<ordo::Causal> part;
    for (std::size_t m = n; m < n + 4; ++m) {
      add_to(part, m);
      add_to(batch, m);
    }
    const std::span<const double> units = std::span<const double>(unit).subspan(n * each, 4 * each);
    for (const ordo::Drawn& drawn : small_pass.draw_tokens(part, units, how)) expected.push_back(drawn.token);
  }
  ordo::DecodingPass<ordo::CudaFloat, ordo::Causal> pass(network);
  for (int again = 0; again < 2; ++again) {  // by itself, and as a graph
    const auto drawn = pass.draw_tokens(batch, unit, how);
    REQUIRE(drawn.size() == count);
    std::size_t same = 0;
    for (std::size_t i = 0; i < count; ++i) same += drawn[i].token == expected[i] ? 1 : 0;
    CHECK(same == count);
  }
}

TEST_CASE("scores that follow a sampler are the host's") {
  const auto device = decoding::network<ordo::CudaFloat>(50);
  const auto host = decoding::network<ordo::Reference<float>>(50);
  std::vector<ordo::Token> tokens;
  for (int i = 0; i < 3 * 16; ++i) tokens.push_back(i * i % 50);
  const auto text = ordo::TokenDataset::from_tokens(tokens, 50, {.context = 16}).train();
  const auto check = [&](const char* name, const ordo::Revealing& revealing) {
    const ordo::AsSampled<ordo::AnyFactorization> rule{ordo::factorization_from_name(name), revealing};
    INFO(rule.name());
    CHECK(ordo::evaluate(device, text, rule).nats_per_token ==
          Approx(ordo::evaluate(host, text, rule).nats_per_token).epsilon(1e-5));
  };
  check("ltr", {});
  check("masked", {});
  // With nothing given all masks see the same, and rounding would say which of them the network is surest of.
  const std::vector<std::vector<ordo::Token>> sequences = {{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8},
                                                           {2, 7, 1, 8, 2, 8, 1, 8}};
  const std::vector<ordo::Known> known = {{1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0}, {0, 0, 1, 0, 0, 0, 0, 1}};
  for (const auto order : {ordo::Order::certainty, ordo::Order::margin}) {
    const ordo::Revealing revealing{.order = order};
    const auto got = sequence_nats(device, ordo::MaskedDiffusion<>{}, revealing, sequences, known);
    const auto expected = sequence_nats(host, ordo::MaskedDiffusion<>{}, revealing, sequences, known);
    for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == Approx(expected[i]).epsilon(1e-5));
  }
}
