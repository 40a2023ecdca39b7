// Any bytes are either refused with an Error or are tasks that can be scored: choices that are not empty, and a label
// among them.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <ordo/core/error.hpp>
#include <ordo/io/choice_tasks.hpp>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto tasks = ordo::parse_choice_tasks({reinterpret_cast<const char*>(data), size}, "input");
    if (tasks.empty()) std::abort();
    for (const ordo::ChoiceTask& task : tasks) {
      if (task.name.empty() || task.label >= task.choices.size()) std::abort();
      for (const auto& choice : task.choices) {
        if (choice.empty()) std::abort();
      }
    }
  } catch (const ordo::Error&) {
  }
  return 0;
}
