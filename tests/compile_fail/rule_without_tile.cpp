// expect: ClassifiesTiles
#include <cstdint>

#include <ordo/concepts/rule.hpp>

struct OnlySees {
  [[nodiscard]] bool sees(std::int32_t q, std::int32_t k) const { return k <= q; }
};

template <ordo::VisibilityRule Rule>
void attend(const Rule&) {}

void use() { attend(OnlySees{}); }
