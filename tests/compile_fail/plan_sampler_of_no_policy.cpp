// expect: Factorization
#include <ordo/factorization/sampler/plan_sampler.hpp>

ordo::PlanSampler<int>* sampler = nullptr;
