#pragma once
// Drawing tokens on the device against the host: the same tokens, and the same probabilities but for rounding. The same
// cases run on an emulated device (draw_test.cpp) and on a GPU (device_test.cu). TestedDevice: which of them.

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

#include <catch2/catch.hpp>

#include <support/sequences.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/core/draw.hpp>
#include <ordo/core/matrix.hpp>
#include <ordo/core/rng.hpp>

namespace {

namespace drawing {

using ordo::Drawn;
using ordo::DrawOptions;
using ordo::Token;

constexpr float never = -std::numeric_limits<float>::infinity();
constexpr double just_below_1 = 1 - 0x1.0p-53;

/// Rows of logits, `gap` unused numbers between them.
struct Rows {
  std::int64_t rows;
  std::int64_t vocab;
  std::int64_t gap = 0;
  std::vector<float> numbers = std::vector<float>(static_cast<std::size_t>(rows * (vocab + gap)), 1000.0F);

  [[nodiscard]] float& at(std::int64_t r, std::int64_t v) {
    return numbers[static_cast<std::size_t>(r * (vocab + gap) + v)];
  }
  [[nodiscard]] ordo::Matrix<const float> view() const { return {numbers.data(), rows, vocab, vocab + gap}; }
};

/// f(normal draw, token) for each logit.
template <class F>
Rows rows_of(std::int64_t rows, std::int64_t vocab, const F& f) {
  Rows made{rows, vocab, 3};
  ordo::Stream stream(7, ordo::Purpose::test, static_cast<std::uint64_t>(vocab));
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t v = 0; v < vocab; ++v) made.at(r, v) = f(static_cast<float>(stream.normal()), v);
  }
  return made;
}

/// Both ends, then anywhere.
std::vector<double> units(std::int64_t rows) {
  ordo::Stream stream(8, ordo::Purpose::test, 0);
  std::vector<double> all = {0, just_below_1};
  while (static_cast<std::int64_t>(all.size()) < rows) all.push_back(stream.unit());
  all.resize(static_cast<std::size_t>(rows));
  return all;
}

std::vector<Drawn> draw_on_device(const Rows& rows, const std::vector<double>& unit, const DrawOptions& how) {
  std::vector<Drawn> drawn(unit.size());
  draw(TestedDevice{}, rows.view(), unit, how, drawn);
  return drawn;
}

void check_like_host(const Rows& rows, const std::vector<double>& unit, const DrawOptions& how) {
  INFO("V " << rows.vocab << ", temperature " << how.temperature << ", top_p " << how.top_p);
  std::vector<Drawn> expected(unit.size());
  draw(ordo::Reference<float>{}, rows.view(), unit, how, expected);
  const std::vector<Drawn> got = draw_on_device(rows, unit, how);
  for (std::size_t i = 0; i < got.size(); ++i) {
    INFO("row " << i << ", unit " << unit[i]);
    CHECK(got[i].token == expected[i].token);
    CHECK(got[i].probability == Approx(expected[i].probability).epsilon(1e-12));
    CHECK(got[i].sure.highest == Approx(expected[i].sure.highest).epsilon(1e-12));
    CHECK(got[i].sure.margin == Approx(expected[i].sure.margin).epsilon(1e-12).margin(1e-14));
    CHECK(got[i].sure.entropy == Approx(expected[i].sure.entropy).epsilon(1e-11).margin(1e-13));
  }
}

void check_like_host(const Rows& rows) {
  const std::vector<double> unit = units(rows.rows);
  check_like_host(rows, unit, {.temperature = 0, .certainty = true});
  for (const double temperature : {0.7, 1.0}) {
    for (const double top_p : {0.3, 0.9, 1.0}) check_like_host(rows, unit, {temperature, top_p, top_p != 0.9});
  }
}

}  // namespace drawing

}  // namespace

