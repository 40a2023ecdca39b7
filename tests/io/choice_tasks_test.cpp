// Reading multiple-choice tasks.

#include <fstream>
#include <string>

#include <catch2/catch.hpp>

#include <ordo/io/choice_tasks.hpp>

#include <support/scratch_folder.hpp>

namespace {

auto parse(const std::string& text) { return ordo::parse_choice_tasks(text, "t.jsonl"); }

const std::string good = R"({"context": "It was", "choices": [" late", " early"], "label": 1})";

}  // namespace

TEST_CASE("what is wrong with a task is named with its line, field and value") {
  const auto refused = [](const std::string& line, const std::string& part) {
    INFO(line);
    CHECK_THROWS_WITH(parse(good + "\n\n" + line), Catch::Contains("t.jsonl, line 3") && Catch::Contains(part));
  };
  refused("{", "no valid JSON");
  refused("[1]", "must be an object with the fields context, choices and label (got [1])");
  refused(R"({"choices": ["a"]})", "has no field 'label'");
  refused(R"({"label": 0})", "has no field 'choices'");
  refused(R"({"contex": "x", "choices": ["a"], "label": 0})", "unknown field 'contex'");
  refused(R"({"label": 0, "label": 0, "choices": ["a"]})", "'label' twice");
  refused(R"({"context": 3, "choices": ["a"], "label": 0})", "field 'context': must be a text (got 3)");
  refused(R"({"choices": "a", "label": 0})", "field 'choices': must be a list of texts (got \"a\")");
  refused(R"({"choices": [], "label": 0})", "field 'choices': must be a list of texts (got [])");
  refused(R"({"choices": ["a", 7], "label": 0})", "entry 1 must be a text that is not empty (got 7)");
  refused(R"({"choices": ["a", ""], "label": 0})", "entry 1 must be a text that is not empty (got \"\")");
  refused(R"({"choices": ["a", "b"], "label": 2})", "field 'label': must be a whole number in 0 .. 1 (got 2)");
  refused(R"({"choices": ["a", "b"], "label": -1})", "(got -1)");
  refused(R"({"choices": ["a", "b"], "label": 0.0})", "(got 0.0)");
  refused(R"({"choices": ["a", "b"], "label": "0"})", "(got \"0\")");
  refused(R"({"choices": ["a", "b"], "label": 18446744073709551615})", "(got 18446744073709551615)");
  refused(R"({"context": [")" + std::string(500, 'x') + R"("], "choices": ["a"], "label": 0})", "xxx...");
  CHECK_THROWS_WITH(parse(""), Catch::Contains("t.jsonl has no task"));
  CHECK_THROWS_WITH(parse(" \n\r\n"), Catch::Contains("t.jsonl has no task"));
}

TEST_CASE("tasks are read line by line, with or without a context") {
  const auto tasks = parse(good + "\r\n  \n" + R"({"label": 0, "choices": ["caf\u00e9", "x\ny"]})");
  REQUIRE(tasks.size() == 2);
  CHECK((tasks[0].context == "It was" && tasks[0].label == 1 && tasks[0].name == "t.jsonl, line 1"));
  CHECK(tasks[0].choices == std::vector<std::string>{" late", " early"});
  CHECK((tasks[1].context.empty() && tasks[1].label == 0 && tasks[1].name == "t.jsonl, line 3"));
  CHECK(tasks[1].choices == std::vector<std::string>{"caf\xc3\xa9", "x\ny"});
}

TEST_CASE("a file of tasks is read, and a missing one is named") {
  const ScratchFolder folder;
  const auto path = folder.path() / "tasks.jsonl";
  CHECK_THROWS_WITH(ordo::read_choice_tasks(path), Catch::Contains("tasks.jsonl"));
  std::ofstream(path) << good << '\n';
  CHECK(ordo::read_choice_tasks(path).size() == 1);
}
