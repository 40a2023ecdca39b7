#pragma once
// Factorizations by name: what every policy's name() gives can be read back.

#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/factorization/any.hpp>

namespace ordo {

/// How factorizations are spelled. A F is any of them; those in parentheses nest.
inline constexpr std::string_view factorization_names =
    "ltr, masked[:cosine][:independent|:steps=N|:clipped=LOW-HIGH], "
    "masked[:cosine]:per-token[:no-floor|:floor=P][:low-discrepancy], orderings:N[:uniform][:told][:seed=S][(F)], "
    "any-order, fill-in-the-middle[:untold], suffix-masked[:by-share], blockwise:B[(F)], prefix:P(F), noisy:RATE(F), "
    "shifted(F), left-context(F), mixture(W F + W F ...), curriculum[:switch](F to F)";

namespace detail {

template <class Number>
bool read_number(std::string_view word, Number& value) {
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && end == word.data() + word.size();
}

/// Reads names; every function fails with a sentence that holds the whole name. A template, though F is
/// AnyFactorization, so that programs that read no name do not compile what holds each policy of the library.
template <class F>
class NameReader {
 public:
  /// A policy that may go inside another, by its rule.
  using Found =
      std::variant<Erased<Causal>, Erased<Full>, Erased<Blocks<Causal>>, Erased<Blocks<Full>>, Erased<AnyRule>, F>;

  explicit NameReader(std::string_view name) : name_(name) {}

  [[nodiscard]] F read() const {
    return std::visit([](auto policy) { return F(std::move(policy)); }, found(name_, 0));
  }

 private:
  struct Term {
    std::vector<std::string_view> words;  // between colons
    std::string_view inside;              // between parentheses
    bool nests = false;
  };

  [[noreturn]] void refuse(std::string_view what, std::string_view why) const {
    fail("factorization", "'", what, "' ", why, what == name_ ? "" : " in '", what == name_ ? "" : name_,
         what == name_ ? "" : "'", " (known: ", factorization_names, ")");
  }

