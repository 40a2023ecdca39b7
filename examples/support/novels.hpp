#pragma once
// What the studies read where no --data is given: Jane Austen's novels, as the scripts beside the programs fetch them.

#include <filesystem>
#include <initializer_list>
#include <string>

#include <ordo/core/error.hpp>

#include "support/text.hpp"

namespace program {

/// Trains on these novels, and validates on Persuasion unless told otherwise. `study`: the program's name, for which
/// there is a script that fetches them.
inline void use_novels(TextFlags& text, std::initializer_list<const char*> names, const std::string& study) {
  const std::filesystem::path novels = ORDO_NOVELS;
  ordo::require(std::filesystem::exists(novels / "emma.txt"), study, "there is no --data, and no ",
                (novels / "emma.txt").string(), "; `sh examples/", study,
                ".sh` fetches the novels and passes its arguments on");
  for (const char* name : names) text.data.push_back((novels / (std::string(name) + ".txt")).string());
  if (text.validation.empty()) text.validation = (novels / "persuasion.txt").string();
}

}  // namespace program
