// The vector type of this build's instruction set.
//
// GCC's and Clang's vector extensions do everything but the fused multiply-add. That one is
// explicit: bits are promised, so the compiler may not choose whether a product and a sum are fused
// (-ffp-contract=off).
#pragma once

#include <cstdint>
#include <cstring>

#include "kernel.hpp"

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

namespace elman {
namespace ELMAN_ISA {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64, vector_registers = 32;
#elif defined(__AVX2__) && defined(__FMA__)
constexpr int vector_bytes = 32, vector_registers = 16;
#elif defined(__aarch64__)
constexpr int vector_bytes = 16, vector_registers = 32;
#else
constexpr int vector_bytes = 16, vector_registers = 16;
#endif

template <class Real>
struct Vec;

template <>
struct Vec<float> {
  typedef float type __attribute__((vector_size(vector_bytes)));
  typedef std::int32_t bits __attribute__((vector_size(vector_bytes)));
  static constexpr int lanes = vector_bytes / 4;
};

template <>
struct Vec<double> {
  typedef double type __attribute__((vector_size(vector_bytes)));
  typedef std::int64_t bits __attribute__((vector_size(vector_bytes)));
  static constexpr int lanes = vector_bytes / 8;
};

template <class Real>
using V = typename Vec<Real>::type;
template <class Real>
using Bits = typename Vec<Real>::bits;
template <class Real>
constexpr int lanes = Vec<Real>::lanes;

template <class Real>
inline V<Real> load(const Real* p) {
  V<Real> v;
  std::memcpy(&v, p, sizeof v);
  return v;
}

template <class Real>
inline void store(Real* p, V<Real> v) {
  std::memcpy(p, &v, sizeof v);
}

template <class Real>
inline V<Real> broadcast(Real value) {
  return value - V<Real>{};  // minus zero keeps -0, plus zero would not
}

// Store the first n values of a vector, and leave the rest of the memory alone.
template <class Real>
inline void store_first(Real* p, V<Real> v, Index n) {
  if (n >= lanes<Real>)
    store(p, v);
  else
    std::memcpy(p, &v, static_cast<size_t>(n) * sizeof(Real));
}

// Load the first n values of a vector; the rest is zero.
template <class Real>
inline V<Real> load_first(const Real* p, Index n) {
  if (n >= lanes<Real>) return load(p);
  V<Real> v{};
  std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(Real));
  return v;
}

// a b + c, rounded once.
inline V<float> fma(V<float> a, V<float> b, V<float> c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else  // a machine without the instruction gives the same bits, slowly
  for (int i = 0; i < lanes<float>; ++i) c[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return c;
#endif
}

inline V<double> fma(V<double> a, V<double> b, V<double> c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_pd(a, b, c);
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_fmadd_pd(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f64(c, a, b);
#else
  for (int i = 0; i < lanes<double>; ++i) c[i] = __builtin_fma(a[i], b[i], c[i]);
  return c;
#endif
}

}  // namespace ELMAN_ISA
}  // namespace elman
