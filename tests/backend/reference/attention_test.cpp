#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/attention.hpp>
#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/causal.hpp>
#include <ordo/factorization/rule/full.hpp>

using namespace ordo;
using namespace ordo::testing;

namespace {

constexpr int head_size = 4;
constexpr int heads = 2;
constexpr std::int64_t width = heads * head_size;

/// Random inputs of one attention call, its outputs and its gradients.
template <class R, class Rule>
struct Call {
  Call(const std::vector<std::int32_t>& lengths, const Rule& rule, Asking asking, double rate, std::int32_t gap = 0)
      : random(17), packed(pack(random, lengths, rule, asking, gap)) {
    dropout = Dropout::at(rate, 23, 1, DropoutSite::attention);
    q = random.table(packed.queries, width, 1).template as<R>();
    k = random.table(packed.keys, width, 2).template as<R>();
    v = random.table(packed.keys, width, 3).template as<R>();
    out = Table<R>(packed.queries, width);
    lse = Table<R>(packed.queries, heads);
  }
  void forward() {
    attention(Reference<R>{}, packed.layout(head_size), dropout, q.view(), k.view(), v.view(), out.view(), lse.view());
  }

  RandomCase random;
  PackedCase<Rule> packed;
  Dropout dropout;
  Table<R> q, k, v, out, lse;
};

/// The worst error of dq, dk and dv, against differences of a random functional of the output.
template <class Rule>
double worst_gradient_error(const Rule& rule, Asking asking, double rate) {
  Call<double, Rule> call({5, 1, 7}, rule, asking, rate, 1);
  const Table<double> dout = call.random.table(call.packed.queries, width, 1);
  call.forward();
  Table<double> dq(call.packed.queries, width, 1);
  Table<double> dk(call.packed.keys, width, 2);
  Table<double> dv(call.packed.keys, width, 3);
  for (Table<double>* gradient : {&dq, &dk, &dv}) gradient->at(0, 0) = 9;  // must be overwritten
  attention_gradient(Reference<double>{}, call.packed.layout(head_size), call.dropout, call.q.view(), call.k.view(),
                     call.v.view(), call.out.view(), call.lse.view(), dout.view(), dq.view(), dk.view(), dv.view());
  const auto loss = [&] {
    call.forward();
    return functional(dout, call.out);
  };
  return std::max(
      {gradient_error(dq, call.q, loss), gradient_error(dk, call.k, loss), gradient_error(dv, call.v, loss)});
}

}  // namespace

TEST_CASE("attention refuses a head size that does not divide the columns") {
  Table<double> x(1, 6);
  Table<double> lse(1, 2);
  const AttentionLayout<Full> layout{4, {}, {}};
  CHECK_THROWS_WITH(
      attention(Reference<double>{}, layout, Dropout::off(), x.view(), x.view(), x.view(), x.view(), lse.view()),
      "[ordo] attention: the head size must divide the columns (got 4 and 6)");
  CHECK_THROWS_WITH(attention_gradient(Reference<double>{}, layout, Dropout::off(), x.view(), x.view(), x.view(),
                                       x.view(), lse.view(), x.view(), x.view(), x.view(), x.view()),
                    Catch::Contains("attention_gradient"));
}

TEST_CASE("attention weighs values by softmax(q . k / sqrt(D)) and reports the log of the sum") {
  // One head of 4: q . k / 2 is 0 and log 3, so the probabilities are 1/4 and 3/4.
  Table<double> q(1, 4);
  Table<double> k(2, 4);
  Table<double> v(2, 4);
  q.at(0, 1) = 2;
  k.at(1, 1) = std::log(3.0);
  v.at(0, 0) = 4;
  v.at(1, 0) = 8;
  v.at(1, 3) = 1;
  const std::vector<AttentionSequence<Full>> sequences = {{0, 1, 0, 2, 0, {}}};
  const std::vector<std::int32_t> slot = {0};
  Table<double> out(1, 4);
  Table<double> lse(1, 1);
  attention(Reference<double>{}, AttentionLayout<Full>{4, sequences, slot}, Dropout::off(), q.view(), k.view(),
            v.view(), out.view(), lse.view());
  CHECK(out.at(0, 0) == Approx(7).epsilon(1e-14));
  CHECK(out.at(0, 3) == Approx(0.75).epsilon(1e-14));
  CHECK(out.at(0, 1) == 0);
  CHECK(lse.at(0, 0) == Approx(std::log(4.0)).epsilon(1e-14));
}

TEST_CASE("attention stays finite where exponentials of the scores overflow") {
  Call<float, Full> call({3}, {}, Asking::every, 0);
  for (float& number : call.q.all()) number *= 1000;
  call.forward();
  bool finite = true;
  for (const float number : call.out.all()) finite = finite && std::isfinite(number);
  for (const float number : call.lse.all()) finite = finite && std::isfinite(number);
  CHECK(finite);
}