TEST_CASE("the device draws what the host draws, for any vocabulary") {
  for (const std::int64_t vocab : {1, 2, 7, 31, 32, 33, 64, 65, 257, 1009, 4099}) {
    drawing::check_like_host(
        drawing::rows_of(vocab < 1000 ? 12 : 4, vocab, [](float normal, std::int64_t) { return 3 * normal; }));
  }
}

TEST_CASE("the device draws what the host draws, for a large vocabulary") {
  drawing::check_like_host(drawing::rows_of(3, 50257, [](float normal, std::int64_t) { return 3 * normal; }));
}

TEST_CASE("the device draws what the host draws where logits are equal") {
  for (const std::int64_t vocab : {7, 100, 1500}) {
    drawing::check_like_host(drawing::rows_of(10, vocab, [](float, std::int64_t) { return -2.0F; }));
    drawing::check_like_host(
        drawing::rows_of(10, vocab, [](float normal, std::int64_t) { return std::round(normal); }));
    // zeros of both signs are equal
    drawing::check_like_host(drawing::rows_of(10, vocab, [](float normal, std::int64_t v) {
      return normal > 1 ? 1.0F : v % 2 ? 0.0F : -0.0F;
    }));
  }
}

TEST_CASE("the device draws what the host draws where logits are neighbours among floats") {
  // The cut is looked for among keys that order floats: here it falls between keys that differ by one, wherever these
  // lie in the pieces that ranges of keys are cut into.
  const auto check_from = [](float base, std::int64_t vocab, float largest = 0) {
    INFO("from " << base);
    drawing::Rows rows{1, vocab};
    for (std::int64_t v = 0; v < vocab; ++v) {
      rows.at(0, v % 2 == 0 ? v : vocab - 1 - v / 2 * 2) = base;  // rising and falling
      base = std::nextafter(base, std::numeric_limits<float>::infinity());
    }
    if (largest != 0) rows.at(0, 2) = largest;
    for (const double top_p : {0.05, 0.3, 0.5, 0.77, 0.95}) drawing::check_like_host(rows, {0.98}, {.top_p = top_p});
  };
  for (const float base : {0.0F, -1.0F, 1e-40F}) {
    for (std::int64_t vocab = 14; vocab <= 40; vocab += 2) check_from(base, vocab);
  }
  for (int i = 0; i < 30; ++i) {  // what is largest, and where pieces end, is far above them
    check_from(3 + static_cast<float>(i) * 0x7p-22F, 40, 3.9F);
  }
}

TEST_CASE("the device draws what the host draws where tokens are ruled out or certain") {
  using drawing::never;
  for (const std::int64_t vocab : {7, 600, 5003}) {
    drawing::check_like_host(drawing::rows_of(
        10, vocab, [=](float normal, std::int64_t v) { return v % 3 == 0 && v + 1 < vocab ? never : normal; }));
    drawing::check_like_host(
        drawing::rows_of(4, vocab, [=](float, std::int64_t v) { return v + 1 == vocab ? 2.0F : never; }));
    drawing::check_like_host(
        drawing::rows_of(4, vocab, [](float normal, std::int64_t v) { return v == 4 ? 900.0F : 100 * normal; }));
  }
}

TEST_CASE("the device never draws a token that is ruled out, and always one that there is") {
  using drawing::never;
  for (const std::int64_t vocab : {70, 4500}) {  // a row in one piece, and in parts
    const auto rows = drawing::rows_of(4, vocab, [](float normal, std::int64_t v) { return v > 50 ? never : normal; });
    const auto void_rows = drawing::rows_of(4, vocab, [](float, std::int64_t) { return never; });
    const auto broken_rows = drawing::rows_of(4, vocab, [](float normal, std::int64_t v) {
      return v % 5 == 2 ? std::numeric_limits<float>::quiet_NaN() : normal;
    });
    for (const double temperature : {1e-300, 1e-3, 1.0, 1e300}) {
      for (const double top_p : {1e-300, 1 - 0x1.0p-53, 1.0}) {
        for (const auto& drawn : drawing::draw_on_device(rows, std::vector<double>(4, drawing::just_below_1),
                                                         {.temperature = temperature, .top_p = top_p})) {
          CHECK((drawn.token >= 0 && drawn.token <= 50 && drawn.probability > 0));
        }
        for (const auto* none : {&void_rows, &broken_rows}) {  // garbage, but a token
          for (const auto& drawn :
               drawing::draw_on_device(*none, drawing::units(4), {.temperature = temperature, .top_p = top_p})) {
            CHECK((drawn.token >= 0 && drawn.token < vocab));
            CHECK(std::isnan(drawn.probability));
          }
        }
      }
    }
  }
}

