#pragma once
// A GPU on the host, as far as ordo/backend/cuda asks for one: the threads of a block take turns as fibers, meet at
// barriers and exchange numbers within their warp. Blocks run one after the other. Slow, and exact about what waits for
// what: a block whose threads wait for one another in vain is an error, and shared memory begins as NaNs. The device's
// memory is closed to the host: only kernels and copies reach it.

#include <sys/mman.h>
#if !defined(__x86_64__)
#include <ucontext.h>
#endif
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <ordo/core/bf16.hpp>

#define ORDO_KERNEL inline void
#define ORDO_THREADS(count)
#define ORDO_DEVICE inline
#define ORDO_UNROLL
#define ORDO_ONE_BY_ONE

namespace ordo::cuda {

struct Grid {
  int x = 1;
  int y = 1;
  int z = 1;
  int threads = 128;
  std::size_t shared = 0;
};

using Queue = std::nullptr_t;

namespace emulated {

/// The device's memory. Every piece ends at a page that nobody may touch, and is never used again once it is free.
class Memory {
 public:
  static Memory& get() {
    static Memory memory;
    return memory;
  }
  [[nodiscard]] void* allocate(std::size_t bytes) {
    const std::size_t pages = (bytes + page_ - 1) / page_;
    if (used_ + (pages + 1) * page_ > all) throw std::bad_alloc();
    unsigned char* const first = base_ + used_;
    used_ += (pages + 1) * page_;
    // As near to the closed page as the alignment of a real device's memory allows.
    unsigned char* const start = first + (pages * page_ - bytes) / alignment * alignment;
    pieces_[start] = {first, pages * page_, bytes};
    held_ += bytes;
    most_held_ = std::max(most_held_, held_);
    protect(first, pages * page_, true);
    std::memset(first, 0xff, pages * page_);
    if (open_ == 0) protect(first, pages * page_, false);
    return start;
  }
  void free(void* start) {
    const auto found = pieces_.find(start);
    if (found == pieces_.end()) throw std::logic_error("memory is freed that the device did not give");
    held_ -= found->second.asked;
    madvise(found->second.first, found->second.bytes, MADV_DONTNEED);
    protect(found->second.first, found->second.bytes, false);
    pieces_.erase(found);
  }
  /// Bytes that were asked for and are not free yet: now, and the most since `forget_most`.
  [[nodiscard]] std::size_t held() const { return held_; }
  [[nodiscard]] std::size_t most_held() const { return most_held_; }
  void forget_most() { most_held_ = held_; }
  void open() {
    if (open_++ == 0) protect_all(true);
  }
  void close() {
    if (--open_ == 0) protect_all(false);
  }

 private:
  static constexpr std::size_t all = std::size_t{1} << 38;  // addresses, not memory
  static constexpr std::size_t alignment = 256;
  struct Piece {
    unsigned char* first;
    std::size_t bytes;
    std::size_t asked;
  };

  Memory() : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    void* const memory = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<unsigned char*>(memory);
  }
  static void protect(unsigned char* first, std::size_t bytes, bool open) {
    if (mprotect(first, bytes, open ? PROT_READ | PROT_WRITE : PROT_NONE) != 0) throw std::bad_alloc();
  }
  void protect_all(bool open) {
    for (const auto& [start, piece] : pieces_) protect(piece.first, piece.bytes, open);
  }

