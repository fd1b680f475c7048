// The cells: what a row does with its finished sums at one time step, forward beside backward.
//
// Sums come vector by vector, the gates of the same units side by side; d_a goes out gate by gate,
// in torch's order, as the weights' gradients are. Each function works on `n` units.
#pragma once

#include "kernel.hpp"
#include "simd.hpp"

namespace elman {
namespace ELMAN_ISA {

// Store or load the first n values of a vector; the rest is left alone, or zero.
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

// One row of one step, forward. Pointers are to the first of the units in question.
template <class Real>
struct Step {
  const Real* sums;      // finished sums of x and h; for GRU those of x
  const Real* sums_h;    // those of h, for GRU
  const Real* h_before;  // for GRU
  Real* h;               // h_t, or o tanh(c) where a projection follows
  Real* c;               // c_{t-1}, becomes c_t, for LSTM
  Real* kept;            // to be kept for backward: gate k of unit j at [k * H + j], or null
  Index H;
};

// One row of one step, backward.
template <class Real>
struct StepBackward {
  const Real* d_h;       // gradient of what forward wrote to h, in whole vectors
  const Real* h;         // what forward wrote to h, for Elman
  const Real* h_before;  // for GRU
  const Real* c_before;  // for LSTM
  const Real* kept;
  Real* d_carried;  // gradient carried to the step before: of h beside W_hh for GRU, of c for LSTM
  Real* d_a;        // gradient of the sums (of those of h for GRU): gate k of unit j at [k * H + j]
  Real* d_a_n;      // for GRU, of its third gate's sum of x
  Index H;
};

// h = phi(a) (Elman 1990).
template <bool relu_not_tanh>
struct Elman {
  static constexpr Cell cell = relu_not_tanh ? Cell::elman_relu : Cell::elman_tanh;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> a = load(s.sums + j);
      store_first(s.h + j, relu_not_tanh ? relu<Real>(a) : tanh(a), n - j);
    }
  }

  // d_a = d_h phi'(a), with phi' from h: 1 - h² for tanh, [h > 0] for relu.
  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> d_h = load(s.d_h + j), h = load_first(s.h + j, n - j);
      store_first(s.d_a + j, relu_not_tanh ? (h > 0 ? d_h : V<Real>{}) : d_h * (1 - h * h), n - j);
    }
  }
};

// r, z = σ(x's sums + h's), n = tanh(x's + r h's), h = (1 - z) n + z h_before (Cho et al. 2014,
// with the reset after the product, as cuDNN and torch have it).
struct Gru {
  static constexpr Cell cell = Cell::gru;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    constexpr Index L = lanes<Real>;
    for (Index j = 0; j < n; j += L) {
      const Real *x = s.sums + 3 * j, *h = s.sums_h + 3 * j;
      const V<Real> r = sigmoid(load(x) + load(h));
      const V<Real> z = sigmoid(load(x + L) + load(h + L));
      const V<Real> q = load(h + 2 * L);
      const V<Real> new_h = tanh(fma(r, q, load(x + 2 * L)));
      const V<Real> h_before = load_first(s.h_before + j, n - j);
      store_first(s.h + j, fma(z, h_before - new_h, new_h), n - j);
      if (s.kept) {
        store_first(s.kept + j, r, n - j);
        store_first(s.kept + s.H + j, z, n - j);
        store_first(s.kept + 2 * s.H + j, new_h, n - j);
        store_first(s.kept + 3 * s.H + j, q, n - j);
      }
    }
  }

  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> r = load_first(s.kept + j, n - j), z = load_first(s.kept + s.H + j, n - j);
      const V<Real> new_h = load_first(s.kept + 2 * s.H + j, n - j);
      const V<Real> q = load_first(s.kept + 3 * s.H + j, n - j);
      const V<Real> h_before = load_first(s.h_before + j, n - j), d_h = load(s.d_h + j);
      const V<Real> d_n = d_h * (1 - z) * (1 - new_h * new_h);
      store_first(s.d_a + j, d_n * q * r * (1 - r), n - j);
      store_first(s.d_a + s.H + j, d_h * (h_before - new_h) * z * (1 - z), n - j);
      store_first(s.d_a + 2 * s.H + j, d_n * r, n - j);
      store_first(s.d_a_n + j, d_n, n - j);
      store_first(s.d_carried + j, d_h * z, n - j);
    }
  }
};

// i, f, o = σ(a), g = tanh(a), c = f c_before + i g, h = o tanh(c) (Hochreiter & Schmidhuber 1997,
// with the forget gate of Gers et al. 2000).
struct Lstm {
  static constexpr Cell cell = Cell::lstm;

  template <class Real>
  static void forward(const Step<Real>& s, Index n) {
    constexpr Index L = lanes<Real>;
    for (Index j = 0; j < n; j += L) {
      const Real* a = s.sums + 4 * j;
      const V<Real> i = sigmoid(load(a)), f = sigmoid(load(a + L));
      const V<Real> g = tanh(load(a + 2 * L)), o = sigmoid(load(a + 3 * L));
      const V<Real> c = fma(f, load_first(s.c + j, n - j), i * g);
      store_first(s.c + j, c, n - j);
      store_first(s.h + j, o * tanh(c), n - j);
      if (s.kept) {
        store_first(s.kept + j, i, n - j);
        store_first(s.kept + s.H + j, f, n - j);
        store_first(s.kept + 2 * s.H + j, g, n - j);
        store_first(s.kept + 3 * s.H + j, o, n - j);
        store_first(s.kept + 4 * s.H + j, c, n - j);
      }
    }
  }

  template <class Real>
  static void backward(const StepBackward<Real>& s, Index n) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> i = load_first(s.kept + j, n - j), f = load_first(s.kept + s.H + j, n - j);
      const V<Real> g = load_first(s.kept + 2 * s.H + j, n - j);
      const V<Real> o = load_first(s.kept + 3 * s.H + j, n - j);
      const V<Real> y = tanh(load_first(s.kept + 4 * s.H + j, n - j));
      const V<Real> d_h = load(s.d_h + j), c_before = load_first(s.c_before + j, n - j);
      const V<Real> d_c = fma(d_h * o, 1 - y * y, load_first(s.d_carried + j, n - j));
      store_first(s.d_a + j, d_c * g * i * (1 - i), n - j);
      store_first(s.d_a + s.H + j, d_c * c_before * f * (1 - f), n - j);
      store_first(s.d_a + 2 * s.H + j, d_c * i * (1 - g * g), n - j);
      store_first(s.d_a + 3 * s.H + j, d_h * y * o * (1 - o), n - j);
      store_first(s.d_carried + j, d_c * f, n - j);
    }
  }

  // o tanh(c), which a projection was made of, again.
  template <class Real>
  static void unprojected(const Real* kept, Index H, Index n, Real* hidden) {
    for (Index j = 0; j < n; j += lanes<Real>) {
      const V<Real> o = load_first(kept + 3 * H + j, n - j);
      store_first(hidden + j, o * tanh(load_first(kept + 4 * H + j, n - j)), n - j);
    }
  }
};

}  // namespace ELMAN_ISA
}  // namespace elman
