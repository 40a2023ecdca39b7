#pragma once
// Plans by hand: choices that follow a script, and visibility as rows of digits.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include <ordo/concepts/choices.hpp>
#include <ordo/core/error.hpp>
#include <ordo/core/slot.hpp>

namespace ordo::testing {

/// Answers `below`, `happens` and `pick` with the numbers of a script, one after the other. Models Choices.
class Scripted {
 public:
  Scripted(std::initializer_list<std::uint32_t> answers, double progress = 1)
      : answers_(answers), progress_(progress) {}

  [[nodiscard]] std::uint32_t below(std::uint32_t bound) { return next(bound); }
  [[nodiscard]] bool happens(double) { return next(2) == 1; }
  [[nodiscard]] double level(Levels) { fail("script", "a level cannot be scripted"); }
  template <class Cumulative>
  [[nodiscard]] std::uint32_t pick(std::uint32_t bound, Levels, const Cumulative&) {
    return next(bound);
  }
  [[nodiscard]] double progress() const { return progress_; }
  /// True when every answer was asked for.
  [[nodiscard]] bool used_up() const { return at_ == answers_.size(); }

 private:
  std::uint32_t next(std::uint32_t bound) {
    require(at_ < answers_.size(), "script", "no answer is left after ", at_);
    require(answers_[at_] < bound, "script", "answer ", at_, " must be below ", bound, " (got ", answers_[at_], ")");
    return answers_[at_++];
  }

  std::vector<std::uint32_t> answers_;
  double progress_;
  std::size_t at_ = 0;
};
static_assert(Choices<Scripted>);

/// Who sees whom: row q, column k, '1' where slot q sees slot k.
template <class Rule>
[[nodiscard]] std::vector<std::string> visibility(const Rule& rule, std::size_t slots) {
  std::vector<std::string> rows;
  const auto n = static_cast<std::int32_t>(slots);
  for (std::int32_t q = 0; q < n; ++q) {
    rows.emplace_back();
    for (std::int32_t k = 0; k < n; ++k) rows.back() += rule.sees(q, k) ? '1' : '0';
  }
  return rows;
}

/// A plan, its visibility, and whether the script was followed to its end.
struct Laid {
  std::vector<Slot> slots;
  std::vector<std::string> seen;
  bool used_up = false;
};

template <class F>
[[nodiscard]] Laid laid(const F& policy, std::int32_t length, Scripted script) {
  Laid result;
  const auto rule = policy.plan(Shape{length}, script, result.slots);
  result.seen = visibility(rule, result.slots.size());
  result.used_up = script.used_up();
  return result;
}

}  // namespace ordo::testing
