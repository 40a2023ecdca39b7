// The best setting of each size, budget and number of epochs, over the mean of its seeds.

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/lab/best_runs.hpp>

namespace {

ordo::RunRecord record(const std::string& factorization, double epochs, double decay, std::uint64_t seed, double own,
                       double exact) {
  ordo::RunRecord r;
  r.settings.factorization = factorization;
  r.settings.unique_tokens = 1000;
  r.settings.epochs = epochs;
  r.settings.weight_decay = decay;
  r.settings.seed = seed;
  r.parameters = 500;
  r.tokens = static_cast<std::int64_t>(1000 * epochs);
  r.own.nats_per_token = own;
  r.exact.nats_per_token = exact;
  return r;
}

}  // namespace

TEST_CASE("of all settings the one with the lowest mean over its seeds counts, for each family and number of epochs") {
  const std::vector<ordo::RunRecord> records = {
      record("ltr", 4, 0.1, 0, 2.0, 2.0), record("ltr", 4, 0.1, 1, 3.0, 3.0),  // the luckiest seed, but a mean of 2.5
      record("ltr", 4, 1, 0, 2.4, 2.6),   record("ltr", 4, 1, 1, 2.4, 2.6),    // 2.4 by its own score, 2.6 exactly
      record("ltr", 8, 1, 0, 2.1, 2.1),   record("masked", 4, 1, 0, 2.2, 2.3)};
  const auto own = ordo::best_runs(records, ordo::ComparedBy::own);
  REQUIRE(own.size() == 3);
  CHECK((own[0].factorization == "ltr" && own[0].epochs() == 4 && own[0].loss == Approx(2.4)));
  CHECK((own[1].epochs() == 8 && own[1].loss == Approx(2.1)));
  CHECK((own[2].factorization == "masked" && own[2].loss == Approx(2.2)));
  CHECK(ordo::best_runs(records, ordo::ComparedBy::exact)[0].loss == Approx(2.5));
}
