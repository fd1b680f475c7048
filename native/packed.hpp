// Weights in panels, as Python holds them.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <new>

#include "kernel.hpp"
#include "memory.hpp"

namespace elman {

// How many threads a call may use.
int threads();

template <class Real, int D>
using Contiguous =
    nanobind::ndarray<Real, nanobind::ndim<D>, nanobind::c_contig, nanobind::device::cpu>;

// Memory for n values.
template <class Real>
Buffer<Real> memory(Index n) {
  Buffer<Real> made(n);
  if (!made) throw std::bad_alloc();
  return made;
}

// A packed matrix that owns its memory.
template <class Real>
class Packed {
 public:
  // The matrix (n, K), or (K, n) if not transposed, as the K × n matrix that rows are multiplied
  // with.
  Packed(Contiguous<const Real, 2> w, bool transpose, Index gates)
      : K_(static_cast<Index>(w.shape(transpose ? 1 : 0))),
        n_(static_cast<Index>(w.shape(transpose ? 0 : 1))),
        gates_(gates) {
    const Functions<Real>& f = kernels().of<Real>();
    data_ = memory<Real>(f.panel_size(K_, n_, gates));
    f.pack(w.data(), transpose, K_, n_, gates, data_.get(), threads());
  }

  Panels<Real> panels() const { return {data_.get(), K_, n_, gates_}; }

 private:
  Index K_, n_, gates_;
  Buffer<Real> data_;
};

template <class Real>
Panels<Real> panels_or_null(const Packed<Real>* packed) {
  return packed ? packed->panels() : Panels<Real>{};
}

}  // namespace elman
