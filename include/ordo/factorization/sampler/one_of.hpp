#pragma once
// One of several samplers, chosen at run time.

#include <type_traits>
#include <utility>
#include <variant>

#include <ordo/concepts/rule.hpp>
#include <ordo/concepts/sampler.hpp>
#include <ordo/core/sample_step.hpp>

namespace ordo {

namespace detail {

template <class Made, class... Rest>
struct UniqueVariant;
template <class... Made>
struct UniqueVariant<std::variant<Made...>> {
  using type = std::variant<Made...>;
};
template <class... Made, class First, class... Rest>
struct UniqueVariant<std::variant<Made...>, First, Rest...>
    : std::conditional_t<(std::is_same_v<First, Made> || ...), UniqueVariant<std::variant<Made...>, Rest...>,
                         UniqueVariant<std::variant<Made..., First>, Rest...>> {};

}  // namespace detail

template <class... Samplers>
class OneOfSamplers {
 public:
  using Rule = RuleUnion<std::remove_cvref_t<decltype(std::declval<const Samplers&>().rule())>...>;

  template <class S>
    requires(std::is_same_v<S, Samplers> || ...)
  OneOfSamplers(S sampler) : sampler_(std::move(sampler)) {}  // NOLINT: a sampler is a one-of-samplers

  [[nodiscard]] bool next(const Known& known, SampleStep& step) {
    return std::visit([&](auto& sampler) { return sampler.next(known, step); }, sampler_);
  }
  [[nodiscard]] Rule rule() const {
    return std::visit([](const auto& sampler) { return widened<Rule>(sampler.rule()); }, sampler_);
  }
  [[nodiscard]] double hidden(double t) const {
    return std::visit([&](const auto& sampler) { return pace(sampler, t); }, sampler_);
  }

 private:
  typename detail::UniqueVariant<std::variant<>, Samplers...>::type sampler_;
};

}  // namespace ordo
