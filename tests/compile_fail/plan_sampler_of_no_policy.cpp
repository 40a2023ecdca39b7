// expect: Factorization
#include <ordo/generate/plan_sampler.hpp>

ordo::PlanSampler<int>* sampler = nullptr;
