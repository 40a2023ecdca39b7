// The CUDA backend on a GPU: the cases of the other headers of this folder. Says that it was skipped where there is
// none (exit status 77).

#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include <cstddef>
#include <cstdio>

#include <support/mirrored_device.hpp>

using TestedDevice = ordo::testing::MirroredDevice;
inline constexpr int repeats = 1000;
inline constexpr std::size_t curve_steps = 200;

#include "agreement.hpp"
#include "attention_matrix.hpp"
#include "bf16.hpp"
#include "decode.hpp"
#include "draw.hpp"
#include "network.hpp"
#include "transformer.hpp"

int main(int argc, char** argv) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::puts("skipped: there is no GPU");
    return 77;
  }
  return Catch::Session().run(argc, argv);
}
