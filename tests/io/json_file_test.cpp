#include <cstdint>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/io/json_file.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::parse_json;

TEST_CASE("text that is no JSON is refused with the file's name") {
  CHECK_THROWS_WITH(parse_json("{\"a\": 1,", "x.json"), Contains("x.json is no valid JSON"));
  CHECK_THROWS_WITH(parse_json("", "x.json"), Contains("x.json"));
  CHECK_THROWS_WITH(parse_json("{} {}", "x.json"), Contains("x.json"));
  CHECK_THROWS_WITH(parse_json("\"\xff\"", "x.json"), Contains("x.json"));
  const ScratchFolder folder;
  CHECK_THROWS_WITH(ordo::read_json(folder / "none.json"), Contains("none.json") && Contains("No such file"));
  CHECK_THROWS_WITH(ordo::read_json(folder.file("cut.json", "[1,")), Contains("cut.json"));
}

TEST_CASE("a name that stands twice in one object is refused") {
  CHECK_THROWS_WITH(parse_json(R"({"a": 1, "b": {"c": 1}, "a": 2})", "x.json"), Contains("'a' twice"));
  CHECK_THROWS_WITH(parse_json(R"([{"b": {"c": 1, "c": 1}}])", "x.json"), Contains("'c' twice"));
  CHECK_NOTHROW(parse_json(R"({"a": {"a": 1}, "b": {"a": 1}, "c": [{"a": 1}, {"a": 1}]})", "x.json"));
}

TEST_CASE("deep nesting is refused before it takes the stack") {
  CHECK_THROWS_WITH(parse_json(std::string(1000000, '['), "x.json"), Contains("deeper than 64 levels"));
  CHECK_THROWS_WITH(parse_json("[[[]]]", "x.json", 2), Contains("deeper than 2 levels"));
  CHECK_NOTHROW(parse_json("[[]]", "x.json", 2));
}

TEST_CASE("numbers of 64 bits keep every bit") {
  const ScratchFolder folder;
  const std::uint64_t seed = std::numeric_limits<std::uint64_t>::max() - 1;
  const double rate = 0.1 + 0.2;
  ordo::write_json(folder / "a.json",
                   {{"seed", seed}, {"low", std::numeric_limits<std::int64_t>::min()}, {"rate", rate}});
  const nlohmann::json back = ordo::read_json(folder / "a.json");
  CHECK(back["seed"].get<std::uint64_t>() == seed);
  CHECK(back["low"].get<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
  CHECK(back["rate"].get<double>() == rate);
}
