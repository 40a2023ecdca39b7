// Any file is either refused with an Error or gives windows whose tokens are all inside the vocabulary. The first
// bytes of the input choose the settings.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include <fuzz/scratch_file.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/token_dataset.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4) return 0;
  const auto format = data[0] % 2 == 0 ? ordo::TokenFile::uint16 : ordo::TokenFile::uint32;
  const ordo::Token vocab = data[1] * 257;
  const ordo::DataOptions options{.context = data[2], .validation = data[3] / 250.0};
  const ScratchFile file(data + 4, size - 4, ".bin");
  try {
    const auto tokens = ordo::TokenDataset::from_file(file.path(), vocab, options, format);
    std::int64_t total = 0;
    for (const ordo::Windows& part : {tokens.train(), tokens.validation()}) {
      std::vector<ordo::Token> window;
      static_cast<void>(part.fingerprint());
      for (std::size_t i = 0; i < part.size(); ++i) {
        part.copy(i, window);
        if (window.empty() || window.size() > static_cast<std::size_t>(options.context)) std::abort();
        for (const ordo::Token t : window) {
          if (t < 0 || t >= vocab) std::abort();
        }
        total += static_cast<std::int64_t>(window.size());
      }
    }
    if (total * (format == ordo::TokenFile::uint16 ? 2 : 4) != static_cast<std::int64_t>(size - 4)) std::abort();
    if (tokens.encode(tokens.decode({})) != std::vector<ordo::Token>{}) std::abort();
  } catch (const ordo::Error&) {
  }
  return 0;
}
