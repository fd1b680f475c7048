// Weights into panels.
//
// A K × n matrix becomes panels of `panel_vectors` vectors' width, one after another; within a
// panel, row k comes after row k - 1, so that a product reads memory from start to end. The last
// panel is as many vectors wide as are left, and its last vector is padded with zeros.
#pragma once

#include "kernel.hpp"
#include "simd.hpp"

namespace elman {
namespace ELMAN_ISA {

constexpr int panel_vectors = 8;

template <class Real>
constexpr Index vectors_for(Index n) {
  return (n + lanes<Real> - 1) / lanes<Real>;
}

// Some neighbouring vectors of a panelled matrix: `vectors` of them from column `first` on.
template <class Real>
struct Columns {
  const Real* data;  // row 0
  Index stride;      // from one row to the next
  Index first;       // column
  int vectors;
};

inline int smaller(Index a, Index b) {
  return static_cast<int>(a < b ? a : b);
}

// Columns of at most `most` vectors that begin at vector v and end in the same panel, before `end`.
template <class Real>
inline Columns<Real> columns(const Panels<Real>& w, Index v, Index end, int most) {
  const Index panel = v / panel_vectors * panel_vectors;
  const Index width = smaller(panel_vectors, vectors_for<Real>(w.n) - panel);
  const Real* row_0 = w.data + panel * lanes<Real> * w.K + (v - panel) * lanes<Real>;
  const int vectors = smaller(smaller(most, panel + width - v), end - v);
  return {row_0, width * lanes<Real>, v * lanes<Real>, vectors};
}

template <class Real>
Index panel_size(Index K, Index n) {
  return K * vectors_for<Real>(n) * lanes<Real>;
}

template <class Real>
void pack(const Real* w, Index k_stride, Index j_stride, Index K, Index n, Real* panels) {
  for (Index v = 0; v < vectors_for<Real>(n); v += panel_vectors) {
    const Index first = v * lanes<Real>;
    const Index width = smaller(panel_vectors, vectors_for<Real>(n) - v) * lanes<Real>;
    const Index valid = smaller(width, n - first);
    for (Index k = 0; k < K; ++k, panels += width) {
      const Real* row = w + k * k_stride + first * j_stride;
      for (Index j = 0; j < valid; ++j) panels[j] = row[j * j_stride];
      for (Index j = valid; j < width; ++j) panels[j] = 0;
    }
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
