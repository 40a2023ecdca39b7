// expect: this visibility rule is none of those that are possible here
#include <cstdint>
#include <string>

#include <ordo/core/tile.hpp>
#include <ordo/factorizations.hpp>

/// Each slot sees itself and the one before.
struct Neighbours {
  [[nodiscard]] bool sees(std::int32_t q, std::int32_t k) const { return q == k || q == k + 1; }
  [[nodiscard]] ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};

struct Markov {
  using Rule = Neighbours;
  template <ordo::Choices C, class Slots>
  Rule plan(ordo::Shape shape, C& choices, Slots& slots) const {
    (void)ordo::LeftToRight{}.plan(shape, choices, slots);
    return {};
  }
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "markov"; }
};

ordo::AnyFactorization policy = Markov{};
