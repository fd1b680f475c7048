// The vector type of this build's instruction set, and tanh on it.
//
// GCC's and Clang's vector extensions do all but the fused multiply-add, which must be explicit:
// the order of summation is promised to the bit, so nothing may be contracted or left apart by the
// compiler's choice (-ffp-contract=off).
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

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
  return value - V<Real>{};  // a vector minus zero: keeps -0, which adding zero would not
}

inline V<float> fma(V<float> a, V<float> b, V<float> c) {
#if defined(__AVX512F__)
  return _mm512_fmadd_ps(a, b, c);
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_fmadd_ps(a, b, c);
#elif defined(__aarch64__)
  return vfmaq_f32(c, a, b);
#else  // slow without such an instruction, and equal
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

// What e^r - 1 needs of each type.
template <class Real>
struct Expm1;

template <>
struct Expm1<float> {
  static constexpr int degree = 7;           // 1.5e-8 relative on |r| <= ln 2 / 2
  static constexpr float round = 0x1.8p23f;  // adding it rounds to an integer
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float largest = 20;    // from where tanh(y / 2) rounds to 1
  static constexpr float smallest = -87;  // e^y is a normal number from here on
  static constexpr int mantissa = 23, bias = 127;
};

template <>
struct Expm1<double> {
  static constexpr int degree = 13;  // 1.2e-17 relative on |r| <= ln 2 / 2
  static constexpr double round = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double largest = 44;
  static constexpr double smallest = -708;
  static constexpr int mantissa = 52, bias = 1023;
};

// 1 / k!, the coefficients of e^r.
template <class Real>
constexpr Real inverse_factorial(int k) {
  double factorial = 1;
  for (int i = 2; i <= k; ++i) factorial *= i;
  return static_cast<Real>(1 / factorial);
}

// y = n ln 2 + r; returns e^r - 1 and sets scale = 2^n.
template <class Real>
inline V<Real> reduced_expm1(V<Real> y, V<Real>& scale) {
  using E = Expm1<Real>;
  const V<Real> shifted = fma(y, broadcast<Real>(Real(1.4426950408889634)), broadcast(E::round));
  const V<Real> n = shifted - E::round;
  const V<Real> r = fma(n, broadcast(-E::ln2_low), fma(n, broadcast(-E::ln2_high), y));
  V<Real> q = broadcast(inverse_factorial<Real>(E::degree));
#pragma GCC unroll 16
  for (int k = E::degree - 1; k >= 2; --k) q = fma(q, r, broadcast(inverse_factorial<Real>(k)));
  scale = (V<Real>)(((Bits<Real>)shifted + E::bias) << E::mantissa);
  return fma(r * r, q, r);
}

// tanh x = e / (e + 2) with e = e^2|x| - 1, and x's sign. Where e is large, 1 - 2 / (e + 2) is the
// same with less rounding; both take one division.
template <class Real>
inline V<Real> tanh(V<Real> x) {
  const Bits<Real> sign = (Bits<Real>)x & (Bits<Real>)broadcast(Real(-0.0));
  const V<Real> twice = 2 * (V<Real>)((Bits<Real>)x ^ sign);
  V<Real> scale;
  const V<Real> p = reduced_expm1<Real>(
      twice > Expm1<Real>::largest ? broadcast(Expm1<Real>::largest) : twice, scale);
  const V<Real> e = fma(scale, p, scale - 1);
  const Bits<Real> large = e > 1;
  const V<Real> quotient = (large ? broadcast(Real(-2)) : e) / (e + 2);
  return (V<Real>)((Bits<Real>)(large ? 1 + quotient : quotient) | sign);
}

// 1 / (1 + e^-x), as e^-|x| / (1 + e^-|x|) where x is negative.
template <class Real>
inline V<Real> sigmoid(V<Real> x) {
  const V<Real> y = x < 0 ? x : -x;
  V<Real> scale;
  const V<Real> p =
      reduced_expm1<Real>(y < Expm1<Real>::smallest ? broadcast(Expm1<Real>::smallest) : y, scale);
  const V<Real> e = fma(scale, p, scale);
  return (x < 0 ? e : broadcast(Real(1))) / (1 + e);
}

// max(x, 0); NaN stays.
template <class Real>
inline V<Real> relu(V<Real> x) {
  return x < 0 ? V<Real>{} : x;
}

}  // namespace ELMAN_ISA
}  // namespace elman
