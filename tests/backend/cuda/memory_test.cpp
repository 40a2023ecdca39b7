// What lies where, on an emulated device: copies, placed lists, and what a run takes of its memory.

#define ORDO_EMULATE_CUDA
#define ORDO_CUDA_HEAD_SIZES 32

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include <ordo/backend/reference/reference.hpp>
#include <ordo/cuda.cuh>

namespace {

using namespace ordo;

std::vector<float> rising(std::size_t count) {
  std::vector<float> numbers(count);
  for (std::size_t i = 0; i < count; ++i) numbers[i] = static_cast<float>(i % 1009);
  return numbers;
}

Windows text(int tokens, int context) {
  std::vector<Token> all;
  for (int i = 0; i < tokens; ++i) all.push_back(i * i % 7);
  return TokenDataset::from_tokens(all, 7, {.context = context}).train();
}

}  // namespace

TEST_CASE("uploads larger than the staging memory arrive whole, and their source may change at once") {
  const CudaFloat b;
  const std::size_t count = (std::size_t{5} << 20) + 3;  // 20 MiB: two pieces
  auto there = allocate<float>(b, count);
  std::vector<float> numbers = rising(count);
  upload(b, numbers, there.data());
  const std::vector<float> expected = std::exchange(numbers, {});
  std::vector<float> got(count);
  download(b, std::as_const(there).data(), got);
  CHECK(got == expected);
  download(b, std::as_const(there).data() + count - 2, std::span<float>(got).first(2));
  CHECK(got[0] == expected[count - 2]);
  CHECK(got[1] == expected[count - 1]);
}

TEST_CASE("a HostCopy is the memory itself on the host and a copy of a device's") {
  const std::vector<float> expected = rising(100);
  const Reference<float> host;
  HostCopy<float> copy;
  CHECK(copy.of(host, std::span<const float>(expected)).data() == expected.data());
  const CudaFloat device;
  auto there = allocate<float>(device, 100);
  write_from_host(device, there.span(), [&](std::span<float> numbers) {
    CHECK(numbers.data() != there.data());
    std::copy(expected.begin(), expected.end(), numbers.begin());
  });
  const auto got = copy.of(device, std::as_const(there).span());
  CHECK(std::vector<float>(got.begin(), got.end()) == expected);
}

TEST_CASE("a batch is placed as it was packed, in one piece of memory that grows when it must") {
  const CudaFloat b;
  const ModelConfig config{.layers = 1, .width = 16, .heads = 2, .vocab = 7, .context = 24};
  Placer<CudaFloat> placer;
  HostCopy<std::int32_t> numbers;
  HostCopy<float> weights;
  for (const int sequences : {1, 9, 2}) {
    Batch<MaskedDiffusion<>::Rule> batch;
    for (int n = 0; n < sequences; ++n) {
      std::vector<Slot> slots;
      RandomChoices choices(1, Purpose::plan, static_cast<std::uint64_t>(n));
      const auto rule = MaskedDiffusion<>{}.plan({24}, choices, slots);
      batch.add(slots, rule, std::vector<Token>(24, n % 7), config, static_cast<std::uint64_t>(n));
    }
    const auto placed = place(b, batch, placer);
    const auto same = [&](std::span<const std::int32_t> there, const std::vector<std::int32_t>& here) {
      const auto got = numbers.of(b, there);
      return std::vector<std::int32_t>(got.begin(), got.end()) == here;
    };
    CHECK(same(placed.token, batch.token()));
    CHECK(same(placed.every.row, batch.every().row));
    CHECK(same(placed.predicting.slot, batch.predicting().slot));
    CHECK(same(placed.target, batch.target()));
    const auto got = weights.of(b, placed.weight);
    CHECK(std::vector<float>(got.begin(), got.end()) == batch.weight());
    CHECK(placed.every.most_keys == 24);
    CHECK(placed.every.rules == 1);
  }
  placer.begin(b, 512);
  (void)placer.add(std::vector<int>(100, 1));
  CHECK_THROWS_WITH(placer.add(std::vector<int>(1, 1)),
                    Catch::Contains("room for 512 bytes") && Catch::Contains("(got 768)"));
}

TEST_CASE("a run takes of the device what was planned, and little more") {
  const ModelConfig config{.layers = 2, .width = 64, .heads = 2, .vocab = 7, .context = 32, .init_std = 0.1};
  TrainOptions options{.epochs = 1, .batch = 8, .average = 0.9};
  options.evaluations = 1;
  options.evaluation.batch_slots = 64;
  for (const std::int64_t micro : {std::int64_t{64}, std::int64_t{1000}}) {
    options.micro_slots = micro;
    const MaskedDiffusion<> policy;
    const MemoryPlan plan = training_memory<Cuda>(config, options, true, policy);
    auto& memory = cuda::emulated::Memory::get();
    const Cuda b;
    const std::size_t before = memory.held();
    memory.forget_most();
    {
      Transformer<MaskedDiffusion<>, Cuda> model(config, policy, b);
      train(model, text(16 * 32, 32), text(4 * 32, 32), options);
    }
    const auto taken = static_cast<std::int64_t>(memory.most_held() - before);
    INFO("micro_slots " << micro << ", planned " << plan.planned() << ", taken " << taken);
    CHECK(taken >= plan.planned());
    CHECK(taken - plan.planned() < 200'000);  // lists, angles, and the operations' room
    CHECK(memory.held() - before < 100'000);  // that room stays with the backend
  }
}

TEST_CASE("a run that does not fit is refused, with what would fit") {
  const ModelConfig config{.layers = 4, .width = 256, .heads = 4, .vocab = 256, .context = 256};
  TrainOptions options{.epochs = 1, .batch = 256};
  const LeftToRight policy;
  const MemoryPlan plan = training_memory<Cuda>(config, options, false, policy);
  constexpr std::int64_t margin = std::int64_t{512} << 20;
  CHECK_NOTHROW(check_fits<Cuda>(plan, plan.planned() + margin, config, options, false, policy));
  CHECK_THROWS_WITH(
      check_fits<Cuda>(plan, plan.planned() + margin - 1, config, options, false, policy),
      Catch::Contains("passes of at most 32768 slots would fit (micro_slots)") && Catch::Contains("(recompute)"));
  options.recompute = true;
  CHECK_NOTHROW(check_fits<Cuda>(training_memory<Cuda>(config, options, false, policy), plan.planned() / 2 + margin,
                                 config, options, false, policy));
  options.recompute = false;
  options.micro_slots = 8192;
  CHECK_NOTHROW(check_fits<Cuda>(training_memory<Cuda>(config, options, false, policy), plan.planned() / 4 + margin,
                                 config, options, false, policy));
  CHECK_THROWS_WITH(check_fits<Cuda>(plan, margin, config, options, false, policy),
                    Catch::Contains("take fewer layers or less width"));
}

TEST_CASE("room for logits rises with the predictions, so that a workspace has what fewer of them take") {
  for (const int vocab : {7, 257, 50257}) {
    const ModelConfig config{.layers = 1, .width = 64, .heads = 2, .vocab = vocab, .context = 64};
    std::int64_t before = 0;
    for (std::int64_t predictions = 1; predictions < 200'000; predictions += 371) {
      const std::int64_t numbers = Workspace<Cuda>::logit_numbers(config, predictions);
      CHECK(numbers >= before);
      CHECK(numbers >= std::min<std::int64_t>(predictions, 4096) * vocab);
      before = numbers;
    }
  }
}
