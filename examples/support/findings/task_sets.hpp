#pragma once
// The multiple-choice tasks of finding 7: a file's, or made ones.

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <ordo/data/dataset.hpp>
#include <ordo/evaluate/multiple_choice.hpp>
#include <ordo/io/choice_tasks.hpp>

#include "support/findings/made_choices.hpp"
#include "support/findings/plan.hpp"
#include "support/program.hpp"
#include "support/sweep.hpp"

namespace program {

struct TaskSet {
  std::string name;
  std::vector<ordo::ChoiceTask> tasks;
  bool greedy = false;  ///< no choices: the model's next tokens are compared with the right ones
  double guessing = 0;  ///< share that guessing gets right
};

/// The tasks of `choices`, or three kinds made out of the validation text. Throws an Error where the plan's models
/// could not answer one, so that nothing is trained in vain.
inline std::vector<TaskSet> task_sets(const FindingsPlan& plan, const std::filesystem::path& choices,
                                      const ordo::Dataset& data) {
  std::vector<TaskSet> sets;
  if (!choices.empty()) {
    const std::string name = file_name(choices.stem().string());
    TaskSet own{name.empty() ? "choices" : name, ordo::read_choice_tasks(choices)};
    for (const ordo::ChoiceTask& task : own.tasks) {
      own.guessing += 1 / static_cast<double>(task.choices.size()) / static_cast<double>(own.tasks.size());
    }
    sets.push_back(std::move(own));
  } else {
    std::string text;
    std::vector<ordo::Token> window;
    const ordo::Windows& validation = data.validation();
    for (std::size_t w = 0; w < validation.size(); ++w) {
      validation.copy(w, window);
      text += data.decode(window);
    }
    TaskMaker maker(std::move(text), static_cast<std::size_t>(plan.context), 1);
    sets = {{"continuation", maker.continuations(plan.choice_tasks), false, 0.25},
            {"word-order", maker.word_orders(plan.choice_tasks), false, 0.5},
            {"next-word", maker.next_words(plan.choice_tasks), true, 0}};
  }
  const ordo::ModelConfig config = config_of(plan.run(autoregression, plan.sizes.front(), {}, {}, 0), data.vocab());
  for (const TaskSet& set : sets) {
    ordo::check_choices(config, data.codec(), set.tasks,
                        set.greedy ? ordo::ChoiceMethod::greedy : ordo::ChoiceMethod::automatic);
  }
  return sets;
}

}  // namespace program
