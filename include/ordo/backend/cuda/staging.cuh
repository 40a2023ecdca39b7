#pragma once
// The way to the device through memory that it can read by itself, so that the host goes on while a copy waits for its
// turn in the queue.

#include <algorithm>
#include <cstddef>
#include <cstring>

#include <ordo/backend/cuda/device.cuh>

namespace ordo::cuda {

/// Two pieces of the host's memory that take turns. Each is filled again only when its copy is done.
class Staging {
 public:
  Staging() = default;
  Staging(const Staging&) = delete;
  Staging& operator=(const Staging&) = delete;
  ~Staging() {
    for (Piece& piece : pieces_) release(piece);
  }

  /// Queues a copy to the device; `from` may be changed at once.
  void upload(Queue queue, const void* from, std::size_t bytes, void* to) {
    for (std::size_t done = 0; done < bytes; done += most) {
      const std::size_t part = std::min(most, bytes - done);
      Piece& piece = pieces_[next_];
      next_ = 1 - next_;
      make_room(piece, part);
      std::memcpy(piece.memory, static_cast<const unsigned char*>(from) + done, part);
      copy_to_device(queue, piece.memory, part, static_cast<unsigned char*>(to) + done);
      piece.copied.record(queue);
    }
  }

 private:
  static constexpr std::size_t most = std::size_t{16} << 20;
  struct Piece {
    void* memory = nullptr;
    std::size_t bytes = 0;
    Event copied{};
  };

  static void release(Piece& piece) noexcept {
    free_pinned_memory(piece.memory);
    piece.memory = nullptr;
    piece.bytes = 0;
  }
  static void make_room(Piece& piece, std::size_t bytes) {
    piece.copied.wait();
    if (piece.bytes >= bytes) return;
    release(piece);
    const std::size_t room = std::min(most, 2 * bytes);
    piece.memory = pinned_memory(room);
    piece.bytes = room;
  }

  Piece pieces_[2];
  std::size_t next_ = 0;
};

}  // namespace ordo::cuda
