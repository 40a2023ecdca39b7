// expect: no matching
// A number that is dynamic must be given: there is no sensible default.
#include <ordo/core/number.hpp>

ordo::Number<ordo::dynamic> number;
