#pragma once
// Independent pieces of work on several threads.

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <ordo/core/error.hpp>

namespace ordo::detail {

/// Calls work(i) for i = 0 .. count - 1 on several threads. Rethrows the first exception; throws Stopped on request.
template <class Work>
void in_parallel(std::size_t count, int threads, const std::stop_token& stop, const Work& work) {
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const std::size_t workers = std::min<std::size_t>(count, threads > 0 ? static_cast<std::size_t>(threads) : cores);
  std::atomic<std::size_t> next{0};
  std::exception_ptr failure;
  std::mutex guard;
  const auto run = [&] {
    try {
      for (std::size_t i = next++; i < count && !stop.stop_requested(); i = next++) work(i);
    } catch (...) {
      const std::lock_guard lock(guard);
      if (!failure) failure = std::current_exception();
      next = count;
    }
  };
  {
    std::vector<std::jthread> others;
    for (std::size_t w = 1; w < workers; ++w) others.emplace_back(run);
    run();
  }
  if (failure) std::rethrow_exception(failure);
  if (stop.stop_requested()) throw Stopped("[ordo] fit: stopped before it was complete");
}

}  // namespace ordo::detail