  [[nodiscard]] static std::string_view trimmed(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
  }
  /// The parts of a text between separators that stand outside of parentheses.
  [[nodiscard]] static std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
    std::vector<std::string_view> parts;
    std::size_t from = 0;
    int depth = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '(') ++depth;
      if (text[i] == ')') --depth;
      if (depth != 0 || !text.substr(i).starts_with(separator)) continue;
      parts.push_back(text.substr(from, i - from));
      from = i + separator.size();
    }
    parts.push_back(text.substr(from));
    return parts;
  }
  [[nodiscard]] Term term(std::string_view text) const {
    Term term;
    const std::size_t open = text.find('(');
    if (open != std::string_view::npos) {
      if (text.back() != ')') refuse(text, "lacks a closing parenthesis");
      term.inside = trimmed(text.substr(open + 1, text.size() - open - 2));
      term.nests = true;
    }
    term.words = split(text.substr(0, open), ":");
    return term;
  }

  [[nodiscard]] Found found(std::string_view text, int depth) const {
    if (depth > 16) refuse(text, "nests too deeply");
    Term t = term(text);
    const std::string_view head = t.words[0];
    if (head == "blockwise" && !t.nests) {  // block diffusion
      t.inside = "masked";
      t.nests = true;
    }
    const auto takes_words = [&](std::size_t most) {
      if (t.words.size() - 1 > most) refuse(text, "has an unknown setting");
    };
    if (head == "orderings") return orderings(t, text, depth);
    if (head == "blockwise" || head == "prefix" || head == "noisy" || head == "shifted" || head == "left-context" ||
        head == "mixture" || head == "curriculum") {
      if (!t.nests) refuse(text, "needs another factorization in parentheses");
      if (head == "mixture") return takes_words(0), mixture(t, text, depth);
      if (head == "curriculum") return takes_words(1), curriculum(t, text, depth);
      if (head == "shifted" || head == "left-context") return takes_words(0), of_full(head, t, text, depth);
      takes_words(1);
      return head == "noisy" ? noisy(t, text, depth) : parts(head, t, text, depth);
    }
    if (t.nests) refuse(text, "takes no factorization in parentheses");
    if (head == "masked") return masked(t, text);
    if (head == "ltr") {
      if (t.words.size() > 1) refuse(text, "takes no settings");
      return Erased<Causal>(LeftToRight{});
    }
    if (head == "any-order") return takes_words(0), Found(Erased<Causal>(AnyOrder{}));
    if (head == "fill-in-the-middle") {
      const bool untold = t.words.size() == 2 && t.words[1] == "untold";
      takes_words(untold ? 1 : 0);
      return Erased<Causal>(FillInTheMiddle{.told = !untold});
    }
    if (head == "suffix-masked") {
      if (t.words.size() == 2 && t.words[1] == "by-share") {
        return Erased<Full>(SuffixMasked<SuffixWeight::by_share>{});
      }
      return takes_words(0), Found(Erased<Full>(SuffixMasked<>{}));
    }
    refuse(text, "is not a factorization");
  }

  [[nodiscard]] Found orderings(const Term& t, std::string_view text, int depth) const {
    int count = 0;
    if (t.words.size() < 2 || !read_number(t.words[1], count) || count < 1) refuse(text, "needs a number of orders");
    Orderings<dynamic> policy{.count = count};
    for (std::size_t i = 2; i < t.words.size(); ++i) {
      if (t.words[i] == "uniform") {
        policy.kind = OrderKind::uniform;
      } else if (t.words[i] == "told") {
        policy.told = true;
      } else if (!t.words[i].starts_with("seed=") || !read_number(t.words[i].substr(5), policy.seed)) {
        refuse(text, "has an unknown setting");
      }
    }
    if (!t.nests) return Erased<Causal>(policy);
    return std::visit(
        [&](auto inner) -> Found {
          using Inner = decltype(inner);
          if constexpr (std::same_as<Inner, F>) {
            refuse(text, "cannot permute given tokens");
          } else {
            return Erased<typename Inner::Rule>(
                Orderings<dynamic, Inner>{policy.count, policy.kind, policy.told, policy.seed, std::move(inner)});
          }
        },
        found(t.inside, depth + 1));
  }

  /// blockwise:B(F) and prefix:P(F).
  [[nodiscard]] Found parts(std::string_view head, const Term& t, std::string_view text, int depth) const {
    int size = 0;
    if (t.words.size() < 2 || !read_number(t.words[1], size) || size < 1) refuse(text, "needs a number of tokens");
    return std::visit(
        [&](auto inner) -> Found {
          using Inner = decltype(inner);
          if constexpr (std::same_as<Inner, Erased<Causal>> || std::same_as<Inner, Erased<Full>>) {
            using Rule = Blocks<typename Inner::Rule>;
            if (head == "blockwise") return Erased<Rule>(Blockwise<dynamic, Inner>{size, std::move(inner)});
            return F(Prefix<Inner>{std::move(inner), size});
          } else {
            refuse(text, "may only hold a factorization that is causal or sees all (C++ types can nest more)");
          }
        },
        found(t.inside, depth + 1));
  }

  [[nodiscard]] Found noisy(const Term& t, std::string_view text, int depth) const {
    double rate = 0;
    if (t.words.size() < 2 || !read_number(t.words[1], rate)) refuse(text, "needs a rate");
    return std::visit(
        [&](auto inner) -> Found {
          using Inner = decltype(inner);
          NoisyInputs<Inner> policy{std::move(inner), rate};
          if constexpr (std::same_as<Inner, F>) {
            return F(std::move(policy));
          } else {
            return Erased<typename Inner::Rule>(std::move(policy));
          }
        },
        found(t.inside, depth + 1));
  }

  /// shifted(F) and left-context(F).
  [[nodiscard]] Found of_full(std::string_view head, const Term& t, std::string_view text, int depth) const {
    Found inner = found(t.inside, depth + 1);
    auto* full = std::get_if<Erased<Full>>(&inner);
    if (full == nullptr) refuse(text, "needs a factorization in which every slot sees every slot, as masked");
    if (head == "shifted") return Erased<Full>(Shifted<Erased<Full>>{std::move(*full)});
    return Erased<Causal>(LeftContext<Erased<Full>>{std::move(*full)});
  }

  /// Any policy but one with given tokens, under the widest rule.
  [[nodiscard]] Erased<AnyRule> part(std::string_view text, int depth) const {
    return std::visit(
        [&](auto inner) -> Erased<AnyRule> {
          if constexpr (std::same_as<decltype(inner), F>) {
            refuse(text, "has given tokens, which go outside of mixtures");
          } else {
            return inner;
          }
        },
        found(text, depth));
  }

  [[nodiscard]] Found mixture(const Term& t, std::string_view text, int depth) const {
    std::vector<double> weights;
    std::vector<Erased<AnyRule>> policies;
    for (const std::string_view padded : split(t.inside, " + ")) {  // with spaces: a weight may be 1e+20
      const std::string_view word = trimmed(padded);
      const std::size_t space = word.find(' ');
      double weight = 0;
      if (space == std::string_view::npos || !read_number(word.substr(0, space), weight)) {
        refuse(text, "needs parts such as '0.5 ltr', with ' + ' between them");
      }
      weights.push_back(weight);
      policies.push_back(part(trimmed(word.substr(space)), depth + 1));
    }
    return Erased<AnyRule>(AnyMixture(std::move(weights), std::move(policies)));
  }

  [[nodiscard]] Found curriculum(const Term& t, std::string_view text, int depth) const {
    const std::vector<std::string_view> ends = split(t.inside, " to ");
    if (ends.size() != 2) refuse(text, "needs two factorizations with ' to ' between them");
    Erased<AnyRule> from = part(trimmed(ends[0]), depth + 1);
    Erased<AnyRule> to = part(trimmed(ends[1]), depth + 1);
    if (t.words.size() == 2 && t.words[1] == "switch") {
      return Erased<AnyRule>(Curriculum<Erased<AnyRule>, Erased<AnyRule>, Switch>{std::move(from), std::move(to)});
    }
    if (t.words.size() == 2 && t.words[1] != "ramp") refuse(text, "has an unknown setting");
    return Erased<AnyRule>(Curriculum<Erased<AnyRule>, Erased<AnyRule>>{std::move(from), std::move(to)});
  }

  [[nodiscard]] Found masked(const Term& t, std::string_view text) const {
    bool cosine = false;
    bool per_token = false;
    ExactCount exact;
    PerToken paper;
    ClippedCount clipped;
    bool clips = false;
    int steps = 0;
    for (std::size_t i = 1; i < t.words.size(); ++i) {
      const std::string_view word = t.words[i];
      const bool plain = !per_token && steps == 0 && !clips && exact.levels == ExactCount{}.levels;
      std::size_t dash = word.find('-');  // between two numbers, of which the first may be 1e-05
      if (dash != std::string_view::npos && word.substr(0, dash).ends_with('e')) dash = word.find('-', dash + 1);
      if (word == "cosine" && plain) {
        cosine = true;
      } else if (word == "per-token" && plain) {
        per_token = true;
      } else if (word == "no-floor" && per_token) {
        paper.floor = 0;
      } else if (word == "low-discrepancy" && per_token) {
        paper.levels = Levels::low_discrepancy;
      } else if (word.starts_with("floor=") && per_token && read_number(word.substr(6), paper.floor) &&
                 paper.floor >= 0 && paper.floor < 1) {
      } else if (word == "independent" && plain) {
        exact.levels = Levels::independent;
      } else if (word.starts_with("steps=") && plain && read_number(word.substr(6), steps) && steps > 0) {
      } else if (word.starts_with("clipped=") && plain && dash != std::string_view::npos &&
                 read_number(word.substr(8, dash - 8), clipped.low) &&
                 read_number(word.substr(dash + 1), clipped.high)) {
        clipped.check();
        clips = true;
      } else {
        refuse(text, "has an unknown setting");
      }
    }
    const auto with = [&](auto hiding) -> Found {
      using Hiding = decltype(hiding);
      if (cosine) return Erased<Full>(MaskedDiffusion<Cosine, Hiding>{hiding});
      return Erased<Full>(MaskedDiffusion<Linear, Hiding>{hiding});
    };
    if (per_token) return with(paper);
    if (steps > 0) return with(FiniteSteps<dynamic>{steps});
    return clips ? with(clipped) : with(exact);
  }

  std::string_view name_;
};

}  // namespace detail

/// The policy of this name: "ltr", "masked:cosine", "masked:per-token" (the paper's draw), "orderings:16:uniform",
/// "blockwise:16(masked)", "mixture(0.5 ltr + 0.5 masked)". Throws an Error that lists the spellings.
template <std::same_as<AnyFactorization> F = AnyFactorization>
[[nodiscard]] F factorization_from_name(std::string_view name) {
  return detail::NameReader<F>(name).read();
}

}  // namespace ordo
