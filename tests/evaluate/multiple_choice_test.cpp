// Multiple choice: against the chain rule and the bound written out, and what is refused.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/data/codec.hpp>
#include <ordo/evaluate/multiple_choice.hpp>
#include <ordo/evaluate/sequence_nats.hpp>
#include <ordo/factorizations.hpp>
#include <ordo/generate/generate.hpp>

#include <support/sequences.hpp>

namespace {

using Double = ordo::Reference<double>;
using ordo::ChoiceMethod;
using ordo::ChoiceTask;
using ordo::Token;
using Masked = ordo::MaskedDiffusion<>;
using Sequence = std::vector<Token>;

const ordo::Network<Double>& network() {
  static const ordo::Network<Double> made(
      {.layers = 2, .width = 8, .heads = 2, .hidden = 6, .vocab = 3, .context = 6, .dropout = 0.5, .init_std = 0.7}, {},
      7);
  return made;
}

const ordo::TextCodec& abc() {
  static const ordo::TextCodec codec = ordo::TextCodec::characters({'a', 'b', 'c'});
  return codec;
}

/// All pairs of different continuations of two letters, and longer ones, each labelled 0.
std::vector<ChoiceTask> many_tasks() {
  std::vector<ChoiceTask> tasks;
  for (const std::string context : {"", "a", "cb"}) {
    for (const std::string first : {"ab", "ba", "cc", "acb"}) {
      for (const std::string second : {"bb", "ca", "bcab"}) {
        tasks.push_back({"task " + std::to_string(tasks.size()), context, {first, second}, 0});
      }
    }
  }
  return tasks;
}

/// -log p(choice | context) under a policy that can go on from a context.
template <class F>
double nats(const F& policy, const std::string& context, const std::string& choice) {
  const std::vector<Sequence> one{abc().encode(context + choice)};
  ordo::Known known(one[0].size(), 0);
  for (std::size_t i = 0; i < context.size(); ++i) known[i] = 1;
  return ordo::sequence_nats(network(), policy, {}, one, std::vector<ordo::Known>{known})[0];
}

template <class F>
void agrees(const F& policy, ChoiceMethod method, const std::string& name) {
  const auto tasks = many_tasks();
  std::int64_t right = 0;
  std::int64_t right_per_token = 0;
  for (const ChoiceTask& task : tasks) {
    const double first = nats(policy, task.context, task.choices[0]);
    const double second = nats(policy, task.context, task.choices[1]);
    right += first <= second ? 1 : 0;
    right_per_token +=
        first / static_cast<double>(task.choices[0].size()) <= second / static_cast<double>(task.choices[1].size()) ? 1
                                                                                                                    : 0;
  }
  for (const std::int64_t batch : {1, 20, 5000}) {
    const ordo::ChoiceScore score =
        ordo::score_choices(network(), policy, abc(), tasks, method, {.batch_slots = batch});
    CHECK(score.accuracy.successes == right);
    CHECK(score.per_token.successes == right_per_token);
    CHECK((score.accuracy.trials == 36 && score.claim == ordo::Claim::exact && score.method == name));
    CHECK(score.policy == policy.name());
  }
  CHECK((right > 3 && right < 33));  // or the test would tell nothing
}

}  // namespace

