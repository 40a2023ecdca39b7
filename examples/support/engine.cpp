#include "support/engine.hpp"

namespace ordo {

template TrainResult train(Transformer<AnyFactorization, Cpu>&, const Windows&, const Windows&, const TrainOptions&);
template Score evaluate(const Network<Cpu>&, const Windows&, const AnyFactorization&, const EvaluateOptions&,
                        std::vector<double>*);
template Score evaluate(const Network<Cpu>&, const Windows&, const AsSampled<AnyFactorization>&, const EvaluateOptions&,
                        std::vector<double>*);
template std::vector<std::vector<Token>> generate(const Network<Cpu>&, const AnyFactorization&, std::size_t,
                                                  const GenerateOptions&);

}  // namespace ordo
