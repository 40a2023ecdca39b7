#pragma once
// The model sizes of Prabhudesai et al. 2025 (arXiv:2507.15857) by name, and two ways to count parameters.

#include <array>
#include <charconv>
#include <cstdint>
#include <sstream>
#include <string_view>
#include <system_error>

#include <ordo/core/config.hpp>
#include <ordo/core/error.hpp>

namespace ordo {

/// One rung of the paper's ladder. The name is nominal: what the paper's formula counts, in millions, V = 50257.
struct NamedSize {
  std::string_view name;
  double nominal_millions = 0;
  int layers = 0;
  int width = 0;
  int heads = 0;
  int hidden = 0;  ///< inner width of the feed-forward part

  /// The shape with this vocabulary and context; everything else as ModelConfig has it.
  [[nodiscard]] ModelConfig config(Token vocab, int context) const {
    ModelConfig c;
    c.layers = layers;
    c.width = width;
    c.heads = heads;
    c.hidden = hidden;
    c.vocab = vocab;
    c.context = context;
    return c;
  }
};

/// From the paper's table. It prints 7 heads for widths 288 and 448; width / head size gives 9 and 14, as here.
inline constexpr std::array<NamedSize, 19> size_ladder = {{
    {"7M", 7.0, 3, 128, 4, 320},            //
    {"13.6M", 13.6, 4, 224, 7, 576},        //
    {"19.5M", 19.5, 5, 288, 9, 768},        //
    {"36.6M", 36.6, 6, 448, 14, 1152},      //
    {"50.7M", 50.7, 8, 512, 8, 1344},       //
    {"64.8M", 64.8, 9, 576, 9, 1536},       //
    {"80.5M", 80.5, 10, 640, 10, 1664},     //
    {"95M", 95.0, 13, 640, 10, 1664},       //
    {"109.6M", 109.6, 16, 640, 10, 1664},   //
    {"123.6M", 123.6, 12, 768, 12, 2048},   //
    {"144.8M", 144.8, 15, 768, 12, 2048},   //
    {"166.1M", 166.1, 18, 768, 12, 2048},   //
    {"179.2M", 179.2, 14, 896, 14, 2368},   //
    {"198.3M", 198.3, 16, 896, 14, 2368},   //
    {"217.5M", 217.5, 18, 896, 14, 2368},   //
    {"250.8M", 250.8, 16, 1024, 16, 2688},  //
    {"275.7M", 275.7, 18, 1024, 16, 2688},  //
    {"300.6M", 300.6, 20, 1024, 16, 2688},  //
    {"416.9M", 416.9, 18, 1280, 10, 3392},  //
}};

/// The rung of this name: "7M" or "7.0M". Throws an Error that lists the names.
[[nodiscard]] inline const NamedSize& named_size(std::string_view name) {
  double millions = 0;
  const char* end = name.data() + name.size();
  const auto [stop, error] = std::from_chars(name.data(), end, millions);
  if (error == std::errc() && stop + 1 == end && *stop == 'M') {
    for (const NamedSize& size : size_ladder) {
      if (size.nominal_millions == millions) return size;
    }
  }
  std::ostringstream names;
  for (const NamedSize& size : size_ladder) names << (names.tellp() > 0 ? ", " : "") << size.name;
  fail("size", "'", name, "' is not a size of the ladder (known: ", names.str(), ")");
}

/// Parameters as the paper counts them: P = 4 L C^2 + 3 L C F + 6 L C + V C.
[[nodiscard]] inline std::int64_t nominal_parameters(const ModelConfig& config) {
  const std::int64_t layers = config.layers;
  const std::int64_t width = config.width;
  return layers * width * (4 * width + 3 * config.feed_forward() + 6) + config.vocab * width;
}

/// Parameters of the network as built: 2 L C + C gains where the formula has 6 L C, and V + 2 rows (the mask and
/// the start) in the one table that embeds and predicts.
[[nodiscard]] inline std::int64_t true_parameters(const ModelConfig& config) {
  const std::int64_t layers = config.layers;
  const std::int64_t width = config.width;
  return layers * width * (4 * width + 3 * config.feed_forward() + 2) + width + config.table_rows() * width;
}

}  // namespace ordo