TEST_CASE("tasks and methods that cannot be scored are refused, naming task, field and value") {
  const auto score = [&](const ChoiceTask& task, ChoiceMethod method = ChoiceMethod::automatic) {
    return ordo::score_choices(network(), Masked{}, abc(), std::vector<ChoiceTask>{task}, method);
  };
  const ChoiceTask good{"t, line 1", "ab", {"c", "a"}, 0};
  CHECK_THROWS_WITH(ordo::score_choices(network(), Masked{}, abc(), {}), Catch::Contains("no multiple-choice task"));
  CHECK_THROWS_WITH(score({"t, line 1", "abcab", {"c", "ab"}, 0}),
                    Catch::Contains("t, line 1, field 'choices': entry 1 has 2 tokens and its context 5") &&
                        Catch::Contains("context of 6"));
  CHECK_THROWS_WITH(score({"t, line 1", "abx", {"c", "a"}, 0}),
                    Catch::Contains("t, line 1, field 'context'") && Catch::Contains("at byte 2"));
  CHECK_THROWS_WITH(score({"t, line 1", "ab", {"c", "?"}, 0}), Catch::Contains("t, line 1, field 'choices'"));
  CHECK_THROWS_WITH(score({"t, line 1", "ab", {"c", ""}, 0}), Catch::Contains("entry 1 has no token"));
  CHECK_THROWS_WITH(score({"t, line 1", "ab", {"c"}, 0}), Catch::Contains("needs two or more"));
  CHECK_THROWS_WITH(score({"t, line 1", "ab", {"c", "a"}, 2}), Catch::Contains("2 choices (got 2)"));
  using Half = ordo::Mixture<ordo::Weighted<ordo::LeftToRight, 1>, ordo::Weighted<Masked, 1>>;
  for (const ChoiceMethod method : ordo::every_choice_method) {
    CHECK_THROWS_WITH(ordo::score_choices(network(), Half{}, abc(), std::vector<ChoiceTask>{good}, method),
                      Catch::Contains("mixture(1 ltr + 1 masked) draws the order"));
    CHECK_THROWS_WITH(ordo::score_choices(network(), ordo::AnyOrder{}, abc(), std::vector<ChoiceTask>{good}, method),
                      Catch::Contains("any-order draws the order"));
  }
  CHECK_THROWS_WITH(score(good, ChoiceMethod::likelihood), Catch::Contains("masked may reveal tokens in any order"));
  for (const ChoiceMethod method : {ChoiceMethod::left_to_right, ChoiceMethod::bound}) {
    CHECK_THROWS_WITH(
        ordo::score_choices(network(), ordo::LeftToRight{}, abc(), std::vector<ChoiceTask>{good}, method),
        Catch::Contains(std::string(to_string(method))) && Catch::Contains("ltr has an order of its own"));
  }
  CHECK_THROWS_WITH(
      ordo::score_choices(network(), ordo::Blockwise<2, Masked>{}, abc(),
                          std::vector<ChoiceTask>{{"t", "", {"abc", "cab"}, 0}}, ChoiceMethod::bound, {.draws = 30}),
      Catch::Contains("predicts all hidden tokens at once"));
  CHECK_THROWS_WITH(ordo::score_choices(network(), Masked{}, ordo::TextCodec::bytes(), std::vector<ChoiceTask>{good}),
                    Catch::Contains("vocabulary has 256"));
  CHECK_THROWS_WITH(
      ordo::score_choices(network(), Masked{}, abc(), std::vector<ChoiceTask>{good}, ChoiceMethod::bound, {.draws = 0}),
      Catch::Contains("got 0"));
  std::stop_source stopped;
  stopped.request_stop();
  for (const ChoiceMethod method : ordo::every_choice_method) {
    if (method == ChoiceMethod::likelihood) continue;
    CHECK_THROWS_AS(ordo::score_choices(network(), Masked{}, abc(), std::vector<ChoiceTask>{good}, method,
                                        {.stop = stopped.get_token()}),
                    ordo::Stopped);
  }
}

TEST_CASE("each choice is scored by its nats given the context") {
  agrees(ordo::LeftToRight{}, ChoiceMethod::likelihood, "likelihood");
  agrees(ordo::LeftToRight{}, ChoiceMethod::automatic, "likelihood");
  agrees(ordo::Orderings<1>{.told = true}, ChoiceMethod::automatic, "likelihood");
  agrees(Masked{}, ChoiceMethod::left_to_right, "left-to-right");
  agrees(Masked{}, ChoiceMethod::automatic, "left-to-right");
  agrees(ordo::Blockwise<2, Masked>{}, ChoiceMethod::automatic, "left-to-right");
  agrees(ordo::factorization_from_name("masked:cosine"), ChoiceMethod::automatic, "left-to-right");
}

TEST_CASE("a draw of the bound hides a uniform number of the choice's tokens, any of them alike") {
  std::map<ordo::Known, int> count;
  constexpr int draws = 6000;
  for (std::uint64_t n = 0; n < draws; ++n) {
    ordo::RandomChoices choices(1, ordo::Purpose::scoring, n);
    ordo::Known known = {1, 0, 0, 1, 0};
    const std::int64_t hidden = ordo::detail::hide_some(known, choices);
    CHECK(hidden == std::count(known.begin(), known.end(), char{0}));
    CHECK((known[0] == 1 && known[3] == 1));
    ++count[known];
  }
  CHECK(count.size() == 7);
  for (const auto& [known, times] : count) {  // 1/9 for each of one or two hidden, 1/3 for all three
    const double p = known == ordo::Known{1, 0, 0, 1, 0} ? 1.0 / 3 : 1.0 / 9;
    CHECK(std::abs(times - draws * p) < 4 * std::sqrt(draws * p * (1 - p)));  // 4 standard errors
  }
}