TEST_CASE("a query that sees nothing gets zeros and a log-sum of minus infinity, and passes no gradient") {
  Call<double, StrictlyBefore> call({3}, {}, Asking::every, 0);
  for (double& number : call.out.all()) number = 5;
  call.forward();
  for (int c = 0; c < width; ++c) CHECK(call.out.at(0, c) == 0);
  for (int h = 0; h < heads; ++h) CHECK(call.lse.at(0, h) == -std::numeric_limits<double>::infinity());
  CHECK(std::isfinite(call.lse.at(1, 0)));
  Table<double> dq(3, width);
  Table<double> dk = call.random.table(3, width);
  Table<double> dv = call.random.table(3, width);
  attention_gradient(Reference<double>{}, call.packed.layout(head_size), Dropout::off(), call.q.view(), call.k.view(),
                     call.v.view(), call.out.view(), call.lse.view(), call.q.view(), dq.view(), dk.view(), dv.view());
  for (int c = 0; c < width; ++c) {
    CHECK(dq.at(0, c) == 0);
    CHECK(dk.at(2, c) == 0);  // nobody sees the last slot
    CHECK(dv.at(2, c) == 0);
    CHECK(dv.at(0, c) != 0);
  }
}

TEMPLATE_TEST_CASE("attention's gradients agree with central differences", "", Causal, Full, BlocksAndPrefix,
                   StrictlyBefore) {
  for (const Asking asking : {Asking::every, Asking::some}) {
    for (const double rate : {0.0, 0.3}) {
      CAPTURE(asking == Asking::every, rate);
      CHECK(worst_gradient_error(TestType{}, asking, rate) < gradient_tolerance);
    }
  }
}

TEST_CASE("attention's output ignores what the rule hides") {
  Call<double, BlocksAndPrefix> call({4, 9}, {}, Asking::every, 0);
  call.forward();
  const Table<double> before = call.out;
  const std::int32_t hidden = 8;  // slot 8 of the second sequence, in its last block of 4
  call.k.at(4 + hidden, 0) += 1;
  call.v.at(4 + hidden, 1) += 1;
  call.forward();
  for (std::int32_t slot = 0; slot < 9; ++slot) {
    bool same = true;
    for (int c = 0; c < width; ++c) same = same && call.out.at(4 + slot, c) == before.at(4 + slot, c);
    CHECK(same != call.packed.sequences[1].rule.sees(slot, hidden));
  }
}

TEST_CASE("attention dropout keeps exactly what Dropout::keeps says, on the probabilities, and leaves the log-sum") {
  Call<double, Full> call({9}, {}, Asking::some, 0.25);
  for (double& number : call.q.all()) number = 0;  // probabilities 1/9
  for (double& number : call.v.all()) number = 0;
  for (int j = 0; j < 9; ++j) {  // the value of key j is 9 * 2^j in both heads: the output spells who was kept
    for (int h = 0; h < heads; ++h) call.v.at(j, h * head_size) = 9 * std::ldexp(1.0, j);
  }
  call.forward();
  const std::uint64_t sample = call.packed.sequences[0].sample;
  for (std::int64_t r = 0; r < call.packed.queries; ++r) {
    const auto slot = static_cast<std::uint32_t>(call.packed.query_slot[static_cast<std::size_t>(r)]);
    for (std::uint32_t h = 0; h < heads; ++h) {
      double expected = 0;
      for (std::uint32_t j = 0; j < 9; ++j) {
        if (call.dropout.keeps(sample, h, slot, j)) expected += std::ldexp(1.0, static_cast<int>(j)) / 0.75;
      }
      CHECK(call.out.at(r, h * head_size) == Approx(expected).epsilon(1e-6));
      CHECK(call.lse.at(r, h) == Approx(std::log(9.0)).epsilon(1e-14));
    }
  }
}

TEST_CASE("a query asked alone, on the keys laid out so far, gets the bits of the whole batch") {
  for (const double rate : {0.0, 0.3}) {
    Call<float, Causal> call({6, 11}, {}, Asking::every, rate);
    call.forward();
    bool same = true;
    for (const AttentionSequence<Causal>& whole : call.packed.sequences) {
      for (std::int32_t slot = 0; slot < whole.keys; ++slot) {
        const std::vector<std::int32_t> slots = {slot};
        const std::vector<AttentionSequence<Causal>> step = {{0, 1, 0, slot + 1, whole.sample, {}}};
        Table<float> out(1, width);
        Table<float> lse(1, heads);
        attention(Reference<float>{}, AttentionLayout<Causal>{head_size, step, slots}, call.dropout,
                  call.q.view().slice(whole.query_begin + slot, 1), call.k.view().slice(whole.key_begin, slot + 1),
                  call.v.view().slice(whole.key_begin, slot + 1), out.view(), lse.view());
        for (int c = 0; c < width; ++c) same = same && out.at(0, c) == call.out.at(whole.query_begin + slot, c);
        for (int h = 0; h < heads; ++h) same = same && lse.at(0, h) == call.lse.at(whole.query_begin + slot, h);
      }
    }
    CHECK(same);
  }
}

TEST_CASE("attention under one of several rules is attention under the rule that it holds") {
  Call<double, Causal> plain({5, 8}, {}, Asking::some, 0);
  Call<double, OneOfRules<Full, Causal>> chosen({5, 8}, Causal{}, Asking::some, 0);
  plain.forward();
  chosen.forward();
  CHECK(relative_error(chosen.out, plain.out) == 0);
  Call<double, OneOfRules<Full, Causal>> other({5, 8}, Full{}, Asking::some, 0);
  other.forward();
  CHECK(relative_error(other.out, plain.out) > 0.01);
}
