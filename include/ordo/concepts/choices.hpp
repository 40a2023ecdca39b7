#pragma once
// Where a policy's randomness comes from. Plans ask for choices by name, so that a test can enumerate every
// draw with its exact probability instead of sampling.

#include <concepts>
#include <cstdint>

#include <ordo/core/choices.hpp>
#include <ordo/core/host_device.hpp>

namespace ordo {

namespace detail {

/// Stands for any cumulative distribution. (nvcc 13 finds no concept satisfied that holds a lambda.)
struct SomeCumulative {
  ORDO_HD double operator()(std::uint32_t) const { return 0; }
};

}  // namespace detail

/// A source of choices: RandomChoices in use, an enumerator in the laws.
template <class C>
concept Choices = requires(C& choices, std::uint32_t bound, double probability, Levels levels) {
  { choices.below(bound) } -> std::same_as<std::uint32_t>;
  { choices.happens(probability) } -> std::same_as<bool>;
  { choices.level(levels) } -> std::same_as<double>;
  { choices.pick(bound, levels, detail::SomeCumulative{}) } -> std::same_as<std::uint32_t>;
  { choices.progress() } -> std::same_as<double>;
};

}  // namespace ordo
