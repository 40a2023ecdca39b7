#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <support/random_cases.hpp>

#include <ordo/backend/cpu/cpu.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

/// One attention call forward and backward; all that it writes.
template <class Rule>
std::vector<Table<float>> run(const Cpu& b, const Rule& rule, std::int32_t length, double rate, Asking asking) {
  constexpr int head_size = 32;
  constexpr std::int64_t width = 2 * head_size;
  RandomCase random(3);
  const std::vector<std::int32_t> lengths = {length, length / 2 + 1, 3};
  const PackedCase<Rule> packed = pack(random, lengths, rule, asking);
  const auto q = random.table(packed.queries, width).template as<float>();
  const auto k = random.table(packed.keys, width).template as<float>();
  const auto v = random.table(packed.keys, width).template as<float>();
  const auto dout = random.table(packed.queries, width).template as<float>();
  Table<float> out(packed.queries, width);
  Table<float> lse(packed.queries, 2);
  Table<float> dq(packed.queries, width);
  Table<float> dk(packed.keys, width);
  Table<float> dv(packed.keys, width);
  const Dropout dropout = Dropout::at(rate, 1, 2, DropoutSite::attention);
  const auto layout = packed.layout(head_size);
  attention(b, layout, dropout, q.view(), k.view(), v.view(), out.view(), lse.view());
  attention_gradient(b, layout, dropout, q.view(), k.view(), v.view(), out.view(), lse.view(), dout.view(), dq.view(),
                     dk.view(), dv.view());
  return {out, lse, dq, dk, dv};
}

bool same_bits(const std::vector<Table<float>>& a, const std::vector<Table<float>>& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!std::equal(a[i].all().begin(), a[i].all().end(), b[i].all().begin(), b[i].all().end())) return false;
  }
  return true;
}

/// A rule that never makes a promise.
struct CausalWithoutPromises {
  [[nodiscard]] bool sees(std::int32_t q, std::int32_t k) const { return k <= q; }
  [[nodiscard]] Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const { return Tile::some; }
};

}  // namespace

TEST_CASE("the CPU's attention refuses shapes that do not fit, and names them") {
  const Cpu b(1);
  Table<float> x(2, 6);
  Table<float> lse(2, 2);
  const AttentionLayout<Full> odd{4, {}, {}};
  CHECK_THROWS_WITH(attention(b, odd, Dropout::off(), x.view(), x.view(), x.view(), x.view(), lse.view()),
                    "[ordo] attention: the head size must divide the columns (got 4 and 6)");
  const std::vector<AttentionSequence<Full>> sequences = {{0, 2, 1, 2, 0, {}}};
  const std::vector<std::int32_t> slots = {0, 1};
  const AttentionLayout<Full> beyond{3, sequences, slots};
  CHECK_THROWS_WITH(attention(b, beyond, Dropout::off(), x.view(), x.view(), x.view(), x.view(), lse.view()),
                    "[ordo] attention: a sequence's keys end at row 3 of 2");
  CHECK_THROWS_WITH(attention_gradient(b, beyond, Dropout::off(), x.view(), x.view(), x.view(), x.view(), lse.view(),
                                       x.view(), x.view(), x.view(), x.view()),
                    Catch::Contains("attention_gradient: a sequence's keys end"));
}

TEST_CASE("the CPU's attention has the same bits on repetition and with any number of threads") {
  for (const double rate : {0.0, 0.1}) {
    const auto expected = run(Cpu(1), Causal{}, 200, rate, Asking::some);
    for (const int threads : {1, 2, 3})
      CHECK(same_bits(expected, run(Cpu(threads), Causal{}, 200, rate, Asking::some)));
  }
  CHECK_FALSE(
      same_bits(run(Cpu(1), Causal{}, 200, 0.1, Asking::every), run(Cpu(1), Causal{}, 200, 0.2, Asking::every)));
}

TEST_CASE("promises of a rule change no number that matters: pairs asked one by one give the same") {
  const auto with = run(Cpu(2), Causal{}, 150, 0.1, Asking::every);
  const auto without = run(Cpu(2), CausalWithoutPromises{}, 150, 0.1, Asking::every);
  for (std::size_t t = 0; t < with.size(); ++t) {
    for (std::size_t i = 0; i < with[t].all().size(); ++i) {
      REQUIRE(with[t].all()[i] == Approx(without[t].all()[i]).margin(1e-6));
    }
  }
}

TEST_CASE("a query that sees nothing gets zeros, an lse of minus infinity, and no gradient but zeros") {
  const auto written = run(Cpu(2), StrictlyBefore{}, 100, 0.1, Asking::every);
  const Table<float>& out = written[0];
  const Table<float>& dq = written[2];
  for (int c = 0; c < 64; ++c) {
    CHECK(out.at(0, c) == 0);
    CHECK(dq.at(0, c) == 0);
  }
  CHECK(written[1].at(0, 0) == -std::numeric_limits<float>::infinity());
  CHECK(std::isfinite(written[1].at(1, 0)));
  for (const auto& table : {out, dq, written[3], written[4]}) {
    for (const float x : table.all()) REQUIRE(std::isfinite(x));
  }
}

TEST_CASE("a score that is not a number does not vanish in the softmax") {
  const Cpu b(1);
  Table<float> q(1, 32);
  Table<float> k(1, 32);
  Table<float> out(1, 32);
  Table<float> lse(1, 1);
  q.at(0, 3) = std::numeric_limits<float>::quiet_NaN();
  const std::vector<AttentionSequence<Full>> sequences = {{0, 1, 0, 1, 0, {}}};
  const std::vector<std::int32_t> slots = {0};
  attention(b, AttentionLayout<Full>{32, sequences, slots}, Dropout::off(), q.view(), k.view(), k.view(), out.view(),
            lse.view());
  CHECK(std::isnan(out.at(0, 0)));
}

TEST_CASE("scores of hundreds neither overflow nor lose the largest") {
  const Cpu b(1);
  Table<float> q(1, 32);
  Table<float> k(70, 32);
  Table<float> v(70, 32);
  Table<float> out(1, 32);
  Table<float> lse(1, 1);
  q.at(0, 0) = 1000 * std::sqrt(32.0F);
  for (int j = 0; j < 70; ++j) {
    k.at(j, 0) = j == 66 ? 1.0F : -1.0F;
    v.at(j, 5) = static_cast<float>(j);
  }
  const std::vector<AttentionSequence<Full>> sequences = {{0, 1, 0, 70, 0, {}}};
  const std::vector<std::int32_t> slots = {0};
  attention(b, AttentionLayout<Full>{32, sequences, slots}, Dropout::off(), q.view(), k.view(), v.view(), out.view(),
            lse.view());
  CHECK(out.at(0, 5) == Approx(66));
  CHECK(lse.at(0, 0) == Approx(1000));
}
