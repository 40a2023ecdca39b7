#pragma once
// A visibility rule says which slot may attend to which; it replaces the attention mask.

#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <variant>

#include <ordo/core/host_device.hpp>
#include <ordo/core/tile.hpp>

namespace ordo {

/// Answers "may slot q attend to slot k?".
template <class R>
concept AnswersSees = requires(const R& rule, std::int32_t slot) {
  { rule.sees(slot, slot) } -> std::convertible_to<bool>;
};

/// Answers, for query slots [q0, q1) and key slots [k0, k1): does every pair see, none, or some?
template <class R>
concept ClassifiesTiles = requires(const R& rule, std::int32_t slot) {
  { rule.tile(slot, slot, slot, slot) } -> std::same_as<Tile>;
};

/// A small value type, copied into kernels. Every slot must see at least one slot (itself, as a rule).
template <class R>
concept VisibilityRule = std::is_trivially_copyable_v<R> && AnswersSees<R> && ClassifiesTiles<R>;

/// One of several rules, known only at run time (a mixture, or a policy chosen by name). A kernel is compiled
/// for each alternative, and `visit_rule` picks it once per sequence.
template <class... Rules>
class OneOfRules {
  static_assert((VisibilityRule<Rules> && ...));

 public:
  OneOfRules() = default;
  template <class R>
    requires(std::same_as<R, Rules> || ...)
  OneOfRules(const R& rule) : rule_(rule) {}  // NOLINT: a rule is a one-of-rules

  [[nodiscard]] bool sees(std::int32_t q, std::int32_t k) const {
    return std::visit([&](const auto& rule) { return rule.sees(q, k); }, rule_);
  }
  [[nodiscard]] Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    return std::visit([&](const auto& rule) { return rule.tile(q0, q1, k0, k1); }, rule_);
  }
  template <class F>
  decltype(auto) visit(F&& f) const {
    return std::visit(std::forward<F>(f), rule_);
  }
  /// This rule as an R; nullptr where it is another.
  template <class R>
  [[nodiscard]] ORDO_HD constexpr const R* as() const {
    return std::get_if<R>(&rule_);
  }

 private:
  std::variant<Rules...> rule_;
};

namespace detail {

template <class Made, class... Rest>
struct Union;
template <class... Made>
struct Union<OneOfRules<Made...>> {
  using type = OneOfRules<Made...>;
};
template <class Only>
struct Union<OneOfRules<Only>> {
  using type = Only;
};
template <class... Made, class First, class... Rest>
struct Union<OneOfRules<Made...>, First, Rest...>
    : std::conditional_t<(std::same_as<First, Made> || ...), Union<OneOfRules<Made...>, Rest...>,
                         Union<OneOfRules<Made..., First>, Rest...>> {};
template <class... Made, class... Inner, class... Rest>
struct Union<OneOfRules<Made...>, OneOfRules<Inner...>, Rest...> : Union<OneOfRules<Made...>, Inner..., Rest...> {};

template <template <class> class Outer, class Rule>
struct Wrapped {
  using type = Outer<Rule>;
};
template <template <class> class Outer, class... Rules>
struct Wrapped<Outer, OneOfRules<Rules...>> {
  using type = typename Union<OneOfRules<>, Outer<Rules>...>::type;
};

}  // namespace detail

/// The rule of a policy that has one of these: each named once, those inside a OneOfRules one by one.
template <class... Rules>
using RuleUnion = typename detail::Union<OneOfRules<>, Rules...>::type;

/// Outer<Rule>, or the union of Outer<R> over the alternatives of a OneOfRules: kernels never meet a choice inside a
/// rule.
template <template <class> class Outer, class Rule>
using WrappedRule = typename detail::Wrapped<Outer, Rule>::type;

namespace detail {

template <class Rule>
struct Alternatives {
  template <class F>
  static void for_each(const F& f) {
    f(static_cast<const Rule*>(nullptr));
  }
};
template <class... Rules>
struct Alternatives<OneOfRules<Rules...>> {
  template <class F>
  static void for_each(const F& f) {
    (f(static_cast<const Rules*>(nullptr)), ...);
  }
};

}  // namespace detail

/// Calls f(null pointer to R) for each rule R that a Rule may be: itself, or the alternatives of a OneOfRules.
template <class Rule, class F>
void for_each_alternative(const F& f) {
  detail::Alternatives<Rule>::for_each(f);
}

/// The same for those whose bit is set: the first alternative's is the lowest.
template <class Rule, class F>
void for_each_alternative(std::uint32_t bits, const F& f) {
  for_each_alternative<Rule>([&]<class One>(const One* alternative) {
    if ((bits & 1U) != 0) f(alternative);
    bits >>= 1U;
  });
}

/// A rule as the alternative R; nullptr where it is another.
template <class R, class Rule>
[[nodiscard]] ORDO_HD constexpr const R* rule_as(const Rule& rule) {
  if constexpr (std::same_as<R, Rule>) {
    return &rule;
  } else {
    return rule.template as<R>();
  }
}

/// The bit of the alternative that a rule is.
template <class Rule>
[[nodiscard]] std::uint32_t alternative_bit(const Rule& rule) {
  std::uint32_t bit = 1;
  std::uint32_t found = 0;
  for_each_alternative<Rule>([&]<class One>(const One*) {
    if (rule_as<One>(rule) != nullptr) found = bit;
    bit <<= 1U;
  });
  return found;
}

/// Calls f with the concrete rule.
template <class Rule, class F>
decltype(auto) visit_rule(const Rule& rule, F&& f) {
  return std::forward<F>(f)(rule);
}
template <class... Rules, class F>
decltype(auto) visit_rule(const OneOfRules<Rules...>& rule, F&& f) {
  return rule.visit(std::forward<F>(f));
}

/// The same rule as one of the alternatives of a union that holds it.
template <class To, class Rule>
[[nodiscard]] To widened(const Rule& rule) {
  return visit_rule(rule, [](const auto& concrete) -> To {
    static_assert(
        std::is_convertible_v<decltype(concrete), To>,
        "[ordo] this visibility rule is none of those that are possible here (AnyFactorization holds Causal, "
        "Full and Blocks of them; a policy with a rule of its own is used by its type, or in an Erased of its "
        "rules)");
    return concrete;
  });
}

}  // namespace ordo
