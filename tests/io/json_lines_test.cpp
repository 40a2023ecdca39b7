#include <cmath>
#include <string>
#include <utility>

#include <catch2/catch.hpp>

#include <ordo/io/json_lines.hpp>

#include <support/scratch_folder.hpp>

using Catch::Contains;
using ordo::JsonLines;

TEST_CASE("a log that cannot be opened, cut or written names the path and the reason") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(JsonLines(folder / "none/log"), Contains("none/log") && Contains("No such file"));
  CHECK_THROWS_WITH(JsonLines(folder.path()), Contains("directory"));
  CHECK_THROWS_WITH(JsonLines(folder.file("log", "{}\n"), 4), Contains("log has 3 bytes, fewer than the 4"));
  CHECK(bytes_of(folder / "log") == "{}\n");
  JsonLines full("/dev/full");
  CHECK_THROWS_WITH(full.write({{"a", 1}}), Contains("/dev/full") && Contains("No space left"));
}

TEST_CASE("each object is a line, there at once") {
  const ScratchFolder folder;
  JsonLines log(folder / "log");
  CHECK(log.size() == 0);
  log.write({{"step", 1}, {"text", "a\nb"}});
  CHECK(bytes_of(folder / "log") == "{\"step\":1,\"text\":\"a\\nb\"}\n");
  CHECK(log.size() == bytes_of(folder / "log").size());
  log.write({{"loss", std::nan("")}});
  CHECK_THAT(bytes_of(folder / "log"), Contains("{\"loss\":null}\n"));
}

TEST_CASE("a log goes on at its end, or from the size that is kept") {
  const ScratchFolder folder;
  const auto path = folder.file("log", "{\"a\":1}\n{\"a\":2}\n{\"a\"");
  {
    JsonLines log(path, 8);
    CHECK(log.size() == 8);
    log.write({{"b", 1}});
  }
  CHECK(bytes_of(path) == "{\"a\":1}\n{\"b\":1}\n");
  JsonLines first(path);
  JsonLines second(std::move(first));
  second.write({{"c", 1}});
  CHECK(second.size() == 24);
  CHECK(bytes_of(path) == "{\"a\":1}\n{\"b\":1}\n{\"c\":1}\n");
}
