#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/factorization/move.hpp>

using ordo::moved;
using ordo::reordered;
using ordo::Shows;
using ordo::Slot;

TEST_CASE("moved by nothing, a slot stays as it is, the start too") {
  for (const Slot& slot : {Slot::start().predicting(0), Slot::token(2).predicting(3).told(), Slot::mask(1)}) {
    CHECK(moved(slot, 0) == slot);
  }
}

TEST_CASE("a moved slot shows, stands and predicts further on") {
  CHECK(moved(Slot::token(1), 4) == Slot::token(5));
  CHECK(moved(Slot::mask(0).predicting(0, 1.5F), 3) == Slot::mask(3).predicting(3, 1.5F));
  CHECK(moved(Slot::token(0).predicting(2).told(), 2) == Slot::token(2).predicting(4).told());
}

TEST_CASE("the start of a part is the token before it") {
  CHECK(moved(Slot::start().predicting(0), 4) == Slot::token(3).predicting(4));
  CHECK(moved(Slot::start(), 1) == Slot::token(0));
}

TEST_CASE("a replacement moves, its token id does not") {
  const Slot slot{Shows::replacement, 7, 2, 0, ordo::absent, 1};
  CHECK(moved(slot, 3) == Slot{Shows::replacement, 7, 5, 3, ordo::absent, 1});
}

TEST_CASE("only slots from the first one on are moved or reordered") {
  std::vector<Slot> slots = {Slot::token(0), Slot::token(0)};
  move_slots(slots, 1, 2);
  CHECK(slots == std::vector<Slot>{Slot::token(0), Slot::token(2)});
  reorder_slots(slots, 1, {2, 1, 0}, false);
  CHECK(slots == std::vector<Slot>{Slot::token(0), Slot::token(0)});
}

TEST_CASE("a reordered slot shows and predicts what stands at its place of the order, the start stays") {
  const std::vector<std::int32_t> order = {2, 0, 1};
  CHECK(reordered(Slot::start().predicting(0), order, false) == Slot::start().predicting(2));
  CHECK(reordered(Slot::token(0).predicting(1), order, false) == Slot::token(2).predicting(0));
  CHECK(reordered(Slot::mask(2).predicting(2, 3), order, false) == Slot::mask(1).predicting(1, 3));
}

TEST_CASE("a reordered slot is told its target's position where asked, or where it was told") {
  const std::vector<std::int32_t> order = {2, 0, 1};
  CHECK(reordered(Slot::token(0).predicting(1), order, true) == Slot::token(2).predicting(0).told());
  CHECK(reordered(Slot::token(0).predicting(1).told(), order, false) == Slot::token(2).predicting(0).told());
  CHECK(reordered(Slot::token(0), order, true) == Slot::token(2));
}
