// Any bytes are either refused with an Error or are tensors that lie inside the bytes and fill them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include <ordo/core/checksum.hpp>
#include <ordo/core/error.hpp>
#include <ordo/io/safetensors.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const ordo::Tensors found = ordo::parse_safetensors(bytes, "input");
    std::size_t total = 0;
    for (const auto& [name, tensor] : found.tensors) {
      std::size_t numbers = 1;
      for (const std::int64_t extent : tensor.shape) numbers *= static_cast<std::size_t>(extent);
      if (numbers * ordo::dtype_bytes(tensor.dtype) != tensor.bytes.size()) std::abort();
      total += tensor.bytes.size();
      static_cast<void>(ordo::checksum(tensor.bytes));  // a sanitizer sees every byte read
    }
    if (total > size) std::abort();
  } catch (const ordo::Error&) {
  }
  return 0;
}
