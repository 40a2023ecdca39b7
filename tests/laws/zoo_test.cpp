// A law that cannot fail is no law: each rejects its own wrong policies, and only for what is wrong with them.

#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include <laws/coverage.hpp>
#include <laws/draws_law.hpp>
#include <laws/identity.hpp>
#include <laws/no_leak.hpp>
#include <laws/normalisation.hpp>
#include <laws/sampling.hpp>
#include <laws/tiles.hpp>
#include <laws/truth.hpp>
#include <laws/well_formed.hpp>
#include <laws/zoo.hpp>

namespace {

using namespace ordo::laws;
using ordo::Claim;

constexpr ordo::Shape four{4};

std::string words(const Report& report) {
  std::ostringstream text;
  text << report;
  return text.str();
}
template <class F>
bool true_of(const F& policy, ordo::Shape shape = four) {
  return truth(policy, shape, 2, 11).holds();
}
template <class F>
bool normal(const F& policy) {
  return normalisation(policy, four, 2, 12).holds();
}

}  // namespace

TEST_CASE("well-formedness rejects slots that no network could take") {
  CHECK_THAT(words(well_formed(zoo::wrong_position(), four)), Catch::Contains("shows token 0 at position 0"));
  CHECK_THAT(words(well_formed(zoo::wrong_target_position(), four)), Catch::Contains("told position 0 for token 0"));
  CHECK_THAT(words(well_formed(zoo::target_beyond_the_end(), four)), Catch::Contains("predicts token 4 of 4"));
  CHECK_THAT(words(well_formed(zoo::negative_weight(), four)), Catch::Contains("weight -1"));
  CHECK_THAT(words(well_formed(zoo::weight_without_target(), four)), Catch::Contains("predicts nothing, but"));
  CHECK_THAT(words(well_formed(zoo::sees_nothing(), four)), Catch::Contains("slot 0 sees no slot"));
  const auto misplaced_start = zoo::left_to_right_but([](std::int32_t i, ordo::Slot& s) {
    if (i == 0) s.position = 1;
  });
  CHECK_FALSE(well_formed(misplaced_start, four).holds());
  const auto misplaced_mask = zoo::left_to_right_but([](std::int32_t i, ordo::Slot& s) {
    if (i == 1) s.shows = ordo::Shows::mask, s.position = 0;
  });
  CHECK_FALSE(well_formed(misplaced_mask, four).holds());
  const auto no_such_token = zoo::left_to_right_but([](std::int32_t, ordo::Slot& s) {
    if (s.shows == ordo::Shows::token) s.index += 4, s.position += 4;
  });
  CHECK_FALSE(well_formed(no_such_token, four).holds());
}

TEST_CASE("no leak rejects every way of showing a target") {
  CHECK_FALSE(no_leak(zoo::shown_and_asked(), four).holds());
  CHECK_FALSE(no_leak(zoo::shows_its_target(), four).holds());
  CHECK_FALSE(no_leak(zoo::left_to_right_seeing_all(), four).holds());
  CHECK_THAT(words(no_leak(zoo::leak_over_two_hops(4), four)), Catch::Contains("4 faults"));
  // Leaks are well formed and covered: it takes this law (or the truth) to see them.
  CHECK(well_formed(zoo::leak_over_two_hops(4), four).holds());
  CHECK(coverage(zoo::leak_over_two_hops(4), four).holds());
}

TEST_CASE("the leak over two hops is none in one") {
  const auto policy = zoo::leak_over_two_hops(4);
  const auto draw = draws_of(policy, four).at(0);
  for (std::int32_t q = 0; q < draw.size(); ++q) {
    const auto& slot = draw.slots[static_cast<std::size_t>(q)];
    for (std::int32_t k = 0; k < draw.size() && slot.predicts(); ++k) {
      const auto& shown = draw.slots[static_cast<std::size_t>(k)];
      CHECK_FALSE((draw.rule.sees(q, k) && shown.shows == ordo::Shows::token && shown.index == slot.target));
    }
  }
}

