// expect: is_trivially_copyable
// Rules are copied into kernels as they are.
#include <vector>

#include <ordo/concepts/rule.hpp>
#include <ordo/factorization/rule/causal.hpp>

struct Documents : ordo::Causal {
  std::vector<int> ends;
};

template <ordo::VisibilityRule Rule>
void attend(const Rule&) {}

void use() { attend(Documents{}); }
