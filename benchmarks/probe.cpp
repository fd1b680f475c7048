// What the machine can do: multiply-adds from registers, and reading from each level of memory.
#include <omp.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#if defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

namespace {

constexpr int chains = 12, steps = 1000;

template <class Real>
struct Vector {
  typedef Real type __attribute__((vector_size(vector_bytes)));
};

// Steps of independent chains of multiply-adds, all in registers.
template <class Real>
__attribute__((noinline)) void multiply_add(typename Vector<Real>::type* state) {
  typename Vector<Real>::type sums[chains], a = state[chains], b = state[chains + 1];
  for (int i = 0; i < chains; ++i) sums[i] = state[i];
  for (int step = 0; step < steps; ++step) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * a + b;
  }
  for (int i = 0; i < chains; ++i) state[i] = sums[i];
}

__attribute__((noinline)) void read(const Vector<float>::type* data, std::size_t n,
                                    Vector<float>::type* state) {
  Vector<float>::type sums[8];
  for (int j = 0; j < 8; ++j) sums[j] = state[j];
  for (std::size_t i = 0; i < n; i += 8) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; ++j) sums[j] += data[i + j];
  }
  for (int j = 0; j < 8; ++j) state[j] = sums[j];
}

// How much a second some threads do together, where a call of `work` does `amount`.
template <class Work>
double rate(double seconds, double amount, const Work& work) {
  double count = 0;
#pragma omp barrier
  const double begin = omp_get_wtime();
  double now = begin;
  do {
    work();
    asm volatile("" ::: "memory");  // the next call is not the same one
    count += amount;
    now = omp_get_wtime();
  } while (now - begin < seconds);
  return count / (now - begin);
}

template <class Real>
double peak(int threads, double seconds) {
  constexpr int lanes = vector_bytes / sizeof(Real);
  double total = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
  {
    typename Vector<Real>::type state[chains + 2] = {};
    for (int i = 0; i < chains + 2; ++i) state[i] += Real(1) / Real(i + 2);
    total += rate(seconds, 2.0 * chains * lanes * steps, [&] { multiply_add<Real>(state); });
  }
  return total;
}

}  // namespace

extern "C" {

// Floating-point operations a second, of some threads together.
double peak_float32(int threads, double seconds) {
  return peak<float>(threads, seconds);
}
double peak_float64(int threads, double seconds) {
  return peak<double>(threads, seconds);
}

// Bytes a second that some threads together read, each again and again from `bytes` of its own.
double read_bandwidth(int threads, std::size_t bytes, double seconds) {
  double total = 0;
#pragma omp parallel num_threads(threads) reduction(+ : total)
  {
    const std::size_t n = bytes / vector_bytes / 8 * 8;
    void* memory = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    std::memset(memory, 0, bytes);
    Vector<float>::type state[8] = {};
    const auto* data = static_cast<const Vector<float>::type*>(memory);
    total += rate(seconds, double(n) * vector_bytes, [&] { read(data, n, state); });
    std::free(memory);
  }
  return total;
}
}
