#include "memory.hpp"

#include <cstdint>
#include <cstdlib>

#if defined(__linux__)
#include <malloc.h>
#include <sys/mman.h>

#include <mutex>
#endif

namespace elman {
namespace {

constexpr std::size_t line = 64, large_page = std::size_t{1} << 21;

#if defined(__linux__)
// Keeps large memory that was released for the next call, which most often wants the same sizes.
// The system would clear every page of new memory, which takes 5 to 7 % of an LSTM's training step.
// If no kept memory fits a wish, all of it goes back to the system first. Nobody waits for the
// lock: a child process that was forked while it was held would wait for ever. Who does not get the
// lock does without kept memory.
class Spare {
 public:
  void* take(std::size_t bytes) {
    const std::unique_lock<std::mutex> mine(lock_, std::try_to_lock);
    if (!mine) return nullptr;
    for (int i = 0; i < count_; ++i) {
      const std::size_t usable = malloc_usable_size(memory_[i]);
      if (usable < bytes || usable - bytes > bytes / 4 + large_page) continue;
      void* memory = memory_[i];
      memory_[i] = memory_[--count_];
      bytes_ -= usable;
      return memory;
    }
    while (count_) std::free(memory_[--count_]);
    bytes_ = 0;
    return nullptr;
  }

  std::size_t bytes() {
    const std::lock_guard<std::mutex> mine(lock_);
    return bytes_;
  }

  // Returns whether the memory was kept.
  bool give(void* memory) {
    const std::size_t usable = malloc_usable_size(memory);
    if (reinterpret_cast<std::uintptr_t>(memory) % large_page || usable < large_page) return false;
    const std::unique_lock<std::mutex> mine(lock_, std::try_to_lock);
    if (!mine || count_ == most || bytes_ + usable > most_bytes) return false;
    memory_[count_++] = memory;
    bytes_ += usable;
    return true;
  }

 private:
  static constexpr int most = 32;
  static constexpr std::size_t most_bytes = std::size_t{256} << 20;

  std::mutex lock_;
  void* memory_[most];
  int count_ = 0;
  std::size_t bytes_ = 0;
};

// It is never destroyed, as Python may release memory late.
Spare& spare() {
  static Spare& one = *new Spare;
  return one;
}
#endif

void count(std::int64_t MemoryCounts::* which) {
  MemoryCounts& counts = memory_counts();
  if (__atomic_load_n(&counts.counting, __ATOMIC_RELAXED))
    __atomic_fetch_add(&(counts.*which), 1, __ATOMIC_RELAXED);
}

}  // namespace

MemoryCounts& memory_counts() {
  static MemoryCounts counts = {};
  return counts;
}

std::size_t spare_bytes() {
#if defined(__linux__)
  return spare().bytes();
#else
  return 0;
#endif
}

void* allocate(std::size_t bytes) {
  count(&MemoryCounts::allocated);
  const std::size_t alignment = bytes >= large_page ? large_page : line;
#if defined(__linux__)
  if (alignment == large_page)
    if (void* memory = spare().take(bytes)) return memory;
#endif
  void* memory = std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
#if defined(MADV_HUGEPAGE)
  // The system may refuse. Then nothing else changes.
  if (memory && alignment == large_page) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void release(void* memory) {
  count(&MemoryCounts::released);
#if defined(__linux__)
  if (spare().give(memory)) return;
#endif
  std::free(memory);
}

}  // namespace elman
