#pragma once
// A factorization chosen at run time, by name: what programs and studies use. One kernel is compiled for each
// visibility rule, not for each policy.

#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <ordo/concepts/factorization.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/error.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

namespace ordo {

/// One of the library's policies. Models Factorization; `factorization_from_name` makes one.
class AnyFactorization {
 public:
  using Rule = OneOfRules<Causal, Full>;
  using Policy = std::variant<LeftToRight, Orderings<dynamic>, MaskedDiffusion<Linear, ExactCount>,
                              MaskedDiffusion<Cosine, ExactCount>, MaskedDiffusion<Linear, PerToken>,
                              MaskedDiffusion<Cosine, PerToken>>;

  AnyFactorization() = default;                                    ///< left to right
  AnyFactorization(Policy policy) : policy_(std::move(policy)) {}  // NOLINT: a policy is any factorization

  [[nodiscard]] const Policy& policy() const { return policy_; }

  template <Choices C, class Slots>
  Rule plan(Shape shape, C& choices, Slots& slots) const {
    return std::visit([&](const auto& f) -> Rule { return f.plan(shape, choices, slots); }, policy_);
  }
  [[nodiscard]] Claim claim() const {
    return std::visit([](const auto& f) { return f.claim(); }, policy_);
  }
  [[nodiscard]] std::string name() const {
    return std::visit([](const auto& f) { return f.name(); }, policy_);
  }
  [[nodiscard]] AnyFactorization scored_as() const {
    if (const auto* orderings = std::get_if<Orderings<dynamic>>(&policy_)) {
      Orderings<dynamic> first = *orderings;
      first.count = 1;
      return {first};
    }
    return *this;
  }

  class AnySampler {
   public:
    using Alternatives = std::variant<OrderedSampler, UnmaskingSampler>;
    AnySampler(Alternatives sampler) : sampler_(std::move(sampler)) {}  // NOLINT: a sampler is any sampler
    [[nodiscard]] bool next(const Known& known, SampleStep& step) {
      return std::visit([&](auto& s) { return s.next(known, step); }, sampler_);
    }
    [[nodiscard]] Rule rule() const {
      return std::visit([](const auto& s) -> Rule { return s.rule(); }, sampler_);
    }
    [[nodiscard]] double hidden(double t) const {
      const auto* unmasking = std::get_if<UnmaskingSampler>(&sampler_);
      return unmasking != nullptr ? unmasking->hidden(t) : t;
    }

   private:
    Alternatives sampler_;
  };
  template <Choices C>
  [[nodiscard]] AnySampler sampler(Shape shape, const Known& known, C& choices) const {
    return std::visit([&](const auto& f) -> AnySampler { return {f.sampler(shape, known, choices)}; }, policy_);
  }

 private:
  Policy policy_;
};

namespace detail {

inline std::vector<std::string_view> words_between_colons(std::string_view text) {
  std::vector<std::string_view> words;
  while (true) {
    const std::size_t colon = text.find(':');
    words.push_back(text.substr(0, colon));
    if (colon == std::string_view::npos) return words;
    text.remove_prefix(colon + 1);
  }
}

template <class Number>
bool read_number(std::string_view word, Number& value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

}  // namespace detail

/// How factorizations are spelled; what every policy's name() gives is among these.
inline constexpr std::string_view factorization_names =
    "ltr, masked[:cosine][:independent], masked[:cosine]:per-token[:no-floor|:floor=P][:low-discrepancy], "
    "orderings:N[:uniform][:told][:seed=S] with N from 1";

/// The policy of this name: "ltr", "masked", "masked:cosine", "masked:per-token" (the paper's draw),
/// "orderings:16", "orderings:16:uniform:told". Throws an Error that lists the spellings.
[[nodiscard]] inline AnyFactorization factorization_from_name(std::string_view name) {
  const auto words = detail::words_between_colons(name);
  const auto unknown = [&](std::string_view why) {
    fail("factorization", "'", name, "' ", why, " (known: ", factorization_names, ")");
  };
  if (words[0] == "ltr") {
    if (words.size() > 1) unknown("takes no settings");
    return {LeftToRight{}};
  }
  if (words[0] == "orderings") {
    int count = 0;
    if (words.size() < 2 || !detail::read_number(words[1], count) || count < 1) unknown("needs a number of orders");
    Orderings<dynamic> policy{.count = count};
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (words[i] == "uniform") {
        policy.kind = OrderKind::uniform;
      } else if (words[i] == "told") {
        policy.told = true;
      } else if (!words[i].starts_with("seed=") || !detail::read_number(words[i].substr(5), policy.seed)) {
        unknown("has an unknown setting");
      }
    }
    return {policy};
  }
  if (words[0] == "masked") {
    bool cosine = false;
    bool per_token = false;
    ExactCount exact;
    PerToken paper;
    for (std::size_t i = 1; i < words.size(); ++i) {
      if (words[i] == "cosine" && !per_token) {
        cosine = true;
      } else if (words[i] == "per-token") {
        per_token = true;
      } else if (words[i] == "no-floor" && per_token) {
        paper.floor = 0;
      } else if (words[i] == "low-discrepancy" && per_token) {
        paper.levels = Levels::low_discrepancy;
      } else if (words[i].starts_with("floor=") && per_token && detail::read_number(words[i].substr(6), paper.floor) &&
                 paper.floor >= 0 && paper.floor < 1) {
      } else if (words[i] == "independent" && !per_token) {
        exact.levels = Levels::independent;
      } else {
        unknown("has an unknown setting");
      }
    }
    if (cosine && per_token) return {MaskedDiffusion<Cosine, PerToken>{paper}};
    if (cosine) return {MaskedDiffusion<Cosine, ExactCount>{exact}};
    if (per_token) return {MaskedDiffusion<Linear, PerToken>{paper}};
    return {MaskedDiffusion<Linear, ExactCount>{exact}};
  }
  unknown("is not a factorization");
  return {};
}

}  // namespace ordo
