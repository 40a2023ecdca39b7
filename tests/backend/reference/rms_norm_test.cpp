#include <catch2/catch.hpp>
#include <vector>

#include <support/gradients.hpp>
#include <support/random_cases.hpp>

#include <ordo/backend/reference/rms_norm.hpp>

using namespace ordo;
using namespace ordo::testing;

TEST_CASE("RMSNorm divides by the root of the mean square plus epsilon") {
  const Reference<double> b;
  const Table<double> x = Table<double>::of({{3, 4}});  // mean square 12.5
  const std::vector<double> gain = {1, 2};
  Table<double> y(1, 2);
  std::vector<double> inverse_rms(1);
  rms_norm(b, x.view(), gain, 3.5, y.view(), inverse_rms);
  CHECK(inverse_rms[0] == 0.25);
  CHECK(relative_error(y, Table<double>::of({{0.75, 2}})) == 0);
}

TEST_CASE("RMSNorm of a row of zeros is zero") {
  const Reference<double> b;
  const Table<double> x(1, 2);
  const std::vector<double> gain = {1, 2};
  Table<double> y = Table<double>::of({{9, 9}});
  std::vector<double> inverse_rms(1);
  rms_norm(b, x.view(), gain, 1e-5, y.view(), inverse_rms);
  CHECK(relative_error(y, x) == 0);
  CHECK(inverse_rms[0] == Approx(316.227766));
}

TEST_CASE("RMSNorm's gradients agree with central differences and are added") {
  const Reference<double> b;
  RandomCase random(1);
  Table<double> x = random.table(4, 6, 1);
  Table<double> gain = random.table(1, 6);
  const Table<double> dy = random.table(4, 6, 2);
  Table<double> y(4, 6, 3);
  std::vector<double> inverse_rms(4);
  const double epsilon = 0.1;  // large enough to matter
  const auto loss = [&] {
    rms_norm(b, x.view(), gain.all(), epsilon, y.view(), inverse_rms);
    return functional(dy, y);
  };
  loss();
  Table<double> dx = random.table(4, 6, 1);
  Table<double> dgain = random.table(1, 6);
  const Table<double> dx_before = dx;
  const Table<double> dgain_before = dgain;
  rms_norm_gradient(b, x.view(), gain.all(), inverse_rms, dy.view(), dx.view(), dgain.all());
  CHECK(gradient_error(added(dx.all(), dx_before.all()), x.all(), loss) < gradient_tolerance);
  CHECK(gradient_error(added(dgain.all(), dgain_before.all()), gain.all(), loss) < gradient_tolerance);
}