TEST_CASE("coverage rejects weights that do not average to one") {
  CHECK_THAT(words(coverage(zoo::doubled_weight(), four)), Catch::Contains("mean weight on token 1: 2"));
  CHECK_THAT(words(coverage(zoo::forgotten_token(), four)), Catch::Contains("mean weight on token 3: 0"));
  CHECK_FALSE(coverage(zoo::unit_weight(), four).holds());
  CHECK_FALSE(coverage(zoo::half_weight_bound(), four).holds());
  CHECK_FALSE(coverage(zoo::biased_subset(), four).holds());
  CHECK_FALSE(coverage(zoo::shifted_weight(), four).holds());
  CHECK_THAT(words(coverage(zoo::GivenAndScored{}, four)), Catch::Contains("token 0 is given"));
  CHECK_FALSE(coverage(zoo::target_beyond_the_end(), four).holds());
}

TEST_CASE("truth rejects losses that are not what is claimed") {
  CHECK_FALSE(true_of(zoo::left_to_right_seeing_all()));
  CHECK_FALSE(true_of(zoo::leak_over_two_hops(4)));
  CHECK_FALSE(true_of(zoo::doubled_weight()));
  CHECK_FALSE(true_of(zoo::forgotten_token()));
  CHECK_FALSE(true_of(zoo::shifted_weight()));
  CHECK_FALSE(true_of(zoo::unit_weight()));
  CHECK_FALSE(true_of(zoo::half_weight_bound()));
  CHECK_FALSE(true_of(zoo::biased_subset()));
  CHECK_FALSE(true_of(zoo::GivenAndScored{}));
  CHECK_FALSE(true_of(zoo::untold_orders_as_average()));
  CHECK_FALSE(true_of(zoo::masked_diffusion_as_exact()));
  CHECK_FALSE(true_of(zoo::floor_as_average()));
  CHECK_FALSE(true_of(zoo::pseudo_likelihood_as_bound()));
  CHECK_FALSE(true_of(zoo::independent_tokens<Claim::exact>()));
  CHECK_FALSE(true_of(zoo::independent_tokens<Claim::order_average>()));
  CHECK(true_of(zoo::independent_tokens<Claim::bound>()));
}

TEST_CASE("truth sees subsets that are drawn unevenly where coverage cannot") {
  CHECK(coverage(zoo::hidden_runs(), four).holds());
  CHECK(true_of(zoo::hidden_runs(), {3}));  // up to three tokens, every subset is a run
  CHECK_FALSE(true_of(zoo::hidden_runs()));
}

TEST_CASE("truth accepts the same plans under the weaker claims that they deserve") {
  CHECK(true_of(zoo::claiming<Claim::order_average>(ordo::LeftToRight{})));
  CHECK(true_of(zoo::claiming<Claim::bound>(ordo::LeftToRight{})));
  CHECK(true_of(zoo::claiming<Claim::bound>(ordo::MaskedDiffusion<>{})));
  CHECK(true_of(zoo::claiming<Claim::training_only>(ordo::LeftToRight{})));
}

TEST_CASE("normalisation rejects losses that are not those of a distribution") {
  CHECK_FALSE(normal(zoo::doubled_weight()));
  CHECK_FALSE(normal(zoo::forgotten_token()));
  CHECK_FALSE(normal(zoo::half_weight_bound()));
  CHECK_FALSE(normal(zoo::unit_weight()));
  CHECK_FALSE(normal(zoo::GivenAndScored{}));
  CHECK_FALSE(normal(zoo::left_to_right_seeing_all()));
  CHECK_FALSE(normal(zoo::masked_diffusion_as_exact()));
  CHECK(normal(zoo::independent_tokens<Claim::exact>()));
}

