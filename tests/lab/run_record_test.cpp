// Results files: what is written is read, what is wrong is named by its line, and nothing is rewritten.

#include <fstream>
#include <iterator>
#include <limits>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/io/shared_log.hpp>
#include <ordo/lab/run_record.hpp>

#include <support/scratch_folder.hpp>

namespace {

ordo::RunRecord record(std::uint64_t seed) {
  ordo::RunRecord r;
  r.settings = {"masked", 2, 32, 2, 128, 0.1, 0.06, 10000, 16, seed, 0.1, 8, 1e-3, "abc", "def", 12, 64};
  r.parameters = 12345;
  r.tokens = 160000;
  r.flops_by_rule = 6.0 * 12345 * 160000;
  r.flops_counted = 1.5e10;
  r.best_epoch = 12.5;
  r.own = {2.5, 0.01, "bound", "masked", {300.5, 310.25}};
  r.exact = {
      595.0 / 256, std::numeric_limits<double>::quiet_NaN(), "exact", "masked (left-to-right, 1 a step)", {290, 305}};
  r.window_tokens = {128, 128};
  r.seconds = 3;
  r.commit = "0123abc";
  r.backend = "cuda bf16, some GPU";
  return r;
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

TEST_CASE("runs that were appended are read as they were") {
  const ScratchFolder folder;
  const auto path = folder / "results.jsonl";
  CHECK(ordo::read_run_records(path).runs.empty());
  ordo::append_shared_line(path, ordo::to_json(record(0)));
  ordo::append_shared_line(path, ordo::to_json(record(1)));
  const ordo::RunRecords read = ordo::read_run_records(path);
  REQUIRE(read.runs.size() == 2);
  CHECK_FALSE(read.cut);
  CHECK(ordo::json_text(ordo::to_json(read.runs[1])) == ordo::json_text(ordo::to_json(record(1))));
  CHECK(read.runs[0].settings == record(0).settings);
  CHECK(read.runs[0].training_run().epochs() == 16);
}

TEST_CASE("lines that do not note where a run was made are taken for the host's") {
  ordo::Json line = ordo::parse_json(ordo::json_text(ordo::to_json(record(0))), "line");
  CHECK(ordo::run_record_from_json(line, "line").backend == "cuda bf16, some GPU");
  line["format"] = 2;
  CHECK_THROWS_WITH(ordo::run_record_from_json(line, "line"), Catch::Contains("unknown field 'backend'"));
  line.erase("backend");
  CHECK(ordo::run_record_from_json(line, "line").backend == "cpu");
  line["format"] = 3;
  CHECK_THROWS_WITH(ordo::run_record_from_json(line, "line"), Catch::Contains("has no field 'backend'"));
}

TEST_CASE("runs are not the same where the curve that chose their weights differs, or was not noted") {
  const ScratchFolder folder;
  const auto path = folder / "results.jsonl";
  ordo::RunRecord other = record(0);
  other.settings.evaluations = 16;
  ordo::Json old = ordo::parse_json(ordo::json_text(ordo::to_json(record(0))), "old");  // NaN becomes null
  old["format"] = 1;
  old.erase("backend");
  CHECK_THROWS_WITH(ordo::run_record_from_json(old, "old"), Catch::Contains("unknown field 'curve_windows'"));
  old.erase("evaluations");
  old.erase("curve_windows");
  for (const ordo::Json& line : {ordo::to_json(record(0)), ordo::to_json(other), old}) {
    ordo::append_shared_line(path, line);
  }
  const ordo::RunRecords read = ordo::read_run_records(path);
  REQUIRE(read.runs.size() == 3);
  CHECK(read.runs[2].settings.evaluations == 0);
}

TEST_CASE("a line that was cut off is left out, and stays where it is when others are appended") {
  const ScratchFolder folder;
  const auto path = folder / "results.jsonl";
  ordo::append_shared_line(path, ordo::to_json(record(0)));
  const std::string whole = text_of(path);
  std::ofstream(path, std::ios::app) << whole.substr(0, 100);
  const ordo::RunRecords read = ordo::read_run_records(path);
  CHECK((read.cut && read.runs.size() == 1));
  ordo::append_shared_line(path, ordo::to_json(record(1)));
  CHECK(text_of(path).find(whole + whole.substr(0, 100) + "~\n") == 0);
  const ordo::RunRecords again = ordo::read_run_records(path);
  CHECK((!again.cut && again.runs.size() == 2));
}

TEST_CASE("a wrong line is named with what is wrong") {
  const ScratchFolder folder;
  const auto read = [&](const ordo::Json& json) {
    const auto path = folder / "results.jsonl";
    std::ofstream(path) << ordo::json_text(ordo::to_json(record(7))) << "\n" << ordo::json_text(json) << "\n";
    return ordo::read_run_records(path);
  };
  const auto changed = [](const char* key, const ordo::Json& value) {
    ordo::Json json = ordo::to_json(record(0));
    json[key] = value;
    return json;
  };
  CHECK(read(changed("seed", 3)).runs.size() == 2);
  CHECK_THROWS_WITH(read(changed("seed", 7)), Catch::Contains("line 2 repeats a run: masked with 10000 unique tokens"));
  CHECK_THROWS_WITH(read(changed("colour", 3)), Catch::Contains("line 2 has the unknown field 'colour'"));
  CHECK_THROWS_WITH(read(changed("format", 9)), Catch::Contains("format version 9, newer than this build's 3"));
  CHECK_THROWS_WITH(read(changed("epochs", "many")), Catch::Contains("field 'epochs' has the wrong type"));
  CHECK_THROWS_WITH(read(changed("tokens", 0)), Catch::Contains("must be positive"));
  CHECK_THROWS_WITH(read(changed("format", 0)), Catch::Contains("'format' must be positive (got 0)"));
  CHECK_THROWS_WITH(read(changed("flops_by_rule", -5)), Catch::Contains("must be positive"));
  CHECK_THROWS_WITH(read(changed("window_tokens", {128, -128})), Catch::Contains("positive numbers (got -128)"));
  CHECK_THROWS_WITH(read(changed("window_tokens", {128, 256})), Catch::Contains("is not that of its windows"));
  CHECK_THROWS_WITH(read(changed("window_tokens", {1})),
                    Catch::Contains("as many nats as windows (got 2 and 2 for 1)"));
  CHECK_THROWS_WITH(read(changed("backend", "")), Catch::Contains("field 'backend' must not be empty"));
  ordo::Json no_loss = ordo::to_json(record(0));
  no_loss["own"]["nats_per_token"] = nullptr;  // how NaN is written
  CHECK_THROWS_WITH(read(no_loss), Catch::Contains("line 2, field 'own'") && Catch::Contains("'nats_per_token'"));
  ordo::Json missing = ordo::to_json(record(0));
  missing.erase("commit");
  CHECK_THROWS_WITH(read(missing), Catch::Contains("has no field 'commit'"));
  const auto path = folder / "broken.jsonl";
  std::ofstream(path) << "{\"format\": 1,\n";
  CHECK_THROWS_WITH(ordo::read_run_records(path), Catch::Contains("line 1 is no valid JSON"));
}
