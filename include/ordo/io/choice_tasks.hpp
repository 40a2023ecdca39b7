#pragma once
// Multiple-choice tasks from a file: one JSON object on each line.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <ordo/core/error.hpp>
#include <ordo/data/choice_task.hpp>
#include <ordo/data/mapped_file.hpp>
#include <ordo/io/atomic_file.hpp>
#include <ordo/io/json_file.hpp>

namespace ordo {

namespace detail {

/// A value as an error shows it: short, on one line.
inline std::string shown(const nlohmann::json& value) {
  constexpr std::size_t most = 60;
  std::string text = json_text(value);
  if (text.size() > most) text = text.substr(0, most) + "...";
  return text;
}

inline ChoiceTask choice_task(const nlohmann::json& object, const std::string& name) {
  require(object.is_object(), "io", name, " must be an object with the fields context, choices and label (got ",
          shown(object), ")");
  for (const auto& [field, value] : object.items()) {
    require(field == "context" || field == "choices" || field == "label", "io", name, " has the unknown field '", field,
            "' (known: context, choices, label)");
  }
  const auto has = [&](const char* field) {
    require(object.contains(field), "io", name, " has no field '", field, "'");
    return object.at(field);
  };
  ChoiceTask task;
  task.name = name;
  if (object.contains("context")) {
    const nlohmann::json& context = object.at("context");
    require(context.is_string(), "io", name, ", field 'context': must be a text (got ", shown(context), ")");
    task.context = context.get<std::string>();
  }
  const nlohmann::json choices = has("choices");
  require(choices.is_array() && !choices.empty(), "io", name, ", field 'choices': must be a list of texts (got ",
          shown(choices), ")");
  for (std::size_t i = 0; i < choices.size(); ++i) {
    require(choices[i].is_string() && !choices[i].get_ref<const std::string&>().empty(), "io", name,
            ", field 'choices': entry ", i, " must be a text that is not empty (got ", shown(choices[i]), ")");
    task.choices.push_back(choices[i].get<std::string>());
  }
  const nlohmann::json label = has("label");
  require(label.is_number_unsigned() && label.get<std::size_t>() < choices.size(), "io", name,
          ", field 'label': must be a whole number in 0 .. ", choices.size() - 1, " (got ", shown(label), ")");
  task.label = label.get<std::size_t>();
  return task;
}

}  // namespace detail

/// The tasks of a text; `name` is what messages call it. Lines of blanks are passed over. Throws an Error that names
/// the line, the field and the value of what is wrong, also for a field that is not known.
[[nodiscard]] inline std::vector<ChoiceTask> parse_choice_tasks(std::string_view text, const std::string& name) {
  std::vector<ChoiceTask> tasks;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = text.find('\n');
    const std::string_view one = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (one.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = name + ", line " + std::to_string(line);
    tasks.push_back(detail::choice_task(parse_json(one, place), place));
  }
  require(!tasks.empty(), "io", name, " has no task");
  return tasks;
}

/// The tasks of a file (.jsonl).
[[nodiscard]] inline std::vector<ChoiceTask> read_choice_tasks(const std::filesystem::path& path) {
  const MappedFile file(path);
  return parse_choice_tasks(file.text(), file.path());
}

/// Writes tasks as `read_choice_tasks` reads them.
inline void write_choice_tasks(const std::filesystem::path& path, const std::vector<ChoiceTask>& tasks) {
  std::string text;
  for (const ChoiceTask& task : tasks) {
    text += json_text({{"context", task.context}, {"choices", task.choices}, {"label", task.label}}) + "\n";
  }
  write_file_atomically(path, text);
}

}  // namespace ordo
