// Any bytes are either refused with an Error or are text that comes back as it was, byte for byte.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <ordo/core/error.hpp>
#include <ordo/data/character_dataset.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto characters = ordo::CharacterDataset::from_text(text, {.context = 7});
    std::string back;
    std::vector<ordo::Token> window;
    for (std::size_t i = 0; i < characters.train().size(); ++i) {
      characters.train().copy(i, window);
      back += characters.decode(window);
    }
    if (back != text || ordo::first_invalid_utf8(text) != std::string_view::npos) std::abort();
    if (characters.decode(characters.encode(text)) != text) std::abort();
    if (characters.train().bytes() != static_cast<std::int64_t>(size)) std::abort();
  } catch (const ordo::Error&) {
  }
  return 0;
}
