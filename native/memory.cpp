#include "memory.hpp"

#include <cstdlib>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace elman {
namespace {

constexpr std::size_t line = 64, large_page = std::size_t{1} << 21;

}  // namespace

void* allocate(std::size_t bytes) {
  const std::size_t alignment = bytes >= large_page ? large_page : line;
  void* memory = std::aligned_alloc(alignment, (bytes / alignment + 1) * alignment);
#if defined(MADV_HUGEPAGE)
  // A wish: where it is not granted, nothing else changes.
  if (memory && alignment == large_page) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void release(void* memory) {
  std::free(memory);
}

}  // namespace elman
