// Weights into panels.
//
// The columns of a K × n matrix are cut into vectors. Where they are the G gates of H units, gate
// by gate as torch has them, the vectors of the gates of the same units are put side by side, so
// that one tile yields every gate of a unit. Vectors are grouped into panels, of 8, or 6 for three
// gates; within a panel, row k comes after row k - 1, so that a product reads memory from start to
// end. The last panel is as many vectors wide as are left; units that fill no vector are padded
// with zeros.
#pragma once

#include "kernel.hpp"
#include "simd.hpp"

namespace elman {
namespace ELMAN_ISA {

constexpr Index most_panel_vectors = 8;
constexpr Index panel_vectors(Index gates) {
  return gates == 3 ? 6 : most_panel_vectors;
}

// How many vectors the columns of a matrix take.
template <class Real>
constexpr Index vectors_for(Index n, Index gates) {
  const Index units = n / gates;
  return (units + lanes<Real> - 1) / lanes<Real> * gates;
}

// Some neighbouring vectors of a panelled matrix.
template <class Real>
struct Columns {
  const Real* data;  // row 0
  Index stride;      // from one row to the next
  Index vector;      // the first of them
  int vectors;       // how many
};

inline int smaller(Index a, Index b) {
  return static_cast<int>(a < b ? a : b);
}

// At most `most` vectors from `vector` on, before `end` and within one panel.
template <class Real>
inline Columns<Real> columns(const Panels<Real>& w, Index vector, Index end, Index most) {
  const Index whole = panel_vectors(w.gates), panel = vector / whole * whole;
  const Index width = smaller(whole, vectors_for<Real>(w.n, w.gates) - panel);
  const Real* row_0 = w.data + panel * lanes<Real> * w.K + (vector - panel) * lanes<Real>;
  const int vectors = smaller(smaller(most, panel + width - vector), end - vector);
  return {row_0, width * lanes<Real>, vector, vectors};
}

template <class Real>
Index panel_size(Index K, Index n, Index gates) {
  return K * vectors_for<Real>(n, gates) * lanes<Real>;
}

template <class Real>
void pack(const Real* w, Index k_stride, Index j_stride, Index K, Index n, Index gates,
          Real* panels) {
  const Index units = n / gates, vectors = vectors_for<Real>(n, gates);
  for (Index panel = 0; panel < vectors; panel += panel_vectors(gates)) {
    const Index width = smaller(panel_vectors(gates), vectors - panel);
    for (Index v = 0; v < width; ++v) {
      const Index gate = (panel + v) % gates, unit = (panel + v) / gates * lanes<Real>;
      const Index valid = smaller(lanes<Real>, units - unit);
      const Real* from = w + (gate * units + unit) * j_stride;
      Real* to = panels + v * lanes<Real>;
      for (Index k = 0; k < K; ++k, from += k_stride, to += width * lanes<Real>) {
        for (Index j = 0; j < valid; ++j) to[j] = from[j * j_stride];
        for (Index j = valid; j < lanes<Real>; ++j) to[j] = 0;
      }
    }
    panels += K * width * lanes<Real>;
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
