// expect: AnswersSees
#include <cstdint>

#include <ordo/concepts/rule.hpp>

struct OnlyTiles {
  [[nodiscard]] ordo::Tile tile(std::int32_t, std::int32_t, std::int32_t, std::int32_t) const {
    return ordo::Tile::some;
  }
};

template <ordo::VisibilityRule Rule>
void attend(const Rule&) {}

void use() { attend(OnlyTiles{}); }
