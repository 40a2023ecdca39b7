#pragma once
// Random inputs for the tests of a backend: the same seed gives the same case to every backend and scalar.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include <ordo/core/attention_layout.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/rng.hpp>
#include <ordo/core/tile.hpp>

namespace ordo::testing {

/// An owning row-major matrix. `padding` numbers between rows test that operations respect the stride.
template <class R>
class Table {
 public:
  Table() = default;
  Table(std::int64_t rows, std::int64_t cols, std::int64_t padding = 0)
      : rows_(rows), cols_(cols), stride_(cols + padding), numbers_(static_cast<std::size_t>(rows * stride_)) {}
  /// The table that is written out, row by row.
  [[nodiscard]] static Table of(std::initializer_list<std::initializer_list<R>> rows) {
    Table table(static_cast<std::int64_t>(rows.size()), static_cast<std::int64_t>(rows.begin()->size()));
    auto to = table.numbers_.begin();
    for (const auto& row : rows) to = std::copy(row.begin(), row.end(), to);
    return table;
  }

  [[nodiscard]] Matrix<R> view() { return {numbers_.data(), rows_, cols_, stride_}; }
  [[nodiscard]] Matrix<const R> view() const { return {numbers_.data(), rows_, cols_, stride_}; }
  operator Matrix<R>() { return view(); }
  operator Matrix<const R>() const { return view(); }
  /// All the numbers, the padding included.
  [[nodiscard]] std::span<R> all() { return numbers_; }
  [[nodiscard]] std::span<const R> all() const { return numbers_; }
  [[nodiscard]] R& at(std::int64_t row, std::int64_t col) { return view().row(row)[col]; }
  [[nodiscard]] const R& at(std::int64_t row, std::int64_t col) const { return view().row(row)[col]; }
  /// The same numbers in another scalar.
  template <class To>
  [[nodiscard]] Table<To> as() const {
    Table<To> other(rows_, cols_, stride_ - cols_);
    for (std::size_t i = 0; i < numbers_.size(); ++i) other.all()[i] = static_cast<To>(numbers_[i]);
    return other;
  }

 private:
  std::int64_t rows_ = 0;
  std::int64_t cols_ = 0;
  std::int64_t stride_ = 0;
  std::vector<R> numbers_;
};

/// The same numbers in another scalar.
template <class To, class From>
[[nodiscard]] std::vector<To> as(const std::vector<From>& numbers) {
  std::vector<To> other;
  for (const From& number : numbers) other.push_back(static_cast<To>(number));
  return other;
}

/// Random inputs. They are rounded to float, so that a float and a double backend start from equal numbers.
class RandomCase {
 public:
  explicit RandomCase(std::uint64_t seed) : stream_(seed, Purpose::test, 0) {}

  [[nodiscard]] double number() { return static_cast<double>(static_cast<float>(stream_.normal())); }
  /// Uniform on low .. high, both included.
  [[nodiscard]] std::int32_t between(std::int32_t low, std::int32_t high) {
    return low + static_cast<std::int32_t>(stream_.below(static_cast<std::uint32_t>(high - low + 1)));
  }
  [[nodiscard]] std::vector<double> numbers(std::int64_t count) {
    std::vector<double> v(static_cast<std::size_t>(count));
    for (double& x : v) x = number();
    return v;
  }
  [[nodiscard]] Table<double> table(std::int64_t rows, std::int64_t cols, std::int64_t padding = 0) {
    Table<double> t(rows, cols, padding);
    for (double& x : t.all()) x = number();
    return t;
  }
  /// `count` indices below `bound`, with repeats.
  [[nodiscard]] std::vector<std::int32_t> indices(std::int64_t count, std::int32_t bound) {
    std::vector<std::int32_t> v(static_cast<std::size_t>(count));
    for (std::int32_t& i : v) i = between(0, bound - 1);
    return v;
  }
  /// A rising choice among 0 .. bound - 1: each with probability 1/2, and at least the last one.
  [[nodiscard]] std::vector<std::int32_t> some(std::int32_t bound) {
    std::vector<std::int32_t> chosen;
    for (std::int32_t i = 0; i < bound; ++i) {
      if (between(0, 1) == 1 || (i + 1 == bound && chosen.empty())) chosen.push_back(i);
    }
    return chosen;
  }

