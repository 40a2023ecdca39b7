#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <vector>

#include <ordo/backend/cpu/dropout_draws.hpp>

using namespace ordo;

TEST_CASE("draws of many counters at a time are those of Random123, bit for bit") {
  const std::uint64_t seed = 0x1234'5678'9abc'def0ULL;
  const Dropout dropout = Dropout::at(0.1, seed, 77, DropoutSite::attention);
  const std::uint64_t sample = 0xab'1234'5678ULL;
  for (const std::uint32_t rows : {1U, 2U, 5U, 64U}) {
    for (const std::uint32_t blocks : {1U, 3U, 8U, 31U}) {
      std::vector<std::int32_t> slots;
      for (std::uint32_t r = 0; r < rows; ++r) slots.push_back(static_cast<std::int32_t>(1000 + 3 * r));
      std::vector<std::uint16_t> draws(static_cast<std::size_t>(rows) * blocks * 8 + 1, 0xbeef);
      cpu::dropout_draws(dropout, {&sample, 1}, 5, slots, 100, blocks, draws.data());
      std::size_t wrong = 0;
      for (std::uint32_t r = 0; r < rows; ++r) {
        for (std::uint32_t b = 0; b < blocks; ++b) {
          const std::array<std::uint32_t, 4> words =
              dropout.words(sample, 5, static_cast<std::uint32_t>(slots[r]), 100 + b);
          for (std::uint32_t c = 0; c < 8; ++c) {
            const std::uint32_t expected = (words[c / 2] >> (c % 2 == 0 ? 0 : 16)) & 0xffffU;
            wrong += draws[(static_cast<std::size_t>(r) * blocks + b) * 8 + c] != expected;
          }
        }
      }
      CHECK(wrong == 0);
      CHECK(draws.back() == 0xbeef);  // nothing behind the last
    }
  }
}

TEST_CASE("drop keeps what Dropout::keeps, and scales it") {
  const Dropout dropout = Dropout::at(0.3, 9, 1, DropoutSite::feed_forward_branch);
  const std::vector<std::int32_t> slot = {12};
  std::vector<std::uint16_t> draws(40);
  const std::uint64_t sample = 4;
  cpu::dropout_draws(dropout, {&sample, 1}, 0, slot, 0, 5, draws.data());
  const std::vector<float> from(37, 2.0F);
  std::vector<float> to(37);
  cpu::drop(draws.data(), dropout.threshold, dropout.scale(), from.data(), to.data(), 37);
  for (std::uint32_t c = 0; c < 37; ++c) {
    CHECK(to[c] == (dropout.keeps(4, 0, 12, c) ? 2.0F * dropout.scale() : 0.0F));
  }
}
