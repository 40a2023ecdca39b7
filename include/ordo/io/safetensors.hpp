#pragma once
// Reads tensors in the safetensors format (Hugging Face, github.com/huggingface/safetensors): the header's length in
// 8 bytes, the header as JSON, then the numbers, all little endian.

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

/// A tensor inside a file. The bytes need not be aligned.
struct TensorInfo {
  std::string dtype;  ///< "F32", "BF16", "I64", ...
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// What a file holds, by name. The spans point into the bytes that were parsed.
struct Tensors {
  std::map<std::string, TensorInfo> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes of one number of this type; 0 for a type that is not known.
[[nodiscard]] inline std::uint64_t dtype_bytes(std::string_view dtype) {
  constexpr std::pair<std::string_view, std::uint64_t> known[] = {
      {"F64", 8}, {"I64", 8}, {"U64", 8}, {"F32", 4}, {"I32", 4},  {"U32", 4},     {"F16", 2},    {"BF16", 2},
      {"I16", 2}, {"U16", 2}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}, {"F8_E4M3", 1}, {"F8_E5M2", 1}};
  for (const auto& [name, bytes] : known) {
    if (name == dtype) return bytes;
  }
  return 0;
}

namespace safetensors {

inline constexpr std::uint64_t largest_header = 100'000'000;  // the limit of the format's own reader [bytes]

inline std::uint64_t whole_number(const nlohmann::json& value, const std::string& of) {
  require(value.is_number_unsigned() && value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max(), "io",
          of, " must be a whole number from 0 (got ", json_text(value), ")");
  return value.get<std::uint64_t>();
}

/// One entry of the header; `data` is everything behind it.
inline TensorInfo entry(const nlohmann::json& about, std::span<const std::byte> data, const std::string& of) {
  require(about.is_object(), "io", of, " must be an object (got ", json_text(about), ")");
  for (const char* field : {"dtype", "shape", "data_offsets"}) {
    require(about.contains(field), "io", of, " has no ", field);
  }
  TensorInfo tensor;
  require(about["dtype"].is_string() && dtype_bytes(about["dtype"].get<std::string>()) > 0, "io", of,
          " has a dtype that this build does not know (", json_text(about["dtype"]), ")");
  tensor.dtype = about["dtype"].get<std::string>();
  require(about["shape"].is_array(), "io", of, " has a shape that is no list (", json_text(about["shape"]), ")");
  std::uint64_t bytes = dtype_bytes(tensor.dtype);
  for (const nlohmann::json& extent : about["shape"]) {
    const std::uint64_t n = whole_number(extent, of + ": an extent");
    require(n == 0 || bytes <= std::numeric_limits<std::int64_t>::max() / n, "io", of,
            " has a shape that is too large (", json_text(about["shape"]), ")");
    bytes *= n;
    tensor.shape.push_back(static_cast<std::int64_t>(n));
  }
  const nlohmann::json& offsets = about["data_offsets"];
  require(offsets.is_array() && offsets.size() == 2, "io", of, " must have two data_offsets (got ", json_text(offsets),
          ")");
  const std::uint64_t begin = whole_number(offsets[0], of + ": an offset");
  const std::uint64_t end = whole_number(offsets[1], of + ": an offset");
  require(begin <= end && end <= data.size(), "io", of, " has data_offsets ", begin, " and ", end,
          ", which are not inside the ", data.size(), " bytes of data");
  require(end - begin == bytes, "io", of, " has ", end - begin, " bytes, but its shape and dtype take ", bytes);
  tensor.bytes = data.subspan(begin, end - begin);
  return tensor;
}

}  // namespace safetensors

/// Checks everything before giving anything: the lengths, the JSON, each dtype, shape and place, and that the tensors
/// fill the data without holes or overlaps. Errors name `name`, the tensor and the value.
[[nodiscard]] inline Tensors parse_safetensors(std::span<const std::byte> bytes, const std::string& name) {
  static_assert(std::endian::native == std::endian::little, "[ordo] tensors are read as little endian");
  std::uint64_t length = 0;
  require(bytes.size() >= sizeof(length), "io", name, " is too short for a safetensors file (", bytes.size(),
          " bytes)");
  std::memcpy(&length, bytes.data(), sizeof(length));
  require(length <= safetensors::largest_header, "io", name, " says that its header has ", length,
          " bytes, which is more than the limit of ", safetensors::largest_header);
  require(length <= bytes.size() - sizeof(length), "io", name, " says that its header has ", length,
          " bytes, but only ", bytes.size() - sizeof(length), " follow");
  const auto* text = reinterpret_cast<const char*>(bytes.data() + sizeof(length));
  const nlohmann::json header = parse_json({text, static_cast<std::size_t>(length)}, name, 3);
  require(header.is_object(), "io", name, " has a header that is no JSON object");
  const std::span<const std::byte> data = bytes.subspan(sizeof(length) + length);

  Tensors found;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;  // begin, end
  for (const auto& [key, about] : header.items()) {
    if (key == "__metadata__") {
      require(about.is_object(), "io", name, ": __metadata__ must be an object");
      for (const auto& [k, v] : about.items()) {
        require(v.is_string(), "io", name, ": __metadata__ '", k, "' must be text (got ", json_text(v), ")");
        found.metadata[k] = v.get<std::string>();
      }
      continue;
    }
    TensorInfo tensor = safetensors::entry(about, data, name + ": tensor '" + key + "'");
    const auto begin = static_cast<std::uint64_t>(tensor.bytes.data() - data.data());
    ranges.emplace_back(begin, begin + tensor.bytes.size());
    found.tensors.emplace(key, std::move(tensor));
  }
  std::sort(ranges.begin(), ranges.end());
  std::uint64_t covered = 0;
  for (const auto& [begin, end] : ranges) {
    require(begin >= covered, "io", name, ": tensors overlap at byte ", begin, " of the data");
    require(begin == covered, "io", name, ": bytes ", covered, " to ", begin, " of the data belong to no tensor");
    covered = end;
  }
  require(covered == data.size(), "io", name, ": the last ", data.size() - covered, " bytes belong to no tensor");
  return found;
}

/// A mapped file and its tensors.
class SafetensorsFile {
 public:
  explicit SafetensorsFile(const std::filesystem::path& path)
      : file_(path), contents_(parse_safetensors(file_.bytes(), file_.path())) {}

