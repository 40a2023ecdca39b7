#pragma once
// A multiple-choice task: which of several texts goes on from a context?

#include <cstddef>
#include <string>
#include <vector>

namespace ordo {

/// A choice is read as it is: a blank between context and choice belongs to one of them.
struct ChoiceTask {
  std::string name{};                  ///< where it is from, for messages: "tasks.jsonl, line 7"
  std::string context{};               ///< may be empty: then whole texts are compared (minimal pairs)
  std::vector<std::string> choices{};  ///< at least one, none empty
  std::size_t label = 0;               ///< index of the right choice
};

}  // namespace ordo