TEST_CASE("the bound of a choice is the mean over its orders, given the context") {
  // Two tokens: either comes first.
  const Sequence tokens = abc().encode("abca");
  const auto chain = [&](ordo::Known known, std::int32_t first) {
    const double both = ordo::sequence_nats(network(), Masked{}, {.per_step = 2}, std::vector<Sequence>{tokens},
                                            std::vector<ordo::Known>{known})[0];
    ordo::Known other = known;
    other[static_cast<std::size_t>(first == 2 ? 3 : 2)] = 1;
    known[static_cast<std::size_t>(first)] = 1;
    const auto one = [&](const ordo::Known& k) {
      return ordo::sequence_nats(network(), Masked{}, {}, std::vector<Sequence>{tokens},
                                 std::vector<ordo::Known>{k})[0];
    };
    return std::pair{both, one(known)};  // of both at once, and of the second after the first
  };
  const auto [both, second] = chain({1, 1, 0, 0}, 2);
  const auto [same, first] = chain({1, 1, 0, 0}, 3);
  CHECK(both == same);
  const double expected = (both + second + first) / 2;
  std::vector<ordo::detail::ChoiceText> texts{{tokens, {1, 1, 0, 0}, 0, 0, 0}};
  ordo::detail::score_bounds(network(), Masked{}, texts, {.draws = 20000});
  // One draw is both (1/2), twice `second` or twice `first` (1/4 each): its spread over sqrt(20000) is one error.
  const double spread =
      std::sqrt((both - expected) * (both - expected) / 2 + (2 * second - expected) * (2 * second - expected) / 4 +
                (2 * first - expected) * (2 * first - expected) / 4);
  CHECK(std::abs(texts[0].nats - expected) < 4 * spread / std::sqrt(20000.0));
}

TEST_CASE("choices of a task share their draws, and the first of equals is taken") {
  const auto score = [&](std::size_t label) {
    return ordo::score_choices(network(), Masked{}, abc(), std::vector<ChoiceTask>{{"t", "ab", {"ca", "ca"}, label}},
                               ChoiceMethod::bound, {.draws = 3});
  };
  CHECK((score(0).accuracy.successes == 1 && score(1).accuracy.successes == 0));
  CHECK((score(0).claim == ordo::Claim::bound && score(0).draws == 3 && score(0).method == "bound"));
}

TEST_CASE("with many draws the bound prefers what its mean over orders prefers") {
  const auto tasks = many_tasks();
  const ordo::ChoiceScore few = ordo::score_choices(network(), Masked{}, abc(), tasks, ChoiceMethod::bound);
  const ordo::ChoiceScore many =
      ordo::score_choices(network(), Masked{}, abc(), tasks, ChoiceMethod::bound, {.draws = 500});
  CHECK(few.draws == 32);
  CHECK(std::abs(few.accuracy.successes - many.accuracy.successes) <= 4);
  const ordo::ChoiceScore small_batches =
      ordo::score_choices(network(), Masked{}, abc(), tasks, ChoiceMethod::bound, {.batch_slots = 1});
  CHECK(small_batches.accuracy.successes == few.accuracy.successes);
}

TEMPLATE_TEST_CASE("greedy counts what sampling at temperature 0 gives", "", ordo::LeftToRight, Masked,
                   (ordo::Blockwise<2, Masked>)) {
  std::vector<ChoiceTask> tasks;
  for (const std::string context : {"", "a", "cb", "acb"}) {
    ordo::GenerateOptions options{.length = 6, .temperature = 0, .prompt = abc().encode(context)};
    if constexpr (!std::is_same_v<TestType, ordo::LeftToRight>) options.unmask = ordo::Unmask::certainty;
    const std::string text = abc().decode(generate(network(), TestType{}, 1, options)[0]);
    const std::string rest = text.substr(context.size());
    std::string other = rest;
    other.back() = other.back() == 'a' ? 'b' : 'a';
    tasks.push_back({"right", context, {rest}, 0});
    tasks.push_back({"wrong", context, {rest, other}, 1});
  }
  for (const std::int64_t batch : {1, 5000}) {
    const ordo::ChoiceScore score =
        ordo::score_choices(network(), TestType{}, abc(), tasks, ChoiceMethod::greedy, {.batch_slots = batch});
    CHECK((score.accuracy.successes == 4 && score.accuracy.trials == 8 && score.per_token.trials == 0));
  }
}
