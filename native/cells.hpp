// The cells: what one row does with its finished sums at one time step, forward beside backward.
#pragma once

#include "kernel.hpp"
#include "simd.hpp"

namespace elman {
namespace ELMAN_ISA {

// Store the first n of the values of a vector.
template <class Real>
inline void store_first(Real* p, V<Real> v, Index n) {
  if (n >= lanes<Real>)
    store(p, v);
  else
    std::memcpy(p, &v, static_cast<size_t>(n) * sizeof(Real));
}

template <class Real>
inline V<Real> load_first(const Real* p, Index n) {
  if (n >= lanes<Real>) return load(p);
  V<Real> v{};
  std::memcpy(&v, p, static_cast<size_t>(n) * sizeof(Real));
  return v;
}

// h = phi(a), for n units (Elman 1990).
template <class Real>
inline void elman_step(const Real* a, Nonlinearity phi, Index n, Real* h) {
  for (Index j = 0; j < n; j += lanes<Real>) {
    const V<Real> sum = load(a + j);
    store_first(h + j, phi == Nonlinearity::tanh ? tanh<Real>(sum) : relu<Real>(sum), n - j);
  }
}

// d_a = d_h phi'(a), for n units, with phi' from h: 1 - h² for tanh, [h > 0] for relu.
template <class Real>
inline void elman_step_backward(const Real* d_h, const Real* h, Nonlinearity phi, Index n,
                                Real* d_a) {
  for (Index j = 0; j < n; j += lanes<Real>) {
    const V<Real> d = load(d_h + j), y = load_first(h + j, n - j);
    const V<Real> d_sum = phi == Nonlinearity::tanh ? d * (1 - y * y) : (y > 0 ? d : V<Real>{});
    store_first(d_a + j, d_sum, n - j);
  }
}

}  // namespace ELMAN_ISA
}  // namespace elman
