#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/choices.hpp>
#include <ordo/factorization/masked_diffusion.hpp>

#include <laws/draws_law.hpp>

namespace {

using ordo::Cosine;
using ordo::ExactCount;
using ordo::Levels;
using ordo::Linear;
using ordo::MaskedDiffusion;
using ordo::PerToken;
using ordo::Slot;

template <class F>
std::vector<Slot> plan_of(const F& policy, std::int32_t length, std::uint64_t n) {
  ordo::RandomChoices choices(3, ordo::Purpose::plan, n);
  std::vector<Slot> slots;
  (void)policy.plan({length}, choices, slots);
  return slots;
}
std::size_t hidden_in(const std::vector<Slot>& slots) {
  return static_cast<std::size_t>(
      std::count_if(slots.begin(), slots.end(), [](const Slot& s) { return s.predicts(); }));
}

/// Choices with one level, that writes down the probabilities that it is asked about and hides every second token.
struct Scripted {
  double t = 0.5;
  std::vector<double> asked = {};

  std::uint32_t below(std::uint32_t) { return 0; }
  bool happens(double probability) {
    asked.push_back(probability);
    return asked.size() % 2 == 1;
  }
  double level(Levels) { return t; }
  template <class Cumulative>
  std::uint32_t pick(std::uint32_t, Levels, const Cumulative&) {
    return 0;
  }
  [[nodiscard]] double progress() const { return 1; }
};

}  // namespace

TEMPLATE_TEST_CASE("a hidden token's slot shows the mask where it stands and predicts it, any other shows its token",
                   "", (MaskedDiffusion<>), (MaskedDiffusion<Cosine, ExactCount>), (MaskedDiffusion<Linear, PerToken>),
                   (MaskedDiffusion<Cosine, PerToken>)) {
  for (std::uint64_t n = 0; n < 50; ++n) {
    const auto slots = plan_of(TestType{}, 9, n);
    REQUIRE(slots.size() == 9);
    for (std::int32_t i = 0; i < 9; ++i) {
      const Slot& s = slots[static_cast<std::size_t>(i)];
      CHECK(s == (s.predicts() ? Slot::mask(i).predicting(i, s.weight) : Slot::token(i)));
    }
  }
}

TEST_CASE("an exact count hides 1 to T tokens, each count as often, with weight T / count") {
  constexpr std::int32_t length = 8;
  constexpr std::size_t samples = 8000;
  const MaskedDiffusion<Linear, ExactCount> policy{{.levels = Levels::independent}};
  std::map<std::size_t, std::size_t> counts;
  for (std::uint64_t n = 0; n < samples; ++n) {
    const auto slots = plan_of(policy, length, n);
    const std::size_t hidden = hidden_in(slots);
    ++counts[hidden];
    for (const Slot& s : slots) {
      if (s.predicts())
        CHECK(s.weight == static_cast<float>(static_cast<double>(length) / static_cast<double>(hidden)));
    }
  }
  std::map<std::size_t, double> expected;
  for (std::size_t count = 1; count <= 8; ++count) expected[count] = 1.0 / 8;
  CHECK(counts.count(0) == 0);
  CHECK(std::abs(ordo::laws::chi_square_z(expected, counts, samples)) < 4);
}

TEST_CASE("low-discrepancy counts are even in every window of samples, independent ones are not") {
  const auto worst = [](Levels levels) {
    const MaskedDiffusion<Linear, ExactCount> policy{{.levels = levels}};
    double furthest = 0;
    for (const std::uint64_t first : {0ULL, 777ULL, 1ULL << 35}) {
      for (const std::size_t window : {8U, 32U, 100U, 512U}) {
        std::vector<double> counts(9, 0);
        for (std::size_t i = 0; i < window; ++i) counts[hidden_in(plan_of(policy, 8, first + i))] += 1;
        for (std::size_t k = 1; k <= 8; ++k) {
          furthest = std::max(furthest, std::abs(counts[k] - static_cast<double>(window) / 8));
        }
      }
    }
    return furthest;
  };
  CHECK(worst(Levels::low_discrepancy) <= 3);
  CHECK(worst(Levels::independent) > 6);  // a standard deviation of 7.5 in the largest window
}

TEST_CASE("under the cosine schedule a count's share is the time spent there, and its weight one over both") {
  constexpr std::int32_t length = 5;
  constexpr std::size_t samples = 6000;
  const MaskedDiffusion<Cosine, ExactCount> policy{{.levels = Levels::independent}};
  std::map<std::size_t, double> expected;
  for (std::size_t k = 1; k <= length; ++k) {
    const auto time = [](std::size_t count) { return Cosine{}.time_at(static_cast<double>(count) / length); };
    expected[k] = time(k) - time(k - 1);
  }
  CHECK(expected[5] > 2 * expected[1]);  // most of the time nearly everything is hidden
  std::map<std::size_t, std::size_t> counts;
  for (std::uint64_t n = 0; n < samples; ++n) {
    const auto slots = plan_of(policy, length, n);
    const std::size_t hidden = hidden_in(slots);
    ++counts[hidden];
    for (const Slot& s : slots) {
      if (!s.predicts()) continue;
      CHECK(static_cast<double>(s.weight) ==
            Approx(1 / (static_cast<double>(hidden) * expected[hidden])).epsilon(1e-5));
    }
  }
  CHECK(std::abs(ordo::laws::chi_square_z(expected, counts, samples)) < 4);
}

