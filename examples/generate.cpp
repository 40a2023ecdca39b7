// Writes samples of a trained model: from nothing, from a prompt, or into gaps of a given text.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include "support/engine.hpp"
#include "support/program.hpp"

namespace {

/// The tokens of a text in which each `gap` stands for one token to be sampled.
std::vector<ordo::Token> with_gaps(const ordo::TextCodec& codec, const std::string& text, const std::string& gap) {
  ordo::require(!gap.empty(), "generate", "the gap marker must not be empty");
  std::vector<ordo::Token> tokens;
  std::size_t at = 0;
  while (true) {
    const std::size_t next = text.find(gap, at);
    for (const ordo::Token t : codec.encode(text.substr(at, next - at))) tokens.push_back(t);
    if (next == std::string::npos) return tokens;
    tokens.push_back(ordo::absent);
    at = next + gap.size();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const program::StopOnSignal signals;
  CLI::App app("Writes samples of a trained model to stdout.");
  app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  std::filesystem::path model_folder;
  ordo::GenerateOptions options;
  std::string prompt;
  std::string infill;
  std::string gap = "_";
  std::string factorization;
  std::int64_t count = 1;
  program::DeviceFlags device_flags;
  app.add_option("model", model_folder, "folder that `train` left")->required();
  app.add_option("--length", options.length, "tokens in all, the prompt included, 0 for the model's context [tokens]")
      ->capture_default_str();
  app.add_option("--count", count, "how many samples [sequences]")
      ->check(program::whole<std::int64_t>())
      ->capture_default_str();
  app.add_option("--prompt", prompt, "the text to begin with");
  const auto* infills =
      app.add_option("--infill", infill, "a text with gaps to fill: each gap marker stands for one token");
  app.add_option("--gap", gap, "the gap marker of --infill")->needs("--infill")->capture_default_str();
  app.add_option("--temperature", options.temperature, "0 for the most probable token [logits are divided by it]")
      ->capture_default_str();
  app.add_option("--top-p", options.top_p, "sample from the smallest set of tokens with this probability [fraction]")
      ->capture_default_str();
  program::add_named(app, "--unmask", options.unmask, ordo::every_unmask,
                     "which tokens a diffusion step reveals, random if not given");
  app.add_option("--steps", options.steps, "diffusion steps for each block, 0 for one token a step [steps]")
      ->capture_default_str();
  app.add_option("--block", options.block, "reveal block after block of this size, 0 for no blocks [tokens]")
      ->capture_default_str();
  app.add_option("--confidence-bound", options.confidence_bound,
                 "instead of --steps: reveal all tokens that reach this probability, and at least one [probability]");
  app.add_option(
      "--entropy-bound", options.entropy_bound,
      "instead of --steps: reveal the surest tokens as long as their entropies, the largest left out, add up "
      "to no more than this, and at least one [nats]");
  app.add_option("--remask", options.remask,
                 "hide this share of the sampled tokens again before each step but the last [fraction]")
      ->capture_default_str();
  app.add_option("--factorization", factorization,
                 "sample under this one instead of the model's own: " + std::string(ordo::factorization_names));
  app.add_option("--seed", options.seed, "seed of the samples")
      ->check(program::whole<std::uint64_t>())
      ->capture_default_str();
  device_flags.add_to(app);
  return program::run(app, argc, argv, [&] {
    const auto device = device_flags.open();
    const auto [model, codec] = device->read(model_folder);
    options.prompt = codec.encode(prompt);
    if (!infill.empty()) options.infill = with_gaps(codec, infill, gap);
    ordo::require(infills->count() == 0 || !infill.empty(), "generate", "--infill must not be empty");
    ordo::require(infill.empty() || options.length == 0, "generate",
                  "--infill sets the length; --length does not go with it (got ", options.length, ")");
    options.stop = signals.token();
    const ordo::AnyFactorization policy =
        factorization.empty() ? model->factorization() : ordo::factorization_from_name(factorization);
    ordo::require(count >= 0, "generate", "count must not be negative (got ", count, ")");
    constexpr std::int64_t group = 16;  // sequences at a time: enough rows for the products, little memory
    for (std::int64_t done = 0; done < count; done += group) {
      options.first = static_cast<std::size_t>(done);
      const auto samples = model->generate(policy, static_cast<std::size_t>(std::min(group, count - done)), options);
      if (signals.asked()) return 130;
      for (const auto& sample : samples) program::say("{}\n", codec.decode(sample));
      program::flush_output();
    }
    return 0;
  });
}
