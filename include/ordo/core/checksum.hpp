#pragma once
// XXH64 (Collet 2012, the xxHash specification): a 64-bit checksum that runs at the speed of memory. It finds
// accidents, not forgeries.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace ordo {

/// Feed it in pieces of any size; the value depends on the concatenation alone. Integers are little endian.
class Checksum {
 public:
  explicit Checksum(std::uint64_t seed = 0) : lane_{seed + p1 + p2, seed + p2, seed, seed - p1}, seed_(seed) {}

  void add(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    total_ += bytes.size();
    if (held_ + bytes.size() < block_.size()) {
      std::memcpy(block_.data() + held_, bytes.data(), bytes.size());
      held_ += bytes.size();
      return;
    }
    if (held_ > 0) {
      const std::size_t missing = block_.size() - held_;
      std::memcpy(block_.data() + held_, bytes.data(), missing);
      take_block(block_.data());
      bytes = bytes.subspan(missing);
      held_ = 0;
    }
    for (; bytes.size() >= block_.size(); bytes = bytes.subspan(block_.size())) take_block(bytes.data());
    if (!bytes.empty()) std::memcpy(block_.data(), bytes.data(), bytes.size());
    held_ = bytes.size();
  }
  void add(std::string_view text) { add(std::as_bytes(std::span(text.data(), text.size()))); }
  void add(std::uint64_t number) { add(std::as_bytes(std::span(&number, 1))); }

  /// The checksum of everything added so far.
  [[nodiscard]] std::uint64_t value() const {
    std::uint64_t h = seed_ + p5;
    if (total_ >= block_.size()) {
      h = std::rotl(lane_[0], 1) + std::rotl(lane_[1], 7) + std::rotl(lane_[2], 12) + std::rotl(lane_[3], 18);
      for (const std::uint64_t lane : lane_) h = (h ^ round(0, lane)) * p1 + p4;
    }
    h += total_;
    std::size_t at = 0;
    for (; at + 8 <= held_; at += 8) h = std::rotl(h ^ round(0, load<std::uint64_t>(&block_[at])), 27) * p1 + p4;
    for (; at + 4 <= held_; at += 4) h = std::rotl(h ^ (load<std::uint32_t>(&block_[at]) * p1), 23) * p2 + p3;
    for (; at < held_; ++at) h = std::rotl(h ^ (std::to_integer<std::uint64_t>(block_[at]) * p5), 11) * p1;
    h = (h ^ (h >> 33)) * p2;
    h = (h ^ (h >> 29)) * p3;
    return h ^ (h >> 32);
  }

 private:
  static_assert(std::endian::native == std::endian::little, "[ordo] files are read and written little endian");
  static constexpr std::uint64_t p1 = 0x9E3779B185EBCA87ULL;
  static constexpr std::uint64_t p2 = 0xC2B2AE3D27D4EB4FULL;
  static constexpr std::uint64_t p3 = 0x165667B19E3779F9ULL;
  static constexpr std::uint64_t p4 = 0x85EBCA77C2B2AE63ULL;
  static constexpr std::uint64_t p5 = 0x27D4EB2F165667C5ULL;

  static std::uint64_t round(std::uint64_t lane, std::uint64_t input) { return std::rotl(lane + input * p2, 31) * p1; }
  template <class Word>
  static std::uint64_t load(const std::byte* from) {
    Word word = 0;
    std::memcpy(&word, from, sizeof(Word));
    return word;
  }
  void take_block(const std::byte* from) {
    for (std::size_t i = 0; i < 4; ++i) lane_[i] = round(lane_[i], load<std::uint64_t>(from + 8 * i));
  }

  std::array<std::uint64_t, 4> lane_;
  std::array<std::byte, 32> block_{};
  std::size_t held_ = 0;
  std::uint64_t total_ = 0;
  std::uint64_t seed_;
};

/// XXH64 of these bytes with seed 0.
[[nodiscard]] inline std::uint64_t checksum(std::span<const std::byte> bytes) {
  Checksum sum;
  sum.add(bytes);
  return sum.value();
}

}  // namespace ordo
