#pragma once
// The list of policies that the laws are applied to: one line each.

#include <ratio>
#include <tuple>

#include <ordo/factorization/any_order.hpp>
#include <ordo/factorization/blockwise.hpp>
#include <ordo/factorization/curriculum.hpp>
#include <ordo/factorization/fill_in_the_middle.hpp>
#include <ordo/factorization/hiding.hpp>
#include <ordo/factorization/left_context.hpp>
#include <ordo/factorization/left_to_right.hpp>
#include <ordo/factorization/masked_diffusion.hpp>
#include <ordo/factorization/mixture.hpp>
#include <ordo/factorization/noisy_inputs.hpp>
#include <ordo/factorization/orderings.hpp>
#include <ordo/factorization/prefix.hpp>
#include <ordo/factorization/shifted.hpp>
#include <ordo/factorization/suffix_masked.hpp>

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

/// Policies made of policies.
inline auto composed_policies() {
  return std::make_tuple(
      Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 1>>{},  //
      Mixture<Weighted<MaskedDiffusion<>, 1>>{},
      Mixture<Weighted<LeftToRight, 3>, Weighted<AnyOrder, 1>, Weighted<Blockwise<2, MaskedDiffusion<>>, 2>>{},
      Mixture{Weighted{LeftToRight{}, 0.25}, Weighted{Orderings<3>{}, 0.75}},
      Mixture{Weighted{Shifted<MaskedDiffusion<>>{}, 0.4}, Weighted{LeftToRight{}, 0.6}},
      Mixture{Weighted{Shifted<MaskedDiffusion<>>{}, 0.4}, Weighted{MaskedDiffusion<>{}, 0.6}},
      Curriculum<LeftToRight, MaskedDiffusion<>>{},
      Curriculum<LeftContext<MaskedDiffusion<>>, MaskedDiffusion<>, Switch>{}, Blockwise<1, MaskedDiffusion<>>{},  //
      Blockwise<2, MaskedDiffusion<>>{},                                                                           //
      Blockwise<2, LeftToRight>{},                                                                                 //
      Blockwise<dynamic, MaskedDiffusion<Cosine>>{3}, Blockwise<2, AnyOrder>{},                                    //
      Blockwise<3, Blockwise<2, MaskedDiffusion<>>>{}, Blockwise<2, MaskedDiffusion<Linear, ClippedCount>>{},
      Blockwise<2, Shifted<MaskedDiffusion<>>>{},  //
      Prefix<LeftToRight, 2>{},                    //
      Prefix<MaskedDiffusion<>>{{}, 1},            //
      Prefix<Blockwise<2, MaskedDiffusion<>>>{{}, 1},
      Prefix<Mixture<Weighted<LeftToRight, 1>, Weighted<MaskedDiffusion<>, 1>>, 2>{},  //
      Prefix<Prefix<LeftToRight, 1>, 1>{},                                             //
      AnyOrder{},                                                                      //
      FillInTheMiddle{},                                                               //
      FillInTheMiddle{.told = false}, Orderings<3, MaskedDiffusion<>>{.kind = OrderKind::uniform},
      Orderings<3, Blockwise<2, MaskedDiffusion<>>>{.kind = OrderKind::uniform},
      Orderings<2, Blockwise<2, LeftToRight>>{.kind = OrderKind::uniform, .told = true},
      NoisyInputs<LeftToRight, std::ratio<1, 10>>{}, NoisyInputs<MaskedDiffusion<>>{{}, 0.2},
      NoisyInputs<LeftToRight>{{}, 0.0}, Shifted<MaskedDiffusion<>>{},  //
      LeftContext<MaskedDiffusion<>>{},                                 //
      SuffixMasked<>{},                                                 //
      SuffixMasked<SuffixWeight::by_share>{}, D3pm<1>{},                //
      D3pm<4>{},                                                        //
      D3pm<dynamic, Cosine>{{3}},                                       //
      MaskedDiffusion<Linear, ClippedCount>{});
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
  for_each_of(std::tuple_cat(library_policies(), composed_policies(), user_policies()), f);
}

}  // namespace ordo::laws
