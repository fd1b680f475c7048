// The cells' functions: tanh, the logistic function and relu, on vectors.
#pragma once

#include "simd.hpp"
#include "tables.hpp"

namespace elman {
namespace ELMAN_ISA {

// Constants of e^r - 1 for each type. The coefficients interpolate (e^r - 1 - r) / r^2 at
// Chebyshev's nodes on |r| <= ln 2 / 2.
template <class Real>
struct Expm1;

template <>
struct Expm1<float> {
  static constexpr int terms = 6;  // 1.8e-9 relative
  static constexpr float coefficients[terms] = {0x1p-1f,        0x1.555556p-3f,  0x1.5554e8p-5f,
                                                0x1.1110e0p-7f, 0x1.6d4362p-10f, 0x1.a12528p-13f};
  static constexpr float round = 0x1.8p23f;  // adding it rounds to an integer
  static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f;
  static constexpr float smallest = -87;  // e^y is a normal number from here on
  static constexpr int mantissa = 23, bias = 127;
};

template <>
struct Expm1<double> {
  static constexpr int terms = 11;  // 8.3e-19 relative
  static constexpr double coefficients[terms] = {
      0x1p-1,
      0x1.5555555555557p-3,
      0x1.5555555555556p-5,
      0x1.11111111100cep-7,
      0x1.6c16c16c162ccp-10,
      0x1.a01a01abef415p-13,
      0x1.a01a01a6dcaffp-16,
      0x1.71de021a90822p-19,
      0x1.27e4db57442fbp-22,
      0x1.af4e196027428p-26,
      0x1.1f731ea5352cap-29,
  };
  static constexpr double round = 0x1.8p52;
  static constexpr double ln2_high = 0x1.62e42fefa38p-1, ln2_low = 0x1.ef35793c7673p-45;
  static constexpr double smallest = -708;
  static constexpr int mantissa = 52, bias = 1023;
};

// The polynomial in r of the coefficients from `first` on. It sums pairs, then pairs of pairs, and
// then follows Horner's scheme in r^4: one long chain would make every step of a single sequence
// wait.
template <class Real, int first = 0>
inline V<Real> polynomial(V<Real> r, V<Real> r2, V<Real> r4) {
  using E = Expm1<Real>;
  const auto pair = [&](int k) __attribute__((always_inline)) {
    return k + 1 < E::terms
               ? fma(r, broadcast(E::coefficients[k + 1]), broadcast(E::coefficients[k]))
               : broadcast(E::coefficients[k]);
  };
  V<Real> sum = pair(first);
  if constexpr (first + 2 < E::terms) sum = fma(r2, pair(first + 2), sum);
  if constexpr (first + 4 < E::terms) sum = fma(r4, polynomial<Real, first + 4>(r, r2, r4), sum);
  return sum;
}

// A number in two parts: high is the rounded number, and low what rounding took away.
template <class Real>
struct Two {
  V<Real> high, low;
};

// large + small. It is exact if |large| >= |small|, and the sum's spacing is no larger than large.
template <class Real>
inline Two<Real> sum_of(V<Real> large, V<Real> small) {
  const V<Real> high = large + small;
  return {high, small - (high - large)};
}

// With y = n ln 2 + r, e^y = scale (1 + p) where scale = 2^n and p = e^r - 1. Returns p.
template <class Real>
inline Two<Real> reduced_expm1(V<Real> y, V<Real>& scale) {
  using E = Expm1<Real>;
  const V<Real> shifted = fma(y, broadcast<Real>(Real(1.4426950408889634)), broadcast(E::round));
  const V<Real> n = shifted - E::round;
  const V<Real> r = fma(n, broadcast(-E::ln2_low), fma(n, broadcast(-E::ln2_high), y));
  scale = (V<Real>)(((Bits<Real>)shifted + E::bias) << E::mantissa);
  const V<Real> r2 = r * r, q = polynomial<Real>(r, r2, r2 * r2);
  const V<Real> p = fma(r2, q, r);
  return {p, fma(r2, q, r - p)};
}

// scale p + first. |first| must be at least |scale p|, or zero.
template <class Real>
inline Two<Real> scaled_sum(V<Real> scale, Two<Real> p, V<Real> first) {
  const V<Real> high = fma(scale, p.high, first);
  return {high, fma(scale, p.low, fma(scale, p.high, first - high))};
}

// a / b: one division, corrected by what its rounding left out.
template <class Real>
inline V<Real> quotient(Two<Real> a, Two<Real> b) {
  const V<Real> inverse = 1 / b.high, q = a.high * inverse;
  const V<Real> rest = fma(-q, b.high, a.high) + fma(-q, b.low, a.low);
  return fma(rest, inverse, q);
}

// tanh |x| = e / (e + 2) with e = e^2|x| - 1; the result gets x's sign.
inline V<double> tanh(V<double> x) {
  constexpr double largest = 38.2;  // from where tanh(y / 2) rounds to 1
  const Bits<double> sign = (Bits<double>)x & (Bits<double>)broadcast(-0.0);
  const V<double> twice = 2 * (V<double>)((Bits<double>)x ^ sign);
  V<double> scale;
  const Two<double> p = reduced_expm1<double>(twice > largest ? broadcast(largest) : twice, scale);
  const Two<double> e = scaled_sum<double>(scale, p, scale - 1);
  Two<double> below = sum_of<double>(broadcast(2.0), e.high);
  below.low += e.low;
  return (V<double>)((Bits<double>)quotient<double>(e, below) | sign);
}

// With q = e^-|x| / (1 + e^-|x|): q where x is negative, and otherwise 1 - q.
template <class Real>
inline V<Real> logistic_by_exponential(V<Real> x) {
  const V<Real> y = x < 0 ? x : -x;
  V<Real> scale;
  const Two<Real> p =
      reduced_expm1<Real>(y < Expm1<Real>::smallest ? broadcast(Expm1<Real>::smallest) : y, scale);
  const Two<Real> e = scaled_sum<Real>(scale, p, scale);
  Two<Real> below = sum_of<Real>(broadcast(Real(1)), e.high);
  below.low += e.low;
  const V<Real> q = quotient<Real>(e, below);
  return x < 0 ? q : 1 - q;
}

inline V<double> sigmoid(V<double> x) {
  return logistic_by_exponential<double>(x);
}

// min(y, limit); NaN stays NaN.
inline V<float> at_most(V<float> y, float limit) {
#if defined(__AVX512F__)
  return _mm512_maskz_min_ps(0xffff, broadcast(limit), y);  // GCC 12 warns of the plain one
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_min_ps(broadcast(limit), y);
#else
  return limit < y ? broadcast(limit) : y;
#endif
}

// Whether any value is not less than the limit. NaN is not less.
inline bool any_from(V<float> y, float limit) {
#if defined(__AVX512F__)
  return _mm512_cmp_ps_mask(y, broadcast(limit), _CMP_NLT_UQ) != 0;
#elif defined(__AVX2__) && defined(__FMA__)
  return _mm256_movemask_ps(_mm256_cmp_ps(y, broadcast(limit), _CMP_NLT_UQ)) != 0;
#else
  for (int i = 0; i < lanes<float>; ++i)
    if (!(y[i] < limit)) return true;
  return false;
#endif
}

constexpr int row_values = 7;

// A table column by column, for instructions that look up 32 values at once.
template <class Table>
struct ByColumn {
  alignas(64) float values[row_values][32] = {};
  constexpr ByColumn() {
    for (int c = 0; c < row_values; ++c)
      for (int i = 0; i < 32; ++i) values[c][i] = Table::rows[i][c];
  }
};
template <class Table>
constexpr ByColumn<Table> by_column{};

// Look up the rows of some pieces; the result is column by column.
template <class Table>
inline void look_up(Bits<float> pieces, V<float>* columns) {
#if defined(__AVX512F__)
#pragma GCC unroll 7
  for (int c = 0; c < row_values; ++c) {
    const float* of_c = by_column<Table>.values[c];
    columns[c] = _mm512_permutex2var_ps(load(of_c), (__m512i)pieces, load(of_c + 16));
  }
#elif defined(__AVX2__) && defined(__FMA__)
  const Bits<float> in_range = pieces & 31;
  std::uint64_t pairs[4];  // pairs of pieces: fewer moves bring them out of a vector
  std::memcpy(pairs, &in_range, sizeof pairs);
  const float* rows[8];
  for (int i = 0; i < 4; ++i) {
    rows[2 * i] = Table::rows[static_cast<std::uint32_t>(pairs[i])];
    rows[2 * i + 1] = Table::rows[pairs[i] >> 32];
  }
  for (int half = 0; half < 2; ++half) {
    __m256 row[4];
    for (int i = 0; i < 4; ++i)
      row[i] =
          _mm256_setr_m128(_mm_load_ps(rows[i] + 4 * half), _mm_load_ps(rows[i + 4] + 4 * half));
    const __m256 a = _mm256_unpacklo_ps(row[0], row[2]), b = _mm256_unpacklo_ps(row[1], row[3]);
    const __m256 c = _mm256_unpackhi_ps(row[0], row[2]), d = _mm256_unpackhi_ps(row[1], row[3]);
    columns[4 * half] = _mm256_unpacklo_ps(a, b);
    columns[4 * half + 1] = _mm256_unpackhi_ps(a, b);
    columns[4 * half + 2] = _mm256_unpacklo_ps(c, d);
    if (half == 0) columns[3] = _mm256_unpackhi_ps(c, d);
  }
#else
  for (int c = 0; c < row_values; ++c) {
    float column[lanes<float>];
    for (int i = 0; i < lanes<float>; ++i) column[i] = Table::rows[pieces[i] & 31][c];
    columns[c] = load(column);
  }
#endif
}

// A function of y >= 0 from its table. With `has_first`, y itself is the constant term of the first
// piece.
template <class Table, bool has_first>
inline V<float> by_table(V<float> y) {
  Bits<float> piece = ((Bits<float>)y >> Table::shift) - Table::before;
  piece = piece > 0 ? piece : 0;
  V<float> c[row_values];
  look_up<Table>(piece, c);
  const V<float> t = y - c[0];
  const V<float> sum = fma(t, fma(t, fma(t, fma(t, c[6], c[5]), c[4]), c[3]), c[2]);
  if constexpr (has_first) c[1] = piece == 0 ? y : c[1];
  return fma(t, sum, c[1]);
}

// It errs by at most 0.93 units in the last place.
inline V<float> tanh(V<float> x) {
  const Bits<float> sign = (Bits<float>)x & (Bits<float>)broadcast(-0.0f);
  const V<float> y = at_most((V<float>)((Bits<float>)x ^ sign), TanhTable::end);
  return (V<float>)((Bits<float>)by_table<TanhTable, true>(y) | sign);
}

// It errs by at most 1.1 units in the last place. Few values lie outside the table.
inline V<float> sigmoid(V<float> x) {
  const V<float> y = (V<float>)((Bits<float>)x & INT32_MAX);
  const V<float> q = by_table<LogisticTable, false>(y);
  const V<float> s = x < 0 ? q : 1 - q;
  if (__builtin_expect(any_from(y, LogisticTable::end), 0))
    return y < LogisticTable::end ? s : logistic_by_exponential<float>(x);
  return s;
}

// max(x, 0); NaN stays NaN.
template <class Real>
inline V<Real> relu(V<Real> x) {
  return x < 0 ? V<Real>{} : x;
}

}  // namespace ELMAN_ISA
}  // namespace elman
