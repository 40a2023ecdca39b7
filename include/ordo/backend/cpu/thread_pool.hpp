#pragma once
// A pool of threads for operations that last some tens of microseconds: idle threads look for work for a short
// while before they sleep. How work is cut never depends on which thread does it, so neither do results.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace ordo {

/// A reference to something that is called with Arguments: without a copy, and without a template for each callee.
template <class... Arguments>
class Callable {
 public:
  template <class F>
  explicit Callable(const F& f)
      : object_(&f),
        call_([](const void* object, Arguments... arguments) { (*static_cast<const F*>(object))(arguments...); }) {}
  void operator()(Arguments... arguments) const { call_(object_, arguments...); }

 private:
  const void* object_;
  void (*call_)(const void*, Arguments...);
};

/// `threads` threads, the caller of `run` among them. Any number of threads may call `run` at the same time.
class ThreadPool {
 public:
  static constexpr int max_parts = 0xffff;

  explicit ThreadPool(int threads) : patience_(threads <= hardware_threads() ? 50'000 : 0) {
    try {
      for (int i = 1; i < threads; ++i) workers_.emplace_back([this] { serve(); });
    } catch (...) {
      stop();
      throw;
    }
  }
  ~ThreadPool() { stop(); }
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  [[nodiscard]] int threads() const { return static_cast<int>(workers_.size()) + 1; }
  [[nodiscard]] static int hardware_threads() {
    const unsigned count = std::thread::hardware_concurrency();
    return count == 0 ? 1 : static_cast<int>(count);
  }

  /// Calls task(0) .. task(parts - 1), each once, on whichever thread is free, and returns when all are done. Where
  /// the pool is busy (another caller, or a call from within a task) the caller does all parts itself. Of several
  /// exceptions the one of the lowest part is thrown here. `parts` is at most max_parts.
  template <class Task>
  void run(int parts, const Task& task) {
    run(parts, Callable<int>(task));
  }
  void run(int parts, const Callable<int>& task) {
    if (parts <= 1 || workers_.empty() || busy_.exchange(true, std::memory_order_acquire)) {
      for (int part = 0; part < parts; ++part) task(part);
      return;
    }
    task_ = &task;
    done_.store(0, std::memory_order_relaxed);
    const std::uint64_t generation = (ticket_.load(std::memory_order_relaxed) >> 32) + 1;
    ticket_.store((generation << 32) | (static_cast<std::uint64_t>(parts) << 16), std::memory_order_seq_cst);
    if (sleepers_.load(std::memory_order_seq_cst) > 0) {
      const std::lock_guard lock(mutex_);
      wake_.notify_all();
    }
    take_parts();
    if (!spin([&] { return done_.load(std::memory_order_acquire) == parts; })) {
      std::unique_lock lock(mutex_);
      finished_.wait(lock, [&] { return done_.load(std::memory_order_acquire) == parts; });
    }
    std::exception_ptr failure;
    std::swap(failure, failure_);  // every part is done: nobody writes it now
    busy_.store(false, std::memory_order_release);
    if (failure) std::rethrow_exception(failure);
  }

 private:
  // A ticket is one word, so that a claim of a part is a claim of a part of this very job: the job's generation,
  // its number of parts, and the next part to be taken.
  static int parts_of(std::uint64_t ticket) { return static_cast<int>((ticket >> 16) & 0xffffU); }
  static int next_of(std::uint64_t ticket) { return static_cast<int>(ticket & 0xffffU); }
  static bool open(std::uint64_t ticket) { return next_of(ticket) < parts_of(ticket); }

  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
  }
  /// Waits, awake, until ready() or patience ends; returns ready().
  template <class Ready>
  bool spin(const Ready& ready) const {
    if (ready()) return true;
    const auto end = std::chrono::steady_clock::now() + std::chrono::nanoseconds(patience_);
    do {
      for (int i = 0; i < 32; ++i) {
        if (ready()) return true;
        relax();
      }
    } while (std::chrono::steady_clock::now() < end);
    return false;
  }
  void take_parts() {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (open(ticket)) {
      if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel, std::memory_order_acquire)) {
        continue;
      }
      const int part = next_of(ticket);  // from here until done_ counts it, the job cannot end
      try {
        (*task_)(part);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_ || part < failed_part_) {
          failure_ = std::current_exception();
          failed_part_ = part;
        }
      }
      if (done_.fetch_add(1, std::memory_order_acq_rel) + 1 == parts_of(ticket)) {
        { const std::lock_guard lock(mutex_); }  // the caller is either before its check or asleep
        finished_.notify_one();
      }
      ticket = ticket_.load(std::memory_order_acquire);
    }
  }
  void serve() {
    const auto ready = [this] {
      return stopping_.load(std::memory_order_relaxed) || open(ticket_.load(std::memory_order_seq_cst));
    };
    while (!stopping_.load(std::memory_order_relaxed)) {
      take_parts();
      if (spin(ready)) continue;
      std::unique_lock lock(mutex_);
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, ready);
      sleepers_.fetch_sub(1, std::memory_order_relaxed);
    }
  }
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_.store(true, std::memory_order_relaxed);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::int64_t patience_;  // [ns] before an idle thread sleeps; none where threads outnumber cores
  std::atomic<bool> busy_{false};
  std::atomic<bool> stopping_{false};
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<int> done_{0};
  std::atomic<int> sleepers_{0};
  const Callable<int>* task_ = nullptr;
  std::exception_ptr failure_;
  int failed_part_ = 0;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable finished_;
  std::vector<std::thread> workers_;
};

}  // namespace ordo
