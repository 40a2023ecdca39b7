#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/factorization/named.hpp>

using ordo::factorization_from_name;

namespace {

/// `inner` inside of so many times "noisy:0(...)".
std::string nested(int times, const std::string& inner) {
  std::string name = inner;
  for (int i = 0; i < times; ++i) name = "noisy:0(" + name + ")";
  return name;
}

template <class F>
void check_leads_back(const F& policy) {
  const std::string name = policy.name();
  CAPTURE(name);
  const ordo::AnyFactorization found = factorization_from_name(name);
  CHECK(found.name() == name);
  CHECK(found.claim() == policy.claim());
  CHECK(found.readout() == readout_of(policy));
}

}  // namespace

TEST_CASE("a name that means no factorization is refused with the spellings that do") {
  for (const char* name : {"",
                           ":",
                           " ltr",
                           "LTR",
                           "ltr:2",
                           "gpt",
                           "любой",
                           "blockwise:２(masked)",
                           "orderings",
                           "orderings:",
                           "orderings:0",
                           "orderings:-3",
                           "orderings:4x",
                           "orderings:99999999999999",
                           "orderings:4:sorted",
                           "orderings:4:seed=",
                           "orderings:4:seed=-1",
                           "masked:",
                           "masked:-",
                           "masked:sine",
                           "masked:no-floor",
                           "masked:floor=0.1",
                           "masked:per-token:floor=1",
                           "masked:per-token:floor=-0.1",
                           "masked:per-token:floor=nan",
                           "masked:per-token:independent",
                           "masked:independent:independent",
                           "masked:independent:steps=4",
                           "masked:steps=0",
                           "masked:steps=4:per-token",
                           "masked:clipped=0.3",
                           "masked:clipped=-",
                           "masked:clipped=e-",
                           "masked:clipped=0.3-0.8:cosine",
                           "any-order:told",
                           "fill-in-the-middle:told",
                           "suffix-masked:by-token",
                           "blockwise",
                           "blockwise:0",
                           "blockwise:4:5",
                           "prefix:2",
                           "prefix:+2(ltr)",
                           "noisy(ltr)",
                           "noisy:x(ltr)",
                           "shifted",
                           "shifted:2(masked)",
                           "mixture",
                           "mixture()",
                           "mixture(ltr)",
                           "mixture(x ltr)",
                           "mixture(1 ltr + )",
                           "mixture:2(1 ltr)",
                           "curriculum(ltr)",
                           "curriculum(ltr to )",
                           "curriculum(ltr to masked to ltr)",
                           "curriculum:step(ltr to masked)",
                           "masked ",
                           "ltr\n"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(factorization_from_name(name),
                      Catch::Contains("'" + std::string(name) + "'") && Catch::Contains("known: ltr, masked"));
  }
}

TEST_CASE("stray parentheses are refused") {
  for (const char* name :
       {"(", ")", "()", "(ltr)", "ltr)", "ltr(", "ltr()", "masked(ltr)", "blockwise:2(", "blockwise:2(masked",
        "blockwise:2(masked))", "blockwise:2((masked))", "blockwise:2()", "blockwise:2)masked(", "prefix:2(ltr)ltr",
        "mixture(1 ltr) + (1 masked)", "mixture((1 ltr) + 1 masked)", "curriculum((ltr to masked)"}) {
    CAPTURE(name);
    CHECK_THROWS_WITH(factorization_from_name(name), Catch::Contains("known: ltr, masked"));
  }
}

TEST_CASE("names nest to a depth of sixteen, and are refused below") {
  CHECK(factorization_from_name(nested(16, "ltr")).claim() == ordo::Claim::exact);
  CHECK_THROWS_WITH(factorization_from_name(nested(17, "ltr")), Catch::Contains("nests too deeply"));
  CHECK_THROWS_WITH(factorization_from_name(nested(20000, "ltr")), Catch::Contains("nests too deeply"));
}

TEST_CASE("what does not go inside of another is refused with its part of the name and the whole") {
  const std::vector<std::pair<const char*, const char*>> refused = {
      {"blockwise:2(mixture(1 ltr + 1 masked))", "causal or sees all"},
      {"blockwise:2(blockwise:2(ltr))", "causal or sees all"},
      {"blockwise:2(prefix:1(ltr))", "causal or sees all"},
      {"prefix:2(prefix:2(ltr))", "causal or sees all"},
      {"shifted(ltr)", "every slot sees every slot"},
      {"left-context(any-order)", "every slot sees every slot"},
      {"orderings:2(prefix:1(ltr))", "cannot permute given tokens"},
      {"mixture(1 prefix:2(ltr) + 1 ltr)",
       "'prefix:2(ltr)' has given tokens, which go outside of mixtures in 'mixture("},
      {"curriculum(ltr to noisy:0.1(prefix:2(ltr)))", "has given tokens"},
      {"noisy:0.1(blockwise:4(gpt))", "'gpt' is not a factorization in 'noisy:0.1(blockwise:4(gpt))'"},
  };
  for (const auto& [name, part] : refused) {
    CAPTURE(name);
    CHECK_THROWS_WITH(factorization_from_name(name), Catch::Contains(part));
  }
}

TEST_CASE("numbers that their policy refuses are refused with their values") {
  CHECK_THROWS_WITH(factorization_from_name("noisy:1.5(ltr)"), Catch::Contains("got 1.5"));
  CHECK_THROWS_WITH(factorization_from_name("noisy:nan(ltr)"), Catch::Contains("got nan"));
  CHECK_THROWS_WITH(factorization_from_name("masked:clipped=0.8-0.3"), Catch::Contains("got 0.8 and 0.3"));
  CHECK_THROWS_WITH(factorization_from_name("mixture(-1 ltr + 1 masked)"), Catch::Contains("got -1"));
  CHECK_THROWS_WITH(factorization_from_name("mixture(nan ltr)"), Catch::Contains("got nan"));
  CHECK_THROWS_WITH(factorization_from_name("mixture(0 ltr + 0 masked)"), Catch::Contains("must be positive"));
}

TEST_CASE("each spelling gives its policy, and the policy's name leads back") {
  using ordo::Claim;
  const std::vector<std::pair<std::string, Claim>> known = {
      {"ltr", Claim::exact},
      {"orderings:1", Claim::exact},
      {"orderings:16", Claim::bound},
      {"orderings:3:uniform:told:seed=12", Claim::order_average},
      {"orderings:4(blockwise:8(masked))", Claim::order_average},
      {"orderings:1(ltr)", Claim::exact},
      {"masked", Claim::order_average},
      {"masked:independent", Claim::order_average},
      {"masked:cosine", Claim::order_average},
      {"masked:cosine:independent", Claim::order_average},
      {"masked:per-token", Claim::bound},
      {"masked:per-token:no-floor", Claim::order_average},
      {"masked:per-token:floor=0.01", Claim::bound},
      {"masked:per-token:floor=1e-05", Claim::bound},
      {"masked:per-token:low-discrepancy", Claim::bound},
      {"masked:cosine:per-token", Claim::bound},
      {"masked:cosine:steps=16", Claim::bound},
      {"masked:clipped=0.3-0.8", Claim::training_only},
      {"any-order", Claim::order_average},
      {"fill-in-the-middle", Claim::order_average},
      {"fill-in-the-middle:untold", Claim::bound},
      {"suffix-masked", Claim::bound},
      {"suffix-masked:by-share", Claim::training_only},
      {"blockwise:16(masked)", Claim::order_average},
      {"blockwise:16(ltr)", Claim::exact},
      {"prefix:8(ltr)", Claim::exact},
      {"noisy:0.25(ltr)", Claim::bound},
      {"shifted(masked)", Claim::order_average},
      {"left-context(masked)", Claim::bound},
      {"left-context(shifted(masked))", Claim::bound},
      {"mixture(1 ltr + 1 blockwise:16(masked))", Claim::order_average},
      {"mixture(0.5 mixture(1 ltr + 2 masked) + 0.5 any-order)", Claim::order_average},
      {"curriculum:ramp(left-context(masked) to masked)", Claim::order_average},
      {"curriculum:switch(ltr to mixture(1 ltr + 1 masked))", Claim::order_average},
      {"noisy:0.1(prefix:4(masked))", Claim::bound},
  };
  for (const auto& [name, claim] : known) {
    CAPTURE(name);
    const auto policy = factorization_from_name(name);
    CHECK(policy.name() == name);
    CHECK(policy.claim() == claim);
  }
}

TEST_CASE("what need not be said is filled in") {
  CHECK(factorization_from_name("orderings:4:seed=0").name() == "orderings:4");
  CHECK(factorization_from_name("blockwise:16").name() == "blockwise:16(masked)");
  CHECK(factorization_from_name("curriculum(ltr to masked)").name() == "curriculum:ramp(ltr to masked)");
  CHECK(factorization_from_name("mixture( 1  ltr + 2 masked )").name() == "mixture(1 ltr + 2 masked)");
}

TEST_CASE("numbers whose shortest form has an exponent lead back too") {
  using namespace ordo;
  check_leads_back(Mixture{Weighted{LeftToRight{}, 1e20}, Weighted{MaskedDiffusion<>{}, 3e-7}});
  check_leads_back(NoisyInputs<LeftToRight>{{}, 1e-7});
  check_leads_back(MaskedDiffusion<Linear, ClippedCount>{{.low = 1e-6, .high = 1e-5}});
  check_leads_back(MaskedDiffusion<Cosine, ClippedCount>{{.low = 0, .high = 1e-5}});
  check_leads_back(MaskedDiffusion<Cosine, PerToken>{{.floor = std::numeric_limits<double>::min()}});
}
