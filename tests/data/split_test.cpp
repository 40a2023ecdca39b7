#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/data/split.hpp>

using Catch::Contains;
using ordo::cut_at;

namespace {

using Lengths = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("a share that leaves a part without tokens is refused") {
  CHECK_THROWS_WITH(cut_at(Lengths{10}, 1.0), Contains("[0, 1)") && Contains("got 1"));
  CHECK_THROWS_WITH(cut_at(Lengths{10}, -0.1), Contains("got -0.1"));
  CHECK_THROWS_WITH(cut_at(Lengths{10}, 0.0 / 0.0), Contains("nan"));
  CHECK_THROWS_WITH(cut_at(Lengths{10}, 0.01), Contains("0.01 of 10 tokens"));
  CHECK_THROWS_WITH(cut_at(Lengths{10}, 0.99), Contains("0.99 of 10 tokens"));
  CHECK_THROWS_WITH(cut_at(Lengths{1, 10}, 0.95), Contains("0.95 of 2 documents leaves none"));
}

TEST_CASE("one document is cut near its end") {
  CHECK(cut_at(Lengths{10}, 0.2).document == 0);
  CHECK(cut_at(Lengths{10}, 0.2).token == 8);
  CHECK(cut_at(Lengths{10}, 0).document == 1);
}

TEST_CASE("of several documents whole ones are held out, the last first, until the share is reached") {
  CHECK(cut_at(Lengths{10, 10, 10, 10}, 0.01).document == 3);
  CHECK(cut_at(Lengths{10, 10, 10, 10}, 0.25).document == 3);
  CHECK(cut_at(Lengths{10, 10, 10, 10}, 0.26).document == 2);
  CHECK(cut_at(Lengths{10, 30}, 0.1).document == 1);
  CHECK(cut_at(Lengths{10, 30}, 0.1).token == 0);
}

TEST_CASE("the two parts are disjoint and make up the whole") {
  std::vector<ordo::Document> documents{ordo::Document::from_text("one", "abcdefghij")};
  const ordo::Split one = ordo::split(documents, {0, 7});
  REQUIRE(one.train.size() == 1);
  REQUIRE(one.validation.size() == 1);
  CHECK(one.train[0].tokens() == 7);
  ordo::Token first = 0;
  one.validation[0].copy(0, 1, 256, &first);
  CHECK(first == 'h');
  CHECK(one.validation[0].tokens() == 3);
  documents.push_back(ordo::Document::from_text("two", "kl"));
  CHECK(ordo::split(documents, {1, 0}).train.size() == 1);
  CHECK(ordo::split(documents, {1, 0}).validation[0].name() == "two");
  CHECK(ordo::split(documents, {2, 0}).validation.empty());
}