  [[nodiscard]] const std::string& path() const { return file_.path(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return file_.bytes(); }
  [[nodiscard]] const std::map<std::string, TensorInfo>& tensors() const { return contents_.tensors; }
  [[nodiscard]] const std::map<std::string, std::string>& metadata() const { return contents_.metadata; }

  /// Throws an Error that names a tensor that is not there.
  [[nodiscard]] const TensorInfo& at(const std::string& name) const {
    const auto found = contents_.tensors.find(name);
    if (found == contents_.tensors.end()) fail("io", path(), " has no tensor '", name, "'");
    return found->second;
  }
  /// Copies an F32 tensor of this very shape.
  void copy(const std::string& name, std::span<const std::int64_t> shape, std::span<float> out) const {
    const TensorInfo& tensor = at(name);
    require(tensor.dtype == "F32", "io", path(), ": tensor '", name, "' must be F32 (got ", tensor.dtype, ")");
    if (!std::equal(shape.begin(), shape.end(), tensor.shape.begin(), tensor.shape.end())) {
      fail("io", path(), ": tensor '", name, "' must have shape ", written(shape), " (got ", written(tensor.shape),
           ")");
    }
    require(out.size_bytes() == tensor.bytes.size(), "io", path(), ": tensor '", name, "' has ", tensor.bytes.size(),
            " bytes, but there is room for ", out.size_bytes());
    if (!out.empty()) std::memcpy(out.data(), tensor.bytes.data(), out.size_bytes());
  }

 private:
  static std::string written(std::span<const std::int64_t> shape) {
    std::string text = "(";
    for (const std::int64_t extent : shape) text += (text.size() > 1 ? ", " : "") + std::to_string(extent);
    return text + ")";
  }

  MappedFile file_;
  Tensors contents_;
};

}  // namespace ordo
