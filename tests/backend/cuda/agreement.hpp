#pragma once
// The CUDA backend against the reference in double: every operation, on awkward sizes. The same cases run on an
// emulated device (agreement_test.cpp) and on a GPU (device_test.cu). TestedDevice: which of them.

#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <support/backend_agreement.hpp>

#include <ordo/concepts/backend.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

constexpr double tolerance = 5e-6;  // fp32, sums of up to some hundred terms

}  // namespace

static_assert(Backend<TestedDevice>);
static_assert(HasAttention<TestedDevice, Causal>);

TEST_CASE("the device's operations agree with the reference") {
  const TestedDevice b{};
  check_operations(b, tolerance, 32, 10'007);
}

TEST_CASE("the device's linear layers agree with the reference") {
  const TestedDevice b{};
  for (const std::int64_t rows : {1, 7, 65}) CHECK(linear_disagreement(b, rows, 31, 67) < tolerance);
  for (const std::int64_t rows : {1, 2, 3, 5, 8, 9}) CHECK(linear_disagreement(b, rows, 264, 67) < tolerance);
}

TEST_CASE("the device's cross-entropy agrees with the reference") {
  const TestedDevice b{};
  CHECK(cross_entropy_disagreement(b) < tolerance);
  CHECK(cross_entropy_disagreement(b, 1, 1, 8) < tolerance);
  CHECK(cross_entropy_disagreement(b, 7, 2, 4) < tolerance);
  CHECK(cross_entropy_disagreement(b, 33, 1031, 5) < tolerance);
}

TEST_CASE("the output head takes as few chunks as its scratch allows, and equal ones") {
  const auto sizes_of = [](std::int64_t rows, std::size_t most) {
    std::vector<float> scratch(3 * most);
    std::vector<std::int64_t> sizes;
    ordo::cuda::for_chunks(rows, 2, 3, scratch, [&](std::int64_t first, std::int64_t count) {
      std::int64_t before = 0;
      for (const std::int64_t size : sizes) before += size;
      CHECK(first == before);
      sizes.push_back(count);
    });
    return sizes;
  };
  CHECK(sizes_of(1000, 300) == std::vector<std::int64_t>{256, 256, 256, 232});
  CHECK(sizes_of(300, 280) == std::vector<std::int64_t>{256, 44});
  CHECK(sizes_of(300, 300) == std::vector<std::int64_t>{300});
  CHECK(sizes_of(7, 3) == std::vector<std::int64_t>{3, 3, 1});
  CHECK(sizes_of(0, 3).empty());
}

TEST_CASE("the device's attention agrees with the reference under every kind of rule") {
  const TestedDevice b{};
  CHECK(attention_disagreement(b, Causal{}) < tolerance);
  CHECK(attention_disagreement(b, Full{}) < tolerance);
  CHECK(attention_disagreement(b, BlocksAndPrefix{}) < tolerance);
  CHECK(attention_disagreement(b, OneOfRules<Causal, BlocksAndPrefix>(BlocksAndPrefix{5, 2})) < tolerance);
}

TEST_CASE("the device's attention agrees with the reference under block diffusion's rule") {
  const TestedDevice b{};
  for (const std::int32_t block : {1, 16, 48}) {
    RandomChoices choices(0, Purpose::test, 0);
    std::vector<Slot> slots;
    const auto rule = Blockwise<dynamic, MaskedDiffusion<>>{block}.plan({100}, choices, slots);
    INFO("block " << block);
    const std::vector<std::int32_t> lengths = {static_cast<std::int32_t>(slots.size())};
    CHECK(attention_disagreement(b, lengths, rule, Asking::every, 0.1, 32, 1) < tolerance);
    CHECK(attention_disagreement(b, lengths, rule, Asking::some, 0.0, 16, 1) < tolerance);
  }
}

TEST_CASE("the device's attention agrees with the reference at the edges of tiles and heads") {
  const TestedDevice b{};
  for (const std::int32_t length : {1, 15, 16, 17, 31, 32, 33, 65}) {
    INFO("length " << length);
    const std::vector<std::int32_t> lengths = {40, length};
    CHECK(attention_disagreement(b, lengths, Causal{}, Asking::every, 0.1, 32, 1) < tolerance);
    CHECK(attention_disagreement(b, lengths, Causal{}, Asking::some, 0.0, 64, 1) < tolerance);
  }
  for (const int head_size : {2, 14, 64, 96, 128}) {
    INFO("head size " << head_size);
    CHECK(attention_disagreement(b, std::vector<std::int32_t>{3, 34}, Full{}, Asking::every, 0.1, head_size, 1) <
          tolerance);
  }
  CHECK(attention_disagreement(b, std::vector<std::int32_t>{9, 40}, StrictlyBefore{}, Asking::every, 0.1, 32, 2) <
        tolerance);
}

TEST_CASE("the device's attention of a few queries to many keys agrees with the reference") {
  const TestedDevice b{};
  const std::vector<std::int32_t> lengths = {1, 200, 2, 65, 64, 333};
  for (const int head_size : {32, 64, 128}) {
    INFO("head size " << head_size);
    CHECK(attention_disagreement(b, lengths, Causal{}, Asking::last, 0.0, head_size, 2) < tolerance);
    CHECK(attention_disagreement(b, lengths, Full{}, Asking::last, 0.0, head_size, 1) < tolerance);
  }
  CHECK(attention_disagreement(b, lengths, BlocksAndPrefix{}, Asking::last, 0.0, 32, 1) < tolerance);
  CHECK(attention_disagreement(b, lengths, StrictlyBefore{}, Asking::last, 0.0, 32, 1) < tolerance);
  CHECK(attention_disagreement(b, lengths, OneOfRules<Causal, BlocksAndPrefix>(BlocksAndPrefix{5, 2}), Asking::last,
                               0.0, 64, 1) < tolerance);
  CHECK(attention_disagreement(b, lengths, Causal{}, Asking::last, 0.1, 32, 1) < tolerance);  // other kernels
  CHECK(attention_disagreement(b, lengths, Causal{}, Asking::last, 0.0, 96, 1) < tolerance);
}

TEST_CASE("heads that the device's attention cannot hold are refused") {
  const TestedDevice b{};
  CHECK_THROWS_WITH(attention_disagreement(b, std::vector<std::int32_t>{3}, Full{}, Asking::every, 0.1, 130, 1),
                    "[ordo] attention: heads have at most 128 columns on a GPU (got 130)");
}
