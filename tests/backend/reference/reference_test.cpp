#include <catch2/catch.hpp>

#include <support/backend_agreement.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/concepts/backend.hpp>

using namespace ordo;
using namespace ordo::testing;

static_assert(!Backend<int>);
static_assert(Backend<Reference<double>>);
static_assert(Backend<Reference<float>>);
static_assert(HasAttention<Reference<double>, BlocksAndPrefix>);
static_assert(HasAttention<Reference<float>, BlocksAndPrefix>);

namespace {

/// The reference with one mistake in three of its operations, to see that the comparison notices.
struct Mistaken : Reference<double> {};

void linear_input_gradient(const Mistaken& b, Matrix<const double> dy, Matrix<const double> w, Matrix<double> dx) {
  linear_input_gradient(static_cast<const Reference<double>&>(b), dy, w, dx);
  dx.row(dx.rows - 1)[dx.cols - 1] = 0;
}
void fill(const Mistaken&, std::span<double> values, double value) {
  for (double& v : values.first(values.size() - 1)) v = value;
}
template <class Rule>
void attention(const Mistaken& b, const AttentionLayout<Rule>& layout, Dropout, Matrix<const double> q,
               Matrix<const double> k, Matrix<const double> v, Matrix<double> out, Matrix<double> lse) {
  attention(static_cast<const Reference<double>&>(b), layout, Dropout::off(), q, k, v, out, lse);
}

}  // namespace

TEST_CASE("the comparison with the reference notices a backend's mistakes") {
  const Mistaken b;
  CHECK(embedding_disagreement(b) == 0);
  CHECK(linear_disagreement(b) > 1e-3);
  CHECK(optimizer_disagreement(b) > 1e-3);
  const std::vector<std::int32_t> lengths = {5, 9};
  CHECK(attention_disagreement(b, lengths, BlocksAndPrefix{}, Asking::every, 0, 4) == 0);
  CHECK(attention_disagreement(b, lengths, BlocksAndPrefix{}, Asking::every, 0.25, 4) > 1e-3);
}

TEST_CASE("the reference says its name and that it runs on one thread") {
  CHECK(Reference<double>{}.name() == "reference");
  CHECK(Reference<float>{}.threads() == 1);
}

TEST_CASE("the reference in float agrees with the reference in double") {
  const Reference<float> b;
  const double tolerance = 2e-6;  // float's epsilon is 1.2e-7; sums of some dozens of terms
  CHECK(embedding_disagreement(b) < tolerance);
  CHECK(rows_disagreement(b) < tolerance);
  CHECK(rms_norm_disagreement(b) < tolerance);
  CHECK(linear_disagreement(b) < tolerance);
  CHECK(rotary_disagreement(b) < tolerance);
  CHECK(swiglu_disagreement(b) < tolerance);
  CHECK(residual_disagreement(b, 0, true) < tolerance);
  CHECK(residual_disagreement(b, 0.3, true) < tolerance);
  CHECK(cross_entropy_disagreement(b) < tolerance);
  CHECK(optimizer_disagreement(b) < tolerance);
  CHECK(attention_disagreement(b, BlocksAndPrefix{}) < tolerance);
  CHECK(attention_disagreement(b, StrictlyBefore{}) < tolerance);
}
