// Memory aligned for vectors. Large memory lies on large pages: a matrix that is read again at
// every step then needs few of the processor's page look-ups, and new memory causes few page
// faults.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

namespace elman {

// Null if there is none left.
void* allocate(std::size_t bytes);
void release(void* memory);

// How much memory was handed out and came back. Only tests count it.
struct MemoryCounts {
  bool counting;
  std::int64_t allocated, released;
};
MemoryCounts& memory_counts();
// How many bytes are kept for the next call.
std::size_t spare_bytes();

// Each instruction set has its own copy of what follows, so that none runs another one's
// instructions.
#if defined(ELMAN_ISA)
namespace ELMAN_ISA {
#endif

// Owns memory for some values, which nothing initialises.
template <class Value>
class Buffer {
 public:
  // Owns nothing, and is false.
  Buffer() = default;
  // For n values. It is false if there was no memory. For n = 0 it holds no memory, and is true.
  explicit Buffer(std::int64_t n)
      : data_(n ? static_cast<Value*>(allocate(static_cast<std::size_t>(n) * sizeof(Value)))
                : nullptr),
        there_(n == 0 || data_) {}
  ~Buffer() {
    if (data_) release(data_);
  }
  Buffer(Buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), there_(std::exchange(other.there_, false)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(there_, other.there_);
    return *this;
  }

  explicit operator bool() const { return there_; }
  Value* get() const { return data_; }
  Value& operator[](std::size_t i) const { return data_[i]; }

 private:
  Value* data_ = nullptr;
  bool there_ = false;
};

#if defined(ELMAN_ISA)
}  // namespace ELMAN_ISA
#endif
}  // namespace elman
