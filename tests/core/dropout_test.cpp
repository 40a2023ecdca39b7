#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/core/dropout.hpp>

using ordo::Dropout;
using ordo::DropoutSite;

namespace {

constexpr std::uint32_t rows = 200;
constexpr std::uint32_t columns = 120;

std::vector<char> kept(const Dropout& d, std::uint64_t sample = 0, std::uint32_t head = 0) {
  std::vector<char> all;
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t c = 0; c < columns; ++c) all.push_back(d.keeps(sample, head, r, c) ? 1 : 0);
  }
  return all;
}
double share(const std::vector<char>& all) {
  double sum = 0;
  for (const char k : all) sum += k;
  return sum / static_cast<double>(all.size());
}

}  // namespace

TEST_CASE("dropout that is off keeps everything and scales nothing") {
  CHECK_FALSE(Dropout::off().active());
  CHECK_FALSE(Dropout::at(0, 1, 0, DropoutSite::attention).active());
  CHECK(Dropout::off().scale() == 1);
  CHECK(share(kept(Dropout::off())) == 1);
}

TEST_CASE("dropout keeps a share of one minus the rate, within four standard errors, and scales to the same mean") {
  for (const double rate : {0.1, 0.25, 0.5, 0.9}) {
    const auto d = Dropout::at(rate, 3, 1, DropoutSite::attention_branch);
    CAPTURE(rate);
    CHECK(d.active());
    CHECK(static_cast<double>(d.scale()) == Approx(1 / (1 - rate)).epsilon(2e-4));  // the rate is a multiple of 2^-16
    const double standard_error = std::sqrt(rate * (1 - rate) / (rows * columns));
    CHECK(std::abs(share(kept(d)) - (1 - rate)) < 4 * standard_error);
  }
}

TEST_CASE("a rate close to one leaves a finite scale") {
  const auto d = Dropout::at(1 - 1e-9, 0, 0, DropoutSite::attention);
  CHECK((!d.active() || std::isfinite(d.scale())));
  CHECK(std::isfinite(Dropout::at(0.99999, 0, 0, DropoutSite::attention).scale()));
}

TEST_CASE("what is kept at one seed, layer, site, sample or head says nothing of another") {
  const auto base = kept(Dropout::at(0.5, 3, 1, DropoutSite::attention), 0, 0);
  const std::vector<std::vector<char>> others = {
      kept(Dropout::at(0.5, 4, 1, DropoutSite::attention)),
      kept(Dropout::at(0.5, 3, 2, DropoutSite::attention)),
      kept(Dropout::at(0.5, 3, 1, DropoutSite::feed_forward_branch)),
      kept(Dropout::at(0.5, 3, 1, DropoutSite::attention), 1),
      kept(Dropout::at(0.5, 3, 1, DropoutSite::attention), 1ULL << 32),
      kept(Dropout::at(0.5, 3, 1, DropoutSite::attention), 0, 1),
  };
  for (const auto& other : others) {
    double agree = 0;
    for (std::size_t i = 0; i < base.size(); ++i) agree += base[i] == other[i] ? 1 : 0;
    const auto count = static_cast<double>(base.size());
    CHECK(std::abs(agree / count - 0.5) < 4 * std::sqrt(0.25 / count));
  }
  CHECK(kept(Dropout::at(0.5, 3, 1, DropoutSite::attention)) == base);
}

TEST_CASE("neighbours in a row and in a column are kept independently, within four standard errors") {
  const auto base = kept(Dropout::at(0.5, 7, 0, DropoutSite::attention));
  double along_row = 0;
  double along_column = 0;
  double pairs = 0;
  for (std::uint32_t r = 0; r + 1 < rows; ++r) {
    for (std::uint32_t c = 0; c + 1 < columns; ++c) {
      const std::size_t i = r * columns + c;
      along_row += base[i] == base[i + 1] ? 1 : 0;
      along_column += base[i] == base[i + columns] ? 1 : 0;
      pairs += 1;
    }
  }
  CHECK(std::abs(along_row / pairs - 0.5) < 4 * std::sqrt(0.25 / pairs));
  CHECK(std::abs(along_column / pairs - 0.5) < 4 * std::sqrt(0.25 / pairs));
}

TEST_CASE("the words hold eight columns, two to a word, the lower half first") {
  const auto d = Dropout::at(0.3, 11, 2, DropoutSite::attention);
  for (std::uint32_t block = 0; block < 4; ++block) {
    const auto words = d.words(5, 3, 17, block);
    for (std::uint32_t i = 0; i < 8; ++i) {
      const std::uint32_t half = i % 2 == 0 ? words[i / 2] & 0xffffU : words[i / 2] >> 16;
      CHECK(d.keeps(5, 3, 17, 8 * block + i) == (half >= d.threshold));
    }
  }
}

TEST_CASE("every sample, layer, site and head has a place of its own in the counter") {
  const auto at = [](std::uint64_t sample, int layer, DropoutSite site, std::uint32_t head) {
    return Dropout::at(0.1, 0, layer, site).place(sample, head);
  };
  const auto site = DropoutSite::attention;
  CHECK(at(0, 0, site, 4095) != at(0, 0, DropoutSite::attention_branch, 0));
  CHECK(at(0, 1023, site, 0) != at(1ULL << 32, 0, site, 0));
  CHECK(at(0, 1, site, 0) != at(0, 0, DropoutSite::feed_forward_branch, 0));
  CHECK(at(255ULL << 32, 1023, DropoutSite::feed_forward_branch, 4095) == 0xffffefffU);
}