  std::size_t page_;
  unsigned char* base_ = nullptr;
  std::size_t used_ = 0;
  std::size_t held_ = 0;
  std::size_t most_held_ = 0;
  int open_ = 0;
  std::map<void*, Piece> pieces_;
};

/// While it lives, the device's memory may be reached.
class Access {
 public:
  Access() { Memory::get().open(); }
  ~Access() { Memory::get().close(); }
  Access(const Access&) = delete;
  Access& operator=(const Access&) = delete;
};

/// Where a thread of control stands while another goes on.
struct Standing {
#if defined(__x86_64__)
  void* stack = nullptr;  ///< its top holds what the calling convention lets a callee keep, and where to return to
#else
  ucontext_t context{};
#endif
};

#if defined(__x86_64__)
// The registers that a function must leave as they are go onto the stack, which is then exchanged. Unlike swapcontext
// this asks nothing of the system, and unlike longjmp it has no meaning for sanitizers, which clear their notes of a
// whole stack at every one: an emulated block switches millions of times.
asm(R"(
  .pushsection .text
  .p2align 4
  .local ordo_emulated_switch
  .type ordo_emulated_switch, @function
ordo_emulated_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq (%rsi), %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size ordo_emulated_switch, . - ordo_emulated_switch
  .popsection
)");
extern "C" void ordo_emulated_switch(Standing* from, const Standing* to);
#endif

/// Goes on where `to` stands, until someone goes on where this stands, in `from`.
inline void change(Standing& from, const Standing& to) {
#if defined(__x86_64__)
  ordo_emulated_switch(&from, &to);
#else
  swapcontext(&from.context, &to.context);
#endif
}

/// A thread of a block: a stack of its own, used by one block after the other.
struct Fiber {
  std::unique_ptr<unsigned char[]> stack;
  Standing here;
  bool done = true;
};

/// At the beginning of `body`, which never returns, on a stack of its own.
inline void stand_before(void (*body)(), unsigned char* stack, std::size_t bytes, Standing& standing) {
#if defined(__x86_64__)
  const std::uintptr_t top = (reinterpret_cast<std::uintptr_t>(stack) + bytes) / 16 * 16;
  // From the top: nowhere to return to, as if `body` had been called; `body`; six registers, of no meaning yet.
  void** const words = reinterpret_cast<void**>(top) - 8;
  std::fill_n(words, 8, nullptr);
  words[6] = reinterpret_cast<void*>(body);
  standing.stack = words;
#else
  getcontext(&standing.context);
  standing.context.uc_stack.ss_sp = stack;
  standing.context.uc_stack.ss_size = bytes;
  standing.context.uc_link = nullptr;
  makecontext(&standing.context, body, 0);
#endif
}

/// Does a piece of work, or notes it where a graph is being made.
inline std::vector<std::function<void()>>*& noted_work() {
  thread_local std::vector<std::function<void()>>* noted = nullptr;
  return noted;
}
inline void queue_work(std::function<void()> work) {
  if (noted_work() != nullptr) {
    noted_work()->push_back(std::move(work));
    return;
  }
  const Access access;
  work();
}

/// One block: its threads are fibers, resumed warp by warp.
class Block {
 public:
  static constexpr int lanes = 32;
  static constexpr std::size_t most_exchanged = 128;  // bytes of one lane

  static Block*& current() {
    thread_local Block* block = nullptr;
    return block;
  }

  static constexpr std::size_t shared_alignment = 1024;

  Block(const Grid& grid, const std::function<void()>& body)
      : grid_(grid),
        body_(body),
        threads_(static_cast<std::size_t>(grid.threads)),
        shared_(grid.shared + shared_alignment) {
    if (grid.threads % lanes != 0 || grid.threads > 1024) throw std::logic_error("a block must have whole warps");
    warps_.resize(threads_ / lanes);
    fibers_.reserve(1024);  // they stay where they are
    if (fibers_.size() < threads_) fibers_.resize(threads_);
  }

  /// awaits: the device's memory is closed until all threads have waited for what was queued before.
  void run(int x, int y, int z, bool awaits) {
    place_ = {x, y, z};
    awaits_ = awaits;
    waited_ = 0;
    if (awaits_) Memory::get().close();
    ++runs_;
    std::fill(shared_.begin(), shared_.end(), static_cast<unsigned char>(0xff));
    met_ = 0;
    meetings_ = 0;
    for (Warp& warp : warps_) warp = {};
    for (auto& line : others_) line.clear();
    some_met_.clear();
    for (std::size_t i = 0; i < threads_; ++i) start(i);
    Block* const outer = current();
    current() = this;
    while (left_ > 0) {
      const std::uint64_t before = progress_;
      for (std::size_t w = 0; w < warps_.size(); ++w) run_warp(w);
      if (progress_ == before && left_ > 0 && !failure_) {
        try {
          run_others();
        } catch (...) {
          failure_ = std::current_exception();
        }
      }
      if (progress_ == before && left_ > 0 && !failure_) {
        failure_ = std::make_exception_ptr(std::logic_error("the threads of a block wait for one another in vain"));
      }
      if (failure_) break;
    }
    if (!failure_ && (!others_[0].empty() || !others_[1].empty())) {
      failure_ = std::make_exception_ptr(std::logic_error("a block ends before its copies and products do"));
    }
    current() = outer;
    if (awaits_) {
      stop_awaiting();
      if (!failure_) failure_ = std::make_exception_ptr(not_awaited());
    }
    if (!failure_) return;
    // Some stand in the middle of the body: nobody goes on with them. Of what an exception left on a stack sanitizers
    // have false notes.
    for (Fiber& fiber : fibers_) fiber = {};
    std::rethrow_exception(failure_);
  }

