// expect: Factorization
#include <ordo/concepts/plan_sampler.hpp>

ordo::PlanSampler<int>* sampler = nullptr;
