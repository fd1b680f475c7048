// Weights in panels, with the memory they take.
#pragma once

#include <new>

#include "kernel.hpp"
#include "memory.hpp"

namespace elman {

// Memory for n values, or std::bad_alloc.
template <class Real>
Buffer<Real> memory(Index n) {
  Buffer<Real> made(n);
  if (!made) throw std::bad_alloc();
  return made;
}

// A packed matrix. Made without arguments it is null.
template <class Real>
class Packed {
 public:
  Packed() = default;
  // The K × n matrix that rows are multiplied with: w is (n, K) if transposed, else (K, n). Its
  // columns are `gates` of units.
  Packed(const Real* w, bool transposed, Index K, Index n, Index gates, int threads)
      : K_(K), n_(n), gates_(gates) {
    const Functions<Real>& f = kernels().of<Real>();
    data_ = memory<Real>(f.panel_size(K, n, gates));
    f.pack(w, transposed, K, n, gates, data_.get(), threads);
  }

  Panels<Real> panels() const { return {data_.get(), K_, n_, gates_}; }

 private:
  Index K_ = 0, n_ = 0, gates_ = 0;
  Buffer<Real> data_;
};

}  // namespace elman
