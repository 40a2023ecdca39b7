#pragma once
// Writes float tensors in the safetensors format (see safetensors.hpp), one after the other, without a copy.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/utf8.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

/// A tensor to be written: its numbers, row by row.
struct NamedTensor {
  std::string name;
  std::vector<std::int64_t> shape;
  std::span<const float> data;
};

/// Writes all tensors as F32, in this order; the data begins at a multiple of 8 bytes. The caller commits `file`.
/// Throws an Error that names a tensor whose shape and data differ, or whose name is taken, reserved or no UTF-8.
inline void write_safetensors(AtomicFile& file, std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  static_assert(std::endian::native == std::endian::little, "[ordo] tensors are written as little endian");
  nlohmann::json header = nlohmann::json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::uint64_t offset = 0;
  for (const NamedTensor& tensor : tensors) {
    require(first_invalid_utf8(tensor.name) == std::string::npos, "io", "the name of tensor '", tensor.name,
            "' must be UTF-8");
    require(tensor.name != "__metadata__", "io", "no tensor can have the name __metadata__");
    require(!header.contains(tensor.name), "io", "two tensors have the name '", tensor.name, "'");
    std::int64_t numbers = 1;
    for (const std::int64_t extent : tensor.shape) {
      require(extent >= 0 && !__builtin_mul_overflow(numbers, extent, &numbers), "io", "tensor '", tensor.name,
              "' has an impossible extent in its shape (", extent, ")");
    }
    require(static_cast<std::uint64_t>(numbers) == tensor.data.size(), "io", "tensor '", tensor.name,
            "' has a shape of ", numbers, " numbers, but ", tensor.data.size(), " are given");
    const std::uint64_t end = offset + tensor.data.size_bytes();
    header[tensor.name] = {{"dtype", "F32"}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = json_text(header);
  text.resize((text.size() + 7) / 8 * 8, ' ');
  const std::uint64_t length = text.size();
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(text);
  for (const NamedTensor& tensor : tensors) file.write(std::as_bytes(tensor.data));
}

/// The same, to a path, whole or not at all.
inline void write_safetensors(const std::filesystem::path& path, std::span<const NamedTensor> tensors,
                              const std::map<std::string, std::string>& metadata = {}) {
  AtomicFile file(path);
  write_safetensors(file, tensors, metadata);
  file.commit();
}

}  // namespace ordo