  [[nodiscard]] int thread() const { return static_cast<int>(now_); }
  [[nodiscard]] int threads() const { return grid_.threads; }
  [[nodiscard]] const Grid& grid() const { return grid_; }
  [[nodiscard]] std::uint64_t runs() const { return runs_; }  ///< of this thread's blocks, this one included
  [[nodiscard]] int x() const { return place_.x; }
  [[nodiscard]] int y() const { return place_.y; }
  [[nodiscard]] int z() const { return place_.z; }
  [[nodiscard]] void* shared() {
    void* at = shared_.data();
    std::size_t space = shared_.size();
    return std::align(shared_alignment, grid_.shared, at, space);
  }

  /// Until `there` holds, which other threads, copies or products bring about.
  template <class There>
  void wait_until(const There& there) {
    ++progress_;
    while (!there()) yield();
    ++progress_;
  }
  void note_progress() { ++progress_; }
  /// What copies and products by other units than the threads' own do: when nothing else gets any further.
  void later(bool is_copy, std::function<void()> work) { others_[is_copy ? 0 : 1].push_back(std::move(work)); }
  /// So many threads meet at barrier `which`.
  void meet_some(int which, int threads) {
    auto& [here, times] = some_met_[which];
    const int time = times;
    if (++here == threads) {
      here = 0;
      ++times;
    }
    wait_until([&times = times, time] { return times != time; });
  }

  void meet() {
    const std::uint64_t meeting = meetings_;
    ++progress_;
    ++met_;
    if (met_ == left_) open_barrier();
    while (meetings_ == meeting) yield();
  }

  [[nodiscard]] bool awaits() const { return awaits_; }
  void await_queued() {
    if (!awaits_) return;
    ++waited_;
    meet();
    if (!awaits_) return;
    stop_awaiting();  // the first to go on
    if (waited_ != grid_.threads) throw not_awaited();
  }

  /// What every lane of the warp gives; valid until the lane's second next exchange.
  template <class T>
  const T* exchange(const T& mine) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= most_exchanged);
    Warp& warp = warps_[now_ / lanes];
    const std::uint64_t round = warp.rounds;
    unsigned char* room = warp.room[round % 2];
    std::memcpy(room + now_ % lanes * sizeof(T), &mine, sizeof(T));
    ++progress_;
    if (++warp.given == lanes) {
      warp.given = 0;
      ++warp.rounds;
    }
    while (warp.rounds == round) yield();
    return reinterpret_cast<const T*>(room);
  }

 private:
  struct Place {
    int x = 0;
    int y = 0;
    int z = 0;
  };
  struct Warp {
    int given = 0;
    std::uint64_t rounds = 0;
    alignas(16) unsigned char room[2][lanes * most_exchanged] = {};
  };

  static constexpr std::size_t stack_bytes = 128 * 1024;

  static std::logic_error not_awaited() {
    return std::logic_error("a kernel that is launched early must wait in each of its threads");
  }
  void stop_awaiting() {
    awaits_ = false;
    Memory::get().open();
  }

  void start(std::size_t i) {
    Fiber& fiber = fibers_[i];
    fiber.done = false;
    ++left_;
    if (fiber.stack) return;
    fiber.stack = std::make_unique_for_overwrite<unsigned char[]>(stack_bytes);
    stand_before(&Block::enter, fiber.stack.get(), stack_bytes, fiber.here);
  }
  /// A fiber runs the body once for every block that uses it, and never returns.
  static void enter() {
    while (true) {
      Block& block = *current();
      try {
        block.body_();
      } catch (...) {
        block.failure_ = std::current_exception();
      }
      fibers_[block.now_].done = true;
      ++block.progress_;
      --block.left_;
      if (block.left_ > 0 && block.met_ == block.left_) block.open_barrier();  // those that are gone are not waited for
      block.yield();
    }
  }
  /// One of what others do, by lot: copies are done in no order, products in theirs.
  void run_others() {
    lot_ = lot_ * 6364136223846793005U + 1442695040888963407U;
    const std::size_t draw = lot_ >> 33;
    auto& [copies, products] = others_;
    const bool copy = products.empty() || (!copies.empty() && draw % 2 == 0);
    auto& line = copy ? copies : products;
    if (line.empty()) return;
    const std::size_t which = copy ? draw / 2 % line.size() : 0;
    const std::function<void()> work = std::move(line[which]);
    line.erase(line.begin() + static_cast<std::ptrdiff_t>(which));
    work();
    ++progress_;
  }
  void open_barrier() {
    met_ = 0;
    ++meetings_;
    ++progress_;
  }
  /// Until none of its lanes gets any further.
  void run_warp(std::size_t w) {
    while (true) {
      const std::uint64_t before = progress_;
      for (std::size_t i = w * lanes; i < (w + 1) * lanes; ++i) {
        if (fibers_[i].done) continue;
        now_ = i;
        resume();
        if (failure_) return;
      }
      if (progress_ == before) return;
    }
  }
  void resume() { change(scheduler_, fibers_[now_].here); }
  void yield() { change(fibers_[now_].here, scheduler_); }

  Grid grid_;
  const std::function<void()>& body_;
  static inline thread_local std::vector<Fiber> fibers_;
  static inline thread_local std::uint64_t runs_ = 0;
  std::size_t threads_;
  std::vector<Warp> warps_;
  std::deque<std::function<void()>> others_[2];  // copies, products
  std::uint64_t lot_ = 1;
  std::map<int, std::pair<int, int>> some_met_;  // of each barrier: how many are here, and how often all were
  std::vector<unsigned char> shared_;
  Standing scheduler_;
  Place place_;
  std::size_t now_ = 0;
  int left_ = 0;
  int met_ = 0;
  bool awaits_ = false;
  int waited_ = 0;
  std::uint64_t meetings_ = 0;
  std::uint64_t progress_ = 0;
  std::exception_ptr failure_;
};

}  // namespace emulated

