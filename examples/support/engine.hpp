#pragma once
// The verbs for factorizations that are chosen by name, compiled once for all programs (engine.cpp).

#include <cstddef>
#include <vector>

#include <ordo/evaluate/as_sampled.hpp>
#include <ordo/ordo.hpp>

namespace ordo {

extern template TrainResult train(Transformer<AnyFactorization, Cpu>&, const Windows&, const Windows&,
                                  const TrainOptions&);
extern template Score evaluate(const Network<Cpu>&, const Windows&, const AnyFactorization&, const EvaluateOptions&,
                               std::vector<double>*);
extern template Score evaluate(const Network<Cpu>&, const Windows&, const AsSampled<AnyFactorization>&,
                               const EvaluateOptions&, std::vector<double>*);
extern template std::vector<std::vector<Token>> generate(const Network<Cpu>&, const AnyFactorization&, std::size_t,
                                                         const GenerateOptions&);

}  // namespace ordo
