// The CPU backend against the reference in double: every operation, on awkward sizes, with 1, 2 and 3 threads.

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include <support/backend_agreement.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

constexpr double tolerance = 5e-6;       // fp32, sums of up to some hundred terms
constexpr double long_tolerance = 3e-5;  // sums of up to some thousand terms, in order

}  // namespace

TEMPLATE_TEST_CASE_SIG("the CPU's operations agree with the reference", "", ((int Threads), Threads), 1, 2, 3) {
  const Cpu b(Threads);
  check_operations(b, tolerance, 320, 100'003);
}

TEMPLATE_TEST_CASE_SIG("the CPU's linear layers agree with the reference on all sides of a tile's edges", "",
                       ((int Threads), Threads), 1, 2, 3) {
  const Cpu b(Threads);
  for (const std::int64_t rows : {1, 5, 7, 65}) {
    for (const std::int64_t in : {1, 31, 64, 129}) {
      for (const std::int64_t out : {1, 17, 64, 67}) {
        INFO("rows " << rows << ", in " << in << ", out " << out);
        CHECK(linear_disagreement(b, rows, in, out) < tolerance);
      }
    }
  }
  CHECK(linear_disagreement(b, 700, 130, 300) < long_tolerance);
}

TEMPLATE_TEST_CASE_SIG("the CPU's cross-entropy agrees with the reference", "", ((int Threads), Threads), 1, 2, 3) {
  const Cpu b(Threads);
  CHECK(cross_entropy_disagreement(b) < tolerance);
  CHECK(cross_entropy_disagreement(b, 1, 1, 1) < tolerance);
  CHECK(cross_entropy_disagreement(b, 7, 2, 1) < tolerance);
  CHECK(cross_entropy_disagreement(b, 33, 1031, 5) < tolerance);
  CHECK(cross_entropy_disagreement(b, 150, 256, 200) < tolerance);
}

TEMPLATE_TEST_CASE_SIG("the CPU's attention agrees with the reference under every kind of rule", "",
                       ((int Threads), Threads), 1, 2, 3) {
  const Cpu b(Threads);
  CHECK(attention_disagreement(b, Causal{}) < tolerance);
  CHECK(attention_disagreement(b, Full{}) < tolerance);
  CHECK(attention_disagreement(b, BlocksAndPrefix{}) < tolerance);
  CHECK(attention_disagreement(b, BlocksAndPrefix{64, 64}) < tolerance);
  CHECK(attention_disagreement(b, OneOfRules<Causal, BlocksAndPrefix>(BlocksAndPrefix{5, 2})) < tolerance);
}

TEST_CASE("the CPU's attention agrees with the reference under block diffusion's rule") {
  const Cpu b(2);
  for (const std::int32_t block : {1, 4, 16, 48, 64}) {
    for (const std::int32_t length : {64, 100, 192}) {
      RandomChoices choices(0, Purpose::test, 0);
      std::vector<Slot> slots;
      const auto rule = Blockwise<dynamic, MaskedDiffusion<>>{block}.plan({length}, choices, slots);
      INFO("block " << block << ", length " << length);
      const std::vector<std::int32_t> lengths = {static_cast<std::int32_t>(slots.size())};
      CHECK(attention_disagreement(b, lengths, rule, Asking::every, 0.1, 32) < tolerance);
      CHECK(attention_disagreement(b, lengths, rule, Asking::some, 0.0, 16) < tolerance);
    }
  }
}

TEST_CASE("the CPU's attention agrees with the reference at every edge of a tile") {
  const Cpu b(2);
  for (const std::int32_t length : {1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 300}) {
    INFO("length " << length);
    const std::vector<std::int32_t> lengths = {40, length};  // alone, a length of 1 has no dq but rounding errors
    CHECK(attention_disagreement(b, lengths, Causal{}, Asking::every, 0.1, 32) < tolerance);
    CHECK(attention_disagreement(b, lengths, Causal{}, Asking::some, 0.0, 64) < tolerance);
  }
  for (const int head_size : {2, 14, 16, 18, 64, 128}) {
    INFO("head size " << head_size);
    CHECK(attention_disagreement(b, std::vector<std::int32_t>{3, 66}, Full{}, Asking::every, 0.1, head_size) <
          tolerance);
  }
  CHECK(attention_disagreement(b, std::vector<std::int32_t>{1100}, Causal{}, Asking::every, 0.1, 16, 1) < tolerance);
}