namespace emulated {

/// What a graph cannot hold: memory and copies.
inline void refuse_in_graph() {
  if (noted_work() != nullptr) throw std::logic_error("memory or a copy is asked for while a graph is made");
}

}  // namespace emulated

[[nodiscard]] inline void* device_memory(std::size_t bytes) {
  emulated::refuse_in_graph();
  return emulated::Memory::get().allocate(bytes);
}
/// What kernels may choose by, and no limit here: little, so that tests see both ways.
[[nodiscard]] inline std::size_t most_shared_memory() { return 4 * 1024; }
inline void free_device_memory(void* memory) {
  if (memory != nullptr) emulated::Memory::get().free(memory);
}
inline void clear_device_memory(void* memory, std::size_t bytes) {
  const emulated::Access access;
  std::memset(memory, 0, bytes);
}
[[nodiscard]] inline void* pinned_memory(std::size_t bytes) { return ::operator new(bytes); }
inline void free_pinned_memory(void* memory) noexcept { ::operator delete(memory); }
inline void copy_to_device(Queue, const void* from, std::size_t bytes, void* to) {
  emulated::refuse_in_graph();
  const emulated::Access access;
  std::memcpy(to, from, bytes);
}
inline void copy_from_device(Queue, const void* from, std::size_t bytes, void* to) {
  emulated::refuse_in_graph();
  const emulated::Access access;
  std::memcpy(to, from, bytes);
}
struct Event {
  void record(Queue) {}
  void wait() const {}
};

inline int thread_index() { return emulated::Block::current()->thread(); }
inline int block_threads() { return emulated::Block::current()->threads(); }
inline int block_x() { return emulated::Block::current()->x(); }
inline int block_y() { return emulated::Block::current()->y(); }
inline int block_z() { return emulated::Block::current()->z(); }
inline int blocks_x() { return emulated::Block::current()->grid().x; }
inline void meet() { emulated::Block::current()->meet(); }
inline void meet_lanes() { (void)emulated::Block::current()->exchange(0); }
inline void give_up() { throw std::runtime_error("a kernel gives up"); }
inline void publish() {}
inline void expect(const void* memory) {
  if (!emulated::Block::current()->awaits()) (void)*static_cast<const volatile char*>(memory);
}
inline void await_queued() { emulated::Block::current()->await_queued(); }
inline int add_atomically(int* number, int value) {  // one thread after the other
  const int before = *number;
  *number += value;
  return before;
}
template <class T>
T across(T value, int mask) {
  const int lane = thread_index() % 32;
  return emulated::Block::current()->exchange(value)[lane ^ mask];
}
template <class T>
T of_lane(T value, int from) {
  return emulated::Block::current()->exchange(value)[from % 32];
}
template <class T>
T* shared_memory() {
  return static_cast<T*>(emulated::Block::current()->shared());
}

template <class A>
void load_eight(const A* from, float (&to)[8]) {
  if (reinterpret_cast<std::uintptr_t>(from) % 16 != 0) throw std::logic_error("eight numbers are not aligned");
  for (int i = 0; i < 8; ++i) to[i] = static_cast<float>(from[i]);
}
template <class A>
void store_eight(A* to, const float (&from)[8]) {
  if (reinterpret_cast<std::uintptr_t>(to) % 16 != 0) throw std::logic_error("eight numbers are not aligned");
  for (int i = 0; i < 8; ++i) to[i] = static_cast<A>(from[i]);
}

