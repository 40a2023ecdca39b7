// expect: DrawsPlan
#include <string>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/model/transformer.hpp>

struct WithoutPlan {
  [[nodiscard]] ordo::Claim claim() const { return ordo::Claim::exact; }
  [[nodiscard]] std::string name() const { return "wrong"; }
};

ordo::Transformer<WithoutPlan, ordo::Reference<float>> model({});
