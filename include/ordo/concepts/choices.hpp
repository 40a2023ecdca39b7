#pragma once
// Where a policy's randomness comes from. Plans ask for choices by name, so that a test can enumerate every
// draw with its exact probability instead of sampling.

#include <concepts>
#include <cstdint>

#include <ordo/core/choices.hpp>

namespace ordo {

/// A source of choices: RandomChoices in use, an enumerator in the laws.
template <class C>
concept Choices = requires(C& choices, std::uint32_t bound, double probability, Levels levels) {
  { choices.below(bound) } -> std::same_as<std::uint32_t>;
  { choices.happens(probability) } -> std::same_as<bool>;
  { choices.level(levels) } -> std::same_as<double>;
  {
    choices.pick(bound, levels, [](std::uint32_t) { return 0.0; })
    } -> std::same_as<std::uint32_t>;
  { choices.progress() } -> std::same_as<double>;
};

}  // namespace ordo
