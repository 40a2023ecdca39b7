#pragma once
// The list of policies that the laws are applied to: one line each.

#include <tuple>

#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/orderings.hpp>

#include <laws/user_policies.hpp>

namespace ordo::laws {

inline auto library_policies() {
  return std::make_tuple(LeftToRight{},                                                             //
                         Orderings<1>{},                                                            //
                         Orderings<2>{},                                                            //
                         Orderings<4>{.kind = OrderKind::uniform},                                  //
                         Orderings<16>{.told = true},                                               //
                         Orderings<dynamic>{.count = 1, .told = true},                              //
                         Orderings<dynamic>{.count = 6, .kind = OrderKind::uniform, .told = true},  //
                         MaskedDiffusion<>{},                                                       //
                         MaskedDiffusion<Linear, ExactCount>{{.levels = Levels::independent}},      //
                         MaskedDiffusion<Cosine, ExactCount>{},                                     //
                         MaskedDiffusion<Linear, PerToken>{},                                       //
                         MaskedDiffusion<Linear, PerToken>{{.floor = 0}},                           //
                         MaskedDiffusion<Cosine, PerToken>{{.floor = 0}},                           //
                         MaskedDiffusion<Linear, PerToken>{{.levels = Levels::low_discrepancy}});
}

/// As a user would write them: they have no name that the programs know.
inline auto user_policies() {
  return std::make_tuple(user::RightToLeft{}, user::EvenThenOdd{}, user::PrefixThenRest{}, user::HalfMasked{},
                         user::OneHidden{});
}

template <class Policies, class F>
void for_each_of(const Policies& policies, F&& f) {
  std::apply([&](const auto&... policy) { (f(policy), ...); }, policies);
}

/// Calls f with each policy in turn.
template <class F>
void for_each_policy(F&& f) {
  for_each_of(std::tuple_cat(library_policies(), user_policies()), f);
}

}  // namespace ordo::laws