TEST_CASE("the device judges tokens as the host does") {
  using drawing::never;
  for (const std::int64_t vocab : {1, 7, 33, 1009, 50257}) {
    const auto rows = drawing::rows_of(vocab < 2000 ? 12 : 3, vocab,
                                       [](float normal, std::int64_t v) { return v % 3 == 1 ? never : 40 * normal; });
    std::vector<ordo::Token> token;
    ordo::Stream stream(2, ordo::Purpose::test, 0);
    while (static_cast<std::int64_t>(token.size()) < rows.rows) {
      token.push_back(static_cast<ordo::Token>(stream.below(static_cast<std::uint32_t>(vocab))));
    }
    for (const bool with_certainty : {true, false}) {
      std::vector<ordo::Judged> expected(token.size());
      judge(ordo::Reference<float>{}, rows.view(), token, with_certainty, expected);
      std::vector<ordo::Judged> got(token.size());
      judge(TestedDevice{}, rows.view(), token, with_certainty, got);
      for (std::size_t i = 0; i < got.size(); ++i) {
        INFO("V " << vocab << ", row " << i << ", token " << token[i]);
        if (std::isinf(expected[i].nats)) {
          CHECK(got[i].nats == expected[i].nats);
        } else {
          CHECK(got[i].nats == Approx(expected[i].nats).epsilon(1e-12).margin(1e-13));
        }
        CHECK(got[i].sure.highest == Approx(expected[i].sure.highest).epsilon(1e-12));
        CHECK(got[i].sure.margin == Approx(expected[i].sure.margin).epsilon(1e-12).margin(1e-14));
        CHECK(got[i].sure.entropy == Approx(expected[i].sure.entropy).epsilon(1e-11).margin(1e-13));
      }
    }
  }
}

TEST_CASE("tokens that the device draws follow the probabilities that temperature and nucleus leave") {
  const std::vector<double> p = {0.05, 0.3, 0.1, 0.25, 0.02, 0.2, 0.08};
  constexpr std::int64_t samples = 2000;
  drawing::Rows rows{samples, 7};
  std::vector<double> unit;
  ordo::Stream stream(3, ordo::Purpose::test, 0);
  for (std::int64_t r = 0; r < samples; ++r) {
    for (std::int64_t v = 0; v < 7; ++v) rows.at(r, v) = static_cast<float>(std::log(p[static_cast<std::size_t>(v)]));
    unit.push_back(stream.unit());
  }
  const auto z_of = [&](const ordo::DrawOptions& how, const std::map<std::vector<ordo::Token>, double>& expected) {
    std::vector<std::vector<ordo::Token>> tokens;
    for (const auto& drawn : drawing::draw_on_device(rows, unit, how)) tokens.push_back({drawn.token});
    return std::abs(ordo::chi_square_z(tokens, expected));
  };
  std::map<std::vector<ordo::Token>, double> all;
  for (std::size_t v = 0; v < p.size(); ++v) all[{static_cast<ordo::Token>(v)}] = p[v];
  // z is standard normal under agreement: 4 happens by chance once in 30,000 seeds, and the seed is fixed.
  CHECK(z_of({}, all) < 4);
  CHECK(z_of({.top_p = 0.8}, {{{1}, 0.3 / 0.85}, {{2}, 0.1 / 0.85}, {{3}, 0.25 / 0.85}, {{5}, 0.2 / 0.85}}) < 4);
}
