// Packs weights into panels.
//
// The columns of a K × n matrix are cut into vectors. Columns may be the G gates of H units, gate
// by gate as torch has them. The vectors of all gates of the same units are then put side by side,
// so that one tile yields every gate of a unit. A panel has 4 neighbouring vectors, or 3 for three
// gates. Its rows follow one another in memory, so that a product reads it from start to end. The
// last panel has the vectors that are left. Units that do not fill a vector are padded with zeros.
#pragma once

#include "parallel.hpp"
#include "ranges.hpp"
#include "simd.hpp"

namespace elman {
namespace ELMAN_ISA {

// Packing a value takes as long as so many operations.
constexpr double packing_work = 4;

// How many vectors a panel has, the last one excepted.
constexpr Index panel_vectors(Index gates) {
  return gates == 3 ? 3 : 4;
}

// The first vector of a vector's panel, and how many panels so many vectors take. Divisors are
// constants: a division by a variable takes longer than a vector of products.
constexpr Index panel_of(Index vector, Index gates) {
  return gates == 3 ? vector / 3 * 3 : vector / 4 * 4;
}
constexpr Index panels_in(Index vectors, Index gates) {
  return gates == 3 ? (vectors + 2) / 3 : (vectors + 3) / 4;
}

// How many vectors the columns of a matrix take.
template <class Real>
constexpr Index vectors_for(Index n, Index gates) {
  const Index units = gates == 1 ? n : n / gates;
  return (units + lanes<Real> - 1) / lanes<Real> * gates;
}

// Some neighbouring vectors of a packed matrix: some of one panel, or two or four whole panels.
template <class Real>
struct Columns {
  const Real* data;  // their row 0
  Index stride;      // from one row to the next
  Index vector;      // which one is the first
  int vectors;       // how many there are
  Index next;        // from one panel to the next
};

template <class Real>
inline void copy_row(Real* to, const Real* from, Index n) {
  if (n > 0 && to != from) std::memcpy(to, from, static_cast<size_t>(n) * sizeof(Real));
}

template <class Real>
inline void zero_row(Real* to, Index n) {
  if (n > 0) std::memset(to, 0, static_cast<size_t>(n) * sizeof(Real));
}

// At most `most` vectors from `vector` on, before `end`.
template <class Real>
inline Columns<Real> columns(const Panels<Real>& w, Index vector, Index end, Index most) {
  const Index whole = panel_vectors(w.gates), panel = panel_of(vector, w.gates);
  const Index width = smaller(whole, vectors_for<Real>(w.n, w.gates) - panel);
  const Real* row_0 = w.data + panel * lanes<Real> * w.K + (vector - panel) * lanes<Real>;
  const Index vectors = smaller(smaller(most, panel + width - vector), end - vector);
  Index panels = vector == panel ? most / whole : 0;  // whole ones
  while (panels > 1 && panel + panels * whole > end) panels /= 2;
  return {row_0, width * lanes<Real>, vector,
          static_cast<int>(panels > 1 ? panels * whole : vectors), whole * lanes<Real> * w.K};
}

template <class Real>
Index panel_size(Index K, Index n, Index gates) {
  return K * vectors_for<Real>(n, gates) * lanes<Real>;
}

// Transpose a square of lanes × lanes values in vectors: swap the off-diagonal blocks of
// `size` × `size` values, for every power of two below 2 · size.
template <class Real, int size>
inline void swap_blocks(V<Real>* v) {
  constexpr int L = lanes<Real>;
  Bits<Real> upper{}, lower{};  // where values come from; L and more mean the second vector
  for (int i = 0; i < L; ++i) {
    upper[i] = i & size ? L + i - size : i;
    lower[i] = i & size ? L + i : i + size;
  }
#pragma GCC unroll 16
  for (int i = 0; i < L; ++i) {
    if (i & size) continue;
    const V<Real> a = v[i], b = v[i + size];
    v[i] = __builtin_shuffle(a, b, upper);
    v[i + size] = __builtin_shuffle(a, b, lower);
  }
  if constexpr (size > 1) swap_blocks<Real, size / 2>(v);
}

// to[c * to_stride + r] = from[r * from_stride + c], for r < rows and c < columns.
template <class Real>
void transpose(const Real* from, Index from_stride, Index rows, Index columns, Real* to,
               Index to_stride) {
  constexpr Index L = lanes<Real>;
  for (Index r = 0; r < rows; r += L) {
    for (Index c = 0; c < columns; c += L) {
      const Real* block = from + r * from_stride + c;
      Real* out = to + c * to_stride + r;
      if (r + L <= rows && c + L <= columns) {
        V<Real> v[L];
#pragma GCC unroll 16
        for (Index i = 0; i < L; ++i) v[i] = load(block + i * from_stride);
        swap_blocks<Real, L / 2>(v);
#pragma GCC unroll 16
        for (Index i = 0; i < L; ++i) store(out + i * to_stride, v[i]);
      } else {
        for (Index i = 0; i < L && r + i < rows; ++i)
          for (Index j = 0; j < L && c + j < columns; ++j)
            out[j * to_stride + i] = block[i * from_stride + j];
      }
    }
  }
}

// Pack the K × n matrix whose element (k, j) is w[j * K + k] if transposed, else w[k * n + j].
template <class Real>
void pack(const Real* w, bool transposed, Index K, Index n, Index gates, Real* panels,
          int threads) {
  constexpr Index L = lanes<Real>;
  const Index units = n / gates, vectors = vectors_for<Real>(n, gates);
  const Index whole = panel_vectors(gates);
  const double work = packing_work * static_cast<double>(K * n);
  parallel(Throttle::threads(work, threads), [&](int i, int p) {
    const Range mine = part_of(vectors, whole, i, p);
    for (Index panel = mine.begin; panel < mine.end; panel += whole) {
      const Index width = smaller(whole, vectors - panel);
      Real* to = panels + panel * L * K;
      for (Index v = 0; v < width; ++v) {
        const Index gate = (panel + v) % gates, unit = (panel + v) / gates * L;
        const Index first = gate * units + unit, valid = smaller(L, units - unit);
        if (valid < L)
          for (Index k = 0; k < K; ++k) zero_row(to + (k * width + v) * L, L);
        if (transposed) transpose(w + first * K, K, valid, K, to + v * L, width * L);
      }
      for (Index k = 0; k < K && !transposed; ++k) {
        for (Index v = 0; v < width; ++v) {
          const Index gate = (panel + v) % gates, unit = (panel + v) / gates * L;
          const Index valid = smaller(L, units - unit);
          copy_row(to + (k * width + v) * L, w + k * n + gate * units + unit, valid);
        }
      }
    }
  });
}

}  // namespace ELMAN_ISA
}  // namespace elman
