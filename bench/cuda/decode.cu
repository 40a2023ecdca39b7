// Times sampling on a GPU, one JSON line a batch size and nucleus: what `generate` takes for each token, host and all,
// beside the bytes of the model that a step must read (every weight once, and the keys and values so far) at the rate
// of a copy. A step is one graph, and a token of each sequence is all that comes back; graphs are made anew in each
// repetition. Usage: decode [REPETITIONS]

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <ordo/cuda.cuh>

#include "timing.cuh"

int main(int argc, char** argv) {
  try {
    using Clock = std::chrono::steady_clock;
    const int repetitions = argc > 1 ? std::atoi(argv[1]) : 5;
    ordo::require(repetitions > 0, "decode", "the repetitions must be a number from 1 (got '", argc > 1 ? argv[1] : "",
                  "')");
    const ordo::Cuda b;
    const double bandwidth = bench::copy_rate(b);
    const ordo::ModelConfig config{
        .layers = 12, .width = 768, .heads = 12, .hidden = 2048, .vocab = 50257, .context = 1024, .dropout = 0};
    const ordo::Network<ordo::Cuda> network(config, b);
    const auto measure = [&](int batch, int length, double top_p) {
      std::vector<double> all;
      for (int r = 0; r < repetitions + 1; ++r) {
        ordo::GenerateOptions options;
        options.length = length;
        options.top_p = top_p;
        options.seed = static_cast<std::uint64_t>(r);
        const auto start = Clock::now();
        (void)ordo::generate(network, ordo::LeftToRight{}, static_cast<std::size_t>(batch), options);
        if (r > 0) all.push_back(std::chrono::duration<double>(Clock::now() - start).count() / length);
      }
      const bench::Times times = bench::summary(all);
      const double weights = 2.0 * static_cast<double>(network.parameter_count());
      const double kept = 2.0 * 2.0 * config.layers * config.width * batch * (length / 2.0);  // in the mean
      std::printf(
          "{\"who\": \"ordo\", \"batch\": %d, \"length\": %d, \"top_p\": %g, \"median_step_s\": %.6f, "
          "\"least_step_s\": %.6f, "
          "\"most_step_s\": %.6f, "
          "\"tokens_per_s\": %.0f, \"bytes_per_step\": %.0f, \"copy_bytes_per_s\": %.4g, \"share_of_bandwidth\": "
          "%.3f}\n",
          batch, length, top_p, times.median, times.least, times.most, batch / times.median, weights + kept, bandwidth,
          (weights + kept) / times.median / bandwidth);
      std::fflush(stdout);
    };
    for (const int batch : {1, 64}) {
      for (const int length : {256, config.context}) {
        for (const double top_p : {1.0, 0.9}) measure(batch, length, top_p);
      }
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
