// Regions of OpenMP's threads: one pool for the whole process. Without OpenMP there is one thread.
#pragma once

#if defined(_OPENMP)
#include <omp.h>
#endif
#if defined(__SSE__)
#include <xmmintrin.h>
#endif

#include "throttle.hpp"

namespace elman {
namespace ELMAN_ISA {

// Gives this thread another one's floating-point mode (rounding, flush to zero) while it lives.
class FloatingPointMode {
 public:
#if defined(__SSE__)
  using Mode = unsigned;
  static Mode current() { return _mm_getcsr(); }
  explicit FloatingPointMode(Mode mode) : own_(current()) { _mm_setcsr(mode); }
  ~FloatingPointMode() { _mm_setcsr(own_); }
#else
  using Mode = int;
  static Mode current() { return 0; }
  explicit FloatingPointMode(Mode mode) : own_(mode) {}
#endif
  FloatingPointMode(const FloatingPointMode&) = delete;
  FloatingPointMode& operator=(const FloatingPointMode&) = delete;

 private:
  const Mode own_;
};

// Takes values too small for a normal number (below 1.2e-38 in float) for 0 while it lives, on this
// thread and in the regions it opens. Gradients that vanish over time come to such values, and a
// processor may take a hundred times as long for each.
class FlushToZero : FloatingPointMode {
 public:
#if defined(__SSE__)
  FlushToZero() : FloatingPointMode(current() | flush_results | read_as_zero) {}

 private:
  static constexpr Mode flush_results = 0x8000, read_as_zero = 0x0040;
#else
  FlushToZero() : FloatingPointMode(current()) {}
#endif
};

// Run body(i, p) on threads i = 0 … p - 1. The caller is thread 0. Its floating-point mode holds on
// all of them, so that threads never differ in bits.
template <class Body>
void parallel(int threads, const Body& body) {
#if defined(_OPENMP)
  if (threads > 1) {
    const Index begin = nanoseconds();
    const FloatingPointMode::Mode mode = FloatingPointMode::current();
    Index worked = 0, alone = 0;
#pragma omp parallel num_threads(threads)
    {
      const FloatingPointMode of_caller(mode);
      times = {nanoseconds(), 0, 0};
      body(omp_get_thread_num(), omp_get_num_threads());
      if (omp_get_thread_num() == 0) {
        alone = times.alone;
        worked = nanoseconds() - times.entered - times.waited - alone;
      }
    }
    const Index end = nanoseconds();
    Throttle::report({begin, end, end - begin - alone, worked});
    return;
  }
#endif
  (void)threads;
  body(0, 1);
}

}  // namespace ELMAN_ISA
}  // namespace elman