TEST_CASE("draws that remember, or follow other odds, are rejected") {
  CHECK_FALSE(pure_draws(zoo::Remembers{}, four).holds());
  CHECK_FALSE(frequencies(zoo::OtherOdds{}, four).holds());
  CHECK(pure_draws(zoo::OtherOdds{}, four).holds());
}

TEST_CASE("the tile law rejects promises that are not kept, and counts answers that could be sharper") {
  CHECK_THAT(words(tiles(zoo::NoneOnTheDiagonal{}, 6).report), Catch::Contains("none is promised"));
  CHECK_THAT(words(tiles(zoo::AllTooSoon{}, 6).report), Catch::Contains("all is promised"));
  const auto blurred = tiles(zoo::NeverPromises{}, 6);
  CHECK(blurred.report.holds());
  CHECK(blurred.blurred > 0);
  CHECK(blurred.rectangles == 21 * 21);
  CHECK_FALSE(tiles_of(zoo::left_to_right_but<zoo::AllTooSoon>([](std::int32_t, ordo::Slot&) {}), four).holds());
}

TEST_CASE("identity rejects policies that differ in a slot, in a weight's last bit or in what is seen") {
  const auto last_bit = zoo::left_to_right_but(
      [](std::int32_t i, ordo::Slot& s) { s.weight = i == 2 ? std::nextafter(1.0F, 2.0F) : 1.0F; });
  CHECK_FALSE(identical(ordo::LeftToRight{}, last_bit, four).holds());
  CHECK_FALSE(identical(ordo::LeftToRight{}, ordo::Orderings<3>{}, four).holds());
  CHECK_FALSE(identical(ordo::LeftToRight{}, zoo::left_to_right_seeing_all(), four).holds());
}

TEST_CASE("the sampling law rejects samplers that look ahead, keep what changes, ask twice, stop early or never") {
  const ordo::Known none(4, 0);
  CHECK_THAT(words(sampling(zoo::ShowsUnknown{four}, four, none)), Catch::Contains("not known yet"));
  CHECK_THAT(words(sampling(zoo::KeepsWhatChanges{four}, four, none)), Catch::Contains("of a later step"));
  CHECK_THAT(words(sampling(zoo::AsksTwice{}, four, none)), Catch::Contains("asks for token 0 twice"));
  CHECK_THAT(words(sampling(zoo::StopsEarly{four}, four, none)), Catch::Contains("token 3 was never asked for"));
  CHECK_THAT(words(sampling(zoo::NeverStops{}, four, none)), Catch::Contains("token 0, known"));
}

TEST_CASE("the enumerator refuses a policy whose number of choices is not its own") {
  CHECK_THROWS_WITH(draws_of(zoo::made<ordo::Full, Claim::bound>([](ordo::Shape, auto& choices, auto&) {
                               while (!choices.happens(0.5)) {
                               }
                             }),
                             four),
                    Catch::Contains("too many to enumerate"));
}

TEST_CASE("combinators gone wrong are rejected, each by the law of what is wrong with it") {
  CHECK_FALSE(no_leak(zoo::SeesItsOwnCopy{}, four).holds());
  CHECK(coverage(zoo::SeesItsOwnCopy{}, four).holds());
  CHECK_FALSE(coverage(zoo::weight_of_the_sequence(), {2}).holds());
  CHECK_THAT(words(coverage(zoo::PredictsThePrefix{}, four)), Catch::Contains("token 0 is given, but predicted"));
  CHECK_FALSE(coverage(zoo::suffix_weighted_by_share(), four).holds());
  CHECK_FALSE(true_of(zoo::two_orders_as_average()));
  CHECK_FALSE(true_of(zoo::untold_middle_as_average()));
  CHECK_FALSE(true_of(zoo::noise_as_exact()));
  CHECK_FALSE(true_of(zoo::finite_steps_as_average()));
  CHECK_FALSE(true_of(zoo::left_context_as_average()));
}
