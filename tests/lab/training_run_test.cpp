// Tables of runs: what is read, and what is refused by line and value.

#include <filesystem>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/lab/training_run.hpp>

#include <support/scratch_folder.hpp>

namespace {

std::vector<ordo::TrainingRun> read(const std::string& text) {
  const ScratchFolder folder;
  const auto path = folder.path() / "runs.csv";
  std::ofstream(path) << text;
  return ordo::read_training_runs(path);
}

const std::string header = "name,params,train_tokens,unique_tokens,val_loss\n";

}  // namespace

TEST_CASE("columns are found by name, in any order, and others are skipped") {
  const auto runs = read(
      "loss,note,unique_tokens,tokens,parameters,factorization\n"
      "2.5,\"a, \"\"b\"\"\",100,400,1e6,masked\r\n\n3,,500,400,2e6,ltr\n");
  REQUIRE(runs.size() == 2);
  CHECK((runs[0].parameters == 1e6 && runs[0].tokens == 400 && runs[0].unique_tokens == 100 && runs[0].loss == 2.5));
  CHECK((runs[0].epochs() == 4 && runs[0].factorization == "masked" && runs[0].name.empty()));
  CHECK(runs[1].unique_tokens == 400);  // no more than were seen
}

TEST_CASE("what cannot be read is named with its line, its column and its value") {
  CHECK_THROWS_WITH(ordo::read_training_runs("no-such-file.csv"), Catch::Contains("cannot open no-such-file.csv"));
  CHECK_THROWS_WITH(read(""), Catch::Contains("is empty"));
  CHECK_THROWS_WITH(read(header), Catch::Contains("holds no run"));
  CHECK_THROWS_WITH(read("params,train_tokens,val_loss\n1,2,3\n"), Catch::Contains("no column 'unique_tokens'"));
  CHECK_THROWS_WITH(read("loss,params,train_tokens,unique_tokens,val_loss\n1,2,3,3,4\n"),
                    Catch::Contains("two columns for one thing: 'loss' and 'val_loss'"));
  CHECK(read("\xEF\xBB\xBF" + header + "a,1,2,2,3\n").size() == 1);
  CHECK_THROWS_WITH(read(header + "a,1,2,2\n"), Catch::Contains("line 2: has 4 fields, but there are 5 columns"));
  CHECK_THROWS_WITH(read(header + "a,1,2,2,3\nb,1,2,2,nan\n"),
                    Catch::Contains("line 3, column 'val_loss': must be a positive number (got 'nan')"));
  for (const char* bad : {"", "x", "-1", "0", "inf", "1e999", "2 "}) {
    CHECK_THROWS_WITH(read(header + "a," + bad + ",2,2,3\n"), Catch::Contains("line 2, column 'params'") &&
                                                                  Catch::Contains("(got '" + std::string(bad) + "')"));
  }
}