/// See matrix_unit.cuh.
namespace emulated {

struct Fragments {
  std::uint32_t a[4];
  std::uint32_t b[2];
};
inline float half_of(std::uint32_t word, int which) {
  return bf16::of_bits(static_cast<std::uint16_t>(word >> (16 * which)));
}
/// A's number at (row, k) of 16 x 16, B's at (k, column) of 16 x 8, as the lanes hold them.
inline float a_at(const Fragments* of, int row, int k) {
  return half_of(of[row % 8 * 4 + k % 8 / 2].a[row / 8 + k / 8 * 2], k % 2);
}
inline float b_at(const Fragments* of, int k, int column) {
  return half_of(of[column * 4 + k % 8 / 2].b[k / 8], k % 2);
}

}  // namespace emulated

inline void multiply_add(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  const emulated::Fragments mine{{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  const emulated::Fragments* all = emulated::Block::current()->exchange(mine);
  const int lane = thread_index() % 32;
  for (int i = 0; i < 4; ++i) {
    const int row = lane / 4 + i / 2 * 8;
    const int column = lane % 4 * 2 + i % 2;
    for (int k = 0; k < 16; ++k) c[i] += emulated::a_at(all, row, k) * emulated::b_at(all, k, column);
  }
}
inline void load_fragments(std::uint32_t (&to)[4], const bf16* row) {
  const bf16* const* rows = emulated::Block::current()->exchange(row);
  const int lane = thread_index() % 32;
  for (int m = 0; m < 4; ++m) {
    const bf16* from = rows[m * 8 + lane / 4] + lane % 4 * 2;
    to[m] = packed(from[0], from[1]);
  }
}
inline void load_fragments_transposed(std::uint32_t (&to)[4], const bf16* row) {
  const bf16* const* rows = emulated::Block::current()->exchange(row);
  const int lane = thread_index() % 32;
  for (int m = 0; m < 4; ++m) {
    const bf16* const* from = rows + m * 8 + lane % 4 * 2;
    to[m] = packed(from[0][lane / 4], from[1][lane / 4]);
  }
}
/// Copies at once: what is waited for is there.
inline void copy_async(bf16* to, const bf16* from, bool valid) {
  for (int i = 0; i < 8; ++i) to[i] = valid ? from[i] : bf16(0.0F);
}
inline void copy_async(float* to, const float* from, bool valid) { *to = valid ? *from : 0.0F; }
inline void commit_copies() {}
template <int Left>
void wait_for_copies() {}

template <class... P, class... A>
void launch_as(bool early, Queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  if (grid.x <= 0 || grid.y <= 0 || grid.z <= 0) return;
  emulated::queue_work([=] {
    const std::function<void()> body = [&] { kernel(args...); };
    emulated::Block block(grid, body);
    for (int z = 0; z < grid.z; ++z) {
      for (int y = 0; y < grid.y; ++y) {
        for (int x = 0; x < grid.x; ++x) block.run(x, y, z, early && x == 0 && y == 0 && z == 0);
      }
    }
  });
}
template <class... P, class... A>
void launch(Queue queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  launch_as(false, queue, grid, kernel, args...);
}
template <class... P, class... A>
void launch_early(Queue queue, const Grid& grid, void (*kernel)(P...), const A&... args) {
  launch_as(true, queue, grid, kernel, args...);
}

namespace emulated {

/// How many graphs were queued so far.
inline std::uint64_t& graphs_launched() {
  static std::uint64_t count = 0;
  return count;
}

}  // namespace emulated

class Graph {
 public:
  Graph() = default;
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;
  ~Graph() { clear(); }

  [[nodiscard]] bool ready() const { return ready_; }
  void begin(Queue) {
    clear();
    emulated::noted_work() = &work_;
  }
  void end() {
    emulated::noted_work() = nullptr;
    ready_ = true;
  }
  void launch(Queue) const {
    ++emulated::graphs_launched();
    for (const auto& work : work_) emulated::queue_work(work);
  }
  void clear() noexcept {
    if (emulated::noted_work() == &work_) emulated::noted_work() = nullptr;
    work_.clear();
    ready_ = false;
  }

 private:
  std::vector<std::function<void()>> work_;
  bool ready_ = false;
};

}  // namespace ordo::cuda
