// Times sampling on a GPU, one JSON line a batch size: what `generate` takes for each token, host and all, beside the
// bytes that a step must read (every weight once, and the keys and values so far) at the rate of a copy.
// Usage: decode [REPETITIONS]

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
    constexpr int length = 256;
    for (const int batch : {1, 64}) {
      std::vector<double> all;
      for (int r = 0; r < repetitions + 1; ++r) {
        ordo::GenerateOptions options;
        options.length = length;
        options.seed = static_cast<std::uint64_t>(r);
        const auto start = Clock::now();
        (void)ordo::generate(network, ordo::LeftToRight{}, static_cast<std::size_t>(batch), options);
        if (r > 0) all.push_back(std::chrono::duration<double>(Clock::now() - start).count() / length);
      }
      const bench::Times times = bench::summary(all);
      const double weights = 2.0 * static_cast<double>(network.parameter_count());
      const double kept = 2.0 * 2.0 * config.layers * config.width * batch * (length / 2.0);  // in the mean
      std::printf(
          "{\"who\": \"ordo\", \"batch\": %d, \"median_step_s\": %.6f, \"least_step_s\": %.6f, \"most_step_s\": %.6f, "
          "\"tokens_per_s\": %.0f, \"bytes_per_step\": %.0f, \"copy_bytes_per_s\": %.4g, \"share_of_bandwidth\": "
          "%.3f}\n",
          batch, times.median, times.least, times.most, batch / times.median, weights + kept, bandwidth,
          (weights + kept) / times.median / bandwidth);
      std::fflush(stdout);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
