#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/io/safetensors.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;

namespace {

/// The bytes of a file with this header and so many bytes of data.
std::string bytes_with(const std::string& header, std::size_t data, std::uint64_t length) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + header + std::string(data, '\1');
}
std::string bytes_with(const std::string& header, std::size_t data = 0) {
  return bytes_with(header, data, header.size());
}
std::string tensor(const std::string& name, const std::string& dtype, const std::string& shape,
                   const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}
ordo::Tensors parsed(const std::string& bytes) {
  return ordo::parse_safetensors(std::as_bytes(std::span(bytes.data(), bytes.size())), "x.safetensors");
}

}  // namespace

TEST_CASE("a header that does not fit its file is refused with both sizes") {
  CHECK_THROWS_WITH(parsed(""), Contains("x.safetensors is too short") && Contains("0 bytes"));
  CHECK_THROWS_WITH(parsed("1234567"), Contains("7 bytes"));
  CHECK_THROWS_WITH(parsed(bytes_with("{}", 0, 3)), Contains("has 3 bytes, but only 2 follow"));
  CHECK_THROWS_WITH(parsed(bytes_with("{}", 0, ~0ULL)), Contains("18446744073709551615") && Contains("100000000"));
  CHECK_THROWS_WITH(parsed(bytes_with("", 0)), Contains("no valid JSON"));
}

TEST_CASE("a header that is no object of tensors is refused") {
  CHECK_THROWS_WITH(parsed(bytes_with("{\"a\":")), Contains("x.safetensors is no valid JSON"));
  CHECK_THROWS_WITH(parsed(bytes_with("[]")), Contains("no JSON object"));
  CHECK_THROWS_WITH(parsed(bytes_with("{\"a\":3}")), Contains("tensor 'a' must be an object (got 3)"));
  CHECK_THROWS_WITH(parsed(bytes_with("{\"a\":{}}")), Contains("tensor 'a' has no dtype"));
  CHECK_THROWS_WITH(parsed(bytes_with(std::string(100000, '['))), Contains("deeper"));
  CHECK_THROWS_WITH(parsed(bytes_with("{\"__metadata__\":{\"a\":1}}")), Contains("'a' must be text (got 1)"));
  CHECK_THROWS_WITH(parsed(bytes_with("{\"__metadata__\":1}")), Contains("__metadata__ must be an object"));
}

TEST_CASE("a tensor that cannot be is refused by name, with the value") {
  const auto with = [](const std::string& dtype, const std::string& shape, const std::string& offsets) {
    return parsed(bytes_with("{" + tensor("w", dtype, shape, offsets) + "}", 8));
  };
  CHECK_THROWS_WITH(with("F31", "[2]", "[0,8]"), Contains("tensor 'w'") && Contains("F31"));
  CHECK_THROWS_WITH(with("F32", "2", "[0,8]"), Contains("no list (2)"));
  CHECK_THROWS_WITH(with("F32", "[-2]", "[0,8]"), Contains("extent") && Contains("got -2"));
  CHECK_THROWS_WITH(with("F32", "[2.5]", "[0,8]"), Contains("got 2.5"));
  CHECK_THROWS_WITH(with("F32", "[18446744073709551615]", "[0,8]"), Contains("got 18446744073709551615"));
  CHECK_THROWS_WITH(with("F32", "[4294967296,4294967296]", "[0,8]"), Contains("too large"));
  CHECK_THROWS_WITH(with("F32", "[2]", "[0]"), Contains("two data_offsets (got [0])"));
  CHECK_THROWS_WITH(with("F32", "[2]", "[8,0]"), Contains("data_offsets 8 and 0"));
  CHECK_THROWS_WITH(with("F32", "[2]", "[0,9]"), Contains("not inside the 8 bytes"));
  CHECK_THROWS_WITH(with("F32", "[2]", "[0,\"8\"]"), Contains("offset") && Contains("\"8\""));
  CHECK_THROWS_WITH(with("F32", "[3]", "[0,8]"), Contains("has 8 bytes, but its shape and dtype take 12"));
  CHECK_NOTHROW(with("F32", "[2]", "[0,8]"));
}

TEST_CASE("tensors that overlap, leave holes or share a name are refused") {
  const std::string a = tensor("a", "F32", "[1]", "[0,4]");
  CHECK_THROWS_WITH(parsed(bytes_with("{" + a + "," + tensor("b", "F32", "[1]", "[2,6]") + "}", 6)),
                    Contains("overlap at byte 2"));
  CHECK_THROWS_WITH(parsed(bytes_with("{" + a + "," + tensor("b", "F32", "[1]", "[5,9]") + "}", 9)),
                    Contains("bytes 4 to 5"));
  CHECK_THROWS_WITH(parsed(bytes_with("{" + a + "}", 7)), Contains("last 3 bytes"));
  CHECK_THROWS_WITH(parsed(bytes_with("{}", 1)), Contains("last 1 bytes"));
  CHECK_THROWS_WITH(parsed(bytes_with("{" + a + "," + a + "}", 4)), Contains("'a' twice"));
}

TEST_CASE("tensors of every type, empty ones and metadata are read, in any order") {
  const ordo::Tensors found =
      parsed(bytes_with("{" + tensor("b", "BF16", "[3]", "[4,10]") + "," + tensor("s", "F32", "[]", "[0,4]") + "," +
                            tensor("e", "I64", "[0,7]", "[4,4]") + ",\"__metadata__\":{\"format\":\"pt\"}}   ",
                        10));
  CHECK(found.tensors.size() == 3);
  CHECK(found.tensors.at("b").dtype == "BF16");
  CHECK(found.tensors.at("b").bytes.size() == 6);
  CHECK(found.tensors.at("s").shape.empty());
  CHECK(found.tensors.at("e").shape == std::vector<std::int64_t>{0, 7});
  CHECK(found.metadata.at("format") == "pt");
}

TEST_CASE("a tensor is copied only into its own type, shape and room") {
  const ScratchFolder folder;
  const std::string header = "{" + tensor("w", "F32", "[2]", "[0,8]") + "," + tensor("i", "I32", "[1]", "[8,12]") + "}";
  const ordo::SafetensorsFile file(folder.file("x.safetensors", bytes_with(header, 12)));
  std::vector<float> out(2);
  const std::vector<std::int64_t> two{2};
  CHECK_THROWS_WITH(file.copy("none", two, out), Contains("x.safetensors has no tensor 'none'"));
  CHECK_THROWS_WITH(file.copy("i", two, out), Contains("'i' must be F32 (got I32)"));
  CHECK_THROWS_WITH(file.copy("w", std::vector<std::int64_t>{2, 1}, out), Contains("shape (2, 1) (got (2))"));
  CHECK_THROWS_WITH(file.copy("w", two, std::span(out).first(1)), Contains("8 bytes, but there is room for 4"));
  CHECK_NOTHROW(file.copy("w", two, out));
  CHECK(out[1] != 0);
}