TEST_CASE("hidden subsets of one size are drawn uniformly: chi-square within four standard deviations") {
  std::map<std::vector<std::int32_t>, std::size_t> observed;
  std::size_t samples = 0;
  for (std::uint64_t n = 0; n < 30000; ++n) {
    const auto slots = plan_of(MaskedDiffusion<>{}, 6, n);
    if (hidden_in(slots) != 3) continue;
    std::vector<std::int32_t> hidden;
    for (const Slot& s : slots) {
      if (s.predicts()) hidden.push_back(s.target);
    }
    ++observed[hidden];
    ++samples;
  }
  std::map<std::vector<std::int32_t>, double> expected;
  for (const auto& entry : observed) expected[entry.first] = 1.0 / 20;
  CHECK(observed.size() == 20);
  CHECK(std::abs(ordo::laws::chi_square_z(expected, observed, samples)) < 4);
}

TEST_CASE("the paper hides each token with p = (1 - 1e-3) t + 1e-3 and weighs it by 1 / p") {
  for (const double t : {1e-9, 0.25, 0.999}) {
    Scripted choices{.t = t};
    std::vector<Slot> slots;
    (void)MaskedDiffusion<Linear, PerToken>{}.plan({4}, choices, slots);
    const double p = (1 - 1e-3) * t + 1e-3;
    REQUIRE(choices.asked.size() == 4);
    for (const double asked : choices.asked) CHECK(asked == Approx(p).epsilon(1e-14));
    CHECK(slots[0].weight == static_cast<float>(1 / p));
    CHECK(slots[2].weight == static_cast<float>(1 / p));
    CHECK_FALSE(slots[1].predicts());
  }
}

TEST_CASE("without a floor a token is hidden with the schedule's share and weighs slope over share") {
  Scripted choices{.t = 0.3};
  std::vector<Slot> slots;
  (void)MaskedDiffusion<Cosine, PerToken>{{.floor = 0}}.plan({1}, choices, slots);
  CHECK(choices.asked.at(0) == Cosine{}.hidden(0.3));
  CHECK(static_cast<double>(slots[0].weight) == Approx(Cosine{}.slope(0.3) / Cosine{}.hidden(0.3)).epsilon(1e-6));
}

TEST_CASE("the exact count's loss varies less than that of the paper's form") {
  // The weights of one draw add up to T under an exact count; hiding token by token they scatter around T.
  constexpr std::int32_t length = 16;
  const auto variance = [](const auto& policy) {
    double sum = 0;
    double square = 0;
    constexpr int samples = 2000;
    for (std::uint64_t n = 0; n < samples; ++n) {
      double total = 0;
      for (const Slot& s : plan_of(policy, length, n)) total += static_cast<double>(s.weight);
      sum += total;
      square += total * total;
    }
    return square / samples - (sum / samples) * (sum / samples);
  };
  CHECK(variance(MaskedDiffusion<>{}) < 1e-6);
  CHECK(variance(MaskedDiffusion<Linear, PerToken>{}) > 10);
}

TEST_CASE("a sequence of no tokens has a plan of no slots") {
  CHECK(plan_of(MaskedDiffusion<>{}, 0, 0).empty());
  CHECK(plan_of(MaskedDiffusion<Linear, PerToken>{}, 0, 0).empty());
}

TEST_CASE("only the forms without a floor are order averages") {
  CHECK(MaskedDiffusion<Linear, PerToken>{}.claim() == ordo::Claim::bound);
  CHECK(MaskedDiffusion<Linear, PerToken>{{.floor = 0}}.claim() == ordo::Claim::order_average);
  CHECK(MaskedDiffusion<>{}.claim() == ordo::Claim::order_average);
  CHECK(MaskedDiffusion<Cosine>{}.claim() == ordo::Claim::order_average);
}

TEST_CASE("a name says the schedule, the way of hiding and every setting that is not the default") {
  CHECK(MaskedDiffusion<>{}.name() == "masked");
  CHECK(MaskedDiffusion<Cosine>{}.name() == "masked:cosine");
  CHECK(MaskedDiffusion<Linear, ExactCount>{{.levels = Levels::independent}}.name() == "masked:independent");
  CHECK(MaskedDiffusion<Linear, PerToken>{}.name() == "masked:per-token");
  CHECK(MaskedDiffusion<Linear, PerToken>{{.floor = 0}}.name() == "masked:per-token:no-floor");
}

TEST_CASE("sampling shows what is known and asks for all the rest at once, any of which may be revealed") {
  STATIC_REQUIRE(ordo::MakesSampler<MaskedDiffusion<>>);
  ordo::RandomChoices choices(0, ordo::Purpose::sampling, 0);
  ordo::Known known = {0, 1, 0};
  const auto sampler = MaskedDiffusion<>{}.sampler({3}, known, choices);
  ordo::SampleStep step;
  REQUIRE(sampler.next(known, step));
  CHECK(step.keep.empty());
  CHECK(step.any_subset);
  CHECK(step.temporary == std::vector<Slot>{Slot::mask(0).predicting(0), Slot::token(1), Slot::mask(2).predicting(2)});
  known = {1, 1, 1};
  CHECK_FALSE(sampler.next(known, step));
}