 private:
  Stream stream_;
};

/// An awkward rule with a few numbers: everybody sees the first `prefix` slots, their own block of `block` slots,
/// and the even ones of the earlier blocks. Its tiles are counted out, so every promise that can be made is made.
struct BlocksAndPrefix {
  std::int32_t block = 3;
  std::int32_t prefix = 1;

  [[nodiscard]] constexpr bool sees(std::int32_t q, std::int32_t k) const {
    const std::int32_t mine = q / block;
    const std::int32_t its = k / block;
    return k < prefix || its == mine || (its < mine && its % 2 == 0);
  }
  [[nodiscard]] constexpr Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    bool any = false;
    bool every = true;
    for (std::int32_t q = q0; q < q1; ++q) {
      for (std::int32_t k = k0; k < k1; ++k) {
        any = any || sees(q, k);
        every = every && sees(q, k);
      }
    }
    if (every) return Tile::all;
    return any ? Tile::some : Tile::none;
  }
  /// Other numbers in every sequence of a batch.
  [[nodiscard]] constexpr BlocksAndPrefix for_sequence(std::int32_t n) const { return {block + n, prefix + n % 3}; }
};

/// A rule under which slot 0 sees nothing, and nobody sees the last slot.
struct StrictlyBefore {
  [[nodiscard]] constexpr bool sees(std::int32_t q, std::int32_t k) const { return k < q; }
  [[nodiscard]] constexpr Tile tile(std::int32_t q0, std::int32_t q1, std::int32_t k0, std::int32_t k1) const {
    if (k1 <= q0) return Tile::all;
    return k0 >= q1 - 1 ? Tile::none : Tile::some;
  }
};

/// Which slots of each sequence ask: all, a random half, or the last one to three.
enum class Asking { every, some, last };

/// A packed batch that owns what its layout points to.
template <class Rule>
struct PackedCase {
  std::vector<AttentionSequence<Rule>> sequences;
  std::vector<std::int32_t> query_slot;  // (Q)
  std::int64_t queries = 0;              // Q
  std::int64_t keys = 0;                 // rows of k and v

  [[nodiscard]] AttentionLayout<Rule> layout(int head_size) const { return {head_size, sequences, query_slot}; }
};

/// Sequences of these many slots, packed one after the other, `gap` unused key rows before each. Their samples are
/// far apart (some above 2^32), so that dropout differs between them; so do their rules, where a rule can.
template <class Rule>
[[nodiscard]] PackedCase<Rule> pack(RandomCase& random, std::span<const std::int32_t> lengths, Rule rule, Asking asking,
                                    std::int32_t gap = 0) {
  PackedCase<Rule> packed;
  for (const std::int32_t length : lengths) {
    std::vector<std::int32_t> slots;
    if (asking == Asking::some) {
      slots = random.some(length);
    } else {
      const auto few = 1 + static_cast<std::int32_t>(packed.sequences.size() % 3);
      for (std::int32_t s = asking == Asking::last ? std::max(0, length - few) : 0; s < length; ++s) slots.push_back(s);
    }
    AttentionSequence<Rule> sequence;
    sequence.query_begin = static_cast<std::int32_t>(packed.queries);
    sequence.queries = static_cast<std::int32_t>(slots.size());
    sequence.key_begin = static_cast<std::int32_t>(packed.keys) + gap;
    sequence.keys = length;
    sequence.sample = 7 + packed.sequences.size() * 0x1'0000'0003ULL;
    sequence.rule = rule;
    if constexpr (requires { rule.for_sequence(0); }) {
      sequence.rule = rule.for_sequence(static_cast<std::int32_t>(packed.sequences.size()));
    }
    packed.sequences.push_back(sequence);
    packed.query_slot.insert(packed.query_slot.end(), slots.begin(), slots.end());
    packed.queries += sequence.queries;
    packed.keys += gap + length;
  }
  return packed;
}

}  // namespace ordo::testing
